/** A limit on how much may come: so much at once, and so much a second over time. The time is handed in. */
export class TokenBucket {
  #left: number;
  #atMs: number | undefined;
  readonly #perMs: number;
  readonly #most: number;

  constructor({ atOnce, perSecond }: { readonly atOnce: number; readonly perSecond: number }) {
    this.#most = atOnce;
    this.#left = atOnce;
    this.#perMs = perSecond / 1000;
  }

  /** @returns false where it is too much: then nothing was taken */
  take(amount: number, nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#left = Math.min(this.#most, this.#left + passedMs * this.#perMs);
    this.#atMs = nowMs;
    if (amount > this.#left) return false;
    this.#left -= amount;
    return true;
  }
}
