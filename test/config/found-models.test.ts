import { describe, expect, test } from "bun:test";
import { type FoundModel, fittingModels, modelNameOf, selectedModels } from "../../src/config/found-models.ts";
import { configOf } from "./sources.ts";

const found = (...names: readonly string[]): readonly FoundModel[] =>
  names.map((name) => ({ name, path: `/heads/${name}.onnx`, version: "1" }));

test.each([
  ["computer.onnx", "computer"],
  ["/heads/hey_marvin_v0.2.onnx", "hey_marvin"],
  ["Hey-Marvin-V1.ONNX", "hey_marvin"],
  ["hey marvin.onnx", "hey_marvin"],
  ["v2.onnx", "v2"],
  ["_v2.onnx", "_v2"],
  ["a.b.onnx", "a.b"],
])("a head is called after its file, as the configuration would write it: %s", (path, name) => {
  expect(modelNameOf(path)).toBe(name);
});

test("--model names the only ones that are listened for", () => {
  expect(selectedModels(found("a", "b"), undefined)).toEqual(found("a", "b"));
  expect(selectedModels(found("a", "b"), ["b", "alexa"])).toEqual(found("b"));
});

describe("the limit of 32 models", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);

  test("counts those of the configuration first, and the files that are left out are named", () => {
    const config = configOf("wake: {models: {alexa: {}, hey_jarvis: {enabled: false}}}");
    expect(fittingModels(config, found(...names(30)))).toMatchObject({ leftOut: [] });
    const { fitting, leftOut } = fittingModels(config, found(...names(32)));
    expect(fitting).toEqual(found(...names(30)));
    expect(leftOut).toEqual(["/heads/m30.onnx", "/heads/m31.onnx"]);
  });

  test("does not count a head twice that the configuration has a word about", () => {
    const config = configOf(
      `wake: {models: {${names(32)
        .map((name) => `${name}: {}`)
        .join(", ")}}}`,
    );
    expect(fittingModels(config, found(...names(32)))).toMatchObject({ leftOut: [] });
    expect(fittingModels(config, found("other", ...names(3))).leftOut).toEqual(["/heads/other.onnx"]);
    // The second of that name is refused, which is shown in a place of its own.
    expect(fittingModels(config, found("m1", "m1")).fitting).toHaveLength(1);
  });

  test("holds for the room too that the threads share", () => {
    const long = names(20).map((name) => ({ name, path: `/${"x".repeat(2000)}/${name}.onnx`, version: "1" }));
    const { fitting, leftOut } = fittingModels(configOf(""), long);
    expect(fitting.length).toBeGreaterThan(3);
    expect(fitting.length + leftOut.length).toBe(20);
    expect(JSON.stringify(fitting).length).toBeLessThan(16_100);
  });
});
