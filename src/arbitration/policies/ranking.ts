/** What all policies share: how terms become an order, and what a level is worth. */
import type { Evidence } from "../evidence.ts";
import type { Contender, Ranked, Term } from "../policy.ts";

/** Worse than anything that was measured. */
const NOTHING_DB = -120;
const MOST_DB = 120;

/**
 * Best first: who is believed, then the higher sum of the terms, the higher confidence, the earlier end, and last the relay's id,
 * so that no two ever tie.
 */
export function ranked(
  contenders: readonly Contender[],
  termsOf: (contender: Contender) => readonly Term[],
): readonly Ranked[] {
  return contenders
    .map((contender) => {
      const terms = termsOf(contender);
      return { contender, terms, score: terms.reduce((sum, { value }) => sum + finite(value), 0) };
    })
    .sort(
      (a, b) =>
        Number(a.contender.disbelieved) - Number(b.contender.disbelieved) ||
        b.score - a.score ||
        finite(b.contender.evidence.confidence) - finite(a.contender.evidence.confidence) ||
        finite(a.contender.endedAtMs) - finite(b.contender.endedAtMs) ||
        (a.contender.relayId < b.contender.relayId ? -1 : 1),
    )
    .map(({ contender: { relayId }, terms, score }) => ({ relayId, score, terms }));
}

/** How much somebody favours this relay; no term at all where nobody does. */
export function preference({ preferenceDb }: Contender): readonly Term[] {
  return preferenceDb === 0
    ? []
    : [{ name: "preference", value: preferenceDb, because: `configured, ${shownDb(preferenceDb)}` }];
}

/**
 * A gain that somebody stated counts for every policy. One that was learned is an estimate, which only `auto` knows how
 * to weigh.
 */
export function statedGain({ gain: { db, uncertaintyDb } }: Contender): readonly Term[] {
  return uncertaintyDb > 0 || db === 0
    ? []
    : [{ name: "gain", value: -db, because: `its microphone is ${shownDb(db)} louder than others` }];
}

/** The level of the word in 1.5-6.5 kHz without the noise's share, dB. */
export function cleanBandDb({ bandDb, floorDb }: Evidence): number {
  const power = 10 ** (finiteDb(bandDb) / 10) - 10 ** (finiteDb(floorDb) / 10);
  return power > 0 ? Math.max(10 * Math.log10(power), NOTHING_DB) : NOTHING_DB;
}

/** What a relay reports may be anything; what is no number is worth as little as can be. */
export function finite(value: number): number {
  return Number.isFinite(value) ? value : NOTHING_DB;
}

/** The same of decibels, of which none are above full scale by much. */
export function finiteDb(db: number): number {
  return Number.isFinite(db) ? Math.min(Math.max(db, NOTHING_DB), MOST_DB) : NOTHING_DB;
}

export function shownDb(db: number): string {
  return `${db.toFixed(1)} dB`;
}
