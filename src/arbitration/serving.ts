/** A round from its verdict on: the winner, those who may still replace it, and the end of the command. */
import type { Claim } from "./claim.ts";
import { type Drop, type Effect, type Ending, LOG_LINE, type Loss, type Winner } from "./effects.ts";
import { ANSWER_MS, SILENCE_MS, STALL_MS } from "./limits.ts";
import type { Relay } from "./relay.ts";
import {
  alsoNumbered,
  claimedAgain,
  contending,
  type Entrant,
  entering,
  enteringAnew,
  entrantOf,
  type Grant,
  type GrantedRound,
  hasClaimed,
  type LiveRound,
  newestGrant,
  type OpenRound,
  type OverRound,
  type Round,
  type ServingRound,
  type Standing,
  type Step,
  type Surroundings,
  type Verdict,
  withEntrant,
} from "./round.ts";
import { ranked } from "./verdict.ts";

/** The verdict of a round in which somebody contends and nobody is waited for any more. */
export function decided(round: OpenRound, at: Surroundings): Step {
  const ranking = ranked(contending(round), at.relays, at.policy);
  const unanswered = [...round.waits.values()].some(({ outcome }) => outcome === "no_answer");
  const because = unanswered ? "time" : round.waits.size === 0 ? "alone" : "all_spoke";
  return granted(round, { atMs: at.nowMs, because, ranking }, [], ranking[0]?.relayId, at);
}

/** Gives the round to the next who contends, or ends it when there is none. */
function replaced(round: GrantedRound, standing: Standing, why: Ending, at: Surroundings): Step {
  const { relayId, connection } = newestGrant(round);
  const winner = entrantOf(round, relayId, connection);
  const without = winner === undefined ? round : withEntrant(round, { ...winner, standing });
  const next = ranked(contending(without), at.relays, at.policy)[0]?.relayId;
  const step: Step =
    next === undefined ? over(without, why, false, at) : granted(without, round.verdict, round.grants, next, at);
  if (standing !== "silent" || winner === undefined) return step;
  return { round: step.round, effects: [...step.effects, ...cancelling(step.round, winner, "silent", at)] };
}

function granted(
  round: OpenRound | GrantedRound,
  verdict: Verdict,
  earlier: readonly Grant[],
  relayId: string | undefined,
  at: Surroundings,
): Step {
  const entrant = relayId === undefined ? undefined : round.entrants.get(relayId);
  if (entrant === undefined) return { round, effects: [] };
  const { connection } = entrant;
  const grant: Grant = {
    relayId: entrant.relayId,
    connection,
    fence: at.nextFence,
    atMs: at.nowMs,
    because: earlier.length === 0 ? "best" : "runner_up",
  };
  const next: GrantedRound = {
    ...withEntrant(round, { ...entrant, standing: "granted" }),
    phase: "granted",
    verdict,
    grants: [...earlier, grant],
    untilMs: at.nowMs + SILENCE_MS,
    overdue: false,
  };
  const fields = {
    relay: grant.relayId,
    round: round.id,
    fence: grant.fence,
    contenders: contending(next).length + 1,
    because: grant.because === "best" ? verdict.because : grant.because,
    afterMs: at.nowMs - round.openedAtMs,
  };
  const effects: Effect[] = [granting(next, entrant), { type: "log", line: LOG_LINE.completed, fields }];
  if (!entrant.whole) return { round: next, effects };
  const step = heardFrom(next, true, at);
  return { round: step.round, effects: [...effects, ...step.effects] };
}

