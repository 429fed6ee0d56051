/** From the bytes that a relay sends to 16 kHz samples. */
import { Resampler } from "../audio/resampler.ts";
import { LEAST_RATE_HZ, MOST_RATE_HZ, RATE_STEP_HZ, SAMPLE_RATE_HZ } from "./limits.ts";

/** Whether sound of this rate can be taken. */
export function isKnownRate(rateHz: number): boolean {
  return rateHz >= LEAST_RATE_HZ && rateHz <= MOST_RATE_HZ && rateHz % RATE_STEP_HZ === 0;
}

/**
 * Sound in pieces that are cut anywhere, between the bytes of a sample too. One for each RPC: filters are made once for
 * each rate that is spoken, and that is seldom more than one.
 */
export class Samples {
  #resampler = new Resampler(SAMPLE_RATE_HZ);
  #rateHz = SAMPLE_RATE_HZ;
  /** The first byte of a sample whose second has not come. */
  #half: number | undefined;

  /** Whether the sound that came last ended in the middle of a sample. */
  get isCut(): boolean {
    return this.#half !== undefined;
  }

  get rateHz(): number {
    return this.#rateHz;
  }

  /** What comes next does not continue what came. */
  begin(rateHz: number): void {
    this.#half = undefined;
    if (rateHz === this.#rateHz) {
      this.#flush();
      return;
    }
    this.#resampler = new Resampler(rateHz);
    this.#rateHz = rateHz;
  }

  /** @returns what is complete of it; the bytes are overwritten */
  take(bytes: Uint8Array): Int16Array {
    const odd = this.#half === undefined ? 0 : 1;
    const whole = new Uint8Array((bytes.length + odd) & ~1);
    if (this.#half !== undefined && whole.length > 0) whole[0] = this.#half;
    whole.set(bytes.subarray(0, whole.length - Math.min(odd, whole.length)), Math.min(odd, whole.length));
    if ((bytes.length + odd) % 2 === 0) this.#half = undefined;
    else if (bytes.length > 0) this.#half = bytes[bytes.length - 1];
    bytes.fill(0);
    // All machines that Earshot runs on are little-endian, as the samples are.
    const samples = new Int16Array(whole.buffer);
    const resampled = new Int16Array(this.#resampler.outputCapacity(samples.length));
    const written = this.#resampler.process(samples, samples.length, resampled);
    samples.fill(0);
    return trimmed(resampled, written);
  }

  /** @returns what the filter still holds */
  end(): Int16Array {
    const rest = this.#flush();
    this.#half = undefined;
    return rest;
  }

  #flush(): Int16Array {
    const delay = Math.ceil((this.#resampler.delayMs * SAMPLE_RATE_HZ) / 1000);
    const rest = new Int16Array(this.#resampler.outputCapacity(delay) + delay + 1);
    return trimmed(rest, this.#resampler.flush(rest));
  }
}

/** One after the other; the parts are overwritten. */
export function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
    part.fill(0);
  }
  return all;
}

function trimmed(samples: Int16Array, length: number): Int16Array {
  if (length === samples.length) return samples;
  const rest = samples.slice(0, length);
  samples.fill(0);
  return rest;
}
