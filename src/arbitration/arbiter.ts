/** Everything that the hub decides about who may answer: a state machine without a clock, a timer or a socket. */
import { type Claim, dated, isOneUtterance, spanOf } from "./claim.ts";
import type { Effect } from "./effects.ts";
import type { ArbitrationEvent, Sender } from "./events.ts";
import {
  answered,
  compareDistance,
  departedWhileOpen,
  elapsedWhileOpen,
  entered,
  listenedTo,
  merged,
  opened,
  refused,
} from "./gathering.ts";
import {
  type ArbitrationSettings,
  DEFAULT_SETTINGS,
  HOLD_OFF_MS,
  LONGEST_WORD_MS,
  OLDEST_AFTERWARDS_MS,
} from "./limits.ts";
import type { Policy } from "./policy.ts";
import { heard, isTooQuiet, joined, measured, type Relay, type RelayFacts } from "./relay.ts";
import { RelayTable } from "./relay-table.ts";
import {
  deadlineMs,
  entrantOf,
  hasClaimed,
  type LiveRound,
  newestGrant,
  type OverRound,
  type Round,
  type Step,
  type Surroundings,
} from "./round.ts";
import { type RoundRecord, recordOf } from "./round-record.ts";
import { audioCame, departed, elapsed, enteredLate, finished, reset, superseded } from "./serving.ts";
import { statusOf } from "./status.ts";

/** How many rounds are kept to be explained after the last claim for them could have come. */
const KEPT_RECORDS = 50;
/** So long after its words, no claim that is not stale can belong to a round. */
const REMEMBERED_MS = OLDEST_AFTERWARDS_MS + 2 * LONGEST_WORD_MS + HOLD_OFF_MS;

export interface ArbiterOptions {
  readonly policy: Policy;
  readonly settings?: ArbitrationSettings;
  /** The fence of the first grant. A hub that starts again hands in one above all it gave before. */
  readonly firstFence?: number;
}

/**
 * Hand in events with the time, ms on one clock that never goes back, and do what comes out. Wake it with `tick` at
 * {@link Arbiter.wakeAtMs}.
 *
 * ```ts
 * const arbiter = new Arbiter({ policy });
 * for (const effect of arbiter.step({ type: "tick" }, clock.nowMs())) send(effect);
 * ```
 */
export class Arbiter {
  #policy: Policy;
  #settings: ArbitrationSettings;
  #nextFence: number;
  #nextRound = 1;
  #nowMs = Number.NEGATIVE_INFINITY;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  readonly #relays = new RelayTable();
  readonly #live = new Map<number, LiveRound>();
  /** Claims may still come for them. */
  readonly #over = new Map<number, OverRound>();
  readonly #past: RoundRecord[] = [];
  #generation = 0;

  constructor({ policy, settings = DEFAULT_SETTINGS, firstFence = 1 }: ArbiterOptions) {
    this.#policy = policy;
    this.#settings = settings;
    this.#nextFence = firstFence;
  }

  /** When it wants a `tick` if nothing else comes, ms; infinite when never. */
  get wakeAtMs(): number {
    return this.#wakeAtMs;
  }

  /**
   * Rises with every change of a round, of who is connected, of a relay's status. What a relay hears is no such change, nor
   * that a winner goes on being heard.
   */
  get generation(): number {
    return this.#generation;
  }

  get relays(): ReadonlyMap<string, Relay> {
    return this.#relays.byId;
  }

