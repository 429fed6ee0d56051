/** What a relay is told by its end of the protocol. Times are the relay's own clock. */
import type { HouseState, LOSSES, MessageToRelay, REJECTIONS, REPLY_KINDS } from "./messages-to-relay.ts";

export interface Winner {
  readonly id: string;
  readonly room: string | null;
}

export type RelayEvent =
  /** It is part of the house. */
  | { readonly type: "connected"; readonly welcome: MessageToRelay<"welcome"> }
  /** It is not, and tries again. */
  | {
      readonly type: "away";
      readonly code: string;
      readonly message: string;
      /** What to do; may be empty. */
      readonly hint: string;
      readonly retryAtMs: number;
    }
  | { readonly type: "claimed"; readonly claim: number; readonly model: string; readonly confidence: number }
  /** Its claim won: it answers. `claim` is 0 where the hub listened for it. */
  | { readonly type: "granted"; readonly claim: number; readonly fence: number }
  /** Another answers, or nobody. */
  | {
      readonly type: "lost";
      readonly why: (typeof LOSSES)[number] | (typeof REJECTIONS)[number] | "no_verdict" | "hub_gone";
      readonly winner: Winner | undefined;
    }
  /** The hub is away, and it is configured to answer alone then. */
  | { readonly type: "alone"; readonly model: string; readonly confidence: number }
  /** The command was heard; the answer follows. */
  | { readonly type: "enough"; readonly fence: number }
  | { readonly type: "over"; readonly fence: number; readonly why: string }
  | { readonly type: "state"; readonly state: HouseState }
  | {
      readonly type: "reply";
      readonly reply: number;
      readonly kind: (typeof REPLY_KINDS)[number];
      readonly text: string;
      readonly sampleRateHz: number | undefined;
    }
  | { readonly type: "speech"; readonly reply: number; readonly pcm: Int16Array }
  | { readonly type: "reply_end"; readonly reply: number }
  /** The hub did not understand. */
  | { readonly type: "error"; readonly code: string; readonly message: string; readonly hint: string };
