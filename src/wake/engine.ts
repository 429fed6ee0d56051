/** The network: models and sessions that any number of streams share. */
import { HOP_SAMPLES } from "./features.ts";
import { headFeed, scoreHead } from "./heads.ts";
import {
  type LoadedModel,
  loadFeatures,
  type ModelEntry,
  openModel,
  type ReadFile,
  type ReadyModel,
  readModel,
} from "./load.ts";
import type { Feed } from "./ort.ts";
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

export interface Engine {
  /** The models in use; a new array whenever they change. */
  readonly models: readonly LoadedModel[];
  newStream(): WakeStream;
  /**
   * Uses these models from the next hop on. Streams keep their features; a model that stays, its file unchanged, keeps
   * its session. Calls take effect in their order.
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
}

/**
 * Loads the shared graphs and the models.
 *
 * @throws WakeModelError where a shared graph cannot be used, or a model and there is no `onModelError`
 * @example
 * const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
 */
export async function createEngine({ models: entries, readFile, onModelError }: EngineOptions): Promise<Engine> {
  const features = await loadFeatures(readFile);
  const quietHistory = features.newState().history;

  let ready: readonly ReadyModel[] = [];
  let models: readonly LoadedModel[] = [];
  let changes: Promise<unknown> = Promise.resolve();
  let hopsUnderWay = 0;
  let closed = false;
  const retired: ReadyModel[] = [];
  const whenIdle: (() => void)[] = [];

  const releaseRetired = async (): Promise<void> => {
    if (hopsUnderWay === 0) await Promise.all(retired.splice(0).map(({ head }) => head.session.release()));
  };

  const load = async (asked: ModelEntry, earlier: readonly ReadyModel[]): Promise<ReadyModel> => {
    const read = await readModel(asked, readFile);
    if (earlier.some(({ model }) => model.name === read.name)) {
      const message = `model ${read.entry}: another one is called ${read.name} already; name it once, or rename the file`;
      throw new WakeModelError("duplicate_name", read.entry, message);
    }
    const kept = ready.find(({ model }) => model.path === read.path && model.sha256 === read.sha256);
    return kept ?? openModel(read, quietHistory);
  };

  const replaceModels = async (wanted: readonly ModelEntry[]): Promise<void> => {
    const next: ReadyModel[] = [];
    for (const entry of wanted) {
      try {
        next.push(await load(entry, next));
      } catch (error) {
        if (error instanceof WakeModelError && onModelError) {
          onModelError(error);
          continue;
        }
        await Promise.all(next.filter((one) => !ready.includes(one)).map(({ head }) => head.session.release()));
        throw error;
      }
    }
    retired.push(...ready.filter((one) => !next.includes(one)));
    ready = next;
    models = next.map(({ model }) => model);
    await releaseRetired();
  };

  const setModels = (wanted: readonly ModelEntry[]): Promise<void> => {
    const change = changes.then(() => replaceModels(wanted));
    changes = change.catch(() => {});
    return change;
  };

  const newStream = (): WakeStream => {
    const state = features.newState();
    let feedsOf: readonly ReadyModel[] = [];
    let feeds: readonly Feed[] = [];
    let classes = new Uint16Array(0);
    let busy = false;

    const score = async (heads: readonly ReadyModel[], pcm: Int16Array, scores: Float32Array): Promise<void> => {
      if (feedsOf !== heads) {
        feeds = heads.map(({ head }) => headFeed(head, state.history));
        classes = new Uint16Array(heads.length);
        feedsOf = heads;
      }
      await features.step(state, pcm);
      for (let i = 0; i < heads.length; i++) {
        const one = heads[i];
        const feed = feeds[i];
        if (one && feed) await scoreHead(one.head, feed, scores, classes, i);
      }
    };

    return {
      async hop(pcm, scores) {
        if (closed) throw new Error("the wake-word engine is closed");
        if (busy) throw new Error("the hop before is still under way: await it first");
        if (pcm.length !== HOP_SAMPLES) throw new RangeError(`a hop is ${HOP_SAMPLES} samples, not ${pcm.length}`);
        if (scores.length < ready.length)
          throw new RangeError(`${ready.length} scores do not fit into ${scores.length}`);
        busy = true;
        hopsUnderWay++;
        try {
          await score(ready, pcm, scores);
        } finally {
          busy = false;
          hopsUnderWay--;
          if (hopsUnderWay === 0) {
            if (retired.length > 0) await releaseRetired();
            for (const resolve of whenIdle.splice(0)) resolve();
          }
        }
      },
      classOf: (index) => classes[index] ?? 0,
      settle: (pcm) => features.settle(state, pcm),
      reset() {
        if (busy) throw new Error("a hop is under way: await it before a reset");
        features.restart(state);
      },
    };
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
    newStream,
    setModels,
    async close() {
      if (closed) return;
      closed = true;
      await changes;
      if (hopsUnderWay > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      retired.push(...ready);
      await releaseRetired();
      await features.close();
    },
  };
}
