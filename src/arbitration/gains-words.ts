/** What is kept of a word that several relays heard, to learn their gains from. Plain data, fit to be stored as JSON. */
import type { CoarseEnvelope, Evidence } from "./evidence.ts";
import type { Steps } from "./gains-steps.ts";
import { findingTails } from "./gains-tails.ts";
import { cluesAmong } from "./policies/auto-clues.ts";
import { CLUES_BETWEEN_ROOMS, comparableLevels } from "./policies/auto-levels.ts";
import { finiteDb } from "./policies/ranking.ts";

/** What one relay reported of a word. */
export interface HeardShare {
  readonly relayId: string;
  readonly evidence: Evidence;
  /** Undefined from a relay that sent none. */
  readonly envelope: CoarseEnvelope | undefined;
}

export interface KeptShare {
  readonly relayId: string;
  readonly levelDb: number;
  /** Of the late sound behind the word, and how exactly it was measured; absent where it was not. */
  readonly tailDb?: number;
  readonly tailUncertaintyDb?: number;
  /** How near it seems by what hangs on no gain, logarithm of odds. */
  readonly clue: number;
}

export interface KeptWord {
  readonly shares: readonly KeptShare[];
  /** Whether it was a sound made to set gains by, whose tail says more. */
  readonly calibration: boolean;
  /** Somebody said that all who heard it are in one room. */
  readonly together?: true;
}

/** What is known of a word beside what relays report of it. */
export interface WordKind {
  readonly calibration?: boolean;
  readonly together?: boolean;
}

/** Undefined where fewer than two relays say anything that can be compared. */
export function* keepingWord(
  heard: readonly HeardShare[],
  { calibration = false, together = false }: WordKind = {},
): Steps<KeptWord | undefined> {
  const all = heard.map(({ evidence }) => evidence);
  const { levelOf } = comparableLevels(all);
  const cluesOf = cluesAmong(all);
  const withEnvelope = heard.filter(({ envelope }) => envelope !== undefined);
  const found = yield* findingTails(withEnvelope.flatMap(({ envelope }) => envelope ?? []));
  const tails = new Map(withEnvelope.map((share, i) => [share, found[i]]));
  const shares = heard.flatMap((share): readonly KeptShare[] => {
    const tail = tails.get(share);
    const levelDb = levelOf(share.evidence);
    const clue = cluesOf(share.evidence).reduce(
      (sum, { name, value }) => sum + CLUES_BETWEEN_ROOMS[name] * value,
      PER_SNR_DB * finiteDb(share.evidence.snrDb),
    );
    if (!Number.isFinite(levelDb) || levelDb <= LEAST_LEVEL_DB || !Number.isFinite(clue)) return [];
    const { relayId } = share;
    return [{ relayId, levelDb, clue, ...(tail && { tailDb: tail.db, tailUncertaintyDb: tail.uncertaintyDb }) }];
  });
  return shares.length < 2 ? undefined : { shares, calibration, ...(together && { together }) };
}

/** A relay that came again in the middle of a word may have told of it twice. */
export function firstOfEach(shares: readonly KeptShare[]): readonly KeptShare[] {
  const ids = new Set(shares.map(({ relayId }) => relayId));
  return ids.size === shares.length ? shares : shares.filter(({ relayId }) => ids.delete(relayId));
}

/** How many of these words each relay heard. */
export function wordsOfEach(words: readonly KeptWord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { shares } of words) {
    for (const { relayId } of firstOfEach(shares)) counts.set(relayId, (counts.get(relayId) ?? 0) + 1);
  }
  return counts;
}

/** Logarithm of odds: noise is not the same everywhere, but does not hang on the gain. */
const PER_SNR_DB = 0.17;
/** Digital silence, and what is no number. */
const LEAST_LEVEL_DB = -110;
