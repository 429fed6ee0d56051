/** What the owner of the house does with what relays say. Times are the hub's clock, ms. */
import type { Claim } from "../arbitration/claim.ts";
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import type { BurstReport } from "../hub/calibration.ts";
import type { HubSession } from "./hub-session.ts";
import type { Introduction } from "./introduction.ts";
import type { Telemetry } from "./messages-to-hub.ts";
import type { Farewell } from "./messages-to-relay.ts";

export type Admission =
  | { readonly kind: "admitted"; readonly room: string | undefined; readonly zone: string }
  | { readonly kind: "refused"; readonly farewell: Farewell };

/** Why a relay is not there any more. */
export type Departure =
  /** It closed the connection, or the network did. */
  | "closed"
  /** Nothing came from it for too long. */
  | "silent"
  | "too_slow"
  | "too_fast"
  | "too_many_errors"
  /** {@link HubSession.dismiss}: whoever owns the house said so. */
  | "dismissed";

/** A piece of sound. */
export interface RelaySound {
  /** 16 kHz; empty in the last piece of a claim. The receiver may keep it. */
  readonly pcm: Int16Array;
  /** When its first sample was heard; undefined while the relay's clock is not known. */
  readonly atMs: number | undefined;
  readonly firstSample: number;
  /** Samples that are missing before it. */
  readonly missingSamples: number;
}

/**
 * Called by {@link HubSession} while it takes what came; may call the session's methods at once. Between `joined` that
 * admits and `left`, each of which comes once, come all others.
 */
export interface RelayHandler {
  joined(session: HubSession, introduction: Introduction): Admission;
  left(session: HubSession, why: Departure): void;
  /** It begins to hear something. */
  onset(session: HubSession): void;
  /** Several times a second. */
  beat(session: HubSession, hears: boolean): void;
  /** One way, ms: half of a ping's round trip. */
  delay(session: HubSession, delayMs: number): void;
  /** May be one that was claimed before. */
  claim(session: HubSession, claim: Claim): void;
  envelope(session: HubSession, claim: number, envelope: CoarseEnvelope): void;
  /** What it heard of a sound to set gains by. */
  calibrated(session: HubSession, calibration: number, report: BurstReport): void;
  pass(session: HubSession, ask: number): void;
  pending(session: HubSession, ask: number): void;
  /** @param sound.fence what it was granted with, undefined in what was sent before it knew */
  audio(
    session: HubSession,
    sound: RelaySound & { readonly claim: number; readonly fence: number | undefined; readonly last: boolean },
  ): void;
  /** From a relay for which the hub listens: all that it hears. */
  stream(session: HubSession, sound: RelaySound): void;
  /** The command with this fence is over for the relay. */
  finished(session: HubSession, fence: number): void;
  telemetry(session: HubSession, telemetry: Telemetry): void;
}
