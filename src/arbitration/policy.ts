/** How claims of one utterance are ranked. Pure: the same claims give the same ranking, in whatever order they came. */
import type { Evidence } from "./evidence.ts";

/** A claim as policies see it. */
export interface Contender {
  readonly relayId: string;
  readonly room: string | undefined;
  readonly evidence: Evidence;
  /** When the word ended for it, hub clock, ms. */
  readonly endedAtMs: number;
  /** What is known of its microphone's gain: about 4 dB uncertain where nothing is, and not at all where somebody stated it. */
  readonly gain: { readonly db: number; readonly uncertaintyDb: number };
  /** How much it is favoured, dB. */
  readonly preferenceDb: number;
  /** Its evidence was found to be overstated: it is not believed. */
  readonly disbelieved: boolean;
}

/** What one term of a policy said of one contender. */
export interface Term {
  readonly name: string;
  /** Higher is better; terms of one contender add up to its score. */
  readonly value: number;
  /** What it was made of, in words fit to show: "band -31.2 dB, floor -58.0 dB". */
  readonly because: string;
}

export interface Ranked {
  readonly relayId: string;
  readonly score: number;
  readonly terms: readonly Term[];
}

/** Best first. Ties are broken by the higher confidence, then the earlier end, then the relay id. */
export type Policy = (contenders: readonly Contender[]) => readonly Ranked[];

export type PolicyName = "rms" | "band" | "snr" | "envelope" | "first" | "auto";
