import { describe, expect, test } from "bun:test";
import { failedRow, loadedRow, ModelTable, ownFileOf } from "../../src/detect/model-table.ts";
import { MAX_MODELS } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import type { LoadedModel } from "../../src/wake/load.ts";
import { configOf } from "../config/sources.ts";

const shipped: LoadedModel = {
  name: "hey_jarvis",
  phrase: "hey jarvis",
  path: "/models/hey_jarvis.onnx",
  sha256: "00",
  window: 16,
  classes: ["hey_jarvis"],
  threshold: 0.5,
  inputScale: "int16",
  licence: "CC-BY-NC-SA-4.0",
  source: "openWakeWord",
};

function tableIn(memory = SharedMemory.create({ streams: 1, relays: 1 })) {
  const reader = memory.modelTable.reader();
  return {
    memory,
    table: new ModelTable(memory),
    rows: () => Array.from({ length: reader.read().count }, (_, index) => ({ ...memory.model(index).reader().read() })),
    generation: () => reader.read().generation,
  };
}

describe("the table of models", () => {
  test("shows each model in its place, and those that do not listen with the reason", () => {
    const { table, rows } = tableIn();
    table.publish([
      loadedRow(shipped),
      failedRow("hey_marvin", "failed", "it is cut off"),
      failedRow("timer", "disabled", ""),
    ]);
    expect(rows()).toEqual([
      {
        name: "hey_jarvis",
        phrase: "hey jarvis",
        state: "listening",
        error: "",
        threshold: 0.5,
        licence: "CC-BY-NC-SA-4.0",
        source: "openWakeWord",
      },
      expect.objectContaining({ name: "hey_marvin", phrase: "hey marvin", state: "failed", error: "it is cut off" }),
      expect.objectContaining({ name: "timer", state: "disabled", error: "" }),
    ]);
  });

  test("shows a shipped model that does not listen with its own threshold, licence and source", () => {
    const timer = CATALOGUE.find(({ name }) => name === "timer");
    expect(failedRow("timer", "disabled", "")).toMatchObject({
      phrase: timer?.phrase,
      threshold: timer?.threshold,
      licence: timer?.licence,
      source: timer?.source,
    });
  });

  test("shows a head of the user's own that does not listen as far as it is known", () => {
    const path = "/heads/timer.onnx";
    const unread = { name: "timer", phrase: "timer", state: "disabled", threshold: 0.4, licence: "", source: path };
    expect(failedRow("timer", "disabled", "", path)).toMatchObject(unread);
    const read = { ...shipped, name: "timer", threshold: 0.62 };
    expect(failedRow("timer", "failed", "gone", read)).toMatchObject({
      state: "failed",
      error: "gone",
      threshold: 0.62,
      phrase: "hey jarvis",
    });
  });

  test("knows the file of a model by its name", () => {
    const config = configOf("wake: {models: {computer: {file: /heads/c.onnx}, alexa: {enabled: false}}}");
    const found = ["marvin", "alexa"].map((name) => ({ name, path: `/models/${name}.onnx`, version: "1" }));
    const fileOf = (name: string) => ownFileOf(name, config, found);
    expect(fileOf("computer")).toEndWith("/heads/c.onnx");
    expect([fileOf("marvin"), fileOf("alexa"), fileOf("nobody")]).toEqual([
      "/models/marvin.onnx",
      undefined,
      undefined,
    ]);
  });

  test("calls a model of the user's own after its name, and its source after its file", () => {
    const { phrase: _phrase, licence: _licence, source: _source, ...own } = shipped;
    expect(loadedRow({ ...own, name: "my_word" })).toMatchObject({
      phrase: "my word",
      licence: "",
      source: "/models/hey_jarvis.onnx",
    });
  });

  test("counts its changes, over a new start of the worker too, and rings for each", () => {
    const { memory, table, generation } = tableIn();
    const rings = memory.webBell.rings;
    table.publish([loadedRow(shipped)]);
    table.publish([]);
    expect([table.generation, generation(), memory.webBell.rings - rings]).toEqual([2, 2, 2]);
    const again = tableIn(memory);
    again.table.publish([loadedRow(shipped)]);
    expect(again.generation()).toBe(3);
  });

  test("forgets what stood in a place before", () => {
    const { table, rows } = tableIn();
    table.publish([failedRow("bad", "failed", "it is cut off")]);
    table.publish([loadedRow(shipped)]);
    expect(rows()[0]).toMatchObject({ name: "hey_jarvis", error: "" });
  });

  test("has as many places as there are scores", () => {
    const { table, rows } = tableIn();
    table.publish(Array.from({ length: MAX_MODELS + 5 }, (_, index) => failedRow(`model_${index}`, "disabled", "")));
    expect(rows()).toHaveLength(MAX_MODELS);
  });
});
