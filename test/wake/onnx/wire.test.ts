import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CATALOGUE, EMBEDDING, MELSPECTROGRAM } from "../../../src/wake/catalogue.ts";
import { readModel, writeModel } from "../../../src/wake/onnx/model.ts";
import { OnnxError } from "../../../src/wake/onnx/onnx-error.ts";
import { constantsOf, floatsIn, integersIn } from "../../../src/wake/onnx/tensor.ts";
import {
  type Field,
  integerField,
  integerOf,
  integersOf,
  readFields,
  writeFields,
} from "../../../src/wake/onnx/wire.ts";
import { modelBytes } from "../model-bytes.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`garbage as ONNX: FUZZ_SEED=${seed}`);

const FILES = [...CATALOGUE, EMBEDDING, MELSPECTROGRAM].map(({ file }) => file);

describe("a model", () => {
  test.each(FILES)("%s is the same after reading, writing and reading", async (file) => {
    const model = readModel(await modelBytes(file));
    expect(readModel(writeModel(model))).toEqual(model);
  });

  test("keeps what is not understood", async () => {
    const model = readModel(await modelBytes("alexa_v0.1.onnx"));
    const strange: Field = { number: 4711, wire: 5, bytes: Uint8Array.of(1, 2, 3, 4) };
    const node = model.graph.nodes[0];
    if (!node) throw new Error("a graph without nodes");
    const nodes = [{ ...node, rest: [strange] }, ...model.graph.nodes.slice(1)];
    const reread = readModel(writeModel({ ...model, graph: { ...model.graph, nodes } }));
    expect(reread.graph.nodes[0]?.rest).toEqual([strange]);
  });
});

describe("the wire format", () => {
  const wires = fc.oneof(
    fc
      .record({
        number: fc.integer({ min: 1, max: 0x1fffffff }),
        value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      })
      .map(({ number, value }) => integerField(number, value)),
    fc.record({
      number: fc.integer({ min: 1, max: 99 }),
      wire: fc.constant(2 as const),
      bytes: fc.uint8Array({ maxLength: 300 }),
    }),
    fc.record({
      number: fc.integer({ min: 1, max: 99 }),
      wire: fc.constant(5 as const),
      bytes: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    }),
    fc.record({
      number: fc.integer({ min: 1, max: 99 }),
      wire: fc.constant(1 as const),
      bytes: fc.uint8Array({ minLength: 8, maxLength: 8 }),
    }),
  );

  test("gives back any fields that were written", () => {
    fc.assert(
      fc.property(fc.array(wires), (fields) => {
        expect(readFields(writeFields(fields))).toEqual(fields);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("knows every 64-bit integer, alone and packed", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), (values) => {
        const fields = values.map((value) => integerField(1, value));
        expect(fields.map(integerOf)).toEqual(values);
        const packed = fields.flatMap(({ bytes }) => [...bytes]);
        expect(integersOf([{ number: 1, wire: 2, bytes: Uint8Array.from(packed) }])).toEqual(values);
      }),
      { seed, numRuns: 300 },
    );
  });
});

/** Reads all that is ever read of a model; anything but an OnnxError is a fault. */
function readAll(bytes: Uint8Array): void {
  try {
    const { graph } = readModel(bytes);
    for (const tensor of constantsOf(graph).values()) {
      if (tensor.dataType === 1) floatsIn(tensor);
      if (tensor.dataType === 7) integersIn(tensor);
    }
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
  }
}

describe("garbage is refused with an error of its own", () => {
  test("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => readAll(bytes)),
      { seed, numRuns: 3000 },
    );
  });

  test("a model cut anywhere", async () => {
    const bytes = await modelBytes("hey_rhasspy_v0.1.onnx");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: bytes.length - 1 }), (length) => {
        expect(() => readModel(bytes.subarray(0, length))).toThrow(OnnxError);
      }),
      { seed, numRuns: 300 },
    );
  });

  test("a model with bytes changed", async () => {
    // The weights are most of a file, and nothing in them can be wrong: change what lies between them.
    const model = readModel(await modelBytes("hey_jarvis_v0.1.onnx"));
    const bytes = writeModel({ ...model, graph: { ...model.graph, initializers: model.graph.initializers.slice(-3) } });
    const change = fc.record({
      at: fc.integer({ min: 0, max: bytes.length - 1 }),
      to: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const spoilt = bytes.slice();
        for (const { at, to } of changes) spoilt[at] = to;
        readAll(spoilt);
      }),
      { seed, numRuns: 500 },
    );
  });

  test("graphs within graphs without end", () => {
    let graph: Field[] = [];
    for (let depth = 0; depth < 100; depth++) {
      const attribute: Field[] = [{ number: 6, wire: 2, bytes: writeFields(graph) }];
      const node: Field[] = [{ number: 5, wire: 2, bytes: writeFields(attribute) }];
      graph = [{ number: 1, wire: 2, bytes: writeFields(node) }];
    }
    const opset: Field = { number: 8, wire: 2, bytes: new Uint8Array(0) };
    const bytes = writeFields([{ number: 7, wire: 2, bytes: writeFields(graph) }, opset]);
    expect(() => readModel(bytes)).toThrow(expect.objectContaining({ code: "too_deep" }));
  });
});
