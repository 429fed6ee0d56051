/**
 * The house: who is connected, rounds in flight, and what a verdict sets off. Ties adapters of any protocol to
 * arbitration; knows no socket, sets no timer. Runs on the web worker's one event loop.
 */
import type { Arbiter } from "../arbitration/arbiter.ts";
import type { Claim } from "../arbitration/claim.ts";
import type { Effect, Ending } from "../arbitration/effects.ts";
import type { ArbitrationEvent, Sender } from "../arbitration/events.ts";
import type { Evidence } from "../arbitration/evidence.ts";
import type { RelayFacts } from "../arbitration/relay.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";
import { type ClaimPiece, HeldSound } from "./held-sound.ts";
import type { Reply } from "./reply.ts";
import type { Seat } from "./seat.ts";

/** What a relay's verdict sets off in the house. */
export interface HouseEvents {
  /** Somebody claims a word, and it is not decided yet who answers. */
  readonly contended: (word: Word) => void;
  /** This relay answers. */
  readonly granted: (grant: Granted) => void;
  /** What the relay recorded: from before the word on, in order, without doubles, between its grant and its end. */
  readonly sound: (sound: GrantedSound) => void;
  /** What was granted is over. */
  readonly over: (fence: number, why: Ending) => void;
}

export interface Word {
  readonly relayId: string;
  readonly connection: number;
  readonly claim: number;
  readonly model: string;
  readonly confidence: number;
  /** When it ended, hub clock, ms. */
  readonly endedAtMs: number;
  readonly evidence: Evidence | undefined;
  /** Said of a command that was recorded before it was claimed: it comes whole. */
  readonly afterwards?: Claim["afterwards"];
  /** The relay was not sure by itself. */
  readonly seconds?: Claim["seconds"];
}

export interface Granted extends Word {
  readonly fence: number;
}

/** A piece of sound that was accepted. The receiver may keep it. */
export interface GrantedSound extends ClaimPiece {
  readonly fence: number;
  readonly relayId: string;
  readonly claim: number;
}

