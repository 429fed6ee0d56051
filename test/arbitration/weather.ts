// Plays a storm to an arbiter. It knows who said what and when, which the arbiter does not, and nothing of how that works.

import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Effect } from "../../src/arbitration/effects.ts";
import type { ArbitrationEvent } from "../../src/arbitration/events.ts";
import { Agenda, type Task } from "./agenda.ts";
import { evidence, facts, loudest } from "./small-house.ts";
import type { Aftermath, Hearing, RelayPlan, Spoken, Storm } from "./storm.ts";

const FIRST_WORD_MS = 2000;
const BEAT_MS = 250;
const CHUNK_MS = 100;
/** A relay that is told nothing gives up. */
const STREAMS_MS = 6000;
/** How long somebody goes on speaking to a relay that was granted. */
const COMMAND_MS = 1500;
/** Everything is over by then. */
const HORIZON_MS = 75_000;
/** So long after the last word, relays still beat. */
const BEATS_MS = 4000;
const MOST_LATE_MS = 2000;

/** Runs a storm to its end. */
export function weather(storm: Storm): Aftermath {
  return new Weather(storm).run();
}

class Weather {
  readonly #storm: Storm;
  readonly #arbiter = new Arbiter({ policy: loudest });
  readonly #agenda = new Agenda();
  readonly #claims: Spoken[] = [];
  readonly #acceptedOf: Set<string>[];
  readonly #superseded = new Set<string>();
  /** Which utterance it was, by the number of an ask. */
  readonly #askedAbout = new Map<number, number | undefined>();
  readonly #offences: string[] = [];
  /** The newest connection of each relay that has joined and not left. */
  readonly #connectionOf: (number | undefined)[] = [];
  readonly #told = new Map<string, (effect: Effect) => void>();
  readonly #grants = new Map<number, { readonly round: number; readonly by: string }>();
  /** The claims that were granted with each fence. */
  readonly #grantedClaims = new Map<number, readonly number[]>();
  /** Whose audio was accepted in each round. */
  readonly #acceptedIn = new Map<number, string>();
  readonly #newestFence = new Map<number, number>();
  readonly #ended = new Set<number>();
  #nowMs = 0;
  #connection = 0;
  #random: number;

  constructor(storm: Storm) {
    this.#storm = storm;
    this.#random = storm.salt | 0;
    this.#acceptedOf = storm.utterances.map(() => new Set());
  }

