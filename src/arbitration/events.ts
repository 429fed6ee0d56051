/** What comes in: everything that arbitration is told. Adapters put relays' times into hub time before. */
import type { Claim } from "./claim.ts";
import type { RelayFacts } from "./relay.ts";

/** Which relay says so, and on which of its connections: what an older one still says is dropped. */
export interface Sender {
  readonly relayId: string;
  readonly connection: number;
}

export type ArbitrationEvent =
  /** Connected; on a connection that is known already: its facts have changed. */
  | { readonly type: "joined"; readonly facts: RelayFacts; readonly connection: number }
  | (Sender & { readonly type: "left"; readonly why: string })
  /** It begins to hear something. */
  | (Sender & { readonly type: "onset" })
  /** It is there, several times a second, and hears something or nothing. `lateMs`: what it speaks of was heard so long ago. */
  | (Sender & { readonly type: "beat"; readonly hears: boolean; readonly lateMs?: number })
  /** Of its messages, one way: half of a ping's round trip. */
  | (Sender & { readonly type: "delay"; readonly delayMs: number })
  | (Sender & { readonly type: "claim"; readonly claim: Claim })
  /** Answers to an `ask`: it has listened past the word's end and it was not there; its score is rising. */
  | (Sender & { readonly type: "pass" | "pending"; readonly ask: number })
  /**
   * A piece of what it recorded for one of its claims. The fence is the one it was granted, undefined in what it sent before
   * it knew; `last`: nothing follows.
   */
  | (Sender & {
      readonly type: "audio";
      readonly claim: number;
      readonly fence: number | undefined;
      readonly last: boolean;
    })
  /** The command that was granted with this fence is over, or the relay cannot serve it. */
  | (Sender & { readonly type: "finished"; readonly fence: number })
  /** Somebody ends everything, in one zone or in all. */
  | { readonly type: "reset"; readonly zone: string | undefined }
  /** Time has passed. */
  | { readonly type: "tick" };
