/** How long the other end has been silent, as far as this end can know. The time is handed in. */
import { DEAD_MS, TICK_MS } from "./limits.ts";

export class PeerSilence {
  #heardAtMs: number;
  #lookedAtMs: number;

  constructor(nowMs: number) {
    this.#heardAtMs = nowMs;
    this.#lookedAtMs = nowMs;
  }

  /** Something came. */
  end(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  /** Every {@link TICK_MS} or more often. @returns whether the other end is gone */
  tooLong(nowMs: number): boolean {
    // Who did not look at its socket for a while cannot know how long the other end was silent.
    const lateMs = Math.max(0, nowMs - this.#lookedAtMs - 2 * TICK_MS);
    this.#heardAtMs = Math.min(nowMs, this.#heardAtMs + lateMs);
    this.#lookedAtMs = nowMs;
    return nowMs - this.#heardAtMs >= DEAD_MS;
  }
}
