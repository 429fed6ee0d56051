/** The network: models and sessions that any number of streams share. */
import { type EmbeddingForm, type MelForm, seededNoise } from "./feature-form.ts";
import { HOP_SAMPLES } from "./features.ts";
import { type LanedHeads, openHeadLanes } from "./head-lanes.ts";
import { Listening } from "./listening.ts";
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
  /** Whether the network slept over the newest hop: there was nothing but the room's quiet, and all scores are 0. */
  readonly asleep: boolean;
  /** Hops that were heard and have to go through the network before the stream may hear the next; 0 but for a waking one. */
  readonly behind: number;
  /**
   * Takes the next 80 ms and scores every model of the engine. One call at a time. A stream that wakes is brought up to
   * its newest hop before the call is over.
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
  /** 1280 samples, 16 kHz mono; undefined goes on with a stream that is behind. */
  readonly pcm: Int16Array | undefined;
  /**
   * Receives a score of 0..1 for each of `engine.models` as they are at the call, in that order; nothing while the stream
   * is behind.
   */
  readonly scores: Float32Array;
}

export interface StreamOptions {
  /** Whether the network may sleep while there is nothing but the room's quiet. Default false. */
  readonly gate?: boolean;
}

export interface Engine {
  /** The models in use; a new array whenever they change. */
  readonly models: readonly LoadedModel[];
  /** How it computes with these models. */
  readonly form: EngineForm;
  newStream(options?: StreamOptions): WakeStream;
  /**
   * A hop of each of several streams of this engine in one run, which costs each of them less than a run of its own:
   * a seventh with one model, a quarter with ten, from four streams on. The scores are those of single hops but for the last
   * digits. One call at a time for each stream.
   *
   * A stream that wakes has to embed what it slept over. It does so a hop a call, so that no other waits for it: while its
   * `behind` is above 0 it is handed in again without `pcm`, and once that is 0 its scores are written.
   *
   * @throws RangeError where `pcm` or `scores` of one has the wrong length; then no stream took its hop
   * @throws Error where one is handed in with `pcm` though it is behind, or without though it is not
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

const CANNOT_SLEEP = "no stream sleeps over silence: embeddings are computed in the plain form";

/** A stream, what it hears, and where its scores go. */
interface TakenHop {
  readonly listening: Listening;
  readonly pcm: Int16Array | undefined;
  readonly scores: Float32Array;
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
  let heads: LanedHeads = await openHeadLanes([], false, features.beginning);
  let changes: Promise<unknown> = Promise.resolve();
  let hopsUnderWay = 0;
  let closed = false;
  let gateWanted = false;
  const retired: LanedHeads[] = [];
  const whenIdle: (() => void)[] = [];
  const streams = new WeakMap<WakeStream, Listening>();

  const releaseRetired = async (): Promise<void> => {
    if (hopsUnderWay === 0) await Promise.all(retired.splice(0).map((one) => one.release()));
  };

