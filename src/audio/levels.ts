// How loud it is: levels of 16 kHz audio, linear from 0 to 1 (1 is a full-scale square wave).
import { SAMPLE_RATE_HZ } from "./source.ts";

const FULL_SCALE = 32767;
const BLOCK_SAMPLES = SAMPLE_RATE_HZ / 50;
/** Blocks of the window that all levels are measured over: 100 ms. */
const WINDOW_BLOCKS = 5;
/** The noise floor looks back over this many stretches of so many blocks: 10 times 0.5 s. */
const FLOOR_STRETCHES = 10;
const STRETCH_BLOCKS = 25;
const BAND_FROM_HZ = 1_500;
const BAND_TO_HZ = 6_500;

/** The root mean square of samples, linear 0..1: sqrt(mean((sample / 32767)²)). 0 for no samples. */
export function rms(samples: Int16Array): number {
  if (samples.length === 0) return 0;
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += (samples[i] ?? 0) ** 2;
  return Math.sqrt(energy / samples.length) / FULL_SCALE;
}

/**
 * Running levels of a stream, brought up to date with every 20 ms of it. Allocates nothing after it was made; used by one thread.
 * All levels are those of the last 100 ms and 0 before the first 20 ms are complete.
 */
export class LevelMeter {
  #rms = 0;
  #peak = 0;
  #band = 0;
  readonly #energies = new Float64Array(WINDOW_BLOCKS);
  readonly #bandEnergies = new Float64Array(WINDOW_BLOCKS);
  readonly #peaks = new Float64Array(WINDOW_BLOCKS);
  #blocks = 0;
  #inBlock = 0;
  #energy = 0;
  #bandEnergy = 0;
  #blockPeak = 0;
  /** The lowest level of each stretch; that of the running one stands at `#stretch`. */
  readonly #lows = new Float64Array(FLOOR_STRETCHES).fill(Number.POSITIVE_INFINITY);
  #stretch = 0;
  #inStretch = 0;
  readonly #highPass = new Biquad("high-pass", BAND_FROM_HZ);
  readonly #lowPass = new Biquad("low-pass", BAND_TO_HZ);

  /** Root mean square, linear 0..1. */
  get rms(): number {
    return this.#rms;
  }

  /** The largest magnitude, linear 0..1. */
  get peak(): number {
    return this.#peak;
  }

  /** Root mean square of the band from 1.5 to 6.5 kHz (12 dB an octave on either side), linear 0..1. */
  get bandRms(): number {
    return this.#band;
  }

  /** The lowest `rms` of the last 5 s, linear 0..1: what is there when nobody speaks. */
  get noiseFloor(): number {
    let floor = Number.POSITIVE_INFINITY;
    for (let i = 0; i < FLOOR_STRETCHES; i++) floor = Math.min(floor, this.#lows[i] ?? floor);
    return floor === Number.POSITIVE_INFINITY ? 0 : floor;
  }

  /** Takes in the first `count` samples. */
  push(samples: Int16Array, count: number): void {
    for (let i = 0; i < count; i++) {
      const sample = (samples[i] ?? 0) / FULL_SCALE;
      const inBand = this.#lowPass.next(this.#highPass.next(sample));
      this.#energy += sample * sample;
      this.#bandEnergy += inBand * inBand;
      this.#blockPeak = Math.max(this.#blockPeak, Math.abs(sample));
      if (++this.#inBlock === BLOCK_SAMPLES) this.#endBlock();
    }
  }

  /** Forgets everything heard, as after a gap in the stream. */
  reset(): void {
    this.#rms = this.#peak = this.#band = 0;
    this.#energies.fill(0);
    this.#bandEnergies.fill(0);
    this.#peaks.fill(0);
    this.#blocks = this.#inBlock = this.#energy = this.#bandEnergy = this.#blockPeak = 0;
    this.#lows.fill(Number.POSITIVE_INFINITY);
    this.#stretch = this.#inStretch = 0;
    this.#highPass.reset();
    this.#lowPass.reset();
  }

  #endBlock(): void {
    const place = this.#blocks % WINDOW_BLOCKS;
    this.#energies[place] = this.#energy;
    this.#bandEnergies[place] = this.#bandEnergy;
    this.#peaks[place] = Math.min(1, this.#blockPeak);
    this.#blocks++;
    this.#inBlock = this.#energy = this.#bandEnergy = this.#blockPeak = 0;

    let energy = 0;
    let bandEnergy = 0;
    let peak = 0;
    for (let i = 0; i < WINDOW_BLOCKS; i++) {
      energy += this.#energies[i] ?? 0;
      bandEnergy += this.#bandEnergies[i] ?? 0;
      peak = Math.max(peak, this.#peaks[i] ?? 0);
    }
    const samples = Math.min(this.#blocks, WINDOW_BLOCKS) * BLOCK_SAMPLES;
    this.#rms = Math.min(1, Math.sqrt(energy / samples));
    this.#band = Math.min(1, Math.sqrt(bandEnergy / samples));
    this.#peak = peak;
    this.#trackFloor();
  }

  #trackFloor(): void {
    this.#lows[this.#stretch] = Math.min(this.#lows[this.#stretch] ?? this.#rms, this.#rms);
    if (++this.#inStretch < STRETCH_BLOCKS) return;
    this.#inStretch = 0;
    this.#stretch = (this.#stretch + 1) % FLOOR_STRETCHES;
    this.#lows[this.#stretch] = Number.POSITIVE_INFINITY;
  }
}

/** A second-order Butterworth filter at 16 kHz (Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients"). */
class Biquad {
  readonly #b0: number;
  readonly #b1: number;
  readonly #a1: number;
  readonly #a2: number;
  #state1 = 0;
  #state2 = 0;

  constructor(kind: "low-pass" | "high-pass", cornerHz: number) {
    const omega = (2 * Math.PI * cornerHz) / SAMPLE_RATE_HZ;
    const alpha = Math.sin(omega) / Math.SQRT2;
    const a0 = 1 + alpha;
    const sign = kind === "low-pass" ? 1 : -1;
    this.#b0 = (1 - sign * Math.cos(omega)) / 2 / a0;
    this.#b1 = (sign * (1 - sign * Math.cos(omega))) / a0;
    this.#a1 = (-2 * Math.cos(omega)) / a0;
    this.#a2 = (1 - alpha) / a0;
  }

  /** The next output, in transposed direct form II. The first and third coefficients of both kinds are the same. */
  next(input: number): number {
    const output = this.#b0 * input + this.#state1;
    this.#state1 = this.#b1 * input - this.#a1 * output + this.#state2;
    this.#state2 = this.#b0 * input - this.#a2 * output;
    return output;
  }

  reset(): void {
    this.#state1 = 0;
    this.#state2 = 0;
  }
}
