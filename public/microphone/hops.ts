/** From pieces of sound to what a relay sends at once: 80 ms and how loud they are. */
import { LevelMeter } from "../../src/audio/levels.ts";

const HOP_SAMPLES = 1280;
const SAMPLES_PER_MS = 16;

export interface MeasuredHop {
  readonly pcm: Int16Array;
  /** When its last sample was heard. */
  readonly endMs: number;
  /** Linear 0..1, as the two below. */
  readonly rms: number;
  readonly noiseFloor: number;
  readonly peak: number;
}

export class Hops {
  readonly #meter = new LevelMeter();
  #pcm = new Int16Array(HOP_SAMPLES);
  #filled = 0;

  /** Another sound begins. */
  begin(): void {
    this.#filled = 0;
    this.#meter.reset();
  }

  /**
   * @param pcm 16 kHz, cut anywhere
   * @param atMs when its last sample was heard
   */
  *take(pcm: Int16Array, atMs: number): Generator<MeasuredHop> {
    for (let from = 0; from < pcm.length; ) {
      const taken = Math.min(HOP_SAMPLES - this.#filled, pcm.length - from);
      this.#pcm.set(pcm.subarray(from, from + taken), this.#filled);
      this.#filled += taken;
      from += taken;
      if (this.#filled < HOP_SAMPLES) return;
      yield this.#whole(atMs - (pcm.length - from) / SAMPLES_PER_MS);
    }
  }

  #whole(endMs: number): MeasuredHop {
    const pcm = this.#pcm;
    this.#pcm = new Int16Array(HOP_SAMPLES);
    this.#filled = 0;
    this.#meter.push(pcm, HOP_SAMPLES);
    const { rms, noiseFloor, peak } = this.#meter;
    return { pcm, endMs, rms, noiseFloor, peak };
  }
}