  const load = async (asked: ModelEntry, earlier: readonly ReadyModel[]) => {
    const read = await readModel(asked, readFile);
    if (earlier.some(({ model }) => model.name === read.name)) {
      const message = `model ${read.entry}: another one is called ${read.name} already; name it once, or rename the file`;
      throw new WakeModelError("duplicate_name", read.entry, message);
    }
    const kept = ready.find(({ model: { name, path, sha256 }, askedScale }) => {
      const sameFile = path === read.path && sha256 === read.sha256;
      return sameFile && name === read.name && askedScale === read.askedScale;
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
      const laned = next.map(({ model, head, trial, bytes }) => ({ head, trial, bytes, inputScale: model.inputScale }));
      const nextHeads = await openHeadLanes(laned, wantedForm === "streaming", features.beginning);
      retired.push(heads);
      heads = nextHeads;
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

  const listeningOf = (stream: WakeStream): Listening => {
    const listening = streams.get(stream);
    if (!listening) throw new Error("the stream belongs to another engine");
    return listening;
  };

  const check = ({ listening, pcm, scores }: TakenHop): void => {
    if (listening.busy) throw new Error("the hop before is still under way: await it first");
    if (pcm && listening.behind > 0) {
      throw new Error(`the stream is ${listening.behind} hops behind: go on without pcm until it is not`);
    }
    if (!pcm && listening.behind === 0) throw new Error("the stream is not behind: hand in the next hop");
    if (pcm && pcm.length !== HOP_SAMPLES) throw new RangeError(`a hop is ${HOP_SAMPLES} samples, not ${pcm.length}`);
    if (scores.length < ready.length) throw new RangeError(`${ready.length} scores do not fit into ${scores.length}`);
  };

  /** Nothing else may be done with these streams meanwhile, and no session is released. */
  const occupied = async (listenings: readonly Listening[], work: () => Promise<void>): Promise<void> => {
    for (const listening of listenings) listening.busy = true;
    hopsUnderWay++;
    try {
      await work();
    } finally {
      for (const listening of listenings) listening.busy = false;
      hopsUnderWay--;
      if (hopsUnderWay === 0) {
        if (retired.length > 0) await releaseRetired();
        for (const resolve of whenIdle.splice(0)) resolve();
      }
    }
  };

  /** One run: a hop of the network for each of these streams that does not sleep. */
  const run = async (hops: readonly TakenHop[], models: number, { lanes, score }: LanedHeads): Promise<void> => {
    for (const { listening, pcm, scores } of hops) {
      listening.takeUp(lanes);
      if (listening.classes.length !== models) listening.classes = new Uint16Array(models);
      const waiting = pcm && listening.hear(pcm);
      if (waiting) await waiting;
      if (listening.asleep) scores.fill(0, 0, models);
    }
    await features.embed(hops.flatMap(({ listening }) => listening.rouse()));
    const inStep = hops.filter(({ listening }) => !listening.asleep && listening.behind === 0);
    await score(inStep.map(({ listening: { states, classes }, scores }) => ({ pasts: states, scores, classes })));
  };

  /** Runs these hops, and where `toTheEnd` as often as it takes until none of their streams is behind. */
  const take = async (asked: readonly WakeHop[], toTheEnd: boolean): Promise<void> => {
    if (closed) throw new Error("the wake-word engine is closed");
    const hops = asked.map(({ stream, pcm, scores }) => ({ listening: listeningOf(stream), pcm, scores }));
    for (const hop of hops) check(hop);
    if (new Set(hops.map(({ listening }) => listening)).size < hops.length) {
      throw new Error("a stream takes one hop at a time");
    }
    const [models, used] = [ready.length, heads];
    await occupied(
      hops.map(({ listening }) => listening),
      async () => {
        let rest = hops;
        do {
          await run(rest, models, used);
          rest = rest.flatMap((hop) => (hop.listening.behind > 0 ? { ...hop, pcm: undefined } : []));
        } while (toTheEnd && rest.length > 0);
      },
    );
  };

  const newStream = ({ gate = false }: StreamOptions = {}): WakeStream => {
    gateWanted ||= gate;
    const listening = new Listening(features, gate);
    const stream: WakeStream = {
      get asleep() {
        return listening.asleep;
      },
      get behind() {
        return listening.behind;
      },
      hop: (pcm, scores) => take([{ stream, pcm, scores }], true),
      classOf: (index) => listening.classes[index] ?? 0,
      async settle(pcm) {
        if (closed) throw new Error("the wake-word engine is closed");
        if (listening.busy) throw new Error("a hop is under way: await it before a settle");
        listening.takeUp(heads.lanes);
        await occupied([listening], () => listening.settle(pcm));
      },
      reset() {
        if (listening.busy) throw new Error("a hop is under way: await it before a reset");
        listening.reset();
      },
    };
    streams.set(stream, listening);
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
      const reasons = heads.alone.map(({ index, reason }) => `${nameOf(index)} is scored by itself: ${reason}`);
      if (gateWanted && !features.maySleep) reasons.unshift(CANNOT_SLEEP);
      const { embedding, mel } = featureForm;
      return { embedding, mel, merged: heads.merged.map(nameOf), reasons: [...featureForm.reasons, ...reasons] };
    },
    newStream,
    hopAll: (hops) => take(hops, false),
    setModels,
    async close() {
      if (closed) return;
      closed = true;
      await changes;
      if (hopsUnderWay > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
      retired.push(heads);
      await releaseRetired();
      await features.close();
    },
  };
}