  /** Rounds that are not over, the oldest first. */
  get rounds(): readonly LiveRound[] {
    return [...this.#live.values()];
  }

  /** The round that began last, if a claim for it may still come. */
  get newest(): Round | undefined {
    let newest: Round | undefined;
    for (const rounds of [this.#over, this.#live]) {
      for (const round of rounds.values()) if (newest === undefined || round.id > newest.id) newest = round;
    }
    return newest;
  }

  /** Rounds that are over, then those that are not; of both the newest last. */
  records(): readonly RoundRecord[] {
    return [...this.#past, ...[...this.#over.values(), ...this.#live.values()].map(recordOf)];
  }

  /** For rounds that open, and verdicts that are given, from now on. Nobody who is connected is sent away. */
  configure({ policy, settings }: { readonly policy: Policy; readonly settings: ArbitrationSettings }): void {
    this.#policy = policy;
    this.#settings = settings;
  }

  /** Takes the next event, after everything that was due before it. */
  step(event: ArbitrationEvent, nowMs: number): readonly Effect[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const due = this.#elapse();
    const effects = this.#take(event);
    return due.length === 0 ? effects : [...due, ...effects];
  }

  #take(event: ArbitrationEvent): readonly Effect[] {
    switch (event.type) {
      case "tick":
        return [];
      case "joined":
        return this.#join(event.facts, event.connection);
      case "reset":
        return this.#each((round) =>
          event.zone === undefined || event.zone === round.zone ? reset(round, this.#at()) : undefined,
        );
      case "audio":
        return this.#hear(event);
      default: {
        const relay = this.#sender(event);
        return relay === undefined ? [] : this.#listen(relay, event);
      }
    }
  }

  #listen(
    relay: Relay,
    event: Exclude<ArbitrationEvent, { readonly type: "tick" | "joined" | "reset" | "audio" }>,
  ): readonly Effect[] {
    switch (event.type) {
      case "left":
        return this.#leave(relay);
      case "delay":
        this.#relays.put(measured(relay, event.delayMs));
        return [];
      case "onset":
        return this.#notice(heard(relay, true, this.#nowMs));
      case "beat":
        return this.#notice(heard(relay, event.hears, this.#nowMs, event.lateMs));
      case "claim":
        return this.#claim(relay, event.claim);
      case "pass":
      case "pending":
        return this.#each((round) =>
          round.phase === "open" ? answered(round, relay, event.ask, event.type, this.#at()) : undefined,
        );
      case "finished":
        return this.#each((round) => {
          if (round.phase === "open") return undefined;
          const grant = newestGrant(round);
          return isSame(grant, event) && grant.fence === event.fence ? finished(round, this.#at()) : undefined;
        });
    }
  }

  #join(facts: RelayFacts, connection: number): readonly Effect[] {
    const { id, local } = facts;
    const known = this.#relays.byId.get(id);
    if (known !== undefined && known.connection > connection) return [{ type: "displace", relayId: id, connection }];
    this.#generation++;
    if (known?.connection === connection) {
      this.#relays.put({ ...known, facts: { ...facts, local: known.facts.local } });
      return [];
    }
    const limit = this.#settings.maxRelays;
    const oneMore = !local && (known === undefined || known.facts.local);
    if (oneMore && this.#relays.remote >= limit) {
      return [{ type: "refuse", relayId: id, connection, why: "too_many_relays", limit }];
    }
    const effects: Effect[] = [];
    if (known !== undefined) {
      effects.push({ type: "displace", relayId: id, connection: known.connection }, ...this.#leave(known));
    }
    this.#relays.put(joined(facts, connection, this.#nowMs));
    return effects;
  }