export interface HubOptions {
  readonly arbiter: Arbiter;
  readonly monotonicMs: () => number;
  /** It wants a `tick` earlier than it said before: {@link Hub.wakeAtMs}. */
  readonly sooner: () => void;
  /** A round, who is connected, or a relay's status is another than before; what it sets off follows. */
  readonly changed: () => void;
  /** What is configured and learned of a relay. */
  readonly factsOf: (seat: Pick<Seat, "id" | "kind">, can: RelayFacts["can"]) => RelayFacts;
  readonly events: HouseEvents;
  /** Whether a claim is for a word that the house said itself: nobody is woken by that. */
  readonly isOwnVoice?: (relayId: string, model: string) => boolean;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** More claims than those of the rounds that are not over. */
const KEPT_WORDS = 1000;

/** What was granted and is not over. */
interface Serving extends Sender {
  readonly round: number;
  readonly claims: readonly number[];
  /** The claim whose sound is the command's: that of the first piece. */
  claim: number | undefined;
}

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
  readonly #held = new HeldSound();
  /** By fence. */
  readonly #serving = new Map<number, Serving>();

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
    const refused = (refusal: Refused): Refused => {
      const { id: relay, kind, address } = seat;
      this.#options.log.info("relay refused", { relay, kind, address, ...refusal });
      return refusal;
    };
    if (before?.kind === "local" && seat.kind !== "local") return refused({ why: "name_of_hub" });
    const effects = this.#step({
      type: "joined",
      facts: this.#options.factsOf(seat, can),
      connection: seat.connection,
    });
    const refusal = effects.find((effect) => effect.type === "refuse");
    if (refusal !== undefined) {
      this.#do(effects);
      return refused({ why: refusal.why, limit: refusal.limit });
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
    this.#held.dropAll(sender.connection);
    this.#options.log.info("relay left", { relay: sender.relayId, why });
  }

  /** Anything else that a relay says, in hub time. */
  tell(event: Exclude<ArbitrationEvent, { readonly type: "joined" | "left" | "claim" | "audio" }>): void {
    this.#do(this.#step(event));
  }

  /** Of a connection whose place somebody else has meanwhile, nothing. */
  claim(sender: Sender, claim: Claim): void {
    const { relayId } = sender;
    const voice = this.#voiceOf(sender);
    if (voice === undefined) return;
    if (this.#options.isOwnVoice?.(relayId, claim.model)) {
      this.#options.log.info("word of an answer", { relay: relayId, model: claim.model });
      voice.rejected(claim.number, "stale");
      this.#hasSpoken(sender);
      return;
    }
    const { number, ...said } = claim;
    const word: Word = { ...said, ...sender, claim: number };
    this.#words.set(keyOf(sender, number), word);
    const [oldest] = this.#words.keys();
    if (this.#words.size > KEPT_WORDS && oldest !== undefined) this.#words.delete(oldest);
    const effects = this.#step({ type: "claim", ...sender, claim });
    const decided = effects.some(({ type }) => type === "grant" || type === "cancel" || type === "reject");
    if (!decided) this.#options.events.contended(word);
    this.#do(effects);
  }

  /** Whoever waits for it waits no more. */
  #hasSpoken(sender: Sender): void {
    for (const { waits } of this.#options.arbiter.rounds) {
      const ask = waits.get(sender.relayId)?.ask;
      if (ask !== undefined) this.tell({ type: "pass", ...sender, ask });
    }
  }

  /**
   * Takes what a relay recorded for one of its claims, from before the word on.
   *
   * @param sound.fence what it was granted, undefined in what it sent before it knew
   */
  sound(sender: Sender, sound: ClaimPiece & { readonly claim: number; readonly fence: number | undefined }): void {
    const { claim, fence, last } = sound;
    const effects = this.#step({
      type: "audio",
      relayId: sender.relayId,
      connection: sender.connection,
      claim,
      fence,
      last,
    });
    // Of a verdict that was due before it come others' effects too: only its own says what to do with it.
    const own = effects.findLast(
      (effect) =>
        (effect.type === "hold" || effect.type === "accept" || effect.type === "drop") &&
        effect.relayId === sender.relayId &&
        effect.connection === sender.connection,
    );
    // Kept first: what accepts it hands out what was kept.
    const wanted = own !== undefined && own.type !== "drop";
    if (!wanted) sound.pcm.fill(0);
    else if (!this.#held.keep(sender.connection, claim, sound)) {
      this.#options.log.info("sound of a claim is too long", { relay: sender.relayId, claim });
    }
    this.#do(effects);
  }

  /** The whole command was heard. */
  enough(fence: number): void {
    const serving = this.#serving.get(fence);
    if (serving !== undefined) this.#voiceOf(serving)?.enough(fence);
  }

  /** Only whoever was granted the fence hears it, and only while that holds. @returns whether anybody did */
  reply(fence: number, reply: Reply): boolean {
    const serving = this.#serving.get(fence);
    const voice = serving && this.#voiceOf(serving);
    voice?.reply(fence, reply);
    return voice !== undefined;
  }

  /** The command that was granted with this fence is over. */
  finish(fence: number): void {
    const serving = this.#serving.get(fence);
    if (serving === undefined) return;
    this.tell({ type: "finished", relayId: serving.relayId, connection: serving.connection, fence });
  }

  /** The configuration has changed. */
  refreshFacts(): void {
    const { arbiter, factsOf, monotonicMs } = this.#options;
    const events = [...this.#seats.values()].map(
      (seat) => ({ type: "joined", facts: factsOf(seat, seat.can), connection: seat.connection }) as const,
    );
    this.#do(this.#watched(() => events.flatMap((event) => arbiter.step(event, monotonicMs()))));
  }

  #step(event: ArbitrationEvent): readonly Effect[] {
    const { arbiter, monotonicMs } = this.#options;
    return this.#watched(() => arbiter.step(event, monotonicMs()));
  }

  /** Tells whoever wants to know, once, what is another than before the steps. */
  #watched(steps: () => readonly Effect[]): readonly Effect[] {
    const { arbiter, sooner, changed } = this.#options;
    const { wakeAtMs, generation } = arbiter;
    const effects = steps();
    if (arbiter.wakeAtMs < wakeAtMs) sooner();
    if (arbiter.generation !== generation) changed();
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
      case "drop":
        return;
      case "accept":
        this.#pass(effect.fence);
        return;
      case "ask":
        this.#ask(effect);
        return;
      case "grant": {
        // In this order: a relay whose sound is here already sends it at once.
        this.#serve(effect);
        this.#voiceOf(effect)?.granted(effect);
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
        this.#forget(effect, this.#serving.get(effect.fence)?.claims ?? []);
        this.#serving.delete(effect.fence);
        this.#options.events.over(effect.fence, effect.why);
    }
  }

  /** A grant, or once more the same one for a claim that came later. */
  #serve({ relayId, connection, claims, speaks, round, fence }: Extract<Effect, { readonly type: "grant" }>): void {
    const before = this.#serving.get(fence);
    const all = [...new Set([...(before?.claims ?? []), ...claims])];
    this.#serving.set(fence, { relayId, connection, round, claims: all, claim: before?.claim });
    if (before !== undefined) return;
    for (const [older, serving] of this.#serving) {
      if (serving.round !== round || older === fence) continue;
      this.#serving.delete(older);
      this.#options.events.over(older, "silent");
    }
    const word = this.#words.get(keyOf({ relayId, connection }, speaks));
    if (word !== undefined) this.#options.events.granted({ ...word, fence });
  }

  /** Passes on what is there of the command's sound. */
  #pass(fence: number): void {
    const serving = this.#serving.get(fence);
    if (serving === undefined) return;
    const { relayId, connection, claims } = serving;
    // A relay that hears two models in one utterance may send the sound of either claim: the first is the command's.
    for (const claim of claims) {
      const pieces = this.#held.take(connection, claim);
      if (pieces.length > 0) serving.claim ??= claim;
      for (const piece of pieces) {
        if (claim === serving.claim) this.#options.events.sound({ ...piece, fence, relayId, claim });
        else piece.pcm.fill(0);
      }
    }
  }

  #voiceOf({ relayId, connection }: Sender) {
    const seat = this.#seats.get(relayId);
    return seat?.connection === connection ? seat.voice : undefined;
  }

  #ask({ ask, untilMs, model, ...sender }: Extract<Effect, { readonly type: "ask" }>): void {
    const { arbiter, monotonicMs } = this.#options;
    // An ask bears the number of the round that it is about.
    const wordEndedAtMs = arbiter.rounds.find(({ id }) => id === ask)?.span.endMs ?? monotonicMs();
    this.#voiceOf(sender)?.ask({ ask, untilMs, wordEndedAtMs, model });
  }

  #forget(sender: Sender, claims: readonly number[]): void {
    for (const claim of claims) {
      this.#words.delete(keyOf(sender, claim));
      this.#held.drop(sender.connection, claim);
    }
  }
}

function keyOf({ relayId, connection }: Sender, claim: number): string {
  return `${connection} ${claim} ${relayId}`;
}
