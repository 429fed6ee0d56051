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
/** How loud a model takes the loudest sample to be: 32,768 as openWakeWord does, or 1. Another scale is another sound. */
export type InputScale = "int16" | "unit";
export const INPUT_SCALES: readonly InputScale[] = ["int16", "unit"];
const FULL_SCALE = 32_768;

/** What openWakeWord fills its mel buffer with before the first sample; near what digital silence yields. */
const QUIET_MEL = 1;

/** {@link QUIET_MEL} as samples of this scale yield it: mel frames are decibels / 10. */
export function quietMel(scale: InputScale): number {
  return scale === "int16" ? QUIET_MEL : QUIET_MEL - (20 * Math.log10(FULL_SCALE)) / 10;
}

/** Writes samples at this scale. */
export function putSamples(pcm: Int16Array, scale: InputScale, samples: Float32Array, at: number): void {
  samples.set(pcm, at);
  if (scale === "int16") return;
  for (let i = at; i < at + pcm.length; i++) samples[i] = (samples[i] ?? 0) / FULL_SCALE;
}

/** What streams of one scale begin with: a past of quiet. They share it, nobody writes into it. */
export interface Beginning {
  readonly scale: InputScale;
  readonly embedding: Float32Array;
  /** What the streaming form keeps from hop to hop; empty in the plain form. */
  readonly cache: Float32Array;
}

/** What heads read of a stream. */
export interface FeatureState {
  readonly beginning: Beginning;
  /** The last {@link HISTORY_EMBEDDINGS} embeddings, oldest first; the array stays the same for the stream's life. */
  readonly history: Float32Array;
  /** Counts embeddings: one more for each that the history got, and many more when it does not go on from what it was. */
  age: number;
  /** Hops that were heard and not embedded. */
  behind: number;
}

/** How much older a history is that does not go on from what it was: more than any head computes ahead. */
export const REPLACED = 1000;

/** The next hop of a stream. */
export interface StreamHop<State extends FeatureState> {
  readonly state: State;
  /** {@link HOP_SAMPLES} samples, 16 kHz mono. */
  readonly pcm: Int16Array;
}

export interface StateOptions {
  /** Default: that of int16 samples. */
  readonly beginning?: Beginning;
  /** Whether hops may be heard without being embedded; costs 132 kB. Default false. */
  readonly sleeps?: boolean;
}

