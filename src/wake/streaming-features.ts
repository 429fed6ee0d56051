/**
 * The streaming form of the features: mel frames without a network where the mel graph allows it, and an embedding graph
 * that takes 8 new frames and what it kept of those before. The numbers are those of the plain form.
 *
 * A stream may sleep: it hears hops, whose mel frames it keeps, and does not embed them. When it wakes after a short
 * sleep it goes on from the cache it had. After a longer one the cache is of no use, but then nothing of it is left once
 * `hopsToSettle` hops have been embedded, whatever was in it: so the embedding of the hop that comes `hopsToSettle` - 1
 * after the first is right again, and `window` right ones take `hopsToSettle` - 1 + `window` hops.
 */
import {
  appendEmbedding,
  type Beginning,
  CONTEXT_SAMPLES,
  EMBEDDING_SIZE,
  type FeatureState,
  type Features,
  fillHistory,
  fillWithMean,
  HISTORY_EMBEDDINGS,
  HOP_MEL_FRAMES,
  HOP_SAMPLES,
  MEL_BANDS,
  putSamples,
  quietMel,
  REPLACED,
  rememberedBeginnings,
} from "./features.ts";
import type { HopMel } from "./hop-mel.ts";
import { MelRing } from "./mel-ring.ts";
import { floatsOf, type Session, tensorOver } from "./ort.ts";
import type { StreamingGraph } from "./streaming-graph.ts";

/** What a stream has in its cache and as its embedding that has heard the same frames for ever. */
type Settled = Pick<Beginning, "cache" | "embedding">;

/** The state of one stream in the streaming form. */
export interface StreamingState extends FeatureState {
  /** Context, then the hop. */
  readonly samples: Float32Array;
  /** The newest mel frames, [8, 32]. */
  readonly frames: Float32Array;
  /** The mel frames of the last hops, of a stream that may sleep. */
  readonly ring: MelRing | undefined;
  /**
   * What the embedding graph kept at the hop before: the very array that its run gave. Nobody ever writes into it, so
   * that streams may share one.
   */
  cache: Float32Array;
  /** What came before the first hop. */
  start: Settled;
  /** Hops since the start. */
  heard: number;
  /** How many of the newest embeddings are those of a stream that never slept; below 0 until the cache is right again. */
  whole: number;
}

export interface StreamingFeatures extends Features<StreamingState> {
  /** Takes the mel frames of a hop, [8, 32], in place of its samples. */
  hearFrames(state: StreamingState, frames: Float32Array): void;
}

