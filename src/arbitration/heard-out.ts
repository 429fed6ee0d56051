/**
 * Whether a relay has heard a word out that another one claims: listened far enough past its end that it would have fired
 * there too. Both ends of a relay go by it: those that detect for themselves, and the hub for those it listens for. Pure.
 *
 * Detectors at two microphones do not fire in the same frame: their frames of 80 ms begin apart by up to one, and a trigger
 * that wants two frames in a row waits for another where the word is less clear. The numbers are from 2190 claims that
 * followed a first one, and 634 relays that heard the word and did not fire: 720 words of real people in 120 simulated houses
 * of 5 relays, the real network (`bench/heard-out.ts`). Half of the claims came within 86 ms of the word's end as the first claim
 * had it, 9 in 10 within 258. By these rules 2.0 % of them came after a pass, and 0.8 % of those whose relay heard the word
 * better than the first; relays that do not fire pass 81 ms after the first claim (median), and two relays are decided on
 * after 88. Without {@link NOTHING}: 1.0 %, 0.4 %, 209 ms and 114 ms.
 */

/** A score below so much of its threshold, when the word has ended, rises to it too seldom to be waited for. */
export const NOTHING = 0.01;
/** Behind the end of the word, as whoever claimed it first measured it, so much is listened to: two frames. */
export const HEARD_OUT_MS = 160;
/** A score of so much of its threshold may still rise to it. */
export const RISING = 0.2;
/** As long a score may rise behind the word's end; then it was not the word. */
export const RISES_UNTIL_MS = 400;

/** What a detector has made of its sound so far. */
export interface Heard {
  /** The end of the newest frame that was scored; infinite where no word will be heard. */
  readonly untilMs: number;
  /** The highest score of all models in it, each over its threshold. */
  readonly nearness: number;
}

/**
 * @param wordEndedAtMs on the same clock as `heard`
 * @returns `pass`: it was not there. `pending`: a score rises. Undefined: nobody can say yet
 */
export function heardOut({ untilMs, nearness }: Heard, wordEndedAtMs: number): "pass" | "pending" | undefined {
  if (nearness >= RISING && untilMs < wordEndedAtMs + RISES_UNTIL_MS) return "pending";
  return untilMs >= wordEndedAtMs + (nearness < NOTHING ? 0 : HEARD_OUT_MS) ? "pass" : undefined;
}