  #leave(relay: Relay): readonly Effect[] {
    this.#generation++;
    this.#relays.remove(relay.facts.id);
    return this.#each((round) =>
      round.phase === "open" ? departedWhileOpen(round, relay, this.#at()) : departed(round, relay, this.#at()),
    );
  }

  #notice(relay: Relay): readonly Effect[] {
    this.#relays.put(relay);
    return this.#each((round) =>
      round.phase === "open" && round.zone === relay.facts.zone ? listenedTo(round, relay, this.#at()) : undefined,
    );
  }

  #hear(event: Extract<ArbitrationEvent, { readonly type: "audio" }>): readonly Effect[] {
    const { relayId, connection } = event;
    const relay = this.#sender(event);
    const round = relay && this.#claimedIn(relay, event.claim);
    const entrant = round && entrantOf(round, relayId, connection);
    if (round !== undefined && entrant !== undefined && round.phase !== "over") {
      return this.#do(audioCame(round, entrant, event.claim, event.fence, event.last, this.#at()));
    }
    const why = relay === undefined ? "not_connected" : round === undefined ? "no_claim" : "over";
    return [{ type: "drop", relayId, connection, why }];
  }

  #claim(relay: Relay, claim: Claim): readonly Effect[] {
    this.#forget();
    const known = this.#claimedIn(relay, claim.number);
    if (known !== undefined && known.phase !== "open") return this.#do(enteredLate(known, relay, claim, this.#at()));
    const dating = dated(claim, this.#nowMs);
    if (dating.kind === "stale") return known === undefined ? this.#reject(relay, claim, "stale") : [];
    if (isTooQuiet(relay.facts, dating.claim)) {
      return known === undefined ? this.#reject(relay, claim, "too_quiet") : [];
    }
    if (dating.claim.seconds !== undefined) return this.#second(relay, dating.claim, dating.claim.seconds);
    return this.#enter(relay, dating.claim);
  }

  /** Only the round that asked takes it; where nobody was heard in that, it is a claim like others: somebody was sure. */
  #second(relay: Relay, claim: Claim, ask: number): readonly Effect[] {
    for (const rounds of [this.#live, this.#over]) {
      for (const round of rounds.values()) {
        const wait = round.waits.get(relay.facts.id);
        if (wait === undefined || wait.ask !== ask || wait.connection !== relay.connection) continue;
        if (round.phase === "open") return this.#do(entered(round, relay, claim, this.#at()));
        if (round.phase === "over" && !round.settled) return this.#enter(relay, claim);
        return this.#do(enteredLate(round, relay, claim, this.#at()));
      }
    }
    return this.#reject(relay, claim, "stale");
  }

  /** No claim, but an answer all the same. */
  #reject(relay: Relay, { number }: Claim, why: "stale" | "too_quiet"): readonly Effect[] {
    const { id, zone } = relay.facts;
    const rejected: Effect = { type: "reject", relayId: id, connection: relay.connection, claim: number, why };
    const effects = this.#each((round) =>
      why === "too_quiet" && round.phase === "open" && round.zone === zone
        ? refused(round, relay, this.#at())
        : undefined,
    );
    return [rejected, ...effects];
  }

  /** The round that is nearest takes it. Where a claim shows that open rounds are about one utterance, they become one. */
  #enter(relay: Relay, claim: Claim): readonly Effect[] {
    const { zone } = relay.facts;
    const span = spanOf(claim);
    const near: Round[] = [...this.#over.values(), ...this.#live.values()]
      .filter((round) => round.zone === zone && (round.phase !== "over" || round.settled))
      .filter((round) => isOneUtterance(span, round.span) && !isNextCommand(round, relay, claim))
      .sort((a, b) => compareDistance(claim, a, b));
    const [nearest] = near;
    if (nearest === undefined) {
      const others = this.#relays.inZone(zone).values();
      return this.#do(opened(this.#nextRound++, relay, claim, others, this.#at()));
    }
    if (nearest.phase !== "open") return this.#do(enteredLate(nearest, relay, claim, this.#at()));
    const open = near.filter((round) => round.phase === "open");
    const step = entered(open.reduce(merged), relay, claim, this.#at());
    for (const { id } of open) if (id !== step.round.id) this.#live.delete(id);
    return this.#do(step);
  }

  #elapse(): readonly Effect[] {
    const effects: Effect[] = [];
    while (this.#wakeAtMs <= this.#nowMs) {
      const [due] = this.rounds.toSorted((a, b) => deadlineMs(a) - deadlineMs(b) || a.id - b.id);
      if (due === undefined) break;
      effects.push(...this.#do(due.phase === "open" ? elapsedWhileOpen(due, this.#at()) : elapsed(due, this.#at())));
    }
    return effects;
  }

  /** Offers each live round a step. */
  #each(stepOf: (round: LiveRound) => Step | undefined): readonly Effect[] {
    const effects: Effect[] = [];
    for (const id of [...this.#live.keys()]) {
      const round = this.#live.get(id);
      const step = round && stepOf(round);
      if (step !== undefined) effects.push(...this.#do(step));
    }
    return effects;
  }

  #do({ round, effects }: Step): readonly Effect[] {
    const before = this.#live.get(round.id);
    if (before === round) return effects;
    if (!isProlonged(before, round)) this.#generation++;
    if (round.phase === "over") {
      this.#live.delete(round.id);
      this.#over.set(round.id, round);
    } else {
      this.#live.set(round.id, round);
    }
    const superseding = this.#supersede(round);
    this.#wakeAtMs = Math.min(Number.POSITIVE_INFINITY, ...[...this.#live.values()].map(deadlineMs));
    return [...effects, ...superseding, ...this.#restate(round)];
  }

  /** A relay has one microphone: with a new grant, what it was granted before is over. */
  #supersede(round: Round): readonly Effect[] {
    if (round.phase !== "granted" && round.phase !== "serving") return [];
    const grant = newestGrant(round);
    if (grant.fence !== this.#nextFence) return [];
    this.#nextFence++;
    return this.#each((other) =>
      other.id !== round.id && other.phase !== "open" && isSame(newestGrant(other), grant)
        ? superseded(other, this.#at())
        : undefined,
    );
  }

  #restate(round: Round): readonly Effect[] {
    const effects: Effect[] = [];
    for (const { relayId, connection } of round.entrants.values()) {
      const relay = this.#relays.byId.get(relayId);
      if (relay?.connection !== connection) continue;
      const status = statusOf(relay, this.#live.values());
      if (status === relay.status) continue;
      this.#relays.put({ ...relay, status });
      effects.push({ type: "status", relayId, status });
    }
    return effects;
  }

  #forget(): void {
    for (const round of this.#over.values()) {
      if (round.span.endMs + REMEMBERED_MS >= this.#nowMs) continue;
      this.#over.delete(round.id);
      this.#past.push(recordOf(round));
      if (this.#past.length > KEPT_RECORDS) this.#past.shift();
    }
  }

  /** The round in which this connection has made this claim. */
  #claimedIn({ facts, connection }: Relay, claim: number): Round | undefined {
    for (const rounds of [this.#live, this.#over]) {
      for (const round of rounds.values()) {
        if (hasClaimed(round, facts.id, connection, claim)) return round;
      }
    }
    return undefined;
  }

  #sender({ relayId, connection }: Sender): Relay | undefined {
    const relay = this.#relays.byId.get(relayId);
    return relay?.connection === connection ? relay : undefined;
  }

  #at(): Surroundings {
    return {
      nowMs: this.#nowMs,
      settings: this.#settings,
      policy: this.#policy,
      relays: this.#relays.byId,
      nextFence: this.#nextFence,
    };
  }
}

/** Who recorded one whole command after the other said two things, however near to each other their words may seem. */
function isNextCommand(round: Round, { facts, connection }: Relay, { afterwards }: Claim): boolean {
  return afterwards !== undefined && entrantOf(round, facts.id, connection)?.claim.afterwards !== undefined;
}

/** Whether nothing but the time has moved until which its winner is waited for: with every piece of sound. */
function isProlonged(before: Round | undefined, after: Round): boolean {
  if (before?.phase !== "serving" || after.phase !== "serving") return false;
  const { untilMs: _, ...was } = before;
  return Object.entries(was).every(([key, value]) => Object.is(value, after[key as keyof typeof was]));
}

function isSame(a: Sender, b: Sender): boolean {
  return a.relayId === b.relayId && a.connection === b.connection;
}
