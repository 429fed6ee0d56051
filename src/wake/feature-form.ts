/** Which form the features take: the fast one where the graphs allow it and it gives the same numbers, else the plain one. */
import {
  CONTEXT_SAMPLES,
  createPlainFeatures,
  EMBEDDING_MEL_FRAMES,
  EMBEDDING_SIZE,
  type FeatureState,
  type Features,
  HOP_MEL_FRAMES,
  HOP_SAMPLES,
  MEL_BANDS,
} from "./features.ts";
import { fourierMel, graphMel, type HopMel } from "./hop-mel.ts";
import { openSession, runForFloats, type Session, tensorOver } from "./ort.ts";
import { createStreamingFeatures, type StreamingFeatures } from "./streaming-features.ts";
import { streamingGraph } from "./streaming-graph.ts";

/** How embeddings are made: from what is new, or from all that one looks back over. */
export type EmbeddingForm = "streaming" | "plain";
/** How mel frames are made: by a Fourier transform, or by the mel graph. */
export type MelForm = "fourier" | "graph";

/** A graph as it was published. */
export interface PublishedGraph {
  readonly bytes: Uint8Array;
  /** @throws WakeModelError (not_onnx) */
  open(): Promise<Session>;
}

/** Features, how they work, and why not faster. */
export interface FormedFeatures {
  readonly features: Features<FeatureState>;
  readonly embedding: EmbeddingForm;
  readonly mel: MelForm;
  /** A sentence for each part that is not in its fast form though it was wanted. */
  readonly reasons: readonly string[];
}

/** How far a fast form may be from the graph that it stands for, in parts of the largest value, at the trial. */
const TRIAL_TOLERANCE = 1e-3;

/**
 * Opens the features in the form that is wanted, or in the plain one where that is not possible.
 *
 * A fast form is tried against the graph it replaces before it is believed.
 *
 * @throws WakeModelError (not_onnx) where a graph cannot be opened at all
 */
export async function openFeatures(
  melGraph: PublishedGraph,
  embeddingGraph: PublishedGraph,
  wanted: EmbeddingForm,
): Promise<FormedFeatures> {
  const mel = await melGraph.open();
  const embedding = await embeddingGraph.open();
  const plain = async (reasons: readonly string[]): Promise<FormedFeatures> => {
    const features = await createPlainFeatures(mel, embedding);
    return { features, embedding: "plain", mel: "graph", reasons };
  };
  if (wanted === "plain") return plain([]);

  const fourier = await triedFourierMel(melGraph, mel);
  const hopMel = typeof fourier === "string" ? graphMel(mel) : fourier;
  const features = await triedStreaming(embeddingGraph, embedding, hopMel);
  if (typeof features === "string") {
    return plain([`embeddings are computed in the plain form, at several times the cost: ${features}`]);
  }
  await embedding.release();
  if (typeof fourier === "string") {
    const reasons = [`mel frames are computed by the mel graph, at many times the cost: ${fourier}`];
    return { features, embedding: "streaming", mel: "graph", reasons };
  }
  await mel.release();
  return { features, embedding: "streaming", mel: "fourier", reasons: [] };
}

/** The mel graph as a Fourier transform, or why not. */
async function triedFourierMel(graph: PublishedGraph, session: Session): Promise<HopMel | string> {
  const mel = fourierMel(graph.bytes);
  if (typeof mel === "string") return mel;
  const samples = seededNoise(CONTEXT_SAMPLES + HOP_SAMPLES, 3000);
  const [expected, actual] = [framesFor(HOP_MEL_FRAMES), framesFor(HOP_MEL_FRAMES)];
  try {
    await graphMel(session).frames(samples, expected);
    await mel.frames(samples, actual);
  } catch (error) {
    return `the trial run failed: ${reason(error)}`;
  }
  return differs(actual, expected) ?? mel;
}

/** The embedding graph in its streaming form, or why not. */
async function triedStreaming(graph: PublishedGraph, plain: Session, mel: HopMel): Promise<StreamingFeatures | string> {
  const rewritten = streamingGraph(graph.bytes, {
    windowFrames: EMBEDDING_MEL_FRAMES,
    hopFrames: HOP_MEL_FRAMES,
    bands: MEL_BANDS,
    embeddingSize: EMBEDDING_SIZE,
  });
  if ("refused" in rewritten) return rewritten.reason;
  let session: Session | undefined;
  try {
    session = await openSession(rewritten.bytes);
    const features = await createStreamingFeatures(mel, rewritten, session);
    const apart = await trial(features, plain);
    if (apart === undefined) return features;
    await session.release();
    return apart;
  } catch (error) {
    await session?.release();
    return `the rewritten graph failed: ${reason(error)}`;
  }
}

/** Whether the embedding of the newest 76 of these frames is the same when they come 8 by 8. */
async function trial(features: StreamingFeatures, plain: Session): Promise<string | undefined> {
  const hops = Math.ceil(EMBEDDING_MEL_FRAMES / HOP_MEL_FRAMES) + 1;
  const frames = seededNoise(hops * HOP_MEL_FRAMES * MEL_BANDS, 5);
  const state = features.newState();
  for (let hop = 0; hop < hops; hop++) {
    features.hearFrames(state, frames.subarray(hop * state.frames.length, (hop + 1) * state.frames.length));
    await features.embed([state]);
  }
  const window = frames.subarray(frames.length - EMBEDDING_MEL_FRAMES * MEL_BANDS);
  const feed = { [plain.inputNames[0] ?? ""]: tensorOver(window, [1, EMBEDDING_MEL_FRAMES, MEL_BANDS, 1]) };
  const expected = await runForFloats(plain, feed, plain.outputNames[0] ?? "", EMBEDDING_SIZE);
  return differs(state.history.subarray(-EMBEDDING_SIZE), expected);
}

/** A sentence where values are not the expected ones. */
function differs(actual: Float32Array, expected: Float32Array): string | undefined {
  let apart = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    apart = Math.max(apart, Math.abs((actual[i] ?? 0) - (expected[i] ?? 0)));
    largest = Math.max(largest, Math.abs(expected[i] ?? 0));
  }
  if (apart <= TRIAL_TOLERANCE * largest) return undefined;
  return `at a trial its numbers were ${apart} off, of ${largest}`;
}

function framesFor(count: number): Float32Array {
  return new Float32Array(count * MEL_BANDS);
}

/** The same values every time, of -amplitude to amplitude, without a pattern that a transform would show. */
export function seededNoise(length: number, amplitude: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (state * 48271) % 0x7fffffff;
    return ((state / 0x7fffffff) * 2 - 1) * amplitude;
  });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
