/**
 * Tells every relay what the house is doing, as soon as it changes: made into JSON once, and no more often than the sending
 * takes a small part of the time. Knows no clock; call {@link HouseBroadcast.look} when it says so.
 */
import type { HubSession } from "./hub-session.ts";
import type { HouseState, MessageToRelay } from "./messages-to-relay.ts";

/** Relays that are told in one turn, before others may go on. */
const AT_ONCE = 100;
/** From one telling to the next: what changes meanwhile is told together. */
const APART_MS = 20;
/** And at least so many times what the last one took. */
const SHARE = 10;

export interface HouseBroadcastOptions {
  readonly sessions: () => readonly HubSession[];
  readonly monotonicMs: () => number;
}

export class HouseBroadcast {
  readonly #options: HouseBroadcastOptions;
  #changed = false;
  #text = "";
  /** Who has not been told yet. */
  #waiting: readonly HubSession[] = [];
  #tookMs = 0;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: HouseBroadcastOptions) {
    this.#options = options;
  }

  /** There is something to tell, perhaps. */
  change(): void {
    this.#changed = true;
  }

  /** Some were told, and others are to be: look again soon. */
  get isUnderWay(): boolean {
    return this.#waiting.length > 0;
  }

  /** When to look again, ms on the clock; infinite when there is nothing to tell. */
  get wakeAtMs(): number {
    if (this.isUnderWay) return Number.NEGATIVE_INFINITY;
    return this.#changed ? this.#dueAtMs : Number.POSITIVE_INFINITY;
  }

  /** @param stateOf called when it is time to tell */
  look(stateOf: () => HouseState): void {
    const { sessions, monotonicMs } = this.#options;
    const beganMs = monotonicMs();
    if (beganMs < this.wakeAtMs) return;
    if (this.#waiting.length === 0) {
      this.#changed = false;
      this.#waiting = sessions();
      this.#tookMs = 0;
      // Nobody is there: what it is does not matter.
      if (this.#waiting.length === 0) return;
      const message: MessageToRelay<"state"> = { type: "state", ...stateOf() };
      this.#text = JSON.stringify(message);
    }
    for (const session of this.#waiting.slice(0, AT_ONCE)) session.show(this.#text);
    this.#waiting = this.#waiting.slice(AT_ONCE);
    const nowMs = monotonicMs();
    this.#tookMs += nowMs - beganMs;
    this.#dueAtMs = nowMs + Math.max(APART_MS, SHARE * this.#tookMs);
  }
}
