// The owner of a house for tests: writes down what it is told, and decides nothing but what a test says.
import type { Claim } from "../../src/arbitration/claim.ts";
import type { BurstReport } from "../../src/hub/calibration.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import type { Telemetry } from "../../src/relay/messages-to-hub.ts";
import type { Admission, RelayHandler } from "../../src/relay/relay-handler.ts";

export interface HeardAudio {
  readonly session: HubSession;
  readonly claim: number;
  readonly fence: number | undefined;
  readonly firstSample: number;
  readonly samples: Int16Array;
  readonly last: boolean;
}

export class SmallHub implements RelayHandler {
  readonly said: string[] = [];
  readonly claims: { readonly session: HubSession; readonly claim: Claim }[] = [];
  readonly audioHeard: HeardAudio[] = [];
  readonly streams: { readonly samples: Int16Array; readonly missing: number }[] = [];
  readonly telemetryHeard: Telemetry[] = [];
  readonly members = new Map<number, HubSession>();
  readonly envelopes: { readonly claim: number; readonly levels: number }[] = [];
  admission: (session: HubSession) => Admission = () => ({ kind: "admitted", room: "Kitchen", zone: "house" });
  onClaim: (session: HubSession, claim: Claim) => void = () => {};

  joined(session: HubSession): Admission {
    const admission = this.admission(session);
    if (admission.kind === "admitted") this.#enter(session);
    this.#note(session, `${admission.kind} ${session.introduction?.id}`);
    return admission;
  }

  left(session: HubSession, why: string): void {
    if (!this.members.delete(session.connection)) throw new Error("left without having joined, or twice");
    if (session.introduction === undefined) throw new Error("nobody can say who left");
    this.#note(session, `left ${why}`);
  }

  onset(session: HubSession): void {
    this.#note(session, "onset");
  }

  beat(session: HubSession, hears: boolean): void {
    this.#note(session, `beat ${hears}`);
  }

  delay(session: HubSession): void {
    this.#mustBeIn(session);
  }

  claim(session: HubSession, claim: Claim): void {
    this.#note(session, `claim ${claim.number}`);
    this.claims.push({ session, claim });
    this.onClaim(session, claim);
  }

  envelope(session: HubSession, claim: number, { levelsDb }: { readonly levelsDb: readonly number[] }): void {
    this.#note(session, `envelope ${claim}`);
    this.envelopes.push({ claim, levels: levelsDb.length });
  }

  calibrated(session: HubSession, calibration: number, { kind }: BurstReport): void {
    this.#note(session, `calibrated ${calibration} ${kind}`);
  }

  pass(session: HubSession, ask: number): void {
    this.#note(session, `pass ${ask}`);
  }

  pending(session: HubSession, ask: number): void {
    this.#note(session, `pending ${ask}`);
  }

  audio(session: HubSession, { claim, fence, firstSample, pcm, last }: Parameters<RelayHandler["audio"]>[1]): void {
    this.#mustBeIn(session);
    this.audioHeard.push({ session, claim, fence, firstSample, samples: pcm, last });
  }

  stream(session: HubSession, { pcm, missingSamples }: Parameters<RelayHandler["stream"]>[1]): void {
    this.#mustBeIn(session);
    this.streams.push({ samples: pcm, missing: missingSamples });
  }

  finished(session: HubSession, fence: number): void {
    this.#note(session, `finished ${fence}`);
  }

  telemetry(session: HubSession, telemetry: Telemetry): void {
    this.#mustBeIn(session);
    this.telemetryHeard.push(telemetry);
  }

  #enter(session: HubSession): void {
    if (this.members.has(session.connection)) throw new Error("joined twice");
    this.members.set(session.connection, session);
  }

  #note(session: HubSession, what: string): void {
    if (!what.startsWith("left") && !what.startsWith("refused")) this.#mustBeIn(session);
    this.said.push(`${session.connection}: ${what}`);
  }

  #mustBeIn({ connection }: HubSession): void {
    if (!this.members.has(connection)) throw new Error(`connection ${connection} is told of while it is not there`);
  }
}
