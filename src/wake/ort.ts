/** onnxruntime-web, set up for one thread and no network. */
import * as ort from "onnxruntime-web/wasm";

export type Session = ort.InferenceSession;
export type TensorMetadata = ort.InferenceSession.ValueMetadata;
export type FloatTensor = ort.TypedTensor<"float32">;
/** What a run is given, by input name. Made once and kept: its tensors look at memory that the caller rewrites. */
export type Feed = Readonly<Record<string, FloatTensor>>;

/**
 * Hands onnxruntime its WebAssembly program. It keeps one per thread, so only the first call in a thread counts.
 *
 * One thread: more are slower for graphs this small, or fail where the program is compiled.
 */
export function prepareOnnxruntime(wasmBinary: Uint8Array): void {
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = wasmBinary;
}

/** @throws onnxruntime's Error where the bytes are not a graph it can open. */
export function openSession(graph: Uint8Array): Promise<Session> {
  return ort.InferenceSession.create(graph, { executionProviders: ["wasm"], logSeverityLevel: 3 });
}

/** A float tensor over `data`, which stays the caller's: what is written there later is what the next run sees. */
export function tensorOver(data: Float32Array, shape: readonly number[]): FloatTensor {
  return new ort.Tensor("float32", data, shape);
}

/**
 * Runs a session with one float output and returns that output.
 *
 * The array is onnxruntime's and new each time: it ignores output tensors made beforehand when they are in JavaScript's memory.
 *
 * @throws Error where the output is not float32 or not `length` long
 */
export async function runForFloats(
  session: Session,
  feed: Feed,
  outputName: string,
  length: number,
): Promise<Float32Array> {
  return floatsOf(await session.run(feed), outputName, length);
}

/**
 * One output of a run.
 *
 * @throws Error where it is not float32 or not `length` long
 */
export function floatsOf(outputs: ort.InferenceSession.OnnxValueMapType, name: string, length: number): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array) || data.length !== length) {
    throw new Error(`output "${name}" is not the ${length} float32 values it must be`);
  }
  return data;
}

/** An input or output in words, for messages: `float32 [1, 16, 96]`. */
export function describeTensor(metadata: TensorMetadata): string {
  return metadata.isTensor ? `${metadata.type} [${metadata.shape.join(", ")}]` : "no tensor";
}
