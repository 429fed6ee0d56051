// A house for examples: relays by name, time that the test moves, and what the arbiter said of it.

import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Claim } from "../../src/arbitration/claim.ts";
import type { Effect } from "../../src/arbitration/effects.ts";
import type { ArbitrationEvent } from "../../src/arbitration/events.ts";
import type { Evidence } from "../../src/arbitration/evidence.ts";
import { type ArbitrationSettings, DEFAULT_SETTINGS } from "../../src/arbitration/limits.ts";
import type { Policy } from "../../src/arbitration/policy.ts";
import type { RelayFacts } from "../../src/arbitration/relay.ts";

export const evidence = (rms: number, more: Partial<Evidence> = {}): Evidence => ({
  rms,
  bandDb: -40,
  evenDb: -40,
  floorDb: -60,
  snrDb: 20,
  envelopeVariance: 0.1,
  confidence: 0.9,
  durationMs: 600,
  ...more,
});

/** The loudest wins, corrected by what is known of it. */
export const loudest: Policy = (contenders) =>
  contenders
    .map(({ relayId, evidence: { rms }, gain, preferenceDb, disbelieved }) => {
      const value = disbelieved ? -1000 : 20 * Math.log10(rms) - gain.db + preferenceDb;
      return { relayId, score: value, terms: [{ name: "rms", value, because: `${rms}` }] };
    })
    .sort((a, b) => b.score - a.score || (a.relayId < b.relayId ? -1 : 1));

export const facts = (id: string, more: Partial<RelayFacts> = {}): RelayFacts => ({
  id,
  local: false,
  zone: "house",
  room: undefined,
  gain: { db: 0, uncertaintyDb: 6 },
  preferenceDb: 0,
  leastLevelDb: undefined,
  disbelieved: false,
  can: { onset: true, ask: true },
  ...more,
});

/** A relay that can say nothing but that it heard its word. */
export const LEGACY: Partial<RelayFacts> = { can: { onset: false, ask: false } };

interface ClaimOptions extends Partial<Claim> {
  readonly rms?: number;
}

type Sent = Exclude<Effect, { readonly type: "log" | "status" }>;

export class SmallHouse {
  nowMs = 10_000;
  readonly arbiter: Arbiter;
  /** Everything since {@link SmallHouse.forget}, with when it was said. */
  effects: { readonly atMs: number; readonly effect: Effect }[] = [];
  readonly #connections = new Map<string, number>();
  #connection = 0;
  #number = 0;

  constructor({ windowMs, maxRelays }: Partial<ArbitrationSettings> = {}, policy: Policy = loudest) {
    this.arbiter = new Arbiter({
      policy,
      settings: {
        windowMs: windowMs ?? DEFAULT_SETTINGS.windowMs,
        maxRelays: maxRelays ?? DEFAULT_SETTINGS.maxRelays,
      },
    });
  }

  step(event: ArbitrationEvent): readonly Effect[] {
    const effects = this.arbiter.step(event, this.nowMs);
    for (const effect of effects) this.effects.push({ atMs: this.nowMs, effect });
    return effects;
  }

  /** Lets time pass, waking the arbiter when it wants to be woken. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.arbiter.wakeAtMs <= untilMs) {
      this.nowMs = Math.max(this.nowMs, this.arbiter.wakeAtMs);
      this.step({ type: "tick" });
    }
    this.nowMs = untilMs;
  }

  connection(id: string): number {
    return this.#connections.get(id) ?? -1;
  }

  join(id: string, more: Partial<RelayFacts> = {}): readonly Effect[] {
    this.#connections.set(id, ++this.#connection);
    return this.step({ type: "joined", facts: facts(id, more), connection: this.#connection });
  }

  /** Joins and says that it hears nothing, as in the middle of a night. */
  quiet(id: string, more: Partial<RelayFacts> = {}): void {
    this.join(id, more);
    this.beat(id, false);
  }

  /** Joins and hears what everybody else hears. */
  hearing(id: string, more: Partial<RelayFacts> = {}): void {
    this.join(id, more);
    this.step({ type: "onset", relayId: id, connection: this.connection(id) });
  }

  beat(id: string, hears: boolean): readonly Effect[] {
    return this.step({ type: "beat", relayId: id, connection: this.connection(id), hears });
  }

  leave(id: string): readonly Effect[] {
    return this.step({ type: "left", relayId: id, connection: this.connection(id), why: "closed" });
  }

  claim(id: string, { rms = 0.1, ...more }: ClaimOptions = {}): number {
    const number = more.number ?? ++this.#number;
    const claim: Claim = {
      model: "alexa",
      confidence: 0.9,
      endedAtMs: this.nowMs,
      evidence: evidence(rms),
      ...more,
      number,
    };
    this.step({ type: "claim", relayId: id, connection: this.connection(id), claim });
    return number;
  }

  answer(id: string, type: "pass" | "pending"): readonly Effect[] {
    const ask = this.told("ask")
      .filter(({ relayId }) => relayId === id)
      .at(-1)?.ask;
    return this.step({ type, relayId: id, connection: this.connection(id), ask: ask ?? -1 });
  }

  audio(id: string, claim: number, more: { fence?: number; last?: boolean } = {}): readonly Effect[] {
    const { fence, last = false } = more;
    return this.step({ type: "audio", relayId: id, connection: this.connection(id), claim, fence, last });
  }

  told<T extends Effect["type"]>(type: T): Extract<Effect, { readonly type: T }>[] {
    return this.effects
      .map(({ effect }) => effect)
      .filter((effect): effect is Extract<Effect, { readonly type: T }> => effect.type === type);
  }

  /** What was said to a relay, in order, without what the log says. */
  toldTo(id: string): string[] {
    return this.effects
      .map(({ effect }) => effect)
      .filter((effect): effect is Sent => effect.type !== "log" && effect.type !== "status" && effect.relayId === id)
      .map((effect) => (effect.type === "cancel" ? `cancel ${effect.why}` : effect.type));
  }

  /** Who was granted, in order. */
  get winners(): string[] {
    return this.told("grant").map(({ relayId }) => relayId);
  }

  status(id: string): number | undefined {
    return this.arbiter.relays.get(id)?.status;
  }

  forget(): void {
    this.effects = [];
  }
}
