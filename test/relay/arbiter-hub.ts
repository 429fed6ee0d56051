// A house that is owned by the arbiter: what every owner of relays does, and no more.
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Claim } from "../../src/arbitration/claim.ts";
import type { Effect } from "../../src/arbitration/effects.ts";
import type { ArbitrationEvent } from "../../src/arbitration/events.ts";
import type { Policy } from "../../src/arbitration/policy.ts";
import type { ConnectedRelays } from "../../src/relay/connected-relays.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import { RETRY_MS } from "../../src/relay/limits.ts";
import type { Admission, RelayHandler } from "../../src/relay/relay-handler.ts";

type Sound = Parameters<RelayHandler["audio"]>[1];

export class ArbiterHub implements RelayHandler {
  readonly arbiter: Arbiter;
  relays: () => ConnectedRelays | undefined = () => undefined;
  nowMs: () => number = () => 0;
  /** What a command would be made of: who was let through, with which samples. */
  readonly accepted: { readonly relayId: string; readonly fence: number; readonly samples: Int16Array }[] = [];
  readonly grants: { readonly relayId: string; readonly afterMs: number }[] = [];
  readonly passes: string[] = [];
  readonly #held = new Map<number, Int16Array[]>();

  constructor(policy: Policy, settings?: { readonly windowMs: number; readonly maxRelays: number }) {
    this.arbiter = new Arbiter({ policy, ...(settings !== undefined && { settings }) });
  }

  tick(): void {
    if (this.nowMs() >= this.arbiter.wakeAtMs) this.#step({ type: "tick" });
  }

  joined(session: HubSession): Admission {
    const { connection, introduction } = session;
    const id = introduction?.id ?? "";
    const { onset = false, asks = false } = introduction?.capabilities ?? {};
    const zone = "house";
    const gain = { db: 0, uncertaintyDb: 6 };
    const room = `${id} room`;
    const may = { preferenceDb: 0, leastLevelDb: undefined, disbelieved: false, can: { onset, ask: asks } };
    const effects = this.#step({ type: "joined", connection, facts: { id, local: false, zone, room, gain, ...may } });
    const full = effects.some((effect) => effect.type === "refuse" && effect.connection === connection);
    if (!full) return { kind: "admitted", room, zone };
    const farewell = { code: "too_many_relays", message: "the house is full", hint: "", retryAfterMs: RETRY_MS.later };
    return { kind: "refused", farewell };
  }

  left(session: HubSession, why: string): void {
    this.#held.delete(session.connection);
    this.#step({ type: "left", why, ...sender(session) });
  }

  onset(session: HubSession): void {
    this.#step({ type: "onset", ...sender(session) });
  }

  beat(session: HubSession, hears: boolean): void {
    this.#step({ type: "beat", hears, ...sender(session) });
  }

  delay(session: HubSession, delayMs: number): void {
    this.#step({ type: "delay", delayMs, ...sender(session) });
  }

  claim(session: HubSession, claim: Claim): void {
    this.#step({ type: "claim", claim, ...sender(session) });
  }

  calibrated(): void {}

  pass(session: HubSession, ask: number): void {
    this.passes.push(session.introduction?.id ?? "");
    this.#step({ type: "pass", ask, ...sender(session) });
  }

  pending(session: HubSession, ask: number): void {
    this.#step({ type: "pending", ask, ...sender(session) });
  }

  audio(session: HubSession, { claim, fence, last, pcm }: Sound): void {
    for (const effect of this.#step({ type: "audio", claim, fence, last, ...sender(session) })) {
      if (!("connection" in effect) || effect.connection !== session.connection) continue;
      const held = this.#held.get(session.connection) ?? [];
      if (effect.type === "hold") this.#held.set(session.connection, [...held, pcm]);
      if (effect.type !== "accept") continue;
      const { relayId, fence: under, first } = effect;
      if (first) this.#held.delete(session.connection);
      for (const samples of first ? [...held, pcm] : [pcm]) this.accepted.push({ relayId, fence: under, samples });
    }
  }

  finished(session: HubSession, fence: number): void {
    this.#step({ type: "finished", fence, ...sender(session) });
  }

  envelope(): void {}
  stream(): void {}
  telemetry(): void {}

  #step(event: ArbitrationEvent): readonly Effect[] {
    const effects = this.arbiter.step(event, this.nowMs());
    for (const effect of effects) this.#do(effect);
    return effects;
  }

  #do(effect: Effect): void {
    const session = "connection" in effect ? this.relays()?.of(effect.connection) : undefined;
    switch (effect.type) {
      case "ask": {
        const round = this.arbiter.rounds.find(({ id }) => id === effect.ask);
        const { ask, untilMs, model } = effect;
        session?.ask({ ask, untilMs, wordEndedAtMs: round?.span.endMs ?? this.nowMs(), model });
        break;
      }
      case "grant": {
        const { claims, round, fence, relayId } = effect;
        const opened = this.arbiter.rounds.find(({ id }) => id === round)?.openedAtMs ?? this.nowMs();
        this.grants.push({ relayId, afterMs: this.nowMs() - opened });
        session?.tell({ type: "granted", claims: [...claims], round, fence });
        break;
      }
      case "cancel": {
        const { claims, round, why } = effect;
        const winner = effect.winner && { id: effect.winner.relayId, room: effect.winner.room ?? null };
        session?.tell({ type: "cancelled", claims: [...claims], round, why, winner: winner ?? null });
        break;
      }
      case "reject":
        session?.tell({ type: "rejected", claim: effect.claim, why: effect.why });
        break;
      case "over":
        session?.tell({ type: "over", round: effect.round, fence: effect.fence, why: effect.why });
        break;
      case "displace": {
        const message = "another connection has the same id";
        session?.dismiss({ code: "replaced", message, hint: "rename one", retryAfterMs: RETRY_MS.muchLater });
        break;
      }
      default:
        break;
    }
  }
}

function sender({ introduction, connection }: HubSession) {
  return { relayId: introduction?.id ?? "", connection };
}
