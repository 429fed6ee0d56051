/**
 * The streaming form of the features: mel frames without a network where the mel graph allows it, and an embedding graph
 * that takes 8 new frames and what it kept of those before. The numbers are those of the plain form.
 */
import {
  CONTEXT_SAMPLES,
  EMBEDDING_SIZE,
  type FeatureState,
  type Features,
  fillWithMean,
  HISTORY_EMBEDDINGS,
  HOP_MEL_FRAMES,
  HOP_SAMPLES,
  MEL_BANDS,
  QUIET_MEL,
  REPLACED,
} from "./features.ts";
import type { HopMel } from "./hop-mel.ts";
import { floatsOf, type Session, tensorOver } from "./ort.ts";
import type { StreamingGraph } from "./streaming-graph.ts";

/** The state of one stream in the streaming form. */
export interface StreamingState extends FeatureState {
  /** Context, then the hop. */
  readonly samples: Float32Array;
  /** The newest mel frames, [8, 32]. */
  readonly frames: Float32Array;
  /**
   * What the embedding graph kept at the hop before: the very array that its run gave. Nobody ever writes into it, so
   * that streams may share one.
   */
  cache: Float32Array;
}

export interface StreamingFeatures extends Features<StreamingState> {
  /** The first half of a step: takes a hop and leaves its mel frames in the state. */
  hear(state: StreamingState, pcm: Int16Array): Promise<void> | undefined;
  /** The second half, for several streams in one run: appends the embedding of its frames to the history of each. */
  embed(states: readonly StreamingState[]): Promise<void>;
}

/** @param session of `graph` */
export async function createStreamingFeatures(
  mel: HopMel,
  graph: StreamingGraph,
  session: Session,
): Promise<StreamingFeatures> {
  const { framesInput, cacheInput, embeddingOutput, cacheOutput, cacheSize, hopsToSettle } = graph;
  const framesSize = HOP_MEL_FRAMES * MEL_BANDS;

  /** One run for streams whose frames and caches stand one behind the other. */
  const run = async (streams: number, frames: Float32Array, cache: Float32Array) => {
    const outputs = await session.run({
      [framesInput]: tensorOver(frames, [streams, 1, HOP_MEL_FRAMES, MEL_BANDS]),
      [cacheInput]: tensorOver(cache, [streams, cacheSize]),
    });
    return {
      embeddings: floatsOf(outputs, embeddingOutput, streams * EMBEDDING_SIZE),
      cache: floatsOf(outputs, cacheOutput, streams * cacheSize),
    };
  };

  /** What a stream has in its cache and as its embedding that has heard these frames for ever. */
  const settled = async (frames: Float32Array) => {
    let cache: Float32Array = new Float32Array(cacheSize);
    let embeddings: Float32Array = new Float32Array(0);
    for (let hop = 0; hop < hopsToSettle; hop++) ({ cache, embeddings } = await run(1, frames, cache));
    return { cache, embedding: embeddings };
  };

  const quiet = await settled(new Float32Array(framesSize).fill(QUIET_MEL));

  const begin = (state: StreamingState, { cache, embedding }: Awaited<ReturnType<typeof settled>>): void => {
    state.cache = cache;
    for (let at = 0; at < state.history.length; at += EMBEDDING_SIZE) state.history.set(embedding, at);
    state.age += REPLACED;
  };

  const hear = (state: StreamingState, pcm: Int16Array): Promise<void> | undefined => {
    state.samples.copyWithin(0, HOP_SAMPLES);
    state.samples.set(pcm, CONTEXT_SAMPLES);
    return mel.frames(state.samples, state.frames);
  };

  const append = (state: StreamingState, embedding: Float32Array): void => {
    state.history.copyWithin(0, EMBEDDING_SIZE);
    state.history.set(embedding, state.history.length - EMBEDDING_SIZE);
    state.age++;
  };

  const embedOne = async (state: StreamingState): Promise<void> => {
    const { embeddings, cache } = await run(1, state.frames, state.cache);
    state.cache = cache;
    append(state, embeddings);
  };

  const embed = async (states: readonly StreamingState[]): Promise<void> => {
    const [only] = states;
    if (only && states.length === 1) return embedOne(only);
    const frames = new Float32Array(states.length * framesSize);
    const caches = new Float32Array(states.length * cacheSize);
    for (const [i, state] of states.entries()) {
      frames.set(state.frames, i * framesSize);
      caches.set(state.cache, i * cacheSize);
    }
    const { embeddings, cache } = await run(states.length, frames, caches);
    for (const [i, state] of states.entries()) {
      // A copy: a view would keep the caches of all streams alive for as long as one of them is not run again.
      state.cache = cache.slice(i * cacheSize, (i + 1) * cacheSize);
      append(state, embeddings.subarray(i * EMBEDDING_SIZE, (i + 1) * EMBEDDING_SIZE));
    }
  };

  const restart = (state: StreamingState): void => {
    state.samples.fill(0);
    begin(state, quiet);
  };

  return {
    newState() {
      const state: StreamingState = {
        history: new Float32Array(HISTORY_EMBEDDINGS * EMBEDDING_SIZE),
        age: 0,
        samples: new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES),
        frames: new Float32Array(framesSize),
        cache: quiet.cache,
      };
      restart(state);
      return state;
    },

    restart,
    hear,
    embed,

    async settle(state, pcm) {
      // What comes before a hop is the end of the one before; here it is its own beginning.
      state.samples.set(pcm.subarray(0, CONTEXT_SAMPLES), HOP_SAMPLES);
      await hear(state, pcm);
      const frames = state.frames.slice();
      fillWithMean(frames, 0);
      begin(state, await settled(frames));
    },

    async step(hops) {
      for (const { state, pcm } of hops) {
        const waiting = hear(state, pcm);
        if (waiting) await waiting;
      }
      await embed(hops.map(({ state }) => state));
    },

    async close() {
      await Promise.all([mel.close(), session.release()]);
    },
  };
}