/** Turns hops of PCM into embeddings, for any number of streams. One call at a time for each state. */
export interface Features<State extends FeatureState> {
  /** Whether a state that was made for it may sleep. */
  readonly maySleep: boolean;
  /** Of streams at this scale; the same object at every call. */
  beginning(scale: InputScale): Promise<Beginning>;
  /** A stream that has heard nothing: quiet mel frames and the embeddings they yield. */
  newState(options?: StateOptions): State;
  /** Puts a stream back to where {@link newState} begins. */
  restart(state: State): void;
  /**
   * Puts a stream to where it would be if this hop's sound had gone on for ever: a room that was there before the
   * recording began. The hop itself is not taken.
   *
   * @param pcm {@link HOP_SAMPLES} samples
   */
  settle(state: State, pcm: Int16Array): Promise<void>;
  /**
   * Takes a hop, which leaves the stream one more behind. One that does not sleep is embedded before it hears again.
   *
   * @returns a promise only where it has to wait
   */
  hear(state: State, pcm: Int16Array): Promise<void> | undefined;
  /**
   * Chooses what to embed of a stream that may have slept, so that its newest `window` embeddings are those of one that
   * never did as soon as it is no longer behind.
   */
  rouse(state: State, window: number): void;
  /** Appends to the history of each of these streams the embedding of the oldest hop that it is behind. */
  embed(states: readonly State[]): Promise<void>;
  /** Takes a hop of each of these streams, which do not sleep, and appends its embedding to the history. */
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
 * The plain form: both graphs run as they were published, and no stream sleeps.
 *
 * The quiet embedding comes from mel frames of 1.0, not from random noise as in openWakeWord, where it makes the first
 * 1.3 s after a reset score anything up to 0.99.
 */
export async function createPlainFeatures(mel: Session, embedding: Session): Promise<Features<PlainState>> {
  const [melInput = "", melOutput = ""] = [mel.inputNames[0], mel.outputNames[0]];
  const [embeddingInput = "", embeddingOutput = ""] = [embedding.inputNames[0], embedding.outputNames[0]];

  const embeddingTensor = (frames: Float32Array): FloatTensor =>
    tensorOver(frames, [1, EMBEDDING_MEL_FRAMES, MEL_BANDS, 1]);
  const runOn = (feed: Feed): Promise<Float32Array> => runForFloats(embedding, feed, embeddingOutput, EMBEDDING_SIZE);

  const beginning = rememberedBeginnings(async (scale) => {
    const quiet = new Float32Array(EMBEDDING_MEL_FRAMES * MEL_BANDS).fill(quietMel(scale));
    const embedded = await runOn({ [embeddingInput]: embeddingTensor(quiet) });
    return { scale, embedding: embedded, cache: new Float32Array(0) };
  });
  const ofInt16 = await beginning("int16");

  const restart = (state: PlainState): void => {
    state.samples.fill(0);
    state.mel.fill(quietMel(state.beginning.scale));
    fillHistory(state, state.beginning.embedding);
    state.behind = 0;
  };

  const hear = async (state: PlainState, pcm: Int16Array): Promise<void> => {
    putSamples(pcm, state.beginning.scale, state.samples, CONTEXT_SAMPLES);
    const decibels = await runForFloats(mel, state.melFeed, melOutput, HOP_MEL_FRAMES * MEL_BANDS);
    state.mel.copyWithin(0, decibels.length);
    const newest = state.mel.length - decibels.length;
    for (let i = 0; i < decibels.length; i++) state.mel[newest + i] = (decibels[i] ?? 0) / 10 + 2;
    state.samples.copyWithin(0, HOP_SAMPLES);
    state.behind = 1;
  };

  const embed = async (states: readonly PlainState[]): Promise<void> => {
    for (const state of states) {
      appendEmbedding(state, await runOn(state.embeddingFeed));
      state.behind = 0;
    }
  };

  return {
    maySleep: false,
    beginning,

    newState({ beginning: own = ofInt16 } = {}) {
      const samples = new Float32Array(CONTEXT_SAMPLES + HOP_SAMPLES);
      const melFrames = new Float32Array(EMBEDDING_MEL_FRAMES * MEL_BANDS);
      const state: PlainState = {
        beginning: own,
        history: new Float32Array(HISTORY_EMBEDDINGS * EMBEDDING_SIZE),
        age: 0,
        behind: 0,
        samples,
        melFeed: { [melInput]: tensorOver(samples, [1, samples.length]) },
        mel: melFrames,
        embeddingFeed: { [embeddingInput]: embeddingTensor(melFrames) },
      };
      restart(state);
      return state;
    },

    restart,
    hear,
    rouse() {},
    embed,

    async settle(state, pcm) {
      restart(state);
      putSamples(pcm.subarray(0, CONTEXT_SAMPLES), state.beginning.scale, state.samples, 0);
      await hear(state, pcm);
      fillWithMean(state.mel, state.mel.length - HOP_MEL_FRAMES * MEL_BANDS);
      fillHistory(state, await runOn(state.embeddingFeed));
      state.behind = 0;
    },

    async step(hops) {
      for (const { state, pcm } of hops) await hear(state, pcm);
      await embed(hops.map(({ state }) => state));
    },

    async close() {
      await Promise.all([mel.release(), embedding.release()]);
    },
  };
}

/** Makes the beginning of each scale once, when somebody asks for it. */
export function rememberedBeginnings(
  make: (scale: InputScale) => Promise<Beginning>,
): (scale: InputScale) => Promise<Beginning> {
  const made = new Map<InputScale, Promise<Beginning>>();
  return (scale) => {
    const known = made.get(scale) ?? make(scale);
    made.set(scale, known);
    return known;
  };
}

/** A past in which every embedding was this one. */
export function fillHistory(state: FeatureState, embedding: Float32Array): void {
  for (let at = 0; at < state.history.length; at += EMBEDDING_SIZE) state.history.set(embedding, at);
  state.age += REPLACED;
}

export function appendEmbedding(state: FeatureState, embedding: Float32Array): void {
  state.history.copyWithin(0, EMBEDDING_SIZE);
  state.history.set(embedding, state.history.length - EMBEDDING_SIZE);
  state.age++;
}

/** Fills mel frames with the mean of those from the value at `newest` on. */
export function fillWithMean(mel: Float32Array, newest: number): void {
  const mean = new Float32Array(MEL_BANDS);
  const frames = (mel.length - newest) / MEL_BANDS;
  for (let i = newest; i < mel.length; i++) mean[i % MEL_BANDS] = (mean[i % MEL_BANDS] ?? 0) + (mel[i] ?? 0) / frames;
  for (let i = 0; i < mel.length; i++) mel[i] = mean[i % MEL_BANDS] ?? 0;
}
