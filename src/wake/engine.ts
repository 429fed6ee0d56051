/** The network: models and sessions that any number of streams share. */
import { type EmbeddingForm, type MelForm, seededNoise } from "./feature-form.ts";
import { type FeatureState, HOP_SAMPLES } from "./features.ts";
import { type HeadBank, openHeadBank } from "./head-bank.ts";
import {
  type LoadedModel,
  loadFeatures,
  type ModelEntry,
  type ReadFile,
  type ReadyModel,
  readModel,
  tryModel,
} from "./load.ts";
import { WakeModelError } from "./wake-model-error.ts";

/** One stream of audio: its features, and a score of every model for each hop. */
export interface WakeStream {
  /**
   * Takes the next 80 ms and scores every model of the engine. One call at a time.
   *
   * @param pcm 1280 samples, 16 kHz mono
   * @param scores receives a score of 0..1 for each of `engine.models` as they are at the call, in that order
   * @throws RangeError where `pcm` or `scores` has the wrong length
   */
  hop(pcm: Int16Array, scores: Float32Array): Promise<void>;
  /** Which of `classes` of model `index` the newest score is of. */
  classOf(index: number): number;
  /** Back to a stream that has heard nothing. Not while a hop is under way. */
  reset(): void;
  /** To a stream that has heard nothing but more of this hop, for ever. Not while a hop is under way. */
  settle(pcm: Int16Array): Promise<void>;
}

/** How an engine computes: the same numbers in any form, at different costs. */
export interface EngineForm {
  readonly embedding: EmbeddingForm;
  readonly mel: MelForm;
  /** Models that are scored together, in one run. */
  readonly merged: readonly string[];
  /** A sentence for each part that is not in its fast form though it was wanted; empty where all is well. */
  readonly reasons: readonly string[];
}

/** The next 80 ms of one stream. */
export interface WakeHop {
  readonly stream: WakeStream;
  /** 1280 samples, 16 kHz mono */
  readonly pcm: Int16Array;
  /** Receives a score of 0..1 for each of `engine.models` as they are at the call, in that order. */
  readonly scores: Float32Array;
}

export interface Engine {
  /** The models in use; a new array whenever they change. */
  readonly models: readonly LoadedModel[];
  /** How it computes with these models. */
  readonly form: EngineForm;
  newStream(): WakeStream;
  /**
   * A hop of each of several streams of this engine in one run, which costs each of them less than a run of its own:
   * a seventh with one model, a quarter with ten, from four streams on. The scores are those of single hops but for the last
   * digits. One call at a time for each stream.
   *
   * @throws RangeError where `pcm` or `scores` of one has the wrong length; then no stream took its hop
   */
  hopAll(hops: readonly WakeHop[]): Promise<void>;
  /**
   * Uses these models from the next hop on. Streams keep their features. Calls take effect in their order.
   *
   * @throws WakeModelError where one cannot be used and the engine has no `onModelError`; the models are then as before
   */
  setModels(entries: readonly ModelEntry[]): Promise<void>;
  /** Releases every session as soon as no hop is under way. Nothing else may be called afterwards. */
  close(): Promise<void>;
}

export interface EngineOptions {
  /** Names of the catalogue, or paths of openWakeWord heads. */
  readonly models: readonly ModelEntry[];
  readonly readFile: ReadFile;
  /** Called for each model that cannot be used, and the others go on. Without it such a model is thrown. */
  readonly onModelError?: (error: WakeModelError) => void;
  /** "plain" runs the graphs as they were published, to compare with. Default "streaming". */
  readonly form?: EmbeddingForm;
}

/** About as large as embeddings of speech are. */
const TRIAL_AMPLITUDE = 20;

/** What an engine knows of a stream. */
interface StreamState {
  readonly features: FeatureState;
  classes: Uint16Array;
  busy: boolean;
}

/**
 * Loads the shared graphs and the models.
 *
 * @throws WakeModelError where a shared graph cannot be used, or a model and there is no `onModelError`
 * @example
 * const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
 */