/** A claim of an utterance that was decided. */
export function enteredLate(
  round: GrantedRound | ServingRound | OverRound,
  relay: Relay,
  claim: Claim,
  at: Surroundings,
): Step {
  const { id } = relay.facts;
  const before = entrantOf(round, id, relay.connection);
  if (before !== undefined) {
    if (hasClaimed(round, id, relay.connection, claim.number)) {
      const repeated = withEntrant(round, { ...before, repeats: before.repeats + 1 });
      return answeredAgain(repeated, before, claim.number, at);
    }
    if (before.standing === "contending") {
      return answeredAgain(withEntrant(round, claimedAgain(before, claim)), before, claim.number, at);
    }
    // It was compared by what it had claimed then, and that is what there is to be explained.
    if (before.standing === "lost" || (before.standing === "granted" && round.phase !== "over")) {
      return answeredAgain(withEntrant(round, alsoNumbered(before, claim.number)), before, claim.number, at);
    }
  }
  const standing = round.phase === "granted" ? "contending" : "too_late";
  const entrant =
    before === undefined
      ? entering(relay, claim, at.nowMs, true, standing)
      : enteringAnew(before, claim, at.nowMs, standing);
  const next = withEntrant(round, entrant);
  if (next.phase !== "granted") return { round: next, effects: cancelling(next, entrant, "too_late", at) };
  return next.overdue ? replaced(next, "silent", "silent", at) : { round: next, effects: [] };
}

/** Answers one claim, whose answer may have been lost. One that still contends is answered when the winner is heard. */
function answeredAgain<R extends GrantedRound | ServingRound | OverRound>(
  round: R,
  { standing, ...entrant }: Entrant,
  number: number,
  at: Surroundings,
): Step {
  const only = { ...entrant, standing, numbers: [number] };
  if (!entrant.lostNumbers.includes(number)) {
    if (standing === "contending") return { round, effects: [] };
    if (standing === "granted" && round.phase !== "over") return { round, effects: [granting(round, only)] };
  }
  const why = standing === "lost" || standing === "silent" || standing === "reset" ? standing : "too_late";
  return { round, effects: cancelling(round, only, why, at) };
}

/** Audio for one of the entrant's claims. */
export function audioCame(
  round: LiveRound,
  entrant: Entrant,
  claim: number,
  fence: number | undefined,
  last: boolean,
  at: Surroundings,
): Step {
  const { relayId, connection, standing } = entrant;
  const dropped = (why: Drop): Step => ({ round, effects: [{ type: "drop", relayId, connection, why }] });
  if (!entrant.numbers.includes(claim)) return dropped("lost");
  if (standing === "contending") {
    if (fence !== undefined) return dropped("old_fence");
    const held: Effect = { type: "hold", relayId, connection, round: round.id };
    const next = last && !entrant.whole ? withEntrant(round, { ...entrant, whole: true }) : round;
    return { round: next, effects: [held] };
  }
  if (standing !== "granted" || round.phase === "open") return dropped("lost");
  if (fence !== undefined && fence !== newestGrant(round).fence) return dropped("old_fence");
  if (round.phase === "granted") return heardFrom(round, last, at);
  const whole = round.whole || last;
  const accepted: Effect = {
    type: "accept",
    relayId,
    connection,
    round: round.id,
    fence: newestGrant(round).fence,
    first: false,
  };
  return { round: { ...round, whole, untilMs: at.nowMs + (whole ? ANSWER_MS : STALL_MS) }, effects: [accepted] };
}

/** The winner's first audio: from here on nobody replaces it, and the others are told. */
function heardFrom(round: GrantedRound, whole: boolean, at: Surroundings): Step<ServingRound> {
  const { relayId, connection, fence } = newestGrant(round);
  const losers = contending(round);
  const entrants = new Map(round.entrants);
  for (const loser of losers) entrants.set(loser.relayId, { ...loser, standing: lossOf(loser) });
  const { id, zone, openedAtMs, boundMs, span, beganAtMs, waits, outOfEarshot, verdict, grants } = round;
  const next: ServingRound = {
    ...{ id, zone, openedAtMs, boundMs, span, beganAtMs, entrants, waits, outOfEarshot, verdict, grants },
    phase: "serving",
    firstAudioAtMs: at.nowMs,
    untilMs: at.nowMs + (whole ? ANSWER_MS : STALL_MS),
    whole,
  };
  return {
    round: next,
    effects: [
      { type: "accept", relayId, connection, round: id, fence, first: true },
      ...losers.flatMap((loser) => cancelling(next, loser, lossOf(loser), at)),
    ],
  };
}

