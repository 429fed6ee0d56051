/** The newest sound of a stream, to look back at. */

export class RecentPcm {
  readonly #ring: Int16Array;
  #next = 0;
  #filled = 0;

  /** @param samples how far it reaches back */
  constructor(samples: number) {
    this.#ring = new Int16Array(samples);
  }

  /** Takes what comes next, no more than it holds. Allocates nothing but views. */
  push(pcm: Int16Array): void {
    const size = this.#ring.length;
    const untilEnd = Math.min(pcm.length, size - this.#next);
    this.#ring.set(pcm.subarray(0, untilEnd), this.#next);
    this.#ring.set(pcm.subarray(untilEnd), 0);
    this.#next = (this.#next + pcm.length) % size;
    this.#filled = Math.min(size, this.#filled + pcm.length);
  }

  /** A copy of what there is, oldest first. */
  read(): Int16Array {
    const pcm = new Int16Array(this.#ring.length);
    pcm.set(this.#ring.subarray(this.#next));
    pcm.set(this.#ring.subarray(0, this.#next), this.#ring.length - this.#next);
    return pcm.subarray(pcm.length - this.#filled);
  }

  clear(): void {
    this.#filled = 0;
  }
}
