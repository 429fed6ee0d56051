// From one sample rate to another, mostly from a device's or file's to 16 kHz: a polyphase windowed-sinc filter (Kaiser window; Kaiser and Schafer 1980).
import { SAMPLE_RATE_HZ } from "./source.ts";

const LOWEST_RATE_HZ = 4_000;
const HIGHEST_RATE_HZ = 384_000;
/** Coefficients one resampler may hold, 32 MB: rates without a common divisor need as many phases as the output has samples. */
const MOST_COEFFICIENTS = 8_000_000;
/** Design attenuation of the stop-band; 85 dB are promised. */
const ATTENUATION_DB = 90;
const KAISER_BETA = 0.1102 * (ATTENUATION_DB - 8.7);
/** Input samples taken in at once. */
const CHUNK = 1024;

/**
 * Brings mono s16 from one sample rate to another, 16 kHz if none is named, sample-exact however the input is cut into pieces; allocates nothing
 * after it was made. Flat within 0.05 dB up to `passBandHz` and at least 85 dB down from `stopBandHz`:
 * 7/16 and 1/2 of the lower of the two rates (of 16 kHz: 7 and 8 kHz). So nothing aliases and what speech needs is untouched.
 *
 * Output sample n belongs to the input at exactly n / the output rate (the filter is symmetric and its delay taken out);
 * it comes out as soon as `delayMs` more input is there: 2.9 ms from rates above 16 kHz, 5.8 ms from 8 kHz.
 */
export class Resampler {
  readonly passBandHz: number;
  readonly stopBandHz: number;
  /** How much later than its time a sample comes out, in milliseconds of input. */
  readonly delayMs: number;
  /** Output samples per `#decimation` input samples. */
  readonly #phases: number;
  readonly #decimation: number;
  /** The filter spans this many input samples before and behind the output's place. */
  readonly #half: number;
  readonly #taps: number;
  /** One row of `#taps` coefficients for each phase. */
  readonly #coefficients: Float32Array;
  readonly #buffer: Float32Array;
  #filled = 0;
  /** Place of the next output: between the input samples `#centre` and `#centre + 1` of the buffer, at `#phase / #phases`. */
  #centre = 0;
  #phase = 0;

