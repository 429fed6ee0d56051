/** A round as it is explained to people: who claimed what and when, what each term said, what was waited for. */
import type { Ending } from "./effects.ts";
import type { Evidence } from "./evidence.ts";
import type { Ranked } from "./policy.ts";
import type { Grant, Round, Standing, Verdict, Wait } from "./round.ts";

/** Times of one round are ms after its first claim came; those of words are too, and mostly below 0. */
export interface RoundRecord {
  readonly round: number;
  readonly zone: string;
  readonly phase: Round["phase"];
  /** Hub clock. */
  readonly openedAtMs: number;
  readonly claims: readonly {
    readonly relayId: string;
    readonly connection: number;
    /** The relay's own, of the claim that speaks for it. */
    readonly number: number;
    readonly model: string;
    readonly confidence: number;
    readonly evidence: Evidence | undefined;
    readonly endedAfterMs: number;
    readonly arrivedAfterMs: number;
    readonly repeats: number;
    readonly late: boolean;
    /** It was not sure by itself, and asked. */
    readonly seconded: boolean;
    readonly standing: Standing;
  }[];
  readonly waitedFor: readonly {
    readonly relayId: string;
    readonly because: Wait["because"];
    readonly asked: boolean;
    readonly outcome: Wait["outcome"];
    /** How long it kept the round open; undefined while it does. */
    readonly waitedMs: number | undefined;
  }[];
  readonly outOfEarshot: readonly string[];
  readonly verdict:
    | {
        readonly because: Verdict["because"];
        /** From the first claim to the verdict. */
        readonly afterMs: number;
        readonly ranking: readonly Ranked[];
      }
    | undefined;
  readonly grants: readonly {
    readonly relayId: string;
    readonly fence: number;
    readonly because: Grant["because"];
    readonly afterMs: number;
  }[];
  readonly firstAudioAfterMs: number | undefined;
  readonly ended: { readonly why: Ending; readonly afterMs: number } | undefined;
}

export function recordOf(round: Round): RoundRecord {
  const { id, zone, phase, openedAtMs, outOfEarshot } = round;
  const afterMs = (atMs: number): number => atMs - openedAtMs;
  const verdict = round.phase === "open" ? undefined : round.verdict;
  const grants = round.phase === "open" ? [] : round.grants;
  const firstAudioAtMs = round.phase === "open" || round.phase === "granted" ? undefined : round.firstAudioAtMs;
  return {
    round: id,
    zone,
    phase,
    openedAtMs,
    claims: [...round.entrants.values()].map(
      ({ relayId, connection, claim, arrivedAtMs, repeats, late, standing }) => ({
        relayId,
        connection,
        number: claim.number,
        model: claim.model,
        confidence: claim.confidence,
        evidence: claim.evidence,
        endedAfterMs: afterMs(claim.endedAtMs),
        arrivedAfterMs: afterMs(arrivedAtMs),
        repeats,
        late,
        seconded: claim.seconds !== undefined,
        standing,
      }),
    ),
    waitedFor: [...round.waits.values()].map(({ relayId, because, ask, outcome, sinceMs, outcomeAtMs }) => ({
      relayId,
      because,
      asked: ask !== undefined,
      outcome,
      waitedMs: outcomeAtMs === undefined ? undefined : outcomeAtMs - sinceMs,
    })),
    outOfEarshot,
    verdict: verdict && { because: verdict.because, afterMs: afterMs(verdict.atMs), ranking: verdict.ranking },
    grants: grants.map(({ relayId, fence, because, atMs }) => ({ relayId, fence, because, afterMs: afterMs(atMs) })),
    firstAudioAfterMs: firstAudioAtMs === undefined ? undefined : afterMs(firstAudioAtMs),
    ended: round.phase === "over" ? { why: round.why, afterMs: afterMs(round.overAtMs) } : undefined,
  };
}
