/**
 * Whether anything that interrupts a live stream wakes the house by itself: a start, a reset, a mute, a gap, new models,
 * or others under the same names. Streams are interrupted at random places, again and again. What fires within 4 s must be what a detector hears there
 * that has listened for long.
 */
import type { Random } from "../bench/accuracy/seeded.ts";
import { CATALOGUE } from "../src/wake/catalogue.ts";
import { createDetector, type Detection, defaultSettings, hopTogether } from "../src/wake/detector.ts";
import { createEngine, type Engine } from "../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../src/wake/features.ts";
import type { ModelEntry } from "../src/wake/load.ts";
import { modelPath } from "../src/wake/model-files.ts";
import { DISTURBANCES, type Disturbance, Listener, RELOADS, type Reload } from "./listener.ts";
import { ROOMS, type Room } from "./rooms.ts";

export interface PhantomOptions {
  /** Some minutes of each. */
  readonly rooms: Readonly<Record<Room, Int16Array>>;
  readonly random: Random;
  /** How often each disturbance happens in each room. */
  readonly each: number;
  /** Told now and then how much is done, 0..1. */
  readonly onProgress: (share: number) => void;
}

export interface Disturbed {
  readonly disturbance: Disturbance;
  readonly room: Room;
  count: number;
  /** What fired within {@link WATCHED_MS}; a word that is really there, but for the phantoms. */
  fired: number;
  readonly phantoms: Phantom[];
}

export interface Phantom {
  readonly model: string;
  readonly confidence: number;
  /** Of the sound of that room, where it fired. */
  readonly atSeconds: number;
}

export const WATCHED_MS = 4000;
const WATCHED_HOPS = WATCHED_MS / HOP_MS;
const NAMES = CATALOGUE.map(({ name }) => name);
/** Streams for each disturbance and room in the same runs, and for new models, which all streams get at once. */
const LISTENERS = 2;
const MOST_RELOADED_LISTENERS = 8;
/** Between the end of a watch and the next disturbance, so that those fall on no rhythm. */
const MOST_SPARE_HOPS = 8;
/** For how long models are away. */
const MOST_AWAY_HOPS = 12;
/** What a detector has heard before it is asked: more than any head looks back over. */
const RUN_IN_HOPS = 150;
/** A word may be noticed a few hops earlier or later with another past. */
const SAME_WORD_HOPS = 6;

export async function checkPhantoms(options: PhantomOptions): Promise<readonly Disturbed[]> {
  const open = () => createEngine({ models: NAMES, readFile: (path) => Bun.file(path).bytes() });
  const [engine, reference] = [await open(), await open()];
  try {
    return await new PhantomCheck(engine, reference, options).run();
  } finally {
    await engine.close();
    await reference.close();
  }
}

/** What takes the place of all models for a while. */
async function otherModels(reload: Reload, random: Random): Promise<readonly ModelEntry[]> {
  if (reload === "new models") return NAMES.filter(() => random() < 0.5);
  return Promise.all(
    CATALOGUE.map(async ({ name, file }, index): Promise<ModelEntry> => {
      if (reload === "other scale") return { name, path: await modelPath(file), inputScale: "unit" };
      // Each under the name of the one before it.
      return { name, path: await modelPath(CATALOGUE[(index + 1) % CATALOGUE.length]?.file ?? file) };
    }),
  );
}