  /** @throws RangeError for a rate outside 4-384 kHz, or an odd one that would need an unreasonable table */
  constructor(inputRateHz: number, outputRateHz: number = SAMPLE_RATE_HZ) {
    if (!Number.isInteger(inputRateHz) || inputRateHz < LOWEST_RATE_HZ || inputRateHz > HIGHEST_RATE_HZ) {
      throw new RangeError(
        `a sample rate of ${inputRateHz} Hz cannot be resampled: it must be a whole number from 4000 to 384000`,
      );
    }
    const divisor = greatestCommonDivisor(outputRateHz, inputRateHz);
    this.#phases = outputRateHz / divisor;
    this.#decimation = inputRateHz / divisor;
    this.stopBandHz = Math.min(inputRateHz, outputRateHz) / 2;
    this.passBandHz = this.stopBandHz * (7 / 8);
    const transition = (this.stopBandHz - this.passBandHz) / inputRateHz;
    this.#half = inputRateHz === outputRateHz ? 1 : Math.ceil((ATTENUATION_DB - 7.95) / (14.36 * transition) / 2);
    this.#taps = 2 * this.#half;
    this.delayMs = (this.#half / inputRateHz) * 1000;
    if (this.#phases * this.#taps > MOST_COEFFICIENTS) {
      throw new RangeError(
        `a sample rate of ${inputRateHz} Hz cannot be resampled: convert it to 48000 or 16000 Hz first`,
      );
    }
    const cutoff = (this.passBandHz + this.stopBandHz) / 2 / inputRateHz;
    this.#coefficients =
      inputRateHz === outputRateHz ? new Float32Array([1, 0]) : polyphaseFilter(this.#phases, this.#half, cutoff);
    this.#buffer = new Float32Array(this.#taps + CHUNK);
    this.#reset();
  }

  /** The most samples `process` can write for so many input samples. */
  outputCapacity(inputSamples: number): number {
    return Math.ceil((inputSamples * this.#phases) / this.#decimation) + 1;
  }

  /**
   * Takes in the first `count` samples of `input` and writes what they complete to the start of `output`, which must have
   * room for `outputCapacity(count)`.
   * @returns samples written
   */
  process(input: Int16Array, count: number, output: Int16Array): number {
    let written = 0;
    for (let taken = 0; taken < count; ) {
      const chunk = Math.min(count - taken, CHUNK);
      for (let i = 0; i < chunk; i++) this.#buffer[this.#filled + i] = input[taken + i] ?? 0;
      this.#filled += chunk;
      taken += chunk;
      written = this.#drain(output, written);
    }
    return written;
  }

  /** Writes what the end of the input still owes, as if silence followed (room: `outputCapacity(0)` plus `delayMs`), and starts anew. */
  flush(output: Int16Array): number {
    let written = 0;
    for (let owed = this.#half; owed > 0; ) {
      const chunk = Math.min(owed, CHUNK);
      this.#buffer.fill(0, this.#filled, this.#filled + chunk);
      this.#filled += chunk;
      owed -= chunk;
      written = this.#drain(output, written);
    }
    this.#reset();
    return written;
  }

  #reset(): void {
    // Before the first sample there was silence.
    this.#filled = this.#half - 1;
    this.#buffer.fill(0, 0, this.#filled);
    this.#centre = this.#half - 1;
    this.#phase = 0;
  }

  #drain(output: Int16Array, alreadyWritten: number): number {
    const taps = this.#taps;
    const half = this.#half;
    const buffer = this.#buffer;
    const coefficients = this.#coefficients;
    const wholeStep = Math.floor(this.#decimation / this.#phases);
    const phaseStep = this.#decimation % this.#phases;
    let written = alreadyWritten;
    let centre = this.#centre;
    let phase = this.#phase;
    while (centre + half < this.#filled) {
      const first = centre - half + 1;
      const row = phase * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) sum += (buffer[first + tap] ?? 0) * (coefficients[row + tap] ?? 0);
      output[written++] = Math.max(-32768, Math.min(32767, Math.round(sum)));
      centre += wholeStep;
      phase += phaseStep;
      if (phase >= this.#phases) {
        phase -= this.#phases;
        centre++;
      }
    }
    const done = centre - half + 1;
    buffer.copyWithin(0, done, this.#filled);
    this.#filled -= done;
    this.#centre = centre - done;
    this.#phase = phase;
    return written;
  }
}

/**
 * Resamples a whole recording to 16 kHz; sample n of the answer is the sound at n / 16000 s. A recording that is at
 * 16 kHz already is given back as it is.
 * @throws RangeError for a rate the resampler does not know
 */
export function resampleAll(samples: Int16Array, sampleRateHz: number): Int16Array {
  if (sampleRateHz === SAMPLE_RATE_HZ) return samples;
  const resampler = new Resampler(sampleRateHz);
  const tail = Math.ceil((resampler.delayMs * SAMPLE_RATE_HZ) / 1000);
  const output = new Int16Array(resampler.outputCapacity(samples.length) + tail + 1);
  const written = resampler.process(samples, samples.length, output);
  return output.slice(0, written + resampler.flush(output.subarray(written)));
}

/** Rows of windowed-sinc coefficients, each with a gain of exactly 1 for a constant. `cutoff` is in cycles per input sample. */
function polyphaseFilter(phases: number, half: number, cutoff: number): Float32Array {
  const taps = 2 * half;
  const coefficients = new Float32Array(phases * taps);
  const row = new Float64Array(taps);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - half + 1 - phase / phases;
      const value = sinc(2 * cutoff * distance) * kaiser(distance / half);
      row[tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < taps; tap++) coefficients[phase * taps + tap] = (row[tap] ?? 0) / sum;
  }
  return coefficients;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(KAISER_BETA * Math.sqrt(1 - x * x)) / besselI0(KAISER_BETA);
}

/** The modified Bessel function of the first kind and order zero, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
