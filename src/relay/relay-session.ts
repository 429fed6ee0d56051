/**
 * The relay's end of one connection, once it is open: says hello, tells what is heard, answers, and passes on what the
 * hub decides. With the connection goes all that it knew: nothing of a round outlives it. No socket, no clock.
 */
import type { Heard } from "../arbitration/heard-out.ts";
import { type NamedScore, NOT_NEAR, RecentScores } from "../arbitration/recent-scores.ts";
import { readAudioFrame } from "./audio-frame.ts";
import type { AudioTape } from "./audio-tape.ts";
import { ClaimSound } from "./claim-sound.ts";
import * as limits from "./limits.ts";
import { readFromHub } from "./messages.ts";
import type { Capabilities, ToHub } from "./messages-to-hub.ts";
import type { Farewell, MessageToRelay, ToRelay } from "./messages-to-relay.ts";
import { Onset } from "./onset.ts";
import { type Asked, OpenAsks } from "./open-asks.ts";
import { OwnCalibration } from "./own-calibration.ts";
import { OwnClaims } from "./own-claims.ts";
import { PeerSilence } from "./peer-silence.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { RelayEvent } from "./relay-events.ts";

/** Without sound for this long a relay does not know what there is to hear, and does not say that it is nothing. */
const DEAF_MS = 500;
/** How often it tells its level, */
const TELEMETRY_MS = 200;
/** and while it hears nothing, that it does not. */
const DEAF_TELEMETRY_MS = 1000;

export interface RelayIdentity {
  /** Undefined: as its token is called. */
  readonly id: string | undefined;
  readonly capabilities: Capabilities;
  readonly models: readonly string[];
  /** Program and version, for people. */
  readonly software: string;
}

/** The next piece of sound, about 80 ms, and what was made of it. */
export interface Hop {
  readonly pcm: Int16Array;
  /** When its last sample was heard. */
  readonly endMs: number;
  /** Linear 0..1. */
  readonly rms: number;
  readonly noiseFloor: number;
  /** The newest score of each model, and its threshold. */
  readonly scores: readonly NamedScore[];
  /** Its own rules, a cooldown say, keep this relay from being woken now. @default false */
  readonly barred?: boolean;
  /** Words that were heard in this piece. */
  readonly detections: readonly { readonly model: string; readonly confidence: number }[];
}

/** How the relay's own hearing is, now. */
export interface OwnHearing {
  /** What is said now must not be kept, and no word in it counts. */
  readonly muted: boolean;
  /** Why no word would be noticed, for people; undefined when one would, or nobody knows. */
  readonly deaf: string | undefined;
  /** Samples that were lost since it started. */
  readonly lostSamples: number;
}

/** What is told of a hop in any case. */
type Measured = Pick<Hop, "rms" | "noiseFloor" | "scores">;
const NO_SOUND: Measured = { rms: 0, noiseFloor: 0, scores: [] };

export interface RelaySessionOptions {
  readonly identity: RelayIdentity;
  readonly hearing: OwnHearing;
  readonly tape: AudioTape;
  /** Rises over all connections. */
  readonly nextClaim: () => number;
  readonly send: (data: string | Uint8Array<ArrayBuffer>) => void;
  readonly tell: (event: RelayEvent) => void;
}

type Phase =
  | { readonly kind: "greeting"; readonly untilMs: number }
  | {
      readonly kind: "joined";
      readonly connection: number;
      readonly claims: OwnClaims;
      readonly stream: ClaimSound | undefined;
    }
  | { readonly kind: "over"; readonly farewell: Farewell };

export class RelaySession {
  readonly #options: RelaySessionOptions;
  #phase: Phase;
  readonly #silence: PeerSilence;
  #calibration: OwnCalibration | undefined;
  readonly #asks = new OpenAsks();
  readonly #recent = new RecentScores();
  #barred = false;
  readonly #onset = new Onset();
  #hears = false;
  #nearness = 0;
  #newest: Measured = NO_SOUND;
  /** Up to where the detector has listened. */
  #heardUntilMs = Number.NEGATIVE_INFINITY;
  #soundAtMs = Number.NEGATIVE_INFINITY;
  #beatAtMs = Number.NEGATIVE_INFINITY;
  #telemetryAtMs = Number.NEGATIVE_INFINITY;
  #toldReason: string | undefined;

