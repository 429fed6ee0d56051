/** Relays of Earshot's own protocol, as members of the house: what they say becomes the hub's events, and its words theirs. */
import type { Claim } from "../arbitration/claim.ts";
import type { Sender } from "../arbitration/events.ts";
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import type { BurstReport } from "../hub/calibration.ts";
import type { Hub } from "../hub/hub.ts";
import type { HubEars } from "../hub/hub-ears.ts";
import type { RemoteStream, StreamEnd } from "../hub/remote-streams.ts";
import type { RelayVoice } from "../hub/seat.ts";
import type { HubSession } from "./hub-session.ts";
import type { Introduction } from "./introduction.ts";
import { RETRY_MS, SAMPLE_RATE_HZ } from "./limits.ts";
import type { Telemetry } from "./messages-to-hub.ts";
import type { Farewell } from "./messages-to-relay.ts";
import type { Admission, Departure, RelayHandler, RelaySound } from "./relay-handler.ts";
import { type Released, UnmeasuredClaims } from "./unmeasured-claims.ts";

export interface RelayDeskOptions {
  readonly hub: Hub;
  readonly ears: HubEars;
  readonly monotonicMs: () => number;
  /** What is configured of a relay. */
  readonly placeOf: (id: string) => { readonly room: string | undefined; readonly zone: string };
  /** A stream for a relay that only sends its sound. */
  readonly openStream: (name: string, address: string) => RemoteStream | StreamEnd;
  /** What a claimant measured of the sound behind its word too. */
  readonly envelope?: (sender: Sender, claim: number, envelope: CoarseEnvelope) => void;
  /** What a relay heard of a sound to set gains by. */
  readonly calibrated?: (sender: Sender, calibration: number, report: BurstReport) => void;
}

const SAMPLES_PER_MS = SAMPLE_RATE_HZ / 1000;

/** What a relay said last of its microphone; times are when it came. */
export interface Reports {
  /** Of its levels and scores; undefined while it has said nothing of them. */
  readonly telemetry: Telemetry | undefined;
  readonly telemetryAtMs: number;
  /** Its newest beat: it has a microphone that gives sound. */
  readonly beatAtMs: number;
}

/** What of a connection is remembered beside its session. */
interface Member {
  readonly stream: RemoteStream | undefined;
  reports: Reports;
}

const NO_REPORTS: Reports = {
  telemetry: undefined,
  telemetryAtMs: Number.NEGATIVE_INFINITY,
  beatAtMs: Number.NEGATIVE_INFINITY,
};

export class RelayDesk implements RelayHandler {
  readonly #options: RelayDeskOptions;
  /** By the number of the connection. */
  readonly #members = new Map<number, Member>();
  readonly #unmeasured = new UnmeasuredClaims();

  constructor(options: RelayDeskOptions) {
    this.#options = options;
  }

  /** Undefined for a connection that is not one of a relay of this protocol. */
  reportsOf(connection: number): Reports | undefined {
    return this.#members.get(connection)?.reports;
  }

  joined(session: HubSession, { id, capabilities, software }: Introduction): Admission {
    const { hub, ears, monotonicMs, placeOf, openStream } = this.#options;
    const { connection, address } = session;
    const stream = capabilities.detects ? undefined : openStream(id, address);
    if (stream !== undefined && "code" in stream)
      return refused("streams_full", "the hub listens for no more", "raise streams.max");
    if (stream !== undefined) ears.open(stream.stream, id, connection);
    const own = voiceOf(session, capabilities.plays, (fence) => hub.finish(fence));
    const voice = stream === undefined ? own : heardVoice(own, ears.voice(stream.stream));
    const sinceMs = monotonicMs();
    const can = { onset: capabilities.onset || stream !== undefined, ask: capabilities.asks || stream !== undefined };
    const seat = { id, connection, kind: "relay", address, software, sinceMs, voice, stream: stream?.stream } as const;
    const refusal = hub.join(seat, can);
    if (refusal !== undefined) {
      if (stream !== undefined) ears.close(stream.stream, connection);
      stream?.close();
      return refusal.why === "name_of_hub"
        ? refused(refusal.why, `the hub's own microphone is called "${id}"`, "give the relay a name of its own: --id")
        : refused(refusal.why, `${refusal.limit} relays are connected already`, "raise arbitration.max_relays");
    }
    this.#members.set(connection, { stream, reports: NO_REPORTS });
    return { kind: "admitted", ...placeOf(id) };
  }

