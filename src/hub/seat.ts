/** A relay as the hub has it before it: by which way it came, and how to speak to it. */
import type { Effect, Loss, Winner } from "../arbitration/effects.ts";
import type { Reply } from "./reply.ts";

/** Whether a relay has heard a word that another one claims. Times are the hub's clock. */
export interface WordAsk {
  readonly ask: number;
  /** An answer that comes later is of no use. */
  readonly untilMs: number;
  /** As the claims say that were made so far. */
  readonly wordEndedAtMs: number;
  readonly model: string;
}

/** What the hub says to a relay, whatever its protocol. */
export interface RelayVoice {
  ask(ask: WordAsk): void;
  granted(grant: Extract<Effect, { readonly type: "grant" }>): void;
  cancelled(cancel: {
    readonly claims: readonly number[];
    readonly round: number;
    readonly why: Loss;
    readonly winner: Winner | undefined;
  }): void;
  rejected(claim: number, why: "too_quiet" | "stale"): void;
  over(round: number, fence: number, why: string): void;
  /** The whole command was heard: no more of it is needed. */
  enough(fence: number): void;
  /** For the person who said the command. */
  reply(fence: number, reply: Reply): void;
  /** Somebody else has its place now. */
  displaced(): void;
}

export type SeatKind =
  /** The hub's own microphone. */
  | "local"
  /** Earshot's relay protocol. */
  | "relay"
  /** Only sends sound, by a request without an end: the hub listens. */
  | "sender"
  /** Loqa's gRPC protocol. */
  | "loqa";

export interface Seat {
  readonly id: string;
  readonly connection: number;
  readonly kind: SeatKind;
  readonly address: string | undefined;
  readonly software: string;
  readonly sinceMs: number;
  readonly voice: RelayVoice;
  /** The stream in which the hub listens for it; undefined where the relay does so itself. */
  readonly stream: number | undefined;
}
