/** What the hub knows of a relay: who it is, what it hears, how long its messages take. */
import type { Claim } from "./claim.ts";
import { ONSET_MS, SKEW_MS, UNMEASURED_DELAY_MS } from "./limits.ts";

/** The seed's numbers. */
export const RELAY_STATUS = { connected: 0, contending: 1, winner: 2, cancelled: 3 } as const;
export type RelayStatus = (typeof RELAY_STATUS)[keyof typeof RELAY_STATUS];

/** What is configured and learned of it; may change while it is connected. */
export interface RelayFacts {
  readonly id: string;
  /** The microphone of the hub itself: it does not count towards the limit. Stays as it was while it is connected. */
  readonly local: boolean;
  /** Relays of one zone hear the same people. */
  readonly zone: string;
  readonly room: string | undefined;
  /** 0 dB with a large uncertainty where nothing is known. */
  readonly gain: { readonly db: number; readonly uncertaintyDb: number };
  readonly preferenceDb: number;
  /** It may not claim what is quieter (RMS before any gain, dB of full scale). */
  readonly leastLevelDb: number | undefined;
  /** It was found to overstate, and not cleared since. */
  readonly disbelieved: boolean;
  readonly can: {
    /** Say when it begins to hear something, and beat. */
    readonly onset: boolean;
    /** Answer whether it has heard a word too. */
    readonly ask: boolean;
    /** Whether it claims when the whole command was recorded, and never before; undefined where nobody knows. */
    readonly onlyAfterwards?: boolean | undefined;
  };
}

/** What it says it hears; times are when the message came. */
export type Hearing =
  /** Has not said anything yet. */
  | { readonly kind: "unsaid" }
  | { readonly kind: "hears" }
  /** Nothing now; something until, at the latest, `heardUntilMs`. */
  | { readonly kind: "quiet"; readonly beatAtMs: number; readonly heardUntilMs: number };

/** One way, ms, smoothed like TCP's round trips (RFC 6298, section 2). */
export interface Delay {
  readonly meanMs: number;
  readonly deviationMs: number;
}

export interface Relay {
  readonly facts: RelayFacts;
  /** Numbered by the hub as they come: the higher is the newer. */
  readonly connection: number;
  readonly joinedAtMs: number;
  readonly hearing: Hearing;
  readonly delay: Delay | undefined;
  /** How late its sound comes to whoever listens in it, besides, ms. */
  readonly lateMs: number;
  readonly status: RelayStatus;
}

export function joined(facts: RelayFacts, connection: number, nowMs: number): Relay {
  return {
    facts,
    connection,
    joinedAtMs: nowMs,
    hearing: { kind: "unsaid" },
    delay: undefined,
    lateMs: 0,
    status: RELAY_STATUS.connected,
  };
}

/** @param late how long ago it was heard what it speaks of, ms; undefined where it is as late as before */
export function heard(before: Relay, hears: boolean, nowMs: number, late?: number): Relay {
  const lateMs = late === undefined ? before.lateMs : Math.max(0, late);
  const relay = lateMs === before.lateMs ? before : { ...before, lateMs };
  if (hears) return relay.hearing.kind === "hears" ? relay : { ...relay, hearing: { kind: "hears" } };
  const heardUntilMs =
    relay.hearing.kind === "hears"
      ? nowMs
      : relay.hearing.kind === "quiet"
        ? relay.hearing.heardUntilMs
        : Number.NEGATIVE_INFINITY;
  return { ...relay, hearing: { kind: "quiet", beatAtMs: nowMs - lateMs, heardUntilMs } };
}

/** Whether the relay may not claim this, because it is quieter than configured. What nobody measured is not too quiet. */
export function isTooQuiet({ leastLevelDb }: RelayFacts, { evidence }: Claim): boolean {
  return leastLevelDb !== undefined && evidence !== undefined && 20 * Math.log10(evidence.rms) < leastLevelDb;
}

/** @param delayMs half of a round trip; what is no delay is passed over */
export function measured(relay: Relay, delayMs: number): Relay {
  if (!(delayMs >= 0 && delayMs < Number.POSITIVE_INFINITY)) return relay;
  const { delay } = relay;
  if (delay === undefined) return { ...relay, delay: { meanMs: delayMs, deviationMs: delayMs / 2 } };
  return {
    ...relay,
    delay: {
      meanMs: delay.meanMs + (delayMs - delay.meanMs) / 8,
      deviationMs: delay.deviationMs + (Math.abs(delayMs - delay.meanMs) - delay.deviationMs) / 4,
    },
  };
}

/** Whether a relay could have heard a word, and if nobody knows, why not. */
export type Earshot = "out_of_earshot" | "hears" | "cannot_say" | "no_beat" | "old_beat";

/**
 * A relay is out of earshot if it has heard nothing since the word began, and its newest beat was sent late enough to say
 * so: the longer its messages take, the younger a beat must be.
 *
 * @param beganAtMs when the word began, hub clock
 */
export function earshot({ facts, hearing, delay }: Relay, beganAtMs: number): Earshot {
  if (!facts.can.onset) return "cannot_say";
  switch (hearing.kind) {
    case "unsaid":
      return "no_beat";
    case "hears":
      return "hears";
    case "quiet": {
      if (hearing.heardUntilMs >= beganAtMs) return "hears";
      const sentAtMs = hearing.beatAtMs - (delay === undefined ? UNMEASURED_DELAY_MS : longest(delay));
      return sentAtMs >= beganAtMs + ONSET_MS ? "out_of_earshot" : "old_beat";
    }
  }
}

/** How long a claim or an answer of this relay may take, ms: there, what its detector lags behind the first, and back; and its sound. */
export function patienceMs({ delay, lateMs }: Relay, windowMs: number): number {
  return delay === undefined ? windowMs : Math.min(windowMs, SKEW_MS + 2 * longest(delay) + lateMs);
}

function longest({ meanMs, deviationMs }: Delay): number {
  return meanMs + 4 * deviationMs;
}
