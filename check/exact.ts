/**
 * Whether the engine as it is used (streaming, with a gate, several streams in one run that come and go, models that
 * change) gives the numbers of the published graphs run plainly over all of it.
 */
import type { Random } from "../bench/accuracy/seeded.ts";
import { CATALOGUE } from "../src/wake/catalogue.ts";
import { createEngine, type Engine, type WakeHop, type WakeStream } from "../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../src/wake/features.ts";
import type { LoadedModel } from "../src/wake/load.ts";
import { Comparison } from "./comparison.ts";
import { probesOf, withProbes } from "./embedding-probes.ts";

export interface ExactOptions {
  /** One for each stream at a time; each is heard from its beginning to its end. */
  readonly rooms: readonly Int16Array[];
  readonly random: Random;
  /** How many of the values of each embedding are looked at. */
  readonly probedValues: number;
  /** Hops of all streams together between two changes of the models, on average. */
  readonly hopsBetweenReloads: number;
  /** Told now and then how much of all hops is done, 0..1. */
  readonly onProgress: (share: number) => void;
}

export interface ExactReport {
  readonly hops: number;
  readonly asleepHops: number;
  readonly openings: number;
  readonly joins: number;
  readonly resets: number;
  readonly reloads: number;
  readonly comparison: Comparison;
}

const NAMES = CATALOGUE.map(({ name }) => name);
/** How far back the probes of embeddings look, in turns: over what replaying after a sleep must have made. */
const LONGEST_WINDOW = 34;
const PROBED_WINDOWS = [LONGEST_WINDOW, 16, 1];
/** A stream leaves after so many hops on average, and its place stays empty for so many. */
const STAY_HOPS = 900;
const EMPTY_HOPS = 30;
const RESET_HOPS = 2500;
/** Longer than the longest replay of 43 hops, of one a run, that a reload with a longer window begins anew once and again. */
const MOST_RUNS_A_HOP = 200;

/** The engine with the probes is one of its own, so that the one with the heads is as it is used. */
interface Engines {
  readonly heads: Engine;
  readonly probes: Engine;
  readonly plain: Engine;
}

/** One place for a stream, and the sound that is heard there. */
interface Place {
  readonly index: number;
  readonly room: Int16Array;
  at: number;
  seated: Seated | undefined;
  emptyHops: number;
}

interface Seated {
  readonly heads: WakeStream;
  readonly probes: WakeStream;
  readonly plain: WakeStream;
  /** The newest hop, until every stream has taken it; the comparison is due then. */
  taken: { readonly pcm: Int16Array; started: boolean; runs: number } | undefined;
  /** Which models the scores are of: those of the run that wrote them. */
  models: readonly LoadedModel[];
  scores: Float32Array;
  probedWindow: number;
  readonly probeScores: Float32Array;
  wasAsleep: boolean;
}

export async function checkExact(options: ExactOptions): Promise<ExactReport> {
  const { probedValues } = options;
  const readFile = withProbes((path) => Bun.file(path).bytes());
  const engines: Engines = {
    heads: await createEngine({ models: NAMES, readFile }),
    probes: await createEngine({ models: probesOf(LONGEST_WINDOW, probedValues), readFile }),
    plain: await createEngine({ models: [...NAMES, ...probesOf(1, probedValues)], readFile, form: "plain" }),
  };
  const refused = [...engines.heads.form.reasons, ...engines.probes.form.reasons];
  if (refused.length > 0) throw new Error(`the fast form cannot be checked: ${refused.join("; ")}`);
  try {
    return await new Check(engines, options).run();
  } finally {
    for (const engine of Object.values(engines)) await engine.close();
  }
}

class Check {
  readonly #places: readonly Place[];
  readonly #comparison: Comparison;
  readonly #plainScores: Float32Array;
  #probedWindow = LONGEST_WINDOW;
  #hops = 0;
  #asleepHops = 0;
  #openings = 0;
  #joins = 0;
  #resets = 0;
  #reloads = 0;

  constructor(
    private readonly engines: Engines,
    private readonly options: ExactOptions,
  ) {
    this.#places = options.rooms.map((room, index) => ({ index, room, at: 0, seated: undefined, emptyHops: 0 }));
    this.#comparison = new Comparison(engines.plain.models, options.probedValues);
    this.#plainScores = new Float32Array(engines.plain.models.length);
  }

