/**
 * The house: who is connected, rounds in flight, and what a verdict sets off. Ties adapters of any protocol to
 * arbitration; knows no socket, sets no timer. Runs on the web worker's one event loop.
 */
import type { Arbiter } from "../arbitration/arbiter.ts";
import type { Claim } from "../arbitration/claim.ts";
import type { Effect } from "../arbitration/effects.ts";
import type { ArbitrationEvent, Sender } from "../arbitration/events.ts";
import type { RelayFacts } from "../arbitration/relay.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";
import type { Seat } from "./seat.ts";

/** What a relay's verdict sets off in the house. */
export interface HouseEvents {
  /** Somebody claims a word, and it is not decided yet who answers. */
  readonly contended: (word: Word) => void;
  /** This relay answers. */
  readonly granted: (word: Word & { readonly fence: number }) => void;
  /** What was granted is over. */
  readonly over: (fence: number) => void;
}

export interface Word {
  readonly relayId: string;
  readonly model: string;
  readonly confidence: number;
}

export interface HubOptions {
  readonly arbiter: Arbiter;
  readonly monotonicMs: () => number;
  /** It wants a `tick` earlier than it said before: {@link Hub.wakeAtMs}. */
  readonly sooner: () => void;
  /** What is configured and learned of a relay. */
  readonly factsOf: (seat: Pick<Seat, "id" | "kind">, can: RelayFacts["can"]) => RelayFacts;
  readonly events: HouseEvents;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** More claims than those of the rounds that are not over. */
const KEPT_WORDS = 1000;

/** Why a relay may not come in. */
export type Refused =
  | { readonly why: "too_many_relays"; readonly limit: number }
  /** The hub's own microphone is called so, and gives its place to nobody. */
  | { readonly why: "name_of_hub" };

export class Hub {
  readonly #options: HubOptions;
  readonly #seats = new Map<string, Seat & { readonly can: RelayFacts["can"] }>();
  #connections = 0;
  /** What a grant is about: the newest claims. */
  readonly #words = new Map<string, Word>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** When it wants a `tick` if nothing else comes, monotonic ms. */
  get wakeAtMs(): number {
    return this.#options.arbiter.wakeAtMs;
  }

  get seats(): ReadonlyMap<string, Seat> {
    return this.#seats;
  }

  /** Oldest first. */
  get rounds(): readonly RoundRecord[] {
    return this.#options.arbiter.records();
  }

  /** Of the next connection: rises for the life of the program. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** @returns why not, or undefined when it has its seat; who had it before was told */
  join(seat: Seat, can: RelayFacts["can"]): Refused | undefined {
    const before = this.#seats.get(seat.id);
    if (before?.kind === "local" && seat.kind !== "local") return { why: "name_of_hub" };
    const effects = this.#step({
      type: "joined",
      facts: this.#options.factsOf(seat, can),
      connection: seat.connection,
    });
    const refusal = effects.find((effect) => effect.type === "refuse");
    if (refusal !== undefined) {
      this.#do(effects);
      return { why: refusal.why, limit: refusal.limit };
    }
    if (before !== undefined && before.connection < seat.connection) before.voice.displaced();
    this.#seats.set(seat.id, { ...seat, can });
    this.#do(effects);
    const { id, kind, address, software } = seat;
    this.#options.log.info("relay joined", { relay: id, kind, address, software });
    return undefined;
  }

  leave(sender: Sender, why: string): void {
    const seat = this.#seats.get(sender.relayId);
    if (seat?.connection !== sender.connection) return;
    this.#do(this.#step({ type: "left", ...sender, why }));
    this.#seats.delete(sender.relayId);
    this.#options.log.info("relay left", { relay: sender.relayId, why });
  }

  /** Anything else that a relay says, in hub time. */
  tell(event: Exclude<ArbitrationEvent, { readonly type: "joined" | "left" | "claim" }>): void {
    this.#do(this.#step(event));
  }

  /** Of a connection whose place somebody else has meanwhile, nothing. */
  claim(sender: Sender, claim: Claim): void {
    const { relayId } = sender;
    if (this.#voiceOf(sender) === undefined) return;
    const word = { relayId, model: claim.model, confidence: claim.confidence };
    this.#words.set(keyOf(sender, claim.number), word);
    const [oldest] = this.#words.keys();
    if (this.#words.size > KEPT_WORDS && oldest !== undefined) this.#words.delete(oldest);
    const effects = this.#step({ type: "claim", ...sender, claim });
    const decided = effects.some(({ type }) => type === "grant" || type === "cancel" || type === "reject");
    if (!decided) this.#options.events.contended(word);
    this.#do(effects);
  }

  /** The configuration has changed. */
  refreshFacts(): void {
    for (const seat of this.#seats.values()) {
      this.#do(
        this.#step({ type: "joined", facts: this.#options.factsOf(seat, seat.can), connection: seat.connection }),
      );
    }
  }

  #step(event: ArbitrationEvent): readonly Effect[] {
    const { arbiter, monotonicMs, sooner } = this.#options;
    const before = arbiter.wakeAtMs;
    const effects = arbiter.step(event, monotonicMs());
    if (arbiter.wakeAtMs < before) sooner();
    return effects;
  }

  #do(effects: readonly Effect[]): void {
    for (const effect of effects) this.#act(effect);
  }

  #act(effect: Effect): void {
    switch (effect.type) {
      case "log":
        this.#options.log.info(effect.line, effect.fields);
        return;
      case "status":
      case "refuse":
      case "displace":
      case "hold":
      case "accept":
      case "drop":
        return;
      case "ask":
        this.#voiceOf(effect)?.ask(effect.ask, effect.untilMs, this.#wordEndedAtMs(effect.ask));
        return;
      case "grant": {
        const word = this.#words.get(keyOf(effect, effect.claims[0] ?? 0));
        this.#voiceOf(effect)?.granted(effect);
        if (word !== undefined) this.#options.events.granted({ ...word, fence: effect.fence });
        return;
      }
      case "cancel":
        this.#voiceOf(effect)?.cancelled(effect);
        this.#forget(effect, effect.claims);
        return;
      case "reject":
        this.#voiceOf(effect)?.rejected(effect.claim, effect.why);
        this.#forget(effect, [effect.claim]);
        return;
      case "over":
        this.#voiceOf(effect)?.over(effect.round, effect.fence, effect.why);
        this.#options.events.over(effect.fence);
    }
  }

  #voiceOf({ relayId, connection }: Sender) {
    const seat = this.#seats.get(relayId);
    return seat?.connection === connection ? seat.voice : undefined;
  }

  /** @param ask bears the number of the round that it is about */
  #wordEndedAtMs(ask: number): number {
    const { arbiter, monotonicMs } = this.#options;
    return arbiter.rounds.find(({ id }) => id === ask)?.span.endMs ?? monotonicMs();
  }

  #forget(sender: Sender, claims: readonly number[]): void {
    for (const claim of claims) this.#words.delete(keyOf(sender, claim));
  }
}

function keyOf({ relayId, connection }: Sender, claim: number): string {
  return `${connection} ${claim} ${relayId}`;
}
