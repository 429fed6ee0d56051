/** What goes out: what the hub has to tell relays, to do with their audio, and to log. */
import type { Sender } from "./events.ts";
import type { RelayStatus } from "./relay.ts";

/** Why a claim did not, or does no longer, count. */
export type Loss =
  /** Another relay of the round won. */
  | "lost"
  /** The round was decided when the claim came. */
  | "too_late"
  /** It had won and sent nothing. */
  | "silent"
  | "reset";

/** Why audio is not accepted. */
export type Drop = "not_connected" | "no_claim" | "old_fence" | "lost" | "over";

/** How a command came to its end. */
export type Ending = "finished" | "stalled" | "left" | "superseded" | "reset" | "silent" | "abandoned";

export interface Winner {
  readonly relayId: string;
  readonly room: string | undefined;
}

/** Fields of a line in the log. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export const LOG_LINE = {
  started: "Started arbitration window for relay",
  joined: "Relay joined arbitration window",
  completed: "Arbitration completed, winner selected",
  cancelled: "Cancelled losing relay",
} as const;

export type Effect =
  /** The house is full: it may not join. */
  | (Sender & { readonly type: "refuse"; readonly why: "too_many_relays"; readonly limit: number })
  /** Another connection with the same id took its place. */
  | (Sender & { readonly type: "displace" })
  /** Whether it has heard this word too. */
  | (Sender & { readonly type: "ask"; readonly ask: number; readonly untilMs: number; readonly model: string })
  /** Go on: its audio is what counts. Names its claims of the round; one that comes later, or again, gets the same fence. */
  | (Sender & {
      readonly type: "grant";
      readonly claims: readonly number[];
      /** Which of the relay's claims was compared with those of others. */
      readonly speaks: number;
      readonly round: number;
      readonly fence: number;
    })
  /** Stop, and forget what was buffered. Said once, and again only to a claim that is repeated. */
  | (Sender & {
      readonly type: "cancel";
      readonly claims: readonly number[];
      readonly round: number;
      readonly why: Loss;
      readonly winner: Winner | undefined;
    })
  /** The claim was none: quieter than the relay may claim, or of a word long past. */
  | (Sender & { readonly type: "reject"; readonly claim: number; readonly why: "too_quiet" | "stale" })
  /** Keep this audio until its relay is heard, cancelled or gone. */
  | (Sender & { readonly type: "hold"; readonly round: number })
  /** Let this audio through; before the first of it, what was held of the same relay and round. */
  | (Sender & { readonly type: "accept"; readonly round: number; readonly fence: number; readonly first: boolean })
  | (Sender & { readonly type: "drop"; readonly why: Drop })
  /** What was granted with this fence is over: nothing of it is accepted any more. */
  | (Sender & { readonly type: "over"; readonly round: number; readonly fence: number; readonly why: Ending })
  | { readonly type: "status"; readonly relayId: string; readonly status: RelayStatus }
  | { readonly type: "log"; readonly line: (typeof LOG_LINE)[keyof typeof LOG_LINE]; readonly fields: Fields };
