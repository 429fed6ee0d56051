/**
 * Whether a relay has heard a word out that another one claims: listened far enough past its end that it would have fired
 * there too. Both ends of a relay go by it: those that detect for themselves, and the hub for those it listens for. Pure.
 *
 * Detectors at two microphones do not fire in the same frame: their frames of 80 ms begin apart by up to one, and a trigger
 * that wants two frames in a row waits for another where the word is less clear. The numbers are from 2190 claims that
 * followed a first one, and 634 relays that heard the word and did not fire: 720 words of real people in 120 simulated houses
 * of 5 relays, the real network (`bench/heard-out.ts`). Half of the claims came within 86 ms of the word's end as the first claim
 * had it, 9 in 10 within 258. By these rules 0.3 % of them came after a pass, and 0.1 % of those whose relay heard the word
 * better than the first; 59 % of those that did not fire second the claim; all relays in earshot are decided on 79 ms after the
 * first claim (median), and 9 times in 10 after 147. Without seconds, where one that rises is waited for: 216 ms and 300.
 *
 * A second is safe because another detector has fired: over 17 minutes of people saying other words, "alexa" would have been
 * seconded by chance in 0.11 % of the time.
 */

/** A score of so much of its threshold is the word, when another relay is sure that it was said. */
export const SECONDS = 0.02;
/** Behind the end of the word, as whoever claimed it first measured it, so much is listened to: two frames, */
export const HEARD_OUT_MS = 160;
/** one where a score is less than so much of its threshold, */
export const LITTLE = 0.01;
export const LITTLE_OUT_MS = 80;
/** and none where it is less than this: it rises too seldom to be waited for. */
export const NOTHING = 0.001;
/**
 * Who passes has listened as far as whoever fired, but for a frame and the way of the ask: a word's measured end may lie before its
 * last sounds, and sound may come late.
 */
const BEHIND_ASK_MS = 100;
/** A score of so much of its threshold may still rise to it. */
export const RISING = 0.2;
/** As long a score may rise behind the word's end; then it was not the word. */
export const RISES_UNTIL_MS = 400;

/** What is claimed or asked so close to the end of a word is about that word. */
const SAME_WORD_MS = 1000;

export function isSameWord(oneEndedAtMs: number, otherEndedAtMs: number): boolean {
  return Math.abs(oneEndedAtMs - otherEndedAtMs) <= SAME_WORD_MS;
}

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
 * @param askedAtMs when it was asked, on that clock
 * @returns undefined while nobody can say yet
 */
export function heardOut(
  { untilMs, nearness, nearest }: Heard,
  wordEndedAtMs: number,
  askedAtMs: number,
): HeardOut | undefined {
  if (nearest >= SECONDS && untilMs >= wordEndedAtMs && untilMs < Number.POSITIVE_INFINITY) return "second";
  if (nearness >= RISING && untilMs < wordEndedAtMs + RISES_UNTIL_MS) return "pending";
  const listensOnMs = nearness < NOTHING ? 0 : nearness < LITTLE ? LITTLE_OUT_MS : HEARD_OUT_MS;
  return untilMs >= Math.max(wordEndedAtMs + listensOnMs, askedAtMs - BEHIND_ASK_MS) ? "pass" : undefined;
}