/** @param session of `graph` */
export async function createStreamingFeatures(
  mel: HopMel,
  graph: StreamingGraph,
  session: Session,
): Promise<StreamingFeatures> {
  const { framesInput, cacheInput, embeddingOutput, cacheOutput, cacheSize, hopsToSettle } = graph;
  const framesSize = HOP_MEL_FRAMES * MEL_BANDS;
  /** Hops after which a cache is right that began with anything. */
  const warmUp = hopsToSettle - 1;

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

  const settled = async (frames: Float32Array): Promise<Settled> => {
    let cache: Float32Array = new Float32Array(cacheSize);
    let embedding: Float32Array = new Float32Array(0);
    for (let hop = 0; hop < hopsToSettle; hop++) ({ cache, embeddings: embedding } = await run(1, frames, cache));
    return { cache, embedding };
  };

  const beginning = rememberedBeginnings(async (scale) => ({
    scale,
    ...(await settled(new Float32Array(framesSize).fill(quietMel(scale)))),
  }));
  const ofInt16 = await beginning("int16");

  /** To the start, with all that was heard since still to be embedded. */
  const rewind = (state: StreamingState): void => {
    state.cache = state.start.cache;
    fillHistory(state, state.start.embedding);
    state.behind = state.heard;
    state.whole = HISTORY_EMBEDDINGS;
  };

  const startFrom = (state: StreamingState, start: Settled): void => {
    state.start = start;
    state.heard = 0;
    rewind(state);
  };

  const restart = (state: StreamingState): void => {
    state.samples.fill(0);
    startFrom(state, state.beginning);
  };

  const readFrames = (state: StreamingState, pcm: Int16Array): Promise<void> | undefined => {
    state.samples.copyWithin(0, HOP_SAMPLES);
    putSamples(pcm, state.beginning.scale, state.samples, CONTEXT_SAMPLES);
    return mel.frames(state.samples, state.frames);
  };

  const keepFrames = (state: StreamingState): void => {
    state.ring?.put(state.frames);
    state.heard++;
    state.behind++;
  };

  const hear = (state: StreamingState, pcm: Int16Array): Promise<void> | undefined => {
    const waiting = readFrames(state, pcm);
    if (waiting) return waiting.then(() => keepFrames(state));
    keepFrames(state);
    return undefined;
  };

  /** The frames of the oldest hop that is behind. */
  const framesToEmbed = (state: StreamingState): Float32Array =>
    state.behind > 1 && state.ring ? state.ring.before(state.behind - 1) : state.frames;

  const take = (state: StreamingState, embedding: Float32Array, cache: Float32Array): void => {
    state.cache = cache;
    appendEmbedding(state, embedding);
    state.behind--;
    state.whole = Math.min(state.whole + 1, HISTORY_EMBEDDINGS);
  };

  const embed = async (states: readonly StreamingState[]): Promise<void> => {
    const [only] = states;
    if (!only) return;
    if (states.length === 1) {
      const { embeddings, cache } = await run(1, framesToEmbed(only), only.cache);
      take(only, embeddings, cache);
      return;
    }
    const frames = new Float32Array(states.length * framesSize);
    const caches = new Float32Array(states.length * cacheSize);
    for (const [i, state] of states.entries()) {
      frames.set(framesToEmbed(state), i * framesSize);
      caches.set(state.cache, i * cacheSize);
    }
    const { embeddings, cache } = await run(states.length, frames, caches);
    for (const [i, state] of states.entries()) {
      const embedding = embeddings.subarray(i * EMBEDDING_SIZE, (i + 1) * EMBEDDING_SIZE);
      // A copy: a view would keep the caches of all streams alive for as long as one of them is not run again.
      take(state, embedding, cache.slice(i * cacheSize, (i + 1) * cacheSize));
    }
  };

  return {
    maySleep: true,
    beginning,

    newState({ beginning: own = ofInt16, sleeps = false } = {}) {
      const state: StreamingState = {
        beginning: own,
        history: new Float32Array(HISTORY_EMBEDDINGS * EMBEDDING_SIZE),
        age: 0,
        behind: 0,
        samples: new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES),
        frames: new Float32Array(framesSize),
        // For the longest window that a head may have, so that one may be loaded while the stream sleeps.
        ring: sleeps ? new MelRing(warmUp + HISTORY_EMBEDDINGS) : undefined,
        cache: own.cache,
        start: own,
        heard: 0,
        whole: HISTORY_EMBEDDINGS,
      };
      restart(state);
      return state;
    },

    restart,
    hear,
    embed,

    hearFrames(state, frames) {
      state.frames.set(frames);
      keepFrames(state);
    },

    rouse(state, window) {
      const enough = warmUp + window;
      if (state.behind <= enough && state.whole + state.behind >= window) return;
      if (state.heard <= enough) {
        rewind(state);
        return;
      }
      state.behind = enough;
      state.whole = -warmUp;
      state.age += REPLACED;
    },

    async settle(state, pcm) {
      // What comes before a hop is the end of the one before; here it is its own beginning.
      putSamples(pcm.subarray(0, CONTEXT_SAMPLES), state.beginning.scale, state.samples, HOP_SAMPLES);
      await readFrames(state, pcm);
      const frames = state.frames.slice();
      fillWithMean(frames, 0);
      startFrom(state, await settled(frames));
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
