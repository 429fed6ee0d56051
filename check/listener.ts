/** A live stream that listens to a room as the program does, and what interrupts it. */
import type { Random } from "../bench/accuracy/seeded.ts";
import { createDetector, type Detector, type DetectorHop, type Heard } from "../src/wake/detector.ts";
import type { Engine } from "../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../src/wake/features.ts";
import type { Room } from "./rooms.ts";

/** What happens to the models of all streams at once. */
export const RELOADS = ["new models", "other scale", "file replaced"] as const;
export type Reload = (typeof RELOADS)[number];
export const DISTURBANCES = ["cold start", "reset", "mute and unmute", "gap", ...RELOADS] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

const SAMPLES_PER_MS = 16;
/** What a gap loses: less than a hop, up to a device that is opened again. */
const GAP_MS: readonly [number, number] = [1, 2000];
const MUTED_MS: readonly [number, number] = [500, 30_000];
/** Before a place to begin at: what a detector that was not interrupted is to hear. After it: a watch. */
const MARGIN_SAMPLES = 13_000 * SAMPLES_PER_MS;

export class Listener {
  #detector: Detector;
  /** The next sample. */
  #at = 0;
  #nowMs = 0;
  #hops = 0;

  constructor(
    readonly disturbance: Disturbance,
    readonly room: Room,
    readonly pcm: Int16Array,
    private readonly engine: Engine,
    private readonly random: Random,
  ) {
    if (pcm.length < 3 * MARGIN_SAMPLES) {
      throw new RangeError(`a room of ${pcm.length / SAMPLES_PER_MS} ms is too short to listen in`);
    }
    this.#detector = this.#newDetector();
    this.#jump();
  }

  get behind(): boolean {
    return this.#detector.behind > 0;
  }

  /** Hops of which there are scores, since it was disturbed or began. */
  get hopsSinceDisturbed(): number {
    return this.#hops;
  }

  /** Where in the room its newest hop ended. */
  get heardTo(): number {
    return this.#at;
  }

  disturb(): void {
    this.#hops = 0;
    if (this.#at + MARGIN_SAMPLES > this.pcm.length) this.#begin();
    switch (this.disturbance) {
      case "cold start":
        this.#begin();
        return;
      case "reset":
        this.#detector.reset(this.#nowMs, true);
        return;
      case "mute and unmute":
        // Frames begin anew with the first sample after it, anywhere in the old ones. What was lost is told as a gap.
        this.#nowMs += between(MUTED_MS, this.random);
        this.#jump();
        this.#detector.reset(Number.NEGATIVE_INFINITY, true);
        return;
      case "gap": {
        const lostMs = between(GAP_MS, this.random);
        this.#nowMs += lostMs;
        this.#at += Math.round(lostMs * SAMPLES_PER_MS);
        this.#detector.reset(Number.NEGATIVE_INFINITY, true);
        return;
      }
      default:
        return;
    }
  }

  /** What to hand to `hopTogether`: the next hop, or none while it makes up for those that it slept over. */
  next(): DetectorHop {
    const detector = this.#detector;
    if (this.behind) return { detector, pcm: undefined, frameEndMs: this.#nowMs };
    const pcm = this.pcm.subarray(this.#at, this.#at + HOP_SAMPLES);
    this.#at += HOP_SAMPLES;
    this.#nowMs += HOP_MS;
    return { detector, pcm, frameEndMs: this.#nowMs };
  }

  /** What was heard in the run just over. */
  heard(): readonly Heard[] {
    if (this.behind) return [];
    this.#hops++;
    return this.#detector.heard;
  }

  #newDetector(): Detector {
    return createDetector(this.engine, { live: true, gate: true });
  }

  #begin(): void {
    this.#detector = this.#newDetector();
    this.#jump();
  }

  #jump(): void {
    this.#at = MARGIN_SAMPLES + Math.floor(this.random() * (this.pcm.length - 2 * MARGIN_SAMPLES));
  }
}

function between([least, most]: readonly [number, number], random: Random): number {
  return least + random() * (most - least);
}
