/** From how a round was decided to how it is shown. Pure. */
import type { Evidence } from "../arbitration/evidence.ts";
import { deadlineMs, isAwaited, type LiveRound } from "../arbitration/round.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";
import type { ValueOf } from "../memory/field.ts";
import type { ARBITRATION } from "../memory/layout.ts";
import type { ArbitrationStateView, LiveRoundView, RoundView } from "./schemas/rounds.ts";
import { rounded } from "./views.ts";

/** @param openedAt UTC, milliseconds since 1970 */
export function roundView(record: RoundRecord, openedAt: number): RoundView {
  const { round, zone, phase, claims, waitedFor, outOfEarshot, verdict, grants, firstAudioAfterMs, ended } = record;
  return {
    round,
    zone,
    phase,
    openedAt,
    claims: claims.map(({ relayId, model, confidence, evidence, repeats, late, seconded, standing, ...times }) => ({
      relayId,
      model,
      confidence: rounded(confidence),
      evidence: evidence === undefined ? null : evidenceView(evidence),
      endedAfterMs: Math.round(times.endedAfterMs),
      arrivedAfterMs: rounded(times.arrivedAfterMs),
      repeats,
      late,
      seconded,
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

/** @param utcOf makes UTC of monotonic milliseconds */
export function liveRoundView(round: LiveRound, utcOf: (ms: number) => number): LiveRoundView {
  const { id, zone, phase, openedAtMs, entrants, waits } = round;
  const grant = round.phase === "open" ? undefined : round.grants.at(-1);
  const awaited = round.phase === "open" ? [...waits.values()].filter(isAwaited) : [];
  return {
    round: id,
    zone,
    phase,
    openedAt: utcOf(openedAtMs),
    until: utcOf(deadlineMs(round)),
    contenders: [...entrants.keys()],
    waitingFor: awaited.map(({ relayId, because, outcome, untilMs }) => ({
      relayId,
      because,
      outcome,
      until: utcOf(untilMs),
    })),
    winner: grant?.relayId ?? null,
    fence: grant?.fence ?? null,
  };
}

/** @param utcOf makes UTC of monotonic milliseconds */
export function arbitrationStateView(
  { openedMs, closesMs, winner, fence, ...record }: Readonly<ValueOf<typeof ARBITRATION.fields>>,
  utcOf: (ms: number) => number,
): ArbitrationStateView {
  return {
    ...record,
    winner: winner === "" ? null : winner,
    fence: fence === 0 ? null : fence,
    openedAt: openedMs === 0 ? null : utcOf(openedMs),
    closesAt: closesMs === 0 ? null : utcOf(closesMs),
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
