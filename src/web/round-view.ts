/** From how a round was decided to how it is shown. Pure. */
import type { Evidence } from "../arbitration/evidence.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";
import type { RoundView } from "./schemas.ts";
import { rounded } from "./views.ts";

/** @param openedAt UTC, milliseconds since 1970 */
export function roundView(record: RoundRecord, openedAt: number): RoundView {
  const { round, zone, phase, claims, waitedFor, outOfEarshot, verdict, grants, firstAudioAfterMs, ended } = record;
  return {
    round,
    zone,
    phase,
    openedAt,
    claims: claims.map(({ relayId, model, confidence, evidence, repeats, late, standing, ...times }) => ({
      relayId,
      model,
      confidence: rounded(confidence),
      evidence: evidence === undefined ? null : evidenceView(evidence),
      endedAfterMs: Math.round(times.endedAfterMs),
      arrivedAfterMs: rounded(times.arrivedAfterMs),
      repeats,
      late,
      standing,
    })),
    waitedFor: waitedFor.map(({ waitedMs, ...wait }) => ({
      ...wait,
      waitedMs: waitedMs === undefined ? null : rounded(waitedMs),
    })),
    outOfEarshot: [...outOfEarshot],
    verdict:
      verdict === undefined
        ? null
        : {
            because: verdict.because,
            afterMs: rounded(verdict.afterMs),
            ranking: verdict.ranking.map(({ relayId, score, terms }) => ({
              relayId,
              score: finite(score),
              terms: terms.map((term) => ({ ...term, value: finite(term.value) })),
            })),
          },
    grants: grants.map((grant) => ({ ...grant, afterMs: rounded(grant.afterMs) })),
    firstAudioAfterMs: firstAudioAfterMs === undefined ? null : rounded(firstAudioAfterMs),
    ended: ended === undefined ? null : { why: ended.why, afterMs: rounded(ended.afterMs) },
  };
}

function evidenceView(evidence: Evidence): NonNullable<RoundView["claims"][number]["evidence"]> {
  const { evenDb = Number.NaN, attackDb = Number.NaN } = evidence;
  return { ...evidence, evenDb: finite(evenDb), attackDb: finite(attackDb) };
}

/** JSON knows no other numbers. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? rounded(value) : null;
}
