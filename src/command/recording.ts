/** The sound of one command, from its pre-roll on, in memory and nowhere else; overwritten when it is not needed any more. */

/** Silence that stands for what was lost on the way, at most: a second. A longer gap is a mistake of the sender's. */
const MOST_MISSING_SAMPLES = 16_000;

export class Recording {
  readonly #pcm: Int16Array;
  #length = 0;

  /** @param most samples that are taken; what comes behind them is not the command's any more */
  constructor(most: number) {
    this.#pcm = new Int16Array(most);
  }

  /** Samples that were taken. */
  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#pcm.length;
  }

  /**
   * Takes the next samples, 16 kHz mono, and overwrites those that it was given: they stand nowhere else then.
   *
   * @param missing samples that were lost before these: silence stands for them, so that all lengths stay right
   */
  take(pcm: Int16Array, missing = 0): void {
    // A new buffer is silence already.
    this.#length = Math.min(this.#length + Math.min(missing, MOST_MISSING_SAMPLES), this.#pcm.length);
    const taken = pcm.subarray(0, this.#pcm.length - this.#length);
    this.#pcm.set(taken, this.#length);
    this.#length += taken.length;
    pcm.fill(0);
  }

  /** A view of what was taken: it becomes silence with {@link wipe}. */
  samples(from: number, to: number): Int16Array {
    return this.#pcm.subarray(from, Math.min(to, this.#length));
  }

  /** Overwrites all of it. */
  wipe(): void {
    this.#pcm.fill(0);
  }
}
