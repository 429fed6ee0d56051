/** From a microphone's sound to the hops of a relay: 80 ms each, with their level, scores and words. */
import { LevelMeter } from "../audio/levels.ts";
import type { Hop } from "./relay-session.ts";

const HOP_SAMPLES = 1280;

/** Hears wake words: what a relay without one leaves to the hub. */
export interface HopDetector {
  /** Another sound begins. @param live it was there before: what is heard in its first seconds may not count */
  begin(nowMs: number, live: boolean): void;
  /** @param endMs when its last sample was heard */
  hop(pcm: Int16Array, endMs: number): Promise<Pick<Hop, "scores" | "detections">>;
}

const NOTHING = { scores: [], detections: [] } as const;

export class RelayEar {
  readonly #detector: HopDetector | undefined;
  readonly #meter = new LevelMeter();
  #pcm = new Int16Array(HOP_SAMPLES);
  #filled = 0;

  constructor(detector: HopDetector | undefined) {
    this.#detector = detector;
  }

  /**
   * Takes what a source has read, cut anywhere.
   *
   * @param atMs when its last sample was heard
   * @returns the hops that are whole now
   */
  async take(samples: Int16Array, atMs: number): Promise<readonly Hop[]> {
    const hops: Hop[] = [];
    for (let from = 0; from < samples.length; ) {
      const taken = Math.min(HOP_SAMPLES - this.#filled, samples.length - from);
      this.#pcm.set(samples.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
      if (this.#filled < HOP_SAMPLES) break;
      hops.push(await this.#whole(atMs - (samples.length - from) / 16));
    }
    return hops;
  }

  /** Another sound begins: a source was opened. As {@link HopDetector.begin}. */
  begin(nowMs: number, live: boolean): void {
    this.#filled = 0;
    this.#meter.reset();
    this.#detector?.begin(nowMs, live);
  }

  async #whole(endMs: number): Promise<Hop> {
    const pcm = this.#pcm;
    this.#pcm = new Int16Array(HOP_SAMPLES);
    this.#filled = 0;
    this.#meter.push(pcm, HOP_SAMPLES);
    const { rms, noiseFloor } = this.#meter;
    const heard = (await this.#detector?.hop(pcm, endMs)) ?? NOTHING;
    return { pcm, endMs, rms, noiseFloor, ...heard };
  }
}
