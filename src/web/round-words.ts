/** Rounds in plain words, for the page and for `earshot state`. Pure. */
import type { RoundView } from "./schemas/rounds.ts";

type Claim = RoundView["claims"][number];
type Wait = RoundView["waitedFor"][number];

/** What a round came to: whose word it was, and `kitchen answered, 12 ms after the first of 3 claims`. */
export interface RoundSentence {
  /** The model; null where nobody claims any more. */
  readonly model: string | null;
  readonly outcome: string;
}

export function describeRound(round: RoundView): RoundSentence {
  const { phase, claims, grants, ended, firstAudioAfterMs } = round;
  const grant = grants.at(-1);
  const claim = claims.find(({ relayId }) => relayId === grant?.relayId) ?? claims[0];
  const model = claim?.model ?? null;
  if (grant === undefined) {
    const outcome =
      phase === "open" ? `not settled yet, ${counted(claims.length)}${waiting(round)}` : "nobody answered";
    return { model, outcome };
  }
  if (phase === "over" && firstAudioAfterMs === null) {
    return { model, outcome: `${grant.relayId} was to answer, but ${withoutSound(ended?.why)}` };
  }
  const verb = phase === "over" ? "answered" : "answers";
  const late = claims.filter(({ late, relayId }) => late && relayId !== grant.relayId).length;
  const tooLate = late === 0 ? "" : `; ${late} more came too late`;
  return { model, outcome: `${grant.relayId} ${verb}${delay(grant.afterMs, claims.length - late)}${tooLate}` };
}

/** Who is waited for at this moment. */
function waiting({ waitedFor }: RoundView): string {
  const awaited = waitedFor.filter(({ waitedMs }) => waitedMs === null).map(({ relayId }) => relayId);
  return awaited.length === 0 ? "" : `, waiting for ${awaited.join(" and ")}`;
}

function delay(afterMs: number, claims: number): string {
  const atOnce = afterMs < 1;
  if (claims < 2) return atOnce ? " at once" : `, ${shownMs(afterMs)} after its claim`;
  return atOnce
    ? ` at once, the first of ${claims} claims`
    : `, ${shownMs(afterMs)} after the first of ${claims} claims`;
}

function withoutSound(why: string | undefined): string {
  switch (why) {
    case "left":
      return "left";
    case "reset":
      return "everything was reset";
    case "superseded":
      return "took another word";
    case "finished":
      return "gave up";
    default:
      return "sent no sound";
  }
}

/** Why a round was settled when it was. */
export function describeVerdict(because: string): string {
  switch (because) {
    case "alone":
      return "Nobody else had heard anything.";
    case "all_spoke":
      return "Everybody who might have heard it had spoken.";
    default:
      return "The time was over before everybody had spoken.";
  }
}

/** Why a relay was waited for, and what came of it: `heard something, and claimed after 12 ms`. */
export function describeWait({ because, outcome, waitedMs }: Wait): string {
  return `${REASONS.get(because) ?? because}, and ${outcomeOf(outcome, shownMs(waitedMs ?? 0))}`;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ["hears", "heard something"],
  ["cannot_say", "cannot say whether it hears"],
  ["no_beat", "had not said whether it hears"],
  ["old_beat", "had not said lately whether it hears"],
]);

function outcomeOf(outcome: string, time: string): string {
  switch (outcome) {
    case "claimed":
      return `claimed after ${time}`;
    case "passed":
      return `said after ${time} that it was no wake word`;
    case "out_of_earshot":
      return `said after ${time} that it hears nothing`;
    case "no_answer":
      return `did not answer in ${time}`;
    case "left":
      return `left after ${time}`;
    case "pending":
      return "is not sure yet";
    default:
      return "is waited for";
  }
}

/** What became of a claim, in a word or two. */
export function describeStanding({ standing }: Claim, phase: RoundView["phase"]): string {
  switch (standing) {
    case "granted":
      return phase === "over" ? "answered" : "answers";
    case "contending":
      return "waits";
    case "too_late":
      return "too late";
    case "silent":
      return "sent no sound";
    case "gave_up":
      return "gave up";
    default:
      return standing;
  }
}

/** What a relay was in a round: `answered`, `lost to kitchen`, `heard nothing`; null where it was not there. */
export function describePart(
  relayId: string,
  { phase, claims, grants, waitedFor, outOfEarshot }: RoundView,
): string | null {
  const claim = claims.find((claim) => claim.relayId === relayId);
  if (claim !== undefined) {
    const standing = describeStanding(claim, phase);
    const winner = grants.at(-1)?.relayId;
    if (winner === undefined || winner === relayId) return standing;
    return claim.standing === "lost" ? `lost to ${winner}` : standing;
  }
  const outcome = waitedFor.find((wait) => wait.relayId === relayId)?.outcome;
  switch (outcome) {
    case undefined:
      return outOfEarshot.includes(relayId) ? "heard nothing" : null;
    case "passed":
      return "heard no wake word";
    case "out_of_earshot":
      return "heard nothing";
    case "no_answer":
      return "did not answer";
    case "left":
      return "left";
    default:
      return "was asked";
  }
}

/** `0.4 ms`, `12 ms`, `1.2 s`, with a space that does not break. */
export function shownMs(lengthMs: number): string {
  if (lengthMs >= 999.5) return `${(lengthMs / 1000).toFixed(1)}\u00a0s`;
  return `${lengthMs < 9.95 ? lengthMs.toFixed(1) : Math.round(lengthMs)}\u00a0ms`;
}

/** A length of time in its largest unit, rounded down: `7 s`, `12 min`, `5 h`, `2 days`. */
export function spokenDuration(lengthMs: number): string {
  const seconds = Math.max(0, Math.floor(lengthMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day" : `${days} days`;
}

function counted(claims: number): string {
  return claims === 1 ? "1 claim" : `${claims} claims`;
}
