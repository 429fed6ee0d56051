/** What is kept of a word that several relays heard, to learn their gains from. Plain data, fit to be stored as JSON. */
import type { CoarseEnvelope, Evidence } from "./evidence.ts";
import { tailsOf } from "./gains-tails.ts";
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
export function keptWord(
  heard: readonly HeardShare[],
  { calibration = false, together = false }: WordKind = {},
): KeptWord | undefined {
  const all = heard.map(({ evidence }) => evidence);
  const { levelOf } = comparableLevels(all);
  const cluesOf = cluesAmong(all);
  const withEnvelope = heard.filter(({ envelope }) => envelope !== undefined);
  const tails = tailsOf(withEnvelope.flatMap(({ envelope }) => envelope ?? []));
  const shares = heard.flatMap((share): readonly KeptShare[] => {
    const tail = tails[withEnvelope.indexOf(share)];
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

/** Logarithm of odds: noise is not the same everywhere, but does not hang on the gain. */
const PER_SNR_DB = 0.17;
/** Digital silence, and what is no number. */
const LEAST_LEVEL_DB = -110;
