/**
 * Heads whose score is one value of one embedding: what an engine computes inside is seen through them, the way a head
 * sees it. Scores are not negative, so each is higher by {@link OFFSET}, whose rounding is far below what is looked for.
 */
import { EMBEDDING_SIZE } from "../src/wake/features.ts";
import type { ModelEntry } from "../src/wake/load.ts";
import { newNode } from "../src/wake/onnx/attributes.ts";
import { FLOAT, type Model, writeModel } from "../src/wake/onnx/model.ts";
import { floatTensor } from "../src/wake/onnx/tensor.ts";

/** Embeddings of speech reach 90 and are known to stay above -150. */
export const OFFSET = 256;

const PROBE = /^probe\/(\d+)\/(\d+)\.onnx$/;
const OPSET = 13;
const IR_VERSION = 8;

/** Probes for the first `values` values of the oldest of the last `window` embeddings, in their order. */
export function probesOf(window: number, values: number): readonly ModelEntry[] {
  return Array.from({ length: values }, (_, value) => {
    return { name: `probe_${window}_${value}`, path: `probe/${window}/${value}.onnx` };
  });
}

/** Reads probes, which are no files, and everything else as `readFile` does. */
export function withProbes(readFile: (path: string) => Promise<Uint8Array>): (path: string) => Promise<Uint8Array> {
  return async (path) => {
    const [, window, value] = PROBE.exec(path) ?? [];
    return window === undefined ? await readFile(path) : probeBytes(Number(window), Number(value));
  };
}

function probeBytes(window: number, value: number): Uint8Array {
  const weights = new Float32Array(window * EMBEDDING_SIZE);
  weights[value] = 1;
  const model: Model = {
    graph: {
      name: "probe",
      nodes: [newNode("Flatten", ["embeddings"], ["flat"]), newNode("Gemm", ["flat", "weights", "offset"], ["score"])],
      initializers: [
        floatTensor("weights", [weights.length, 1], weights),
        floatTensor("offset", [1], Float32Array.of(OFFSET)),
      ],
      inputs: [{ name: "embeddings", elementType: FLOAT, dims: [1, window, EMBEDDING_SIZE] }],
      outputs: [{ name: "score", elementType: FLOAT, dims: [1, 1] }],
      valueInfos: [],
      rest: [],
    },
    opsets: [{ domain: "", version: OPSET }],
    irVersion: IR_VERSION,
    rest: [],
  };
  return writeModel(model);
}
