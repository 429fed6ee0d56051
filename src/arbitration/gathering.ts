/** A round before its verdict: who claims, who is waited for, when it may close. Every function gives the next round. */
import { around, type Claim, compareClaims, gapMs, spanOf, wordMs } from "./claim.ts";
import { type Effect, LOG_LINE } from "./effects.ts";
import { earshot, patienceMs, type Relay } from "./relay.ts";
import {
  claimedAgain,
  contending,
  type Entrant,
  entering,
  entrantOf,
  isAwaited,
  type OpenRound,
  type Round,
  type Step,
  type Surroundings,
  type Wait,
  type WaitOutcome,
  withEntrant,
  withWait,
} from "./round.ts";
import { decided } from "./serving.ts";

/** A round that begins with this claim, and perhaps ends with it too. */
export function opened(id: number, relay: Relay, claim: Claim, others: Iterable<Relay>, at: Surroundings): Step {
  const { nowMs, settings } = at;
  const beganAtMs = Math.min(claim.endedAtMs, nowMs) - wordMs(claim);
  const waits = new Map<string, Wait>();
  const outOfEarshot: string[] = [];
  const asks: Effect[] = [];
  for (const other of others) {
    if (other.facts.id === relay.facts.id || isWaitedForInVain(other, claim)) continue;
    const because = earshot(other, beganAtMs);
    if (because === "out_of_earshot") {
      outOfEarshot.push(other.facts.id);
      continue;
    }
    const wait = waiting(id, other, because, nowMs, nowMs + settings.windowMs, at);
    waits.set(wait.relayId, wait);
    asks.push(...asking(wait, claim.model));
  }
  const round: OpenRound = {
    phase: "open",
    id,
    zone: relay.facts.zone,
    openedAtMs: nowMs,
    boundMs: nowMs + settings.windowMs,
    span: spanOf(claim),
    beganAtMs,
    entrants: new Map([[relay.facts.id, entering(relay, claim, nowMs, false, "contending")]]),
    waits,
    outOfEarshot,
  };
  const started: Effect = {
    type: "log",
    line: LOG_LINE.started,
    fields: {
      relay: relay.facts.id,
      round: id,
      zone: round.zone,
      model: claim.model,
      confidence: claim.confidence,
      waitingFor: waits.size,
      windowMs: settings.windowMs,
    },
  };
  return after([started, ...asks], closedIfDone(round, at));
}

/** A claim before the verdict; repeated ones too. */
export function entered(round: OpenRound, relay: Relay, claim: Claim, at: Surroundings): Step {
  const before = entrantOf(round, relay.facts.id, relay.connection);
  const entrant =
    before === undefined ? entering(relay, claim, at.nowMs, false, "contending") : claimedAgain(before, claim);
  // Who was asked about a word does not say when it was: the relay that was sure does.
  const span = claim.seconds === undefined ? around(round.span, spanOf(claim)) : round.span;
  const grown: OpenRound = { ...withEntrant(round, entrant), span };
  const step = closedIfDone(concluded(grown, relay.facts.id, "claimed", at.nowMs), at);
  if (before !== undefined) return step;
  const fields = {
    relay: relay.facts.id,
    round: round.id,
    model: claim.model,
    confidence: claim.confidence,
    contenders: contending(grown).length,
    afterMs: at.nowMs - round.openedAtMs,
    ...(claim.seconds !== undefined && { seconded: true }),
  };
  return after([{ type: "log", line: LOG_LINE.joined, fields }], step);
}

/** An answer to the ask with that number; answers to other asks are about other words. */
export function answered(
  round: OpenRound,
  relay: Relay,
  ask: number,
  answer: "pass" | "pending",
  at: Surroundings,
): Step {
  const wait = round.waits.get(relay.facts.id);
  if (wait === undefined || !isAwaited(wait) || wait.ask !== ask || wait.connection !== relay.connection) {
    return { round, effects: [] };
  }
  if (answer === "pass") return closedIfDone(concluded(round, wait.relayId, "passed", at.nowMs), at);
  // Said with every look, by those who look often: nothing is new in that.
  if (wait.outcome === "pending") return { round, effects: [] };
  return { round: withWait(round, { ...wait, outcome: "pending", untilMs: round.boundMs }), effects: [] };
}

/** A relay has said what it hears now: who hears something is waited for, who hears nothing no longer. */
export function listenedTo(round: OpenRound, relay: Relay, at: Surroundings): Step {
  const relayId = relay.facts.id;
  if (entrantOf(round, relayId, relay.connection) !== undefined) return { round, effects: [] };
  const wait = round.waits.get(relayId);
  const now = earshot(relay, round.beganAtMs);
  if (wait === undefined || wait.connection !== relay.connection) {
    if (relay.hearing.kind !== "hears") return { round, effects: [] };
    const asked = waiting(round.id, relay, "hears", at.nowMs, round.boundMs, at);
    return { round: withWait(round, asked), effects: asking(asked, modelOf(round)) };
  }
  const ruledOut = now === "out_of_earshot" && wait.outcome === "waiting" && wait.because !== "hears";
  return ruledOut ? closedIfDone(concluded(round, relayId, "out_of_earshot", at.nowMs), at) : { round, effects: [] };
}

/** A claim of this relay was refused: it has spoken all the same. */
export function refused(round: OpenRound, relay: Relay, at: Surroundings): Step {
  return closedIfDone(concluded(round, relay.facts.id, "passed", at.nowMs), at);
}

