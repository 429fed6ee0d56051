/**
 * A circuit breaker: a server that fails several times in a row is left alone for a while, so that nobody waits for it in
 * vain; then one try shows whether it is back. The time and the chance are handed in.
 */

/** Failures in a row after which it opens. */
export const OPENS_AFTER = 3;
/** How long it stays open first, ms; doubles with each try that fails. */
const FIRST_OPEN_MS = 5_000;
const MOST_OPEN_MS = 60_000;

export interface BreakerOptions {
  readonly monotonicMs: () => number;
  /** 0..1, below 1: breakers of one server that opened together do not all try at once. */
  readonly random: () => number;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openedTimes = 0;
  #openUntilMs = 0;
  #probing = false;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** Failures since it worked last. */
  get failures(): number {
    return this.#failures;
  }

  /** How long it stays open yet, ms; 0 where it is closed, or one try is due. */
  get restsMs(): number {
    return Math.max(0, this.#openUntilMs - this.#options.monotonicMs());
  }

  /**
   * Whether the server may be asked now; whoever may must say afterwards what became of it, by one of the other three.
   * After its rest one at a time may.
   */
  mayTry(): boolean {
    if (this.#failures < OPENS_AFTER) return true;
    if (this.#probing || this.restsMs > 0) return false;
    this.#probing = true;
    return true;
  }

  worked(): void {
    this.#failures = 0;
    this.#openedTimes = 0;
    this.#openUntilMs = 0;
    this.#probing = false;
  }

  failed(): void {
    this.#probing = false;
    this.#failures++;
    if (this.#failures < OPENS_AFTER) return;
    const restMs = Math.min(MOST_OPEN_MS, FIRST_OPEN_MS * 2 ** Math.min(this.#openedTimes++, 10));
    this.#openUntilMs = this.#options.monotonicMs() + restMs * (1 + this.#options.random() / 4);
  }

  /** It was not waited for: nothing is known of the server. */
  gaveUp(): void {
    this.#probing = false;
  }
}