  /** The socket has just opened. */
  constructor(options: RelaySessionOptions, nowMs: number) {
    this.#options = options;
    this.#silence = new PeerSilence(nowMs);
    this.#phase = { kind: "greeting", untilMs: nowMs + limits.DEAD_MS };
    const { id, capabilities, models, software } = options.identity;
    const named = id === undefined ? {} : { id };
    this.#say({
      type: "hello",
      versions: [limits.PROTOCOL_VERSION],
      ...named,
      capabilities: { ...capabilities, calibrates: capabilities.evidence },
      models: [...models],
      software,
    });
  }

  /** Why the connection is of no more use, once it is. */
  get farewell(): Farewell | undefined {
    return this.#phase.kind === "over" ? this.#phase.farewell : undefined;
  }

  get joined(): boolean {
    return this.#phase.kind === "joined";
  }

  /** Takes what the hub sent, whatever it is. */
  receive(data: string | Uint8Array, nowMs: number): void {
    if (this.#phase.kind === "over") return;
    this.#silence.end(nowMs);
    try {
      if (typeof data === "string") this.#take(readFromHub(data), nowMs);
      else this.#speech(data);
    } catch (error) {
      // A newer hub may have more to say than is understood here.
      if (!(error instanceof ProtocolError)) throw error;
      const { code, message, hint } = error;
      this.#options.tell({ type: "error", code, message, hint });
    }
  }

  /** Takes the next piece of sound, which is on the tape already. */
  hear(hop: Hop, nowMs: number): void {
    const { deaf } = this;
    const { rms, noiseFloor, scores } = hop;
    this.#newest = { rms, noiseFloor, scores };
    this.#soundAtMs = nowMs;
    this.#heardUntilMs = hop.endMs;
    this.#nearness = hop.scores.reduce((most, { score, threshold }) => Math.max(most, score / threshold), 0);
    this.#recent.add(hop.endMs, hop.scores);
    this.#barred = hop.barred ?? false;
    if (this.#phase.kind !== "joined") return;
    const { detects, onset } = this.#options.identity.capabilities;
    const hears = deaf === undefined && this.#onset.hear({ ...hop, nearness: this.#nearness }, nowMs);
    if (onset && hears && !this.#hears) this.#say({ type: "onset", atMs: hop.endMs });
    // What has changed is said at once.
    if (hears !== this.#hears) this.#beatAtMs = nowMs;
    this.#hears = hears;
    for (const { model, confidence } of detects && !this.#options.hearing.muted ? hop.detections : []) {
      this.#asks.claimed(this.#phase.claims.claim(model, confidence, nowMs));
    }
    this.tick(nowMs);
  }

  /** Why no word would be noticed now, as far as the relay knows. */
  get deaf(): string | undefined {
    const { muted, deaf } = this.#options.hearing;
    return muted ? "muted" : deaf;
  }

  /** Every {@link limits.TICK_MS}, or more often. */
  tick(nowMs: number): void {
    const silent = this.#silence.tooLong(nowMs);
    if (this.#phase.kind === "greeting" && nowMs >= this.#phase.untilMs) {
      this.#end("no_welcome", "the hub did not answer the hello");
    }
    if (this.#phase.kind !== "joined") return;
    if (silent) {
      this.#end("hub_silent", `nothing came from the hub for ${limits.DEAD_MS} ms`);
      return;
    }
    if (this.deaf !== undefined) this.#hears = false;
    this.#beat(nowMs);
    this.#telemeter(nowMs);
    if (this.#options.identity.capabilities.asks) this.#answer(this.#phase.claims, nowMs);
    const calibrated = this.#calibration?.answer();
    if (calibrated !== undefined) {
      this.#calibration = undefined;
      this.#say(calibrated);
    }
    const { claims, stream } = this.#phase;
    for (const frame of stream?.frames(undefined) ?? []) this.#options.send(frame);
    claims.pursue(nowMs);
  }

  /** The relay itself has heard enough of the command. */
  endSound(): void {
    if (this.#phase.kind === "joined") this.#phase.claims.endSound();
  }

  /** The reply was played, or the relay cannot go on. */
  finish(): void {
    if (this.#phase.kind === "joined") this.#phase.claims.finish();
  }

  /** The socket is closed, or must be: what was under way is lost. */
  closed(code: string, message: string): void {
    this.#end(code, message);
  }

  #take(message: ToRelay, nowMs: number): void {
    if (this.#phase.kind === "joined") this.#follow(message, this.#phase.claims, nowMs);
    else if (message.type === "welcome") this.#join(message, nowMs);
    else if (message.type === "refused") this.#end(message.code, message.message, message);
  }

  #join(welcome: MessageToRelay<"welcome">, nowMs: number): void {
    const { tape, identity, nextClaim, send, tell } = this.#options;
    const { connection } = welcome;
    const { evidence, detects } = identity.capabilities;
    const say = (message: ToHub) => this.#say(message);
    const claims = new OwnClaims({ connection, tape, evidence, nextClaim, say, sendFrame: send, tell });
    const stream = detects ? undefined : new ClaimSound(tape, { kind: "stream", connection, number: 0 }, tape.end);
    this.#phase = { kind: "joined", connection, claims, stream };
    tell({ type: "connected", welcome });
    this.tick(nowMs);
  }

  #follow(message: ToRelay, claims: OwnClaims, nowMs: number): void {
    const { tell } = this.#options;
    switch (message.type) {
      case "welcome":
        break;
      case "refused":
      case "bye":
        this.#end(message.code, message.message, message);
        break;
      case "ping":
        this.#say({ type: "pong", ping: message.ping, atMs: nowMs });
        break;
      case "ask": {
        const { ask, withinMs, wordEndedAtMs, model } = message;
        const untilMs = nowMs + withinMs;
        this.#asks.ask({ ask, askedAtMs: nowMs, untilMs, wordEndedAtMs: wordEndedAtMs ?? nowMs, model });
        this.tick(nowMs);
        break;
      }
      case "calibrate":
        this.#calibration = new OwnCalibration(this.#options.tape, message.calibration, message.listenMs);
        break;
      case "granted":
        claims.granted(message, nowMs);
        break;
      case "cancelled":
        claims.cancelled(message.claims, { type: "lost", why: message.why, winner: message.winner ?? undefined });
        break;
      case "rejected":
        claims.cancelled([message.claim], { type: "lost", why: message.why, winner: undefined });
        break;
      case "enough":
        claims.enough(message.fence);
        break;
      case "over":
        claims.over(message.fence, message.why);
        break;
      case "state": {
        const { type: _, ...state } = message;
        tell({ type: "state", state });
        break;
      }
      case "reply": {
        const { reply, kind = "answer", text, sampleRateHz } = message;
        tell({ type: "reply", reply, kind, text, sampleRateHz: sampleRateHz ?? undefined });
        break;
      }
      case "reply_end":
      case "error":
        tell(message);
        break;
    }
  }

  #answer(claims: OwnClaims, nowMs: number): void {
    for (const { says, ...asked } of this.#asks.answers((asked) => this.#heardOf(asked), nowMs)) {
      const { ask, model, wordEndedAtMs } = asked;
      if (says !== "second") this.#say({ type: says, ask });
      else if (model !== undefined) {
        const { score } = this.#recent.nearest(model, wordEndedAtMs);
        this.#asks.claimed(claims.claim(model, score, nowMs, asked));
      }
    }
  }

  #heardOf({ model, wordEndedAtMs }: Asked): Heard {
    // Who hears nothing has listened to all that it will ever hear.
    const untilMs = this.deaf === undefined ? this.#heardUntilMs : Number.POSITIVE_INFINITY;
    const seconds = this.#options.identity.capabilities.detects && !this.#barred && model !== undefined;
    const { nearness: nearest } = seconds ? this.#recent.nearest(model, wordEndedAtMs) : NOT_NEAR;
    return { untilMs, nearness: this.#nearness, nearest };
  }

  #beat(nowMs: number): void {
    if (!this.#options.identity.capabilities.onset || nowMs < this.#beatAtMs) return;
    if (this.deaf === undefined && nowMs - this.#soundAtMs > DEAF_MS) return;
    this.#beatAtMs = nowMs + limits.BEAT_MS;
    this.#say({ type: "beat", hears: this.#hears, atMs: nowMs });
  }

  #telemeter(nowMs: number): void {
    const comes = nowMs - this.#soundAtMs <= DEAF_MS;
    const reason = this.deaf ?? (comes ? undefined : "no sound comes from its microphone");
    // What has changed is said at once.
    if (nowMs < this.#telemetryAtMs && reason === this.#toldReason) return;
    this.#telemetryAtMs = nowMs + (comes ? TELEMETRY_MS : DEAF_TELEMETRY_MS);
    this.#toldReason = reason;
    const { rms, noiseFloor, scores } = comes ? this.#newest : NO_SOUND;
    const named = Object.fromEntries(scores.map(({ model, score }) => [model, score]));
    const armed = reason === undefined ? { armed: true } : { armed: false, reason: reason.slice(0, MOST_REASON) };
    const { lostSamples } = this.#options.hearing;
    this.#say({ type: "telemetry", rms, noiseFloor, scores: named, ...armed, lostSamples });
  }

  #speech(bytes: Uint8Array): void {
    const { kind, connection, number, pcm } = readAudioFrame(bytes);
    if (this.#phase.kind !== "joined" || connection !== this.#phase.connection || kind !== "reply") return;
    this.#options.tell({ type: "speech", reply: number, pcm });
  }

  #end(code: string, message: string, { hint, retryAfterMs }: Pick<Farewell, "hint" | "retryAfterMs"> = NO_HINT): void {
    if (this.#phase.kind === "over") return;
    const underWay = this.#phase.kind === "joined" && this.#phase.claims.forget();
    this.#phase = { kind: "over", farewell: { code, message, hint, retryAfterMs } };
    if (underWay) this.#options.tell({ type: "lost", why: "hub_gone", winner: undefined });
  }

  #say(message: ToHub): void {
    if (this.#phase.kind !== "over") this.#options.send(JSON.stringify(message));
  }
}

/** As many characters as the protocol takes. */
const MOST_REASON = 255;
const NO_HINT = { hint: "", retryAfterMs: 0 };
