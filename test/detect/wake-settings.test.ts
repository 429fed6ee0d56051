import { expect, test } from "bun:test";
import { enabledModels, triggerSettings } from "../../src/detect/wake-settings.ts";
import type { LoadedModel } from "../../src/wake/load.ts";
import { configOf } from "../config/sources.ts";

const MODEL: LoadedModel = {
  name: "computer",
  path: "/heads/computer.onnx",
  sha256: "00",
  window: 16,
  classes: ["computer"],
  threshold: 0.35,
  inputScale: "int16",
};

test("a model of which nothing is said goes by its own threshold and the general settings", () => {
  expect(triggerSettings(configOf("wake: {vad_threshold: 0.4}"), MODEL)).toEqual({
    threshold: 0.35,
    patience: 2,
    refractoryMs: 2000,
    sure: 0.95,
    vadThreshold: 0.4,
  });
});

test("what is said of a model holds for it, a veto that is switched off too", () => {
  const said = "{threshold: 0.6, patience: 3, refractory: 1s, sure: 0.9, vad_threshold: 0}";
  expect(triggerSettings(configOf(`wake: {models: {computer: ${said}}}`), MODEL)).toEqual({
    threshold: 0.6,
    patience: 3,
    refractoryMs: 1000,
    sure: 0.9,
    vadThreshold: 0,
  });
});

test("a command that goes on with all models or none is told which one cannot be", () => {
  expect(enabledModels(configOf("wake: {models: {alexa: {}}}"))).toEqual(["alexa"]);
  expect(() => enabledModels(configOf("wake: {models: {alexia: {}}}"))).toThrow(
    'model alexia: no wake word is called "alexia"',
  );
});
