/** The published graphs, and the same with something changed. */
import type { ModelFile } from "../../src/wake/catalogue.ts";
import { modelPath, onnxruntimeWasmPath } from "../../src/wake/model-files.ts";
import { type Graph, type Model, readModel, writeModel } from "../../src/wake/onnx/model.ts";
import { prepareOnnxruntime } from "../../src/wake/ort.ts";

export async function modelBytes(file: ModelFile): Promise<Uint8Array> {
  return Bun.file(await modelPath(file)).bytes();
}

export async function startOnnxruntime(): Promise<void> {
  prepareOnnxruntime(await Bun.file(await onnxruntimeWasmPath()).bytes());
}

/** A file whose model is another one. */
export function changed(bytes: Uint8Array, change: (model: Model) => Model): Uint8Array {
  return writeModel(change(readModel(bytes)));
}

/** A file whose graph is another one. */
export function regraphed(bytes: Uint8Array, change: (graph: Graph) => Graph): Uint8Array {
  return changed(bytes, (model) => ({ ...model, graph: change(model.graph) }));
}