export async function createEngine({
  models: entries,
  readFile,
  onModelError,
  form: wantedForm = "streaming",
}: EngineOptions): Promise<Engine> {
  const { features, ...featureForm } = await loadFeatures(readFile, wantedForm);
  // What heads are tried with: a stream that has heard nothing, and embeddings of no sound at all.
  const quiet = features.newState().history;
  const histories = [quiet, seededNoise(quiet.length, TRIAL_AMPLITUDE)];

  let ready: readonly ReadyModel[] = [];
  let models: readonly LoadedModel[] = [];
  let bank: HeadBank = await openHeadBank([], false);
  let changes: Promise<unknown> = Promise.resolve();
  let hopsUnderWay = 0;
  let closed = false;
  const retired: HeadBank[] = [];
  const whenIdle: (() => void)[] = [];
  const states = new WeakMap<WakeStream, StreamState>();

  const releaseRetired = async (): Promise<void> => {
    if (hopsUnderWay === 0) await Promise.all(retired.splice(0).map((one) => one.release()));
  };

  const load = async (asked: ModelEntry, earlier: readonly ReadyModel[]) => {
    const read = await readModel(asked, readFile);
    if (earlier.some(({ model }) => model.name === read.name)) {
      const message = `model ${read.entry}: another one is called ${read.name} already; name it once, or rename the file`;
      throw new WakeModelError("duplicate_name", read.entry, message);
    }
    const kept = ready.find(({ model: { name, path, sha256 } }) => {
      return name === read.name && path === read.path && sha256 === read.sha256;
    });
    return { bytes: read.bytes, ...(kept ?? (await tryModel(read, histories))), kept };
  };

  const replaceModels = async (wanted: readonly ModelEntry[]): Promise<void> => {
    const next: Awaited<ReturnType<typeof load>>[] = [];
    for (const entry of wanted) {
      try {
        next.push(await load(entry, next));
      } catch (error) {
        if (!(error instanceof WakeModelError && onModelError)) throw error;
        onModelError(error);
      }
    }
    const nextReady = next.map(({ bytes: _, kept, ...tried }) => kept ?? tried);
    if (nextReady.length !== ready.length || nextReady.some((one, i) => one !== ready[i])) {
      const nextBank = await openHeadBank(next, wantedForm === "streaming");
      retired.push(bank);
      bank = nextBank;
    }
    ready = nextReady;
    models = ready.map(({ model }) => model);
    await releaseRetired();
  };

  const setModels = (wanted: readonly ModelEntry[]): Promise<void> => {
    const change = changes.then(() => replaceModels(wanted));
    changes = change.catch(() => {});
    return change;
  };

  const stateOf = (stream: WakeStream): StreamState => {
    const state = states.get(stream);
    if (!state) throw new Error("the stream belongs to another engine");
    return state;
  };

  const hopAll = async (hops: readonly WakeHop[]): Promise<void> => {
    if (closed) throw new Error("the wake-word engine is closed");
    const taken = hops.map(({ stream, pcm, scores }) => ({ state: stateOf(stream), pcm, scores }));
    for (const { state, pcm, scores } of taken) {
      if (state.busy) throw new Error("the hop before is still under way: await it first");
      if (pcm.length !== HOP_SAMPLES) throw new RangeError(`a hop is ${HOP_SAMPLES} samples, not ${pcm.length}`);
      if (scores.length < ready.length) throw new RangeError(`${ready.length} scores do not fit into ${scores.length}`);
    }
    if (new Set(taken.map(({ state }) => state)).size < hops.length)
      throw new Error("a stream takes one hop at a time");
    for (const { state } of taken) {
      state.busy = true;
      if (state.classes.length !== ready.length) state.classes = new Uint16Array(ready.length);
    }
    hopsUnderWay++;
    try {
      const heads = bank;
      await features.step(taken.map(({ state, pcm }) => ({ state: state.features, pcm })));
      await heads.score(taken.map(({ state, scores }) => ({ past: state.features, scores, classes: state.classes })));
    } finally {
      for (const { state } of taken) state.busy = false;
      hopsUnderWay--;
      if (hopsUnderWay === 0) {
        if (retired.length > 0) await releaseRetired();
        for (const resolve of whenIdle.splice(0)) resolve();
      }
    }
  };

  const newStream = (): WakeStream => {
    const state: StreamState = { features: features.newState(), classes: new Uint16Array(0), busy: false };
    const stream: WakeStream = {
      hop: (pcm, scores) => hopAll([{ stream, pcm, scores }]),
      classOf: (index) => state.classes[index] ?? 0,
      settle: (pcm) => features.settle(state.features, pcm),
      reset() {
        if (state.busy) throw new Error("a hop is under way: await it before a reset");
        features.restart(state.features);
      },
    };
    states.set(stream, state);
    return stream;
  };

  try {
    await setModels(entries);
  } catch (error) {
    await features.close();
    throw error;
  }

  return {
    get models() {
      return models;
    },
    get form() {
      const nameOf = (index: number): string => models[index]?.name ?? "";
      const reasons = bank.alone.map(({ index, reason }) => `${nameOf(index)} is scored by itself: ${reason}`);
      const { embedding, mel } = featureForm;
      return { embedding, mel, merged: bank.merged.map(nameOf), reasons: [...featureForm.reasons, ...reasons] };
    },
    newStream,
    hopAll,
    setModels,
    async close() {
      if (closed) return;
      closed = true;
      await changes;
      if (hopsUnderWay > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      retired.push(bank);
      await releaseRetired();
      await features.close();
    },
  };
}
