/** What tells how near somebody is and hangs on no gain: how dry the word sounds, and how evenly its spectrum is filled. */
import type { Evidence } from "../evidence.ts";
import { finite, finiteDb } from "./ranking.ts";

export type ClueName = "dryness" | "attack" | "evenness";

export interface Clue {
  readonly name: ClueName;
  /** How much more than the mean of all that are compared: a logarithm (dryness), or dB. */
  readonly value: number;
  readonly because: string;
}

/** How much a clue says, logarithms of odds for each of its units. */
export type ClueWeights = Readonly<Record<ClueName, number>>;

/** The clues of one evidence against all of these. What not all of them measure is not compared. */
export function cluesAmong(all: readonly Evidence[]): (evidence: Evidence) => readonly Clue[] {
  const attacks = all.every(({ attackDb }) => attackDb !== undefined && Number.isFinite(attackDb));
  const evens = all.every(({ evenDb }) => evenDb !== undefined && Number.isFinite(evenDb));
  const dryness = against(all, drynessOf);
  const attack = against(all, attackOf);
  const evenness = against(all, evennessOf);
  return (evidence) => [
    {
      name: "dryness",
      value: dryness(evidence),
      because: `envelope variance ${evidence.envelopeVariance.toFixed(3)}`,
    },
    ...(attacks
      ? [
          {
            name: "attack",
            value: attack(evidence),
            because: `${attackOf(evidence).toFixed(1)} dB of it sudden`,
          } as const,
        ]
      : []),
    ...(evens
      ? [
          {
            name: "evenness",
            value: evenness(evidence),
            because: `its bands ${(-evennessOf(evidence)).toFixed(1)} dB below the whole`,
          } as const,
        ]
      : []),
  ];
}

function against(all: readonly Evidence[], of: (evidence: Evidence) => number): (evidence: Evidence) => number {
  const mean = all.reduce((sum, evidence) => sum + of(evidence), 0) / all.length;
  return (evidence) => of(evidence) - mean;
}

function drynessOf({ envelopeVariance }: Evidence): number {
  return Math.log(Math.min(Math.max(finite(envelopeVariance), 1e-6), 1e6));
}

function attackOf({ attackDb = 0 }: Evidence): number {
  return finiteDb(attackDb);
}

/** Doors swallow the highs and noise covers them, so that the loudest bands stand out: the level over all bands against that of the whole. */
function evennessOf({ evenDb = 0, rms }: Evidence): number {
  return finiteDb(evenDb) - finiteDb(20 * Math.log10(Math.max(finite(rms), 1e-6)));
}
