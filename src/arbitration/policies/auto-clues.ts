/** What tells how near somebody is and hangs neither on a gain nor on the noise: how dry the word sounds. */
import type { Evidence } from "../evidence.ts";
import type { Term } from "../policy.ts";
import { finite, finiteDb } from "./ranking.ts";

/**
 * How much each says, logarithms of odds: from logistic regression over simulated rooms (`bun bench/rooms.ts`), one room
 * and several. Neither is a good clue by itself, since reverberation hardly changes beyond two metres.
 */
const PER_LOG_VARIANCE = 0.8;
const PER_ATTACK_DB = 1.6;

/** The terms of one evidence among these. What not all of them measure is not compared. */
export function clues(all: readonly Evidence[]): (evidence: Evidence) => readonly Term[] {
  const attacks = all.every(({ attackDb }) => attackDb !== undefined && Number.isFinite(attackDb));
  return ({ envelopeVariance, attackDb = 0 }) => {
    const variance = Math.log(Math.min(Math.max(finite(envelopeVariance), 1e-6), 1e6));
    const because = `envelope variance ${envelopeVariance.toFixed(3)}`;
    const dryness = { name: "dryness", value: PER_LOG_VARIANCE * variance, because };
    if (!attacks) return [dryness];
    return [
      dryness,
      { name: "attack", value: PER_ATTACK_DB * finiteDb(attackDb), because: `${attackDb.toFixed(1)} dB of it sudden` },
    ];
  };
}
