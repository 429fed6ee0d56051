/**
 * Whether a relay has heard a word out that another one claims: listened far enough past its end that it would have fired
 * there too. Both ends of a relay go by it: those that detect for themselves, and the hub for those it listens for. Pure.
 *
 * Detectors at two microphones do not fire in the same frame: their frames of 80 ms begin apart by up to one, and a trigger
 * that wants two frames in a row waits for another where the word is less clear. The numbers are from 2190 claims that
 * followed a first one, and 634 relays that heard the word and did not fire: 720 words of real people in 120 simulated houses
 * of 5 relays, the real network (`bench/heard-out.ts`). Half of the claims came within 86 ms of the word's end as the first claim
 * had it, 9 in 10 within 258. By these rules 1.4 % of them came after a pass, and 0.4 % of those whose relay heard the word
 * better than the first; 46 % of those that did not fire second the claim; all relays in earshot are decided on 76 ms after the
 * first claim (median), and 9 times in 10 after 147. Without seconds, where one that rises is waited for: 205 ms and 300.
 *
 * A second is safe because another detector has fired: over people saying other words, a score of a twentieth of the threshold
 * stands in one frame of 300 to 900, and in none of most.
 */

/** A score below so much of its threshold, when the word has ended, rises to it too seldom to be waited for. */
export const NOTHING = 0.01;
/** Behind the end of the word, as whoever claimed it first measured it, so much is listened to: two frames. */
export const HEARD_OUT_MS = 160;
/** A score of so much of its threshold is the word, when another relay is sure that it was said. */
export const SECONDS = 0.05;
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
  /** The highest score of the claimed word about its end, over its threshold; 0 where it may wake nobody here. */
  readonly nearest: number;
}

/** What a relay says to another's claim. */
export type HeardOut =
  /** It heard that word too, though not so well that it was sure by itself: it claims. */
  | "second"
  /** It was not there. */
  | "pass"
  /** The score of another word rises. */
  | "pending";

/**
 * @param wordEndedAtMs on the same clock as `heard`
 * @returns undefined while nobody can say yet
 */
export function heardOut({ untilMs, nearness, nearest }: Heard, wordEndedAtMs: number): HeardOut | undefined {
  if (nearest >= SECONDS && untilMs >= wordEndedAtMs && untilMs < Number.POSITIVE_INFINITY) return "second";
  if (nearness >= RISING && untilMs < wordEndedAtMs + RISES_UNTIL_MS) return "pending";
  return untilMs >= wordEndedAtMs + (nearness < NOTHING ? 0 : HEARD_OUT_MS) ? "pass" : undefined;
}
