/** How far a relay's clock is from the hub's, from pings: NTP's exchange (RFC 5905, section 8) with its minimum-delay filter. */

/** Pings that are looked at: as many seconds. Two clocks of crystals drift by 3 ms at most in that time. */
const WINDOW = 16;
/** Pings under way; those that are never answered make room. */
const MOST_PENDING = 16;

interface Sample {
  readonly offsetMs: number;
  /** Half of the round trip: the offset can be no further off. */
  readonly uncertaintyMs: number;
}

export interface ClockEstimate {
  /** What must be added to a time of the relay to make it one of the hub. */
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
}

export class ClockOffset {
  readonly #pending = new Map<number, number>();
  #samples: Sample[] = [];
  #next = 1;

  /** Undefined before the first answer. */
  get estimate(): ClockEstimate | undefined {
    return this.#samples.toSorted((a, b) => a.uncertaintyMs - b.uncertaintyMs)[0];
  }

  /** @returns the number of the ping that is sent now */
  ping(nowMs: number): number {
    const number = this.#next++;
    this.#pending.set(number, nowMs);
    for (const old of this.#pending.keys()) if (this.#pending.size > MOST_PENDING) this.#pending.delete(old);
    return number;
  }

  /**
   * @param relayAtMs when the relay answered, by its clock
   * @returns one way, ms: half of the round trip; undefined for an answer to no ping, or the second to one
   */
  pong(number: number, relayAtMs: number, nowMs: number): number | undefined {
    const sentAtMs = this.#pending.get(number);
    if (sentAtMs === undefined) return undefined;
    this.#pending.delete(number);
    const uncertaintyMs = Math.max(0, nowMs - sentAtMs) / 2;
    const newest = { offsetMs: (sentAtMs + nowMs) / 2 - relayAtMs, uncertaintyMs };
    // Where two answers cannot both be right the relay slept in between, or its clock was set.
    this.#samples = [...this.#samples.filter((sample) => agree(sample, newest)), newest].slice(-WINDOW);
    return uncertaintyMs;
  }
}

/** Drift within the window, ms, and what a timer's coarseness adds. */
const SLACK_MS = 5;

function agree(a: Sample, b: Sample): boolean {
  return Math.abs(a.offsetMs - b.offsetMs) <= a.uncertaintyMs + b.uncertaintyMs + SLACK_MS;
}
