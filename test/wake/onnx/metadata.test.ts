import { expect, test } from "bun:test";
import { readMetadata } from "../../../src/wake/onnx/metadata.ts";
import { OnnxError } from "../../../src/wake/onnx/onnx-error.ts";
import {
  bytesField,
  type Field,
  integerField,
  messageField,
  textField,
  writeFields,
} from "../../../src/wake/onnx/wire.ts";
import { modelBytes } from "../model-bytes.ts";

const pair = (...fields: readonly Field[]): Field => messageField(14, fields);

test("metadata are the pairs of a model, in any order and among anything", () => {
  const model = writeFields([
    integerField(1, 8),
    pair(textField(1, "phrase"), textField(2, "grüß Gott")),
    bytesField(7, new Uint8Array(20)),
    pair(textField(2, "0.4"), textField(1, "threshold")),
    pair(textField(1, "empty")),
    pair(textField(1, "phrase"), textField(2, "servus")),
  ]);
  expect([...readMetadata(model)]).toEqual([
    ["phrase", "servus"],
    ["threshold", "0.4"],
    ["empty", ""],
  ]);
});

test("a model may have none", async () => {
  expect(readMetadata(await modelBytes("alexa_v0.1.onnx")).size).toBe(0);
});

test.each([
  ["no text", pair(textField(1, "phrase"), bytesField(2, Uint8Array.of(0xff, 0xfe)))],
  ["no pair", integerField(14, 3)],
  ["cut short", bytesField(14, Uint8Array.of(0x0a, 0x09, 0x61))],
])("metadata that are %s are refused with an error of its own", (_, field) => {
  expect(() => readMetadata(writeFields([field]))).toThrow(OnnxError);
});
