/** openWakeWord's pipeline, as it is published, in native onnxruntime: what the detection here is measured against. */
import { CATALOGUE, EMBEDDING, MELSPECTROGRAM } from "../src/wake/catalogue.ts";
import { EMBEDDING_SIZE, HISTORY_EMBEDDINGS, HOP_SAMPLES } from "../src/wake/features.ts";
import { modelPath } from "../src/wake/model-files.ts";

/** What is used of onnxruntime-node, which is no dependency. */
interface NativeOrt {
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(
      path: string,
      options: { readonly intraOpNumThreads: number; readonly interOpNumThreads: number },
    ): Promise<NativeSession>;
  };
}

interface NativeSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feed: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
}

const CONTEXT_SAMPLES = 480;
const WINDOW = [1, 76, 32, 1];

/**
 * @param folder of the package onnxruntime-node
 * @param names of the heads
 * @returns what takes one hop
 */
export async function nativePlain(
  folder: string,
  names: readonly string[],
): Promise<(pcm: Int16Array) => Promise<void>> {
  const ort = (await import(folder)) as NativeOrt & { readonly default?: NativeOrt };
  const { InferenceSession, Tensor } = ort.default ?? ort;
  const open = (path: string) => InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const run = async (session: NativeSession, data: Float32Array, dims: readonly number[]): Promise<Float32Array> => {
    const outputs = await session.run({ [session.inputNames[0] ?? ""]: new Tensor("float32", data, dims) });
    return outputs[session.outputNames[0] ?? ""]?.data ?? new Float32Array(0);
  };

  const mel = await open(await modelPath(MELSPECTROGRAM.file));
  const embedding = await open(await modelPath(EMBEDDING.file));
  const heads: { readonly session: NativeSession; readonly window: number }[] = [];
  for (const name of names) {
    const known = CATALOGUE.find((model) => model.name === name);
    if (known) heads.push({ session: await open(await modelPath(known.file)), window: known.window });
  }
  const samples = new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES);
  const frames = new Float32Array(76 * 32).fill(1);
  const history = new Float32Array(HISTORY_EMBEDDINGS * EMBEDDING_SIZE);

  return async (pcm) => {
    samples.copyWithin(0, HOP_SAMPLES);
    samples.set(pcm, CONTEXT_SAMPLES);
    const decibels = await run(mel, samples, [1, samples.length]);
    frames.copyWithin(0, decibels.length);
    frames.set(
      decibels.map((value) => value / 10 + 2),
      frames.length - decibels.length,
    );
    const newest = await run(embedding, frames, WINDOW);
    history.copyWithin(0, EMBEDDING_SIZE);
    history.set(newest, history.length - EMBEDDING_SIZE);
    for (const { session, window } of heads) {
      await run(session, history.subarray(-window * EMBEDDING_SIZE), [1, window, EMBEDDING_SIZE]);
    }
  };
}
