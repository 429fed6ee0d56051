/** What of a stream was passed over lately, from a counter that only grows until its owner starts again. */

/** A loss is of interest for this long. */
const LOSS_MS = 60_000;

export class RecentLoss {
  #seen: number;
  #recent = 0;
  #atMs = 0;

  /** @param seen what the counter says already, and is of no interest */
  constructor(seen = 0) {
    this.#seen = seen;
  }

  /** Samples that were lost since the last minute without a loss. */
  get samples(): number {
    return this.#recent;
  }

  /** @param lost all that were ever lost; an inference worker that was started again counts from 0 */
  look(lost: number, nowMs: number): void {
    const more = lost < this.#seen ? lost : lost - this.#seen;
    if (more > 0) {
      this.#recent += more;
      this.#atMs = nowMs;
    } else if (nowMs - this.#atMs > LOSS_MS) this.#recent = 0;
    this.#seen = lost;
  }
}