/** A connection is gone, and with it what was claimed on it. */
export function departedWhileOpen(round: OpenRound, relay: Relay, at: Surroundings): Step {
  const { id } = relay.facts;
  const entrant = entrantOf(round, id, relay.connection);
  const without = entrant === undefined ? round : withEntrant(round, { ...entrant, standing: "left" });
  return closedIfDone(concluded(without, id, "left", at.nowMs), at);
}

/** Gives up waiting for those whose time is over. */
export function elapsedWhileOpen(round: OpenRound, at: Surroundings): Step {
  const waits = new Map(round.waits);
  for (const wait of round.waits.values()) {
    if (!isAwaited(wait) || wait.untilMs > at.nowMs) continue;
    waits.set(wait.relayId, { ...wait, outcome: "no_answer", outcomeAtMs: at.nowMs });
  }
  return closedIfDone({ ...round, waits }, at);
}

/** One round of two whose words turned out to be one utterance. */
export function merged(a: OpenRound, b: OpenRound): OpenRound {
  const [older, newer] = a.id < b.id ? [a, b] : [b, a];
  const entrants = new Map(older.entrants);
  for (const entrant of newer.entrants.values()) {
    const other = entrants.get(entrant.relayId);
    entrants.set(entrant.relayId, other === undefined ? entrant : oneOf(other, entrant));
  }
  const boundMs = Math.min(older.boundMs, newer.boundMs);
  const waits = new Map<string, Wait>();
  for (const wait of [...older.waits.values(), ...newer.waits.values()]) {
    const other = waits.get(wait.relayId);
    const kept = other !== undefined && isAwaited(other) ? other : wait;
    const entrant = entrants.get(kept.relayId);
    const claimed = isAwaited(kept) && entrant?.standing === "contending";
    const untilMs = Math.min(kept.untilMs, boundMs);
    waits.set(kept.relayId, claimed ? { ...kept, untilMs, outcome: "claimed" } : { ...kept, untilMs });
  }
  return {
    ...older,
    boundMs,
    span: around(older.span, newer.span),
    beganAtMs: Math.min(older.beganAtMs, newer.beganAtMs),
    entrants,
    waits,
    outOfEarshot: older.outOfEarshot.filter((id) => newer.outOfEarshot.includes(id)),
  };
}

/** How far a claim is from a round: nearer rounds are less. */
export function compareDistance(claim: Claim, a: Round, b: Round): number {
  const span = spanOf(claim);
  return (
    gapMs(span, a.span) - gapMs(span, b.span) ||
    Math.abs(claim.endedAtMs - a.span.endMs) - Math.abs(claim.endedAtMs - b.span.endMs) ||
    a.id - b.id
  );
}

/**
 * Whoever can say nothing, and claims seconds after those who hear a word as it is said: their claims do not come within one
 * window.
 */
function isWaitedForInVain({ facts: { can } }: Relay, { afterwards }: Claim): boolean {
  if (can.onset || can.onlyAfterwards === undefined) return false;
  return can.onlyAfterwards !== (afterwards !== undefined);
}

function oneOf(a: Entrant, b: Entrant): Entrant {
  if (a.connection !== b.connection) return a.connection > b.connection ? a : b;
  if (a.standing !== b.standing) return a.standing === "contending" ? a : b;
  return {
    ...a,
    claim: compareClaims(a.claim, b.claim) <= 0 ? a.claim : b.claim,
    numbers: [...new Set([...a.numbers, ...b.numbers])],
    repeats: a.repeats + b.repeats,
    arrivedAtMs: Math.min(a.arrivedAtMs, b.arrivedAtMs),
    whole: a.whole || b.whole,
  };
}

function waiting(
  ask: number,
  relay: Relay,
  because: Wait["because"],
  nowMs: number,
  boundMs: number,
  { settings }: Surroundings,
): Wait {
  return {
    relayId: relay.facts.id,
    connection: relay.connection,
    because,
    ask: relay.facts.can.ask ? ask : undefined,
    sinceMs: nowMs,
    untilMs: Math.min(boundMs, nowMs + patienceMs(relay, settings.windowMs)),
    outcome: "waiting",
    outcomeAtMs: undefined,
  };
}

function asking({ relayId, connection, ask, untilMs }: Wait, model: string): Effect[] {
  return ask === undefined ? [] : [{ type: "ask", relayId, connection, ask, untilMs, model }];
}

/** Which word it is about: that of the first claim. */
function modelOf({ entrants }: OpenRound): string {
  const [first] = entrants.values();
  return first?.claim.model ?? "";
}

function concluded(round: OpenRound, relayId: string, outcome: WaitOutcome, nowMs: number): OpenRound {
  const wait = round.waits.get(relayId);
  if (wait === undefined || !isAwaited(wait)) return round;
  return withWait(round, { ...wait, outcome, outcomeAtMs: nowMs });
}

function closedIfDone(round: OpenRound, at: Surroundings): Step {
  if (contending(round).length === 0) {
    const over = { phase: "over", verdict: undefined, grants: [], firstAudioAtMs: undefined } as const;
    return { round: { ...round, ...over, overAtMs: at.nowMs, why: "abandoned", settled: false }, effects: [] };
  }
  for (const wait of round.waits.values()) if (isAwaited(wait)) return { round, effects: [] };
  return decided(round, at);
}

function after(effects: readonly Effect[], step: Step): Step {
  return { round: step.round, effects: [...effects, ...step.effects] };
}
