/**
 * When a message was sent, on our clock, from the time that its sender gave it: what the network held back counts as said when
 * it was said. Two clocks never agree; the message that came fastest tells how far apart they are. The time is handed in.
 */

/** How fast two clocks may drift apart: 500 ppm. */
const DRIFT = 0.0005;
/** A network holds nothing back for longer: then one of the clocks was set. */
const MOST_HELD_MS = 5000;
const NS_PER_MS = 1_000_000n;

export class SendClock {
  /** Ours less the sender's, by the fastest message; undefined before the first. */
  #offsetMs: number | undefined;
  #atMs = 0;

  /**
   * @param sentNs Unix time; 0 where the sender does not say
   * @param nowMs monotonic, when it came
   * @returns monotonic ms, never after `nowMs`
   */
  sentAtMs(sentNs: bigint, nowMs: number): number {
    if (sentNs <= 0n) return nowMs;
    const sentMs = Number(sentNs / NS_PER_MS);
    const offsetMs = nowMs - sentMs;
    const fastestMs = (this.#offsetMs ?? offsetMs) + DRIFT * (nowMs - this.#atMs);
    const isSet = this.#offsetMs === undefined || offsetMs - fastestMs > MOST_HELD_MS;
    this.#offsetMs = isSet ? offsetMs : Math.min(offsetMs, fastestMs);
    this.#atMs = nowMs;
    return Math.min(nowMs, sentMs + this.#offsetMs);
  }
}
