/** The newest sound of a relay, by the number of the sample: what a claim looks back at, and what is sent of it. */
import { SAMPLE_RATE_HZ } from "./limits.ts";

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;

export class AudioTape {
  readonly #ring: Int16Array;
  #end = 0;
  #oldest = 0;
  #endMs = 0;

  /** @param samples how far it reaches back */
  constructor(samples: number) {
    this.#ring = new Int16Array(samples);
  }

  /** The sample behind the newest: samples are counted from the first that was ever pushed. */
  get end(): number {
    return this.#end;
  }

  get oldest(): number {
    return this.#oldest;
  }

  /** Takes what comes next. @param endMs when its last sample was heard */
  push(pcm: Int16Array, endMs: number): void {
    const size = this.#ring.length;
    for (let i = Math.max(0, pcm.length - size); i < pcm.length; i++) this.#ring[(this.#end + i) % size] = pcm[i] ?? 0;
    this.#end += pcm.length;
    this.#oldest = Math.max(this.#oldest, this.#end - size);
    this.#endMs = endMs;
  }

  /** Sound that was not heard, or must not be: what is before it is forgotten. */
  skip(samples: number): void {
    if (this.#oldest < this.#end) this.#ring.fill(0);
    this.#end += samples;
    this.#oldest = this.#end;
  }

  /** A copy, of what there is between two samples. */
  read(from: number, to: number): Int16Array {
    const first = Math.max(from, this.#oldest);
    const last = Math.min(to, this.#end);
    const pcm = new Int16Array(Math.max(0, last - first));
    for (let i = 0; i < pcm.length; i++) pcm[i] = this.#ring[(first + i) % this.#ring.length] ?? 0;
    return pcm;
  }

  /** The sample that was heard then, as the newest sound says; there need not be one. */
  sampleAt(atMs: number): number {
    return Math.round(this.#end - (this.#endMs - atMs) * SAMPLES_PER_MS);
  }

  /** When a sample was heard, as the newest sound says, ms. */
  atMs(sample: number): number {
    return this.#endMs - (this.#end - sample) / SAMPLES_PER_MS;
  }
}
