// What a storm over a house is made of: relays that follow the protocol or do not, behind networks that delay, lose, double
// and reorder, and people who speak.

import type { RoundRecord } from "../../src/arbitration/round-record.ts";

export interface RelayPlan {
  readonly zone: "ground" | "upper";
  readonly can: { readonly onset: boolean; readonly ask: boolean };
  /** Its clock against the hub's. */
  readonly clockOffMs: number;
  /** Every message takes as long, both ways, and up to `jitterMs` more. */
  readonly lagMs: number;
  readonly jitterMs: number;
  readonly lossPercent: number;
  readonly doublePercent: number;
  readonly delayKnown: boolean;
  /** A television stands beside it. */
  readonly talkative: boolean;
  readonly restart:
    | {
        readonly atMs: number;
        readonly gapMs: number;
        /** The old connection is not seen to close; it goes on sending. */
        readonly lingers: boolean;
        /** It says again what it claimed before. */
        readonly reclaims: boolean;
      }
    | undefined;
}

/** What one relay makes of one utterance. */
export interface Hearing {
  readonly hears: boolean;
  readonly noticesAfterMs: number;
  readonly rms: number;
  readonly wordMs: number;
  readonly evidence: "measured" | "missing" | "nonsense";
  /** Two models hear it. */
  readonly twice: boolean;
  readonly repeatsAfterMs: readonly number[];
  readonly answers: "honestly" | "never" | "pass" | "pending" | "second";
  readonly audio: "streams" | "none" | "stalls" | "at once" | "gives up";
  /** Sends audio that it may not send. */
  readonly lies: boolean;
}

export interface Storm {
  readonly relays: readonly RelayPlan[];
  /** How long after the one before each was spoken, where, and what each relay makes of it. */
  readonly utterances: readonly {
    readonly afterMs: number;
    readonly zone: RelayPlan["zone"];
    readonly hearings: readonly Hearing[];
  }[];
  /** How much later than it wants the arbiter is woken. */
  readonly wokenLateMs: number;
  readonly resetAtMs: number | undefined;
  /** Of what the network does. */
  readonly salt: number;
}

/** One claim as the world knows it. */
export interface Spoken {
  readonly relay: number;
  readonly connection: number;
  readonly number: number;
  readonly utterance: number;
  /** How often the hub received it while the connection was that relay's newest. */
  received: number;
  granted: number;
  cancelled: number;
  rejected: number;
}

export interface Aftermath {
  readonly claims: readonly Spoken[];
  /** `relay/connection` whose audio was accepted, per utterance. */
  readonly acceptedOf: readonly ReadonlySet<string>[];
  /** Connections that are still there at the end. */
  readonly connected: ReadonlySet<number>;
  /** Relay and utterance whose grant ended because the same relay was granted a newer one. */
  readonly superseded: ReadonlySet<string>;
  readonly records: readonly RoundRecord[];
  /** What no order of events may lead to. */
  readonly offences: readonly string[];
  readonly openRounds: number;
  readonly statuses: readonly number[];
}
