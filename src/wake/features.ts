/**
 * From PCM to embeddings as openWakeWord does it: the mel graph over each 80 ms hop, the embedding graph over the last
 * 76 mel frames. The sessions are shared; everything that belongs to one stream is in its state.
 */
import { type Feed, type FloatTensor, runForFloats, type Session, tensorOver } from "./ort.ts";

export const SAMPLE_RATE_HZ = 16_000;
/** Samples of one hop: 80 ms. */
export const HOP_SAMPLES = 1280;
export const HOP_MS = 80;
/** Values of one embedding. */
export const EMBEDDING_SIZE = 96;
/** Embeddings a stream remembers, 9.6 s as in openWakeWord; no head may look back further. */
export const HISTORY_EMBEDDINGS = 120;

/** Values of one mel frame. */
export const MEL_BANDS = 32;
/** Mel frames of one hop. */
export const HOP_MEL_FRAMES = 8;
/**
 * Samples of the hop before that complete the first windows of this one (512 samples, 160 apart): with them a hop yields
 * exactly 8 frames, the stride of the embedding. Before the first hop they are zeros, where openWakeWord has none and
 * gets 5 frames; the two agree once the buffers hold heard audio only.
 */
export const CONTEXT_SAMPLES = 480;
/** Mel frames of one embedding. */
export const EMBEDDING_MEL_FRAMES = 76;
/** What openWakeWord fills its mel buffer with before the first sample; near what digital silence yields. */
export const QUIET_MEL = 1;

/** What heads read of a stream. */
export interface FeatureState {
  /** The last {@link HISTORY_EMBEDDINGS} embeddings, oldest first; the array stays the same for the stream's life. */
  readonly history: Float32Array;
  /** Counts embeddings: one more for each that the history got, and many more when all of it is replaced. */
  age: number;
}

/** How much older a history is that was replaced: more than any head computes ahead. */
export const REPLACED = 1000;

/** The next hop of a stream. */
export interface StreamHop<State extends FeatureState> {
  readonly state: State;
  /** {@link HOP_SAMPLES} samples, 16 kHz mono, at int16 scale (the models know no other). */
  readonly pcm: Int16Array;
}

/** Turns hops of PCM into embeddings, for any number of streams. */
export interface Features<State extends FeatureState> {
  /** A stream that has heard nothing: quiet mel frames and the embeddings they yield. */
  newState(): State;
  /** Puts a stream back to where {@link newState} begins. */
  restart(state: State): void;
  /**
   * Puts a stream to where it would be if this hop's sound had gone on for ever: a room that was there before the
   * recording began. The hop itself is not taken.
   *
   * @param pcm {@link HOP_SAMPLES} samples
   */
  settle(state: State, pcm: Int16Array): Promise<void>;
  /** Takes a hop of each of these streams and appends one embedding to its history. One call at a time for each state. */
  step(hops: readonly StreamHop<State>[]): Promise<void>;
  /** Releases the sessions. */
  close(): Promise<void>;
}

/** The state of one stream in the plain form. */
export interface PlainState extends FeatureState {
  /** Context, then the hop. */
  readonly samples: Float32Array;
  readonly melFeed: Feed;
  /** The last 76 mel frames, oldest first. */
  readonly mel: Float32Array;
  readonly embeddingFeed: Feed;
}

/**
 * The plain form: both graphs run as they were published.
 *
 * The quiet embedding comes from mel frames of 1.0, not from random noise as in openWakeWord, where it makes the first
 * 1.3 s after a reset score anything up to 0.99.
 */
export async function createPlainFeatures(mel: Session, embedding: Session): Promise<Features<PlainState>> {
  const [melInput = "", melOutput = ""] = [mel.inputNames[0], mel.outputNames[0]];
  const [embeddingInput = "", embeddingOutput = ""] = [embedding.inputNames[0], embedding.outputNames[0]];

  const embeddingTensor = (frames: Float32Array): FloatTensor =>
    tensorOver(frames, [1, EMBEDDING_MEL_FRAMES, MEL_BANDS, 1]);
  const embed = (feed: Feed): Promise<Float32Array> => runForFloats(embedding, feed, embeddingOutput, EMBEDDING_SIZE);

  const quietMel = new Float32Array(EMBEDDING_MEL_FRAMES * MEL_BANDS).fill(QUIET_MEL);
  const quietEmbedding = await embed({ [embeddingInput]: embeddingTensor(quietMel) });

  const restart = (state: PlainState): void => {
    state.samples.fill(0);
    state.mel.fill(QUIET_MEL);
    for (let at = 0; at < state.history.length; at += EMBEDDING_SIZE) state.history.set(quietEmbedding, at);
    state.age += REPLACED;
  };

  const appendMelFrames = async (state: PlainState, pcm: Int16Array): Promise<void> => {
    state.samples.set(pcm, CONTEXT_SAMPLES);
    const decibels = await runForFloats(mel, state.melFeed, melOutput, HOP_MEL_FRAMES * MEL_BANDS);
    state.mel.copyWithin(0, decibels.length);
    const newest = state.mel.length - decibels.length;
    for (let i = 0; i < decibels.length; i++) state.mel[newest + i] = (decibels[i] ?? 0) / 10 + 2;
    state.samples.copyWithin(0, HOP_SAMPLES);
  };

  return {
    newState() {
      const samples = new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES);
      const melFrames = new Float32Array(EMBEDDING_MEL_FRAMES * MEL_BANDS);
      const state: PlainState = {
        history: new Float32Array(HISTORY_EMBEDDINGS * EMBEDDING_SIZE),
        age: 0,
        samples,
        melFeed: { [melInput]: tensorOver(samples, [1, samples.length]) },
        mel: melFrames,
        embeddingFeed: { [embeddingInput]: embeddingTensor(melFrames) },
      };
      restart(state);
      return state;
    },

    restart,

    async settle(state, pcm) {
      restart(state);
      for (let i = 0; i < CONTEXT_SAMPLES; i++) state.samples[i] = pcm[i] ?? 0;
      await appendMelFrames(state, pcm);
      fillWithMean(state.mel, state.mel.length - HOP_MEL_FRAMES * MEL_BANDS);
      const settled = await embed(state.embeddingFeed);
      for (let at = 0; at < state.history.length; at += EMBEDDING_SIZE) state.history.set(settled, at);
      state.age += REPLACED;
    },

    async step(hops) {
      for (const { state, pcm } of hops) {
        await appendMelFrames(state, pcm);
        const newest = await embed(state.embeddingFeed);
        state.history.copyWithin(0, EMBEDDING_SIZE);
        state.history.set(newest, state.history.length - EMBEDDING_SIZE);
        state.age++;
      }
    },

    async close() {
      await Promise.all([mel.release(), embedding.release()]);
    },
  };
}

/** Fills mel frames with the mean of those from the value at `newest` on. */
export function fillWithMean(mel: Float32Array, newest: number): void {
  const mean = new Float32Array(MEL_BANDS);
  const frames = (mel.length - newest) / MEL_BANDS;
  for (let i = newest; i < mel.length; i++) mean[i % MEL_BANDS] = (mean[i % MEL_BANDS] ?? 0) + (mel[i] ?? 0) / frames;
  for (let i = 0; i < mel.length; i++) mel[i] = mean[i % MEL_BANDS] ?? 0;
}
