import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CheckedModel, checkEveryModel, checkWantedModels } from "../../src/cli/check-model.ts";
import { modelLines, modelRow } from "../../src/cli/models.ts";
import { commandSettings } from "../../src/cli/settings.ts";
import { modelPath } from "../../src/wake/model-files.ts";

const LIMIT_MS = 20_000;

/** Appends to an ONNX file what its trainer says of it: `metadata_props`, field 14 of ModelProto. */
function withMetadata(model: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const text = (field: number, value: string) => {
    const bytes = new TextEncoder().encode(value);
    return [(field << 3) | 2, bytes.length, ...bytes];
  };
  const pairs = Object.entries(metadata).flatMap(([key, value]) => {
    const pair = [...text(1, key), ...text(2, value)];
    return [(14 << 3) | 2, pair.length, ...pair];
  });
  return Uint8Array.from([...model, ...pairs]);
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-models-"));
  await mkdir(join(folder, "models"));
  const head = await Bun.file(await modelPath("alexa_v0.1.onnx")).bytes();
  const card = {
    threshold: "0.3",
    phrase: "computer, listen",
    license: "MIT",
    source: "my kitchen",
    input_scale: "unit",
  };
  await Bun.write(join(folder, "models/Computer_v0.2.onnx"), withMetadata(head, card));
  await Bun.write(join(folder, "models/plain.onnx"), head);
  await Bun.write(join(folder, "models/cut.onnx"), head.subarray(0, 900));
  await Bun.write(
    join(folder, "earshot.yaml"),
    "wake:\n  vad_threshold: 0.6\n  models:\n    alexa: {threshold: 0.7, patience: 3, sure: 0.9}\n    plain: {input_scale: int16}\n    weather: {enabled: false}\n",
  );
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("earshot models", () => {
  test(
    "shows of each model by which settings it goes and who said so, and what is wrong with one that cannot be used",
    async () => {
      const { config, found, modelsTrouble } = await commandSettings({ config: join(folder, "earshot.yaml") });
      expect(modelsTrouble).toBeUndefined();
      const models = await checkEveryModel(config, found);
      const of = (name: string) => models.find((model) => model.name === name);
      expect(of("alexa")).toMatchObject({
        enabled: true,
        threshold: { value: 0.7, from: "configuration" },
        patience: { value: 3, from: "configuration" },
        refractory: { value: 2000, from: "default" },
        sure: { value: 0.9, from: "configuration" },
        vadThreshold: { value: 0.6, from: "configuration" },
        inputScale: { value: "int16", from: "shipped" },
        licence: "CC-BY-NC-SA-4.0",
      });
      expect(of("timer")).toMatchObject({ enabled: false, threshold: { from: "shipped" } });
      expect(of("weather")).toMatchObject({ enabled: false });
      expect(of("computer")).toMatchObject({
        enabled: true,
        phrase: "computer, listen",
        licence: "MIT",
        source: "my kitchen",
        threshold: { value: 0.3, from: "file" },
        inputScale: { value: "unit", from: "file" },
        path: join(folder, "models/Computer_v0.2.onnx"),
      });
      expect(of("plain")).toMatchObject({
        threshold: { value: 0.4, from: "default" },
        inputScale: { value: "int16", from: "configuration" },
      });
      expect(of("cut")).toMatchObject({ enabled: true, error: expect.stringContaining("cut.onnx") });
      expect(models.map(({ name }) => name).sort()).toEqual(
        ["alexa", "computer", "cut", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "plain", "timer", "weather"].sort(),
      );
      const wanted = await checkWantedModels(config, found);
      expect(wanted.map(({ name }) => name)).toEqual(["alexa", "computer", "cut", "plain"]);
    },
    LIMIT_MS,
  );

  test(
    "shows a model that was tuned and whose file was taken away as waiting for it, which is no failure",
    async () => {
      const file = join(folder, "tuned.yaml");
      await Bun.write(file, "wake: {models_folder: nowhere, models: {computer: {threshold: 0.6}}}");
      const { config, found } = await commandSettings({ config: file });
      const computer = (await checkEveryModel(config, found)).find(({ name }) => name === "computer");
      const path = join(folder, "nowhere/computer.onnx");
      expect(computer).toEqual({ name: "computer", enabled: true, waitsFor: path });
      if (computer === undefined) return;
      expect(modelLines(computer)).toEqual(["● computer", `    waits for ${path}`]);
      expect(modelRow(computer)).toEqual({ name: "computer", enabled: true, waitsFor: path });
      expect(await checkWantedModels(config, found)).toEqual([]);
    },
    LIMIT_MS,
  );

  test("listens with --model to one of the folder alone, and refuses a name that is nowhere", async () => {
    const flags = { config: join(folder, "earshot.yaml") };
    const { config, found } = await commandSettings({ ...flags, model: ["computer"] });
    expect(Object.keys(config.wake.models)).toEqual(["computer"]);
    expect(found.map(({ name }) => name)).toEqual(["computer"]);
    const refused = await commandSettings({ ...flags, model: ["computr"] }).catch((error: Error) => error.message);
    expect(refused).toContain('no wake word is called "computr", did you mean "computer"?');
    expect(refused).toContain(`put into ${join(folder, "models")}`);
  });

  test("says what keeps it from looking into the folder", async () => {
    const file = join(folder, "other.yaml");
    await Bun.write(file, "wake: {models_folder: earshot.yaml}");
    const { found, modelsTrouble } = await commandSettings({ config: file });
    expect(found).toEqual([]);
    expect(modelsTrouble).toContain("earshot.yaml cannot be looked into");
  });
});

describe("a model's row", () => {
  const model: CheckedModel = {
    name: "computer",
    enabled: true,
    phrase: "computer",
    path: "/heads/computer.onnx",
    sha256: "0123456789abcdef",
    window: 16,
    licence: "",
    source: "/heads/computer.onnx",
    threshold: { value: 0.3, from: "file" },
    patience: { value: 2, from: "configuration" },
    refractory: { value: 2000, from: "default" },
    sure: { value: 0.95, from: "default" },
    vadThreshold: { value: 0, from: "configuration" },
    inputScale: { value: "unit", from: "file" },
  };

  test("is for programs a value each, and beside them who said it", () => {
    expect(modelRow(model)).toMatchObject({
      name: "computer",
      threshold: 0.3,
      sure: 0.95,
      vadThreshold: 0,
      inputScale: "unit",
      sha256: "0123456789abcdef",
      from: { threshold: "file", patience: "configuration", sure: "default", vadThreshold: "configuration" },
      error: null,
    });
    expect(modelRow({ name: "x", enabled: true, error: "gone" })).toEqual({ name: "x", enabled: true, error: "gone" });
  });

  test("is for people four lines, or what is wrong", () => {
    expect(modelLines(model)).toEqual([
      '● computer     say "computer"',
      "    threshold 0.3 (its file), 2 frames (configuration), sure from 0.95 (default), refractory 2000 ms (default)",
      "    speech not asked for (configuration), input unit (its file), looks back 1.28 s",
      "    licence unknown, /heads/computer.onnx, sha256 0123456789ab",
    ]);
    expect(modelLines({ name: "x", enabled: false, error: "gone" })).toEqual(["○ x", "    gone"]);
  });
});
