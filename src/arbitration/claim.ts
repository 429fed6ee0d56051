/** One relay's statement that it heard a wake word, and when two of them are about the same words of somebody. */
import type { Evidence } from "./evidence.ts";
import {
  CLOCK_TOLERANCE_MS,
  HOLD_OFF_MS,
  LONGEST_WORD_MS,
  OLDEST_AFTERWARDS_MS,
  OLDEST_CLAIM_MS,
  USUAL_WORD_MS,
} from "./limits.ts";

export interface Claim {
  /** The relay's own: each claim of one connection has another. */
  readonly number: number;
  /** Which wake word. */
  readonly model: string;
  /** Of the wake-word model, 0..1. */
  readonly confidence: number;
  /** When the word ended, hub clock, ms. */
  readonly endedAtMs: number;
  /** Missing where nobody measured it: such a claim wins only over others like it. */
  readonly evidence: Evidence | undefined;
  /**
   * The ask that it answers: its relay was not sure by itself, and says so because another one is. Such a claim opens no
   * round.
   */
  readonly seconds?: number | undefined;
  /** It is made when the whole command was recorded, and when its word ended is an estimate. */
  readonly afterwards?: Afterwards | undefined;
}

export interface Afterwards {
  /** By how much the word may have ended earlier or later, besides what clocks are off, ms. */
  readonly giveOrTakeMs: number;
}

/** A stretch of time, hub clock, ms. */
export interface Span {
  readonly beginMs: number;
  readonly endMs: number;
}

/** What can be believed of when a claimed word ended. */
export type Dated = { readonly kind: "dated"; readonly claim: Claim } | { readonly kind: "stale" };

/**
 * The claim with a time that can be: a word cannot end after its claim has come, but for what clocks are off. Numbers that
 * are none are taken for evidence that is missing.
 */
export function dated(claim: Claim, nowMs: number): Dated {
  const oldestMs = claim.afterwards === undefined ? OLDEST_CLAIM_MS : OLDEST_AFTERWARDS_MS;
  if (claim.endedAtMs < nowMs - oldestMs) return { kind: "stale" };
  const believed = claim.endedAtMs <= nowMs + CLOCK_TOLERANCE_MS;
  return {
    kind: "dated",
    claim: {
      ...claim,
      confidence: Number.isFinite(claim.confidence) ? claim.confidence : 0,
      endedAtMs: believed ? claim.endedAtMs : nowMs,
      evidence: claim.evidence && isSound(claim.evidence) ? claim.evidence : undefined,
    },
  };
}

/** Whether all that every relay measures is there. */
function isSound({ rms, bandDb, floorDb, snrDb, envelopeVariance, confidence, durationMs }: Evidence): boolean {
  return [rms, bandDb, floorDb, snrDb, envelopeVariance, confidence, durationMs].every(Number.isFinite);
}

/** How long its word lasted, ms. */
export function wordMs({ evidence }: Claim): number {
  return Math.min(Math.max(evidence?.durationMs ?? USUAL_WORD_MS, 0), LONGEST_WORD_MS);
}

/** When its word was said, or may have been. */
export function spanOf(claim: Claim): Span {
  const eitherWayMs = Math.min(Math.max(claim.afterwards?.giveOrTakeMs ?? 0, 0), LONGEST_WORD_MS);
  return { beginMs: claim.endedAtMs - wordMs(claim) - eitherWayMs, endMs: claim.endedAtMs + eitherWayMs };
}

export function around(a: Span, b: Span): Span {
  return { beginMs: Math.min(a.beginMs, b.beginMs), endMs: Math.max(a.endMs, b.endMs) };
}

/** The silence between two stretches, ms; 0 where they overlap. */
export function gapMs(a: Span, b: Span): number {
  return Math.max(0, a.beginMs - b.endMs, b.beginMs - a.endMs);
}

/** Whether they belong to one utterance, whatever the words were. */
export function isOneUtterance(a: Span, b: Span): boolean {
  return gapMs(a, b) <= HOLD_OFF_MS;
}

/**
 * Which of two claims of one relay and one utterance (two models, a repetition) speaks for it: the one with evidence, the surer,
 * the earlier. A total order, so that it does not matter which came first.
 */
export function compareClaims(a: Claim, b: Claim): number {
  return (
    Number(b.evidence !== undefined) - Number(a.evidence !== undefined) ||
    b.confidence - a.confidence ||
    a.endedAtMs - b.endedAtMs ||
    compareText(a.model, b.model) ||
    compareText(JSON.stringify(a.evidence ?? null), JSON.stringify(b.evidence ?? null)) ||
    a.number - b.number
  );
}

/** By code units: the same everywhere, whatever the language of the machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