/** Its command is over, or it says that it cannot serve. */
export function finished(round: GrantedRound | ServingRound, at: Surroundings): Step {
  return round.phase === "granted" ? replaced(round, "gave_up", "finished", at) : over(round, "finished", true, at);
}

/** Its relay was given a newer round. */
export function superseded(round: GrantedRound | ServingRound, at: Surroundings): Step {
  return round.phase === "granted" ? replaced(round, "gave_up", "superseded", at) : over(round, "superseded", true, at);
}

/** A connection is gone, and with it what was claimed on it. */
export function departed(round: GrantedRound | ServingRound, relay: Relay, at: Surroundings): Step {
  const entrant = entrantOf(round, relay.facts.id, relay.connection);
  if (entrant?.standing === "granted") {
    return round.phase === "granted" ? replaced(round, "left", "left", at) : over(round, "left", true, at);
  }
  if (entrant?.standing !== "contending") return { round, effects: [] };
  return { round: withEntrant(round, { ...entrant, standing: "left" }), effects: [] };
}

/** The time of a winner is over. */
export function elapsed(round: GrantedRound | ServingRound, at: Surroundings): Step {
  if (round.phase === "serving") return over(round, round.whole ? "finished" : "stalled", true, at);
  if (round.overdue || contending(round).length > 0) return replaced(round, "silent", "silent", at);
  return { round: { ...round, overdue: true, untilMs: newestGrant(round).atMs + STALL_MS }, effects: [] };
}

/** Somebody ended everything: whoever was not told is told now. */
export function reset(round: LiveRound, at: Surroundings): Step {
  const ended = over(round, "reset", true, at);
  const entrants = new Map(round.entrants);
  const told: Effect[] = [];
  for (const entrant of round.entrants.values()) {
    if (entrant.standing !== "contending" && entrant.standing !== "granted") continue;
    entrants.set(entrant.relayId, { ...entrant, standing: "reset" });
    told.push(...cancelling(ended.round, entrant, "reset", at));
  }
  return { round: { ...ended.round, entrants }, effects: [...ended.effects, ...told] };
}

function over(round: LiveRound, why: Ending, settled: boolean, at: Surroundings): Step<OverRound> {
  const { id, zone, openedAtMs, boundMs, span, beganAtMs, entrants, waits, outOfEarshot } = round;
  const next: OverRound = {
    ...{ id, zone, openedAtMs, boundMs, span, beganAtMs, entrants, waits, outOfEarshot },
    phase: "over",
    verdict: round.phase === "open" ? undefined : round.verdict,
    grants: round.phase === "open" ? [] : round.grants,
    firstAudioAtMs: round.phase === "serving" ? round.firstAudioAtMs : undefined,
    overAtMs: at.nowMs,
    why,
    settled,
  };
  if (round.phase === "open") return { round: next, effects: [] };
  const { relayId, connection, fence } = newestGrant(round);
  return { round: next, effects: [{ type: "over", relayId, connection, round: id, fence, why }] };
}

function lossOf({ late }: Entrant): "lost" | "too_late" {
  return late ? "too_late" : "lost";
}

function granting(round: GrantedRound | ServingRound, { relayId, connection, numbers, claim }: Entrant): Effect {
  const { fence } = newestGrant(round);
  return { type: "grant", relayId, connection, claims: numbers, speaks: claim.number, round: round.id, fence };
}

function cancelling(round: Round, entrant: Entrant, why: Loss, { relays }: Surroundings): Effect[] {
  const { relayId, connection, numbers } = entrant;
  const grant = round.phase === "open" ? undefined : round.grants.at(-1);
  const winner: Winner | undefined =
    grant === undefined || (grant.relayId === relayId && grant.connection === connection)
      ? undefined
      : { relayId: grant.relayId, room: relays.get(grant.relayId)?.facts.room };
  const fields = { relay: relayId, round: round.id, winner: winner?.relayId, why };
  return [
    { type: "cancel", relayId, connection, claims: numbers, round: round.id, why, winner },
    { type: "log", line: LOG_LINE.cancelled, fields },
  ];
}
