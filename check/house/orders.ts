/** What the house check tells a relay's process to do, and what that tells of itself. Times are CLOCK_MONOTONIC, ms. */
import type { RelayEvent } from "../../src/relay/relay-events.ts";

/** Where in a round somebody is killed: by the relay that has just got so far, so that nothing comes between. */
export const STEPS = ["before_claim", "claimed", "granted", "sound", "lost", "over"] as const;
export type Step = (typeof STEPS)[number];

export interface Fault {
  readonly at: Step;
  readonly victim: "relay" | "hub";
  /** Whoever makes this file strikes; nobody after. */
  readonly lock: string;
}

/** One utterance, as one relay hears it. */
export interface WordOrder {
  readonly type: "word";
  readonly round: number;
  readonly endMs: number;
  readonly wordMs: number;
  /** Linear 0..1, RMS of the word there. */
  readonly level: number;
  /** When its detector fires; nowhere where it only hears the word. */
  readonly claimsAtMs: readonly number[];
  /** Each claim goes out twice, as if the network had doubled it. */
  readonly doubled: boolean;
  /** It says that a score rises until it claims; otherwise it passes, and perhaps claims all the same. */
  readonly rises: boolean;
  /** It is not sure by itself, and claims when it is asked. */
  readonly seconds: boolean;
  /** From its grant to the end of what it sends. */
  readonly soundMs: number;
  readonly fault: Fault | undefined;
}

export type Order = WordOrder | { readonly type: "hub"; readonly pids: readonly number[] };

/** A line on the standard output of a relay's process. */
export type Told = { readonly atMs: number; readonly round: number } & (
  | Exclude<RelayEvent, { readonly type: "state" | "speech" | "connected" }>
  | { readonly type: "connected" }
  /** The first sound that went out with this fence. */
  | { readonly type: "sent"; readonly fence: number }
  /** It kills somebody now. */
  | { readonly type: "strikes"; readonly at: Step; readonly victim: Fault["victim"] }
);

/** What the check itself sees of a relay. */
export type Seen = Told | Noted<"started"> | Noted<"died"> | Noted<"stopped"> | Noted<"continued">;

interface Noted<Type extends string> {
  readonly type: Type;
  readonly atMs: number;
  readonly round: number;
}