  /** Lets through what waited long enough for its sound. */
  look(): void {
    for (const released of this.#unmeasured.due(this.#options.monotonicMs())) this.#letThrough(released);
  }

  left(session: HubSession, why: Departure): void {
    this.#unmeasured.forget(session.connection);
    const stream = this.#members.get(session.connection)?.stream;
    this.#members.delete(session.connection);
    this.#options.hub.leave(senderOf(session), why);
    if (stream === undefined) return;
    this.#options.ears.close(stream.stream, session.connection);
    stream.close();
  }

  onset(session: HubSession): void {
    this.#options.hub.tell({ type: "onset", ...senderOf(session) });
  }

  beat(session: HubSession, hears: boolean): void {
    // That nothing is heard there says the hub, which listens in its sound and knows how late that is.
    const isHeardHere = this.#members.get(session.connection)?.stream !== undefined;
    if (hears || !isHeardHere) this.#options.hub.tell({ type: "beat", ...senderOf(session), hears });
    this.#report(session, { beatAtMs: this.#options.monotonicMs() });
  }

  delay(session: HubSession, delayMs: number): void {
    this.#options.hub.tell({ type: "delay", ...senderOf(session), delayMs });
  }

  claim(session: HubSession, claim: Claim): void {
    const measures = session.introduction?.capabilities.evidence ?? false;
    if (!measures && this.#unmeasured.hold(senderOf(session), claim, this.#options.monotonicMs())) return;
    this.#options.hub.claim(senderOf(session), claim);
  }

  envelope(session: HubSession, claim: number, envelope: CoarseEnvelope): void {
    this.#options.envelope?.(senderOf(session), claim, envelope);
  }

  calibrated(session: HubSession, calibration: number, report: BurstReport): void {
    this.#options.calibrated?.(senderOf(session), calibration, report);
  }

  pass(session: HubSession, ask: number): void {
    if (this.#unmeasured.holds(session.connection)) return;
    this.#options.hub.tell({ type: "pass", ...senderOf(session), ask });
  }

  pending(session: HubSession, ask: number): void {
    this.#options.hub.tell({ type: "pending", ...senderOf(session), ask });
  }

  audio(
    session: HubSession,
    sound: RelaySound & { readonly claim: number; readonly fence: number | undefined; readonly last: boolean },
  ): void {
    const released = this.#unmeasured.sound(session.connection, sound.claim, sound);
    if (released === undefined) this.#options.hub.sound(senderOf(session), sound);
    else for (const one of released) this.#letThrough(one);
  }

  stream(session: HubSession, { pcm, atMs }: RelaySound): void {
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const heardToMs = atMs === undefined ? undefined : atMs + pcm.length / SAMPLES_PER_MS;
    this.#members.get(session.connection)?.stream?.push(bytes, heardToMs);
  }

  finished(session: HubSession, fence: number): void {
    this.#options.hub.tell({ type: "finished", ...senderOf(session), fence });
  }

  telemetry(session: HubSession, telemetry: Telemetry): void {
    this.#report(session, { telemetry, telemetryAtMs: this.#options.monotonicMs() });
  }

  #letThrough({ sender, claim, pieces }: Released): void {
    const { hub } = this.#options;
    hub.claim(sender, claim);
    for (const piece of pieces) hub.sound(sender, { ...piece, claim: claim.number });
  }

  #report({ connection }: HubSession, report: Partial<Reports>): void {
    const member = this.#members.get(connection);
    if (member !== undefined) member.reports = { ...member.reports, ...report };
  }
}

function senderOf(session: HubSession) {
  return { relayId: session.introduction?.id ?? "", connection: session.connection };
}

function refused(code: string, message: string, hint: string): Admission {
  const farewell: Farewell = { code, message, hint, retryAfterMs: RETRY_MS.later };
  return { kind: "refused", farewell };
}

/** @param done one that cannot play is done with an answer as soon as it was told */
function voiceOf(session: HubSession, plays: boolean, done: (fence: number) => void): RelayVoice {
  return {
    ask: (ask) => session.ask(ask),
    granted: ({ claims, round, fence }) => session.tell({ type: "granted", claims: [...claims], round, fence }),
    cancelled: ({ claims, round, why, winner }) =>
      session.tell({
        type: "cancelled",
        claims: [...claims],
        round,
        why,
        winner: winner === undefined ? null : { id: winner.relayId, room: winner.room ?? null },
      }),
    rejected: (claim, why) => session.tell({ type: "rejected", claim, why }),
    over: (round, fence, why) => session.tell({ type: "over", round, fence, why }),
    enough: (fence) => session.tell({ type: "enough", fence }),
    reply: (fence, { kind, text, speech }) => {
      session.reply(fence, text, plays ? speech : undefined, kind);
      if (!plays) done(fence);
    },
    displaced: () =>
      session.dismiss({
        code: "replaced",
        message: "another connection has the same id",
        hint: "give each relay an id of its own",
        retryAfterMs: RETRY_MS.muchLater,
      }),
  };
}

/** The hub listens for it and answers asks; it is told verdicts all the same, without claims of its own. */
function heardVoice(own: RelayVoice, heard: RelayVoice): RelayVoice {
  let fence: number | undefined;
  return {
    ...own,
    ask: heard.ask,
    granted: (grant) => {
      // The hub may hear a word twice, faintly and then well: for the relay there is one.
      if (grant.fence !== fence) own.granted({ ...grant, claims: [] });
      fence = grant.fence;
      heard.granted(grant);
    },
    cancelled: (cancel) => own.cancelled({ ...cancel, claims: [] }),
    rejected: () => {},
    over: (round, fence, why) => {
      heard.over(round, fence, why);
      own.over(round, fence, why);
    },
    enough: (fence) => {
      heard.enough(fence);
      own.enough(fence);
    },
  };
}
