import { expect, test } from "bun:test";
import { enabledModels, triggerSettings } from "../../src/detect/wake-settings.ts";
import { defaultSettings } from "../../src/wake/detector.ts";
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

test("a threshold above the default of sure is not undercut by it, but by a lower one that somebody chose", () => {
  const sureOf = (said: string) => triggerSettings(configOf(`wake: {models: {computer: ${said}}}`), MODEL).sure;
  expect(sureOf("{threshold: 1}")).toBe(1);
  expect(sureOf("{threshold: 1, sure: 0.3}")).toBe(0.3);
  expect(triggerSettings(configOf(""), { ...MODEL, threshold: 0.98 }).sure).toBe(0.98);
});

test("the example in the documentation shows the defaults", async () => {
  const example = Bun.YAML.parse(await Bun.file(new URL("../../earshot.example.yaml", import.meta.url)).text());
  const defaults = configOf("").wake.models.alexa;
  expect(example).toMatchObject({
    wake: { models: { alexa: { patience: defaults?.patience, sure: defaults?.sure, refractory: "2s" } } },
  });
  const { patience, sure, refractoryMs, vadThreshold } = defaultSettings(MODEL);
  expect({ patience, sure, refractoryMs, vadThreshold }).toEqual({
    patience: 2,
    sure: 0.95,
    refractoryMs: 2000,
    vadThreshold: 0.8,
  });
  expect(triggerSettings(configOf(""), MODEL)).toEqual(defaultSettings(MODEL));
});

test("a command that goes on with all models or none is told which one cannot be", () => {
  expect(enabledModels(configOf("wake: {models: {alexa: {}}}"))).toEqual(["alexa"]);
  expect(() => enabledModels(configOf("wake: {models: {alexia: {}}}"))).toThrow(
    'model alexia: no wake word is called "alexia"',
  );
});
