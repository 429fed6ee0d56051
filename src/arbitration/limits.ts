/** The durations that arbitration goes by, ms. */

export interface ArbitrationSettings {
  /** The longest that a round may stay open after its first claim: the bound, not the rule. */
  readonly windowMs: number;
  /** How many relays may be connected; the local microphone does not count. */
  readonly maxRelays: number;
}

export const DEFAULT_SETTINGS: ArbitrationSettings = { windowMs: 300, maxRelays: 10 };

/** A winner that sends nothing for so long after its grant makes room for the next. */
export const SILENCE_MS = 500;
/** A winner that has begun is waited for this long whenever it stalls; so is one that nobody could replace. */
export const STALL_MS = 3000;
/** How long a command may take after its last audio, if nobody says that it is over: as long as any answer may be. */
export const ANSWER_MS = 60_000;

/** By how much the clock of a relay may be off when all was done to know it. */
export const CLOCK_TOLERANCE_MS = 500;
/**
 * Words of one zone that lie no further apart are one utterance: two clocks may be off in opposite ways, and a second
 * model may hear the same word a little later.
 */
export const HOLD_OFF_MS = 2 * CLOCK_TOLERANCE_MS;
/** A claim of a word that ended longer ago comes from before a restart or a dead network: nobody waits for it any more. */
export const OLDEST_CLAIM_MS = 3000;
/** A claim that is made when the whole command was recorded comes as late as a command is long, and the silence behind it. */
export const OLDEST_AFTERWARDS_MS = 30_000;

/** What a word lasts where the claim does not say. */
export const USUAL_WORD_MS = 600;
/** What a claim may say of that at most: it must not reach over the next word. */
export const LONGEST_WORD_MS = 3000;
/** So long after a word has begun, a relay that hears it has noticed. */
export const ONSET_MS = 100;
/** So much later than the first another relay may notice the same word: detectors work in frames of 80 ms. */
export const SKEW_MS = 200;
/** Taken for the delay of a relay until it was measured. */
export const UNMEASURED_DELAY_MS = 50;