  run(): Aftermath {
    const { relays, utterances, wokenLateMs, resetAtMs } = this.#storm;
    let spokenMs = FIRST_WORD_MS;
    const endsMs = utterances.map(({ afterMs }) => {
      spokenMs += afterMs;
      return spokenMs;
    });
    const horizonMs = spokenMs + HORIZON_MS;
    for (const [relay, plan] of relays.entries()) {
      this.#agenda.add(0, () => this.#live(relay, 0, plan.restart?.atMs ?? horizonMs, endsMs, []));
    }
    if (resetAtMs !== undefined) this.#agenda.add(resetAtMs, () => this.#step({ type: "reset", zone: undefined }));
    for (;;) {
      const wakeMs = this.#arbiter.wakeAtMs + wokenLateMs;
      const nextMs = Math.min(this.#agenda.nextMs, wakeMs);
      if (nextMs > horizonMs) break;
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      if (wakeMs < this.#agenda.nextMs) this.#step({ type: "tick" });
      else this.#agenda.take()?.();
    }
    return {
      claims: this.#claims,
      acceptedOf: this.#acceptedOf,
      connected: new Set(this.#connectionOf.filter((connection) => connection !== undefined)),
      superseded: this.#superseded,
      records: this.#arbiter.records(),
      offences: this.#offences,
      openRounds: this.#arbiter.rounds.length,
      statuses: [...this.#arbiter.relays.values()].map(({ status }) => status),
    };
  }

  /** One connection of a relay, from its joining on. */
  #live(relay: number, fromMs: number, untilMs: number, endsMs: readonly number[], old: readonly Claimed[]): void {
    const plan = this.#planOf(relay);
    const connection = ++this.#connection;
    const relayId = `relay-${relay}`;
    this.#step({ type: "joined", facts: facts(relayId, { zone: plan.zone, can: plan.can }), connection });
    this.#connectionOf[relay] = connection;
    const sender = { relayId, connection };
    const lingersMs = plan.restart?.lingers === true ? 1500 : 0;
    const alive = (): boolean => this.#nowMs < untilMs + lingersMs;
    const up = (event: ArbitrationEvent): void => this.#up(plan, event);
    if (plan.delayKnown) up({ type: "delay", ...sender, delayMs: plan.lagMs });

    const heardMs = endsMs.flatMap((endMs, utterance) => {
      const hearing = this.#hearingOf(utterance, relay);
      return hearing?.hears ? [{ fromMs: endMs - hearing.wordMs + 50, untilMs: endMs + 100 }] : [];
    });
    if (plan.can.onset) {
      for (const { fromMs: onsetMs } of heardMs) {
        if (onsetMs >= fromMs) this.#agenda.add(onsetMs, () => alive() && up({ type: "onset", ...sender }));
      }
      const beat = (): void => {
        if (!alive() || this.#nowMs > (endsMs.at(-1) ?? 0) + BEATS_MS) return;
        const hears =
          plan.talkative || heardMs.some((span) => span.fromMs <= this.#nowMs && this.#nowMs <= span.untilMs);
        up({ type: "beat", ...sender, hears });
        this.#agenda.add(this.#nowMs + BEAT_MS, beat);
      };
      this.#agenda.add(this.#nowMs + ((relay * 37) % BEAT_MS), beat);
    }

    const claimed: Claimed[] = [];
    let number = Math.max(0, ...old.map((mine) => mine.number));
    for (const [utterance, endMs] of endsMs.entries()) {
      const hearing = this.#hearingOf(utterance, relay);
      if (hearing === undefined || !hearing.hears) continue;
      const noticedMs = endMs + hearing.noticesAfterMs;
      if (noticedMs < fromMs) continue;
      for (let model = 0; model < (hearing.twice ? 2 : 1); model++) {
        const mine = { utterance, endedAtMs: noticedMs + plan.clockOffMs, number: ++number, model: `word-${model}` };
        this.#agenda.add(noticedMs + 10 * model, () => {
          if (!alive()) return;
          claimed.push(mine);
          this.#claim(relay, connection, hearing, mine, model === 0, alive);
        });
      }
    }
    for (const mine of old) {
      const hearing = this.#hearingOf(mine.utterance, relay);
      if (hearing !== undefined) this.#claim(relay, connection, hearing, mine, true, alive);
    }

    this.#told.set(`${relay}/${connection}/ask`, (effect) => {
      if (effect.type !== "ask" || !alive()) return;
      const { ask } = effect;
      const now = this.#nowMs;
      const near = endsMs.findIndex((endMs) => now < endMs + 2500);
      const hearing = this.#hearingOf(near, relay);
      const manner = hearing?.answers ?? "honestly";
      if (manner === "never") return;
      const about = this.#askedAbout.get(ask);
      const faint = about === undefined ? undefined : this.#hearingOf(about, relay);
      if (manner === "second" && about !== undefined && faint !== undefined) {
        const endedAtMs = (endsMs[about] ?? now) + plan.clockOffMs;
        const mine = { utterance: about, endedAtMs, number: ++number, model: "word-0", seconds: ask };
        claimed.push(mine);
        return this.#claim(relay, connection, faint, mine, true, alive);
      }
      if (manner === "pass" || manner === "pending") return up({ type: manner, ...sender, ask });
      const rising = hearing?.hears === true && now < (endsMs[near] ?? 0) + hearing.noticesAfterMs;
      if (rising) return up({ type: "pending", ...sender, ask });
      this.#agenda.add(now + 80, () => alive() && up({ type: "pass", ...sender, ask }));
    });

    if (untilMs === Number.POSITIVE_INFINITY || plan.restart === undefined || untilMs !== plan.restart.atMs) return;
    const { gapMs, lingers, reclaims } = plan.restart;
    this.#agenda.add(untilMs, () => {
      if (!lingers) {
        this.#step({ type: "left", ...sender, why: "closed" });
        this.#connectionOf[relay] = undefined;
      }
      this.#agenda.add(this.#nowMs + gapMs, () =>
        this.#live(relay, untilMs, Number.POSITIVE_INFINITY, endsMs, reclaims ? claimed : []),
      );
    });
  }

  #claim(
    relay: number,
    connection: number,
    hearing: Hearing,
    { utterance, endedAtMs, number, model, seconds }: Claimed,
    records: boolean,
    alive: () => boolean,
  ): void {
    const plan = this.#planOf(relay);
    const sender = { relayId: `relay-${relay}`, connection };
    const spoken: Spoken = {
      ...{ relay, connection, number, utterance },
      ...{ received: 0, granted: 0, cancelled: 0, rejected: 0 },
    };
    this.#claims.push(spoken);
    const measured = evidence(hearing.evidence === "nonsense" ? Number.NaN : hearing.rms, {
      durationMs: hearing.wordMs,
    });
    const claim = {
      ...{ number, model, endedAtMs, seconds, confidence: 0.5 + hearing.rms / 2 },
      evidence: hearing.evidence === "missing" ? undefined : measured,
    };
    const say = (): void =>
      this.#up(plan, { type: "claim", ...sender, claim }, () => {
        if (this.#connectionOf[relay] !== connection) return;
        spoken.received++;
      });
    say();
    for (const afterMs of hearing.repeatsAfterMs) this.#agenda.add(this.#nowMs + afterMs, () => alive() && say());

    let fence: number | undefined;
    let grantedMs = Number.POSITIVE_INFINITY;
    let stopped = false;
    const audio = (last: boolean, claimed = number, as = fence): void => {
      const event = { type: "audio", ...sender, claim: claimed, fence: as, last } as const;
      this.#up(plan, event);
    };
    this.#told.set(`${relay}/${connection}/${number}`, (effect) => {
      if (effect.type === "cancel") stopped = true;
      if (effect.type !== "grant" || !alive()) return;
      fence = effect.fence;
      grantedMs = Math.min(grantedMs, this.#nowMs);
      if (hearing.audio !== "gives up" || stopped) return;
      stopped = true;
      this.#up(plan, { type: "finished", ...sender, fence });
    });
    if (!records) return;
    const beganMs = this.#nowMs;
    if (hearing.audio === "at once") {
      audio(true);
      return;
    }
    const stream = (): void => {
      const sinceMs = this.#nowMs - beganMs;
      if (!alive() || stopped || sinceMs > STREAMS_MS) return;
      if (hearing.audio === "stalls" && sinceMs >= 3 * CHUNK_MS) return;
      if (fence !== undefined && this.#nowMs > grantedMs + COMMAND_MS) {
        stopped = true;
        this.#up(plan, { type: "finished", ...sender, fence });
        return;
      }
      audio(false);
      if (hearing.lies) {
        audio(false, number, (fence ?? 0) + 1);
        audio(false, number, 1);
        audio(true, number - 1);
        audio(false, 999);
      }
      this.#agenda.add(this.#nowMs + CHUNK_MS, stream);
    };
    if (hearing.audio === "streams" || hearing.audio === "stalls") stream();
    else if (hearing.lies) audio(false, number, 1);
  }

  /** Of the claim that opened a round. */
  #utteranceOf(round: number): number | undefined {
    const [first] = this.#arbiter.rounds.find(({ id }) => id === round)?.entrants.values() ?? [];
    if (first === undefined) return undefined;
    const relay = Number(first.relayId.slice("relay-".length));
    return this.#claimsOf(relay, first.connection).find(({ number }) => first.numbers.includes(number))?.utterance;
  }

  #up(plan: RelayPlan, event: ArbitrationEvent, arrived?: Task): void {
    for (let copies = this.#copies(plan); copies > 0; copies--) {
      this.#agenda.add(this.#nowMs + this.#delay(plan), () => {
        arrived?.();
        this.#step(event);
      });
    }
  }

  #down(relay: number, key: string, effect: Effect): void {
    const plan = this.#planOf(relay);
    for (let copies = this.#copies(plan); copies > 0; copies--) {
      this.#agenda.add(this.#nowMs + this.#delay(plan), () => this.#told.get(key)?.(effect));
    }
  }

  #step(event: ArbitrationEvent): void {
    for (const effect of this.#arbiter.step(event, this.#nowMs)) this.#watch(event, effect);
  }

  #watch(event: ArbitrationEvent, effect: Effect): void {
    if (effect.type === "log" || effect.type === "status") return;
    const relay = Number(effect.relayId.slice("relay-".length));
    const { connection } = effect;
    const by = `${relay}/${connection}`;
    switch (effect.type) {
      case "ask":
        this.#askedAbout.set(effect.ask, this.#utteranceOf(effect.ask));
        this.#down(relay, `${by}/ask`, effect);
        return;
      case "grant": {
        const known = this.#grants.get(effect.fence);
        if (known !== undefined && (known.by !== by || known.round !== effect.round))
          this.#offend("a fence was given twice");
        if (known === undefined && this.#grants.size > 0 && effect.fence <= Math.max(...this.#grants.keys())) {
          this.#offend("a grant has no higher fence than those before");
        }
        if (this.#connectionOf[relay] !== connection) this.#offend("a connection that is gone was granted");
        this.#grants.set(effect.fence, { round: effect.round, by });
        this.#newestFence.set(effect.round, effect.fence);
        this.#tell(effect, "granted");
        return;
      }
      case "cancel":
        if (effect.winner?.relayId === effect.relayId && this.#planOf(relay).restart === undefined) {
          this.#offend("a loser was told that it won");
        }
        this.#tell(effect, "cancelled");
        return;
      case "reject":
        this.#tell({ ...effect, claims: [effect.claim] }, "rejected");
        return;
      case "over":
        this.#ended.add(effect.fence);
        if (effect.why === "superseded") {
          const granted = this.#grantedClaims.get(effect.fence) ?? [];
          for (const { number, utterance } of this.#claimsOf(relay, connection)) {
            if (granted.includes(number)) this.#superseded.add(`${relay} ${utterance}`);
          }
        }
        return;
      case "accept": {
        if (this.#connectionOf[relay] !== connection) this.#offend("audio of a connection that is gone was accepted");
        if (this.#newestFence.get(effect.round) !== effect.fence) this.#offend("audio with an old fence was accepted");
        if (this.#grants.get(effect.fence)?.by !== by) this.#offend("audio was accepted that had no grant");
        if (this.#ended.has(effect.fence)) this.#offend("audio was accepted after the command was over");
        this.#accepted(event, effect);
        return;
      }
      default:
        return;
    }
  }

  /** What a fence lets through are the claims it was granted for. */
  #accepted(event: ArbitrationEvent, effect: Extract<Effect, { readonly type: "accept" }>): void {
    const relay = Number(effect.relayId.slice("relay-".length));
    const granted = this.#grantedClaims.get(effect.fence) ?? [];
    const by = `${relay}/${effect.connection}`;
    const other = this.#acceptedIn.get(effect.round);
    if (other === undefined) this.#acceptedIn.set(effect.round, by);
    else if (other !== by) this.#offend("audio of two relays was accepted in one round");
    if (effect.first !== (other === undefined)) this.#offend("the first audio of a round was not the first");
    for (const { number, utterance } of this.#claimsOf(relay, effect.connection)) {
      if (granted.includes(number)) this.#acceptedOf[utterance]?.add(by);
    }
    if (effect.first) return;
    const own = event.type === "audio" && event.relayId === effect.relayId && event.connection === effect.connection;
    if (!own || !granted.includes(event.claim)) this.#offend("audio of a claim was accepted that was not granted");
    else if ((event.fence ?? effect.fence) !== effect.fence) this.#offend("audio with a wrong fence was accepted");
  }

  #tell(
    effect:
      | Extract<Effect, { readonly type: "grant" | "cancel" }>
      | (Extract<Effect, { readonly type: "reject" }> & { readonly claims: readonly number[] }),
    what: "granted" | "cancelled" | "rejected",
  ): void {
    const relay = Number(effect.relayId.slice("relay-".length));
    if (effect.type === "grant") {
      const before = this.#grantedClaims.get(effect.fence) ?? [];
      this.#grantedClaims.set(effect.fence, [...before, ...effect.claims]);
    }
    for (const number of effect.claims) {
      const spoken = this.#claims.find((claim) => claim.connection === effect.connection && claim.number === number);
      if (spoken === undefined) this.#offend("a claim was answered that nobody made");
      else spoken[what]++;
      this.#down(relay, `${relay}/${effect.connection}/${number}`, effect);
    }
  }

  #claimsOf(relay: number, connection: number): Spoken[] {
    return this.#claims.filter((claim) => claim.relay === relay && claim.connection === connection);
  }

  #offend(offence: string): void {
    this.#offences.push(`${Math.round(this.#nowMs)} ms: ${offence}`);
  }

  #planOf(relay: number): RelayPlan {
    const plan = this.#storm.relays[relay];
    if (plan === undefined) throw new Error(`the storm has no relay ${relay}`);
    return plan;
  }

  /** Only people in its zone are heard by a relay. */
  #hearingOf(utterance: number, relay: number): Hearing | undefined {
    const spoken = this.#storm.utterances[utterance];
    return spoken?.zone === this.#planOf(relay).zone ? spoken.hearings[relay] : undefined;
  }

  #copies({ lossPercent, doublePercent }: RelayPlan): number {
    const fate = 100 * this.#chance();
    return fate < lossPercent ? 0 : fate < lossPercent + doublePercent ? 2 : 1;
  }

  #delay({ lagMs, jitterMs }: RelayPlan): number {
    return Math.min(lagMs, MOST_LATE_MS - jitterMs) + jitterMs * this.#chance();
  }

  /** 0 to 1 (mulberry32). */
  #chance(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

interface Claimed {
  readonly utterance: number;
  readonly endedAtMs: number;
  readonly number: number;
  readonly model: string;
  /** The ask that it answers. */
  readonly seconds?: number;
}