  async run(): Promise<ExactReport> {
    const all = this.#places.reduce((sum, { room }) => sum + Math.floor(room.length / HOP_SAMPLES), 0);
    let told = 0;
    for (;;) {
      const busy = this.#places.filter((place) => this.#seat(place));
      if (busy.length === 0 && this.#places.every(isOver)) break;
      await this.#hear(busy);
      for (const place of busy) await this.#compare(place);
      if (this.#happens(this.options.hopsBetweenReloads / Math.max(1, busy.length))) await this.#reload();
      const done = this.#places.reduce((sum, { at }) => sum + Math.floor(at / HOP_SAMPLES), 0) / all;
      if (done < told + 0.1) continue;
      told = done;
      this.options.onProgress(done);
    }
    return {
      hops: this.#hops,
      asleepHops: this.#asleepHops,
      openings: this.#openings,
      joins: this.#joins,
      resets: this.#resets,
      reloads: this.#reloads,
      comparison: this.#comparison,
    };
  }

  #happens(onceInHops: number): boolean {
    return this.options.random() * onceInHops < 1;
  }

  /** Lets a stream come, go or begin anew, and gives it its next hop. @returns whether it is there */
  #seat(place: Place): boolean {
    if (isOver(place) && place.seated?.taken === undefined) return false;
    if (place.emptyHops > 0) {
      place.emptyHops--;
      return false;
    }
    if (place.seated && this.#happens(STAY_HOPS)) {
      place.seated = undefined;
      place.emptyHops = Math.floor(2 * this.options.random() * EMPTY_HOPS);
      return false;
    }
    if (!place.seated) {
      place.seated = this.#join();
      this.#comparison.begin(place.index);
    }
    const { seated } = place;
    if (this.#happens(RESET_HOPS)) {
      this.#resets++;
      for (const stream of [seated.heads, seated.probes, seated.plain]) stream.reset();
      this.#comparison.begin(place.index);
      seated.taken = undefined;
    }
    if (seated.taken === undefined) {
      if (isOver(place)) return false;
      seated.taken = { pcm: place.room.subarray(place.at, place.at + HOP_SAMPLES), started: false, runs: 0 };
      place.at += HOP_SAMPLES;
    }
    return true;
  }

  #join(): Seated {
    const { heads, probes, plain } = this.engines;
    this.#joins++;
    return {
      heads: heads.newStream({ gate: true }),
      probes: probes.newStream({ gate: true }),
      plain: plain.newStream(),
      taken: undefined,
      models: heads.models,
      scores: new Float32Array(heads.models.length),
      probedWindow: this.#probedWindow,
      probeScores: new Float32Array(this.options.probedValues),
      wasAsleep: false,
    };
  }

  /** One run of each engine for every stream that has something to hear or to make up for. */
  async #hear(places: readonly Place[]): Promise<void> {
    const { heads, probes } = this.engines;
    const headHops: WakeHop[] = [];
    const probeHops: WakeHop[] = [];
    for (const { seated } of places) {
      if (!seated?.taken) continue;
      const { taken } = seated;
      const pcm = taken.started ? undefined : taken.pcm;
      if (!taken.started || seated.heads.behind > 0) {
        if (seated.models !== heads.models) {
          seated.models = heads.models;
          seated.scores = new Float32Array(heads.models.length);
        }
        headHops.push({ stream: seated.heads, pcm, scores: seated.scores });
      }
      if (!taken.started || seated.probes.behind > 0) {
        seated.probedWindow = this.#probedWindow;
        probeHops.push({ stream: seated.probes, pcm, scores: seated.probeScores });
      }
    }
    if (headHops.length > 0) await heads.hopAll(headHops);
    if (probeHops.length > 0) await probes.hopAll(probeHops);
    for (const { seated } of places) {
      if (!seated?.taken) continue;
      seated.taken.started = true;
      seated.taken.runs++;
    }
  }

  async #compare(place: Place): Promise<void> {
    const { seated, index, at } = place;
    if (!seated?.taken) return;
    const { heads, probes, plain, taken } = seated;
    const atSeconds = (at / HOP_SAMPLES) * (HOP_MS / 1000);
    if (heads.behind > 0 || probes.behind > 0) {
      if (taken.runs < MOST_RUNS_A_HOP) return;
      throw new Error(`stream ${index} at ${atSeconds} s does not catch up: it is ${heads.behind} hops behind`);
    }
    seated.taken = undefined;
    await plain.hop(taken.pcm, this.#plainScores);
    this.#hops++;
    if (heads.asleep) this.#asleepHops++;
    else if (seated.wasAsleep) this.#openings++;
    seated.wasAsleep = heads.asleep;
    const where = { stream: index, atSeconds };
    this.#comparison.scores(where, seated.models, seated.scores, this.#plainScores, heads.asleep);
    this.#comparison.embedding(where, this.#plainScores, seated.probedWindow, seated.probeScores, probes.asleep);
  }

  /** Other heads and other probes: the longest window among them grows and shrinks. */
  async #reload(): Promise<void> {
    const { heads, probes } = this.engines;
    this.#reloads++;
    const some = NAMES.filter(() => this.options.random() < 0.5);
    await heads.setModels(some.length > 0 ? some : NAMES);
    this.#probedWindow = PROBED_WINDOWS[this.#reloads % PROBED_WINDOWS.length] ?? 1;
    await probes.setModels(probesOf(this.#probedWindow, this.options.probedValues));
  }
}

function isOver({ room, at }: Place): boolean {
  return at + HOP_SAMPLES > room.length;
}