class PhantomCheck {
  readonly #disturbed: readonly Disturbed[] = DISTURBANCES.flatMap((disturbance) =>
    ROOMS.map((room) => ({ disturbance, room, count: 0, fired: 0, phantoms: [] })),
  );

  constructor(
    private readonly engine: Engine,
    private readonly reference: Engine,
    private readonly options: PhantomOptions,
  ) {}

  async run(): Promise<readonly Disturbed[]> {
    await this.#disturbOneByOne();
    for (const reload of RELOADS) await this.#reloadModels(reload);
    return this.#disturbed;
  }

  #newListener(disturbance: Disturbance, room: Room): Listener {
    return new Listener(disturbance, room, this.options.rooms[room], this.engine, this.options.random);
  }

  async #disturbOneByOne(): Promise<void> {
    const { each, random } = this.options;
    const lanes = DISTURBANCES.filter((one) => !RELOADS.some((reload) => reload === one)).flatMap((disturbance) =>
      ROOMS.flatMap((room) =>
        Array.from({ length: LISTENERS }, (_, index) => ({
          listener: this.#newListener(disturbance, room),
          left: Math.floor((each + index) / LISTENERS),
          hops: Math.ceil(random() * WATCHED_HOPS),
        })),
      ),
    );
    const all = lanes.reduce((sum, { left }) => sum + left, 0);
    for (let busy = lanes; busy.length > 0; busy = busy.filter(({ left, hops }) => left > 0 || hops > 0)) {
      for (const lane of busy) {
        if (lane.hops > 0 || lane.listener.behind) continue;
        lane.listener.disturb();
        this.#of(lane.listener).count++;
        lane.left--;
        lane.hops = WATCHED_HOPS + Math.floor(random() * MOST_SPARE_HOPS);
        const left = lanes.reduce((sum, one) => sum + one.left, 0);
        if ((all - left) % Math.ceil(all / 10) === 0) this.options.onProgress(((all - left) / all) * 0.8);
      }
      await this.#hear(busy.map(({ listener }) => listener));
      for (const lane of busy) if (!lane.listener.behind) lane.hops--;
    }
  }

  /** All streams get other models at once, and the same ones again a little later. */
  async #reloadModels(reload: Reload): Promise<void> {
    const { each, random } = this.options;
    const inEachRoom = Math.min(MOST_RELOADED_LISTENERS, each);
    const listeners = ROOMS.flatMap((room) =>
      Array.from({ length: inEachRoom }, () => this.#newListener(reload, room)),
    );
    const hear = async (hops: number): Promise<void> => {
      for (let hop = 0; hop < hops; hop++) await this.#hear(listeners);
    };
    await hear(WATCHED_HOPS);
    const times = Math.ceil(each / inEachRoom);
    for (let time = 0; time < times; time++) {
      for (const listener of listeners) {
        listener.disturb();
        this.#of(listener).count++;
      }
      await this.engine.setModels(await otherModels(reload, random));
      await hear(1 + Math.floor(random() * MOST_AWAY_HOPS));
      await this.engine.setModels(NAMES);
      for (const listener of listeners) listener.disturb();
      await hear(WATCHED_HOPS + Math.floor(random() * MOST_SPARE_HOPS));
      this.options.onProgress(0.8 + (0.2 * (RELOADS.indexOf(reload) + (time + 1) / times)) / RELOADS.length);
    }
  }

  #of({ disturbance, room }: Listener): Disturbed {
    const found = this.#disturbed.find((one) => one.disturbance === disturbance && one.room === room);
    if (!found) throw new Error(`nothing counts ${disturbance} in ${room}`);
    return found;
  }

  async #hear(listeners: readonly Listener[]): Promise<void> {
    await hopTogether(
      this.engine,
      listeners.map((listener) => listener.next()),
    );
    for (const listener of listeners) {
      for (const heard of listener.heard()) {
        if (heard.kind !== "detection" || listener.hopsSinceDisturbed > WATCHED_HOPS) continue;
        const disturbed = this.#of(listener);
        disturbed.fired++;
        if (!(await this.#isThere(heard, listener))) {
          const atSeconds = (listener.heardTo / HOP_SAMPLES) * (HOP_MS / 1000);
          disturbed.phantoms.push({ model: heard.model, confidence: heard.confidence, atSeconds });
        }
      }
    }
  }

  /**
   * Whether a detector that was not disturbed hears that word there. It has the same frames and never sleeps, and nothing
   * makes it deaf but the word itself, until its score has fallen.
   */
  async #isThere({ model }: Detection, { heardTo, pcm }: Listener): Promise<boolean> {
    const detector = createDetector(this.reference, {
      live: true,
      settings: (loaded) => ({ ...defaultSettings(loaded), refractoryMs: 0 }),
    });
    const runIn = Math.min(RUN_IN_HOPS, Math.floor(heardTo / HOP_SAMPLES));
    const from = heardTo - runIn * HOP_SAMPLES;
    for (let hop = 0; hop < runIn + SAME_WORD_HOPS; hop++) {
      const begin = from + hop * HOP_SAMPLES;
      if (begin + HOP_SAMPLES > pcm.length) return false;
      const heard = await detector.hop(pcm.subarray(begin, begin + HOP_SAMPLES), hop * HOP_MS);
      const near = Math.abs(hop + 1 - runIn) <= SAME_WORD_HOPS;
      if (near && heard.some((one) => one.kind === "detection" && one.model === model)) return true;
    }
    return false;
  }
}
