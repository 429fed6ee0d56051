/**
 * The hub's end of one connection to a relay: takes what a socket brings, tells the owner of the house, and says to the
 * relay what the owner wants. Knows no socket; on one event loop.
 */

import type { BurstReport } from "../hub/calibration.ts";
import type { Reply } from "../hub/reply.ts";
import type { WordAsk } from "../hub/seat.ts";
import { TokenBucket } from "../hub/token-bucket.ts";
import { readAudioFrame } from "./audio-frame.ts";
import { AudioIntake } from "./audio-intake.ts";
import { type ClockEstimate, ClockOffset } from "./clock-offset.ts";
import { type Introduction, introduced } from "./introduction.ts";
import { KnownClaims } from "./known-claims.ts";
import * as limits from "./limits.ts";
import { readFromRelay } from "./messages.ts";
import type { FromRelay, Hello } from "./messages-to-hub.ts";
import type { Farewell, MessageToRelay, ToRelay } from "./messages-to-relay.ts";
import { PeerSilence } from "./peer-silence.ts";
import { ProtocolError } from "./protocol-error.ts";
import type { Departure, RelayHandler } from "./relay-handler.ts";
import { RelayOutlet, type RelaySocket, type Speech } from "./relay-outlet.ts";

export interface HubSessionOptions {
  readonly socket: RelaySocket;
  readonly handler: RelayHandler;
  readonly monotonicMs: () => number;
  /** Numbered as they come: the higher is the newer; not above 2^32 - 1. */
  readonly connection: number;
  /** Where it comes from, for people. */
  readonly address: string;
  /** Of the token that let it in: the only id that it may have. Undefined where none was needed. */
  readonly tokenName: string | undefined;
  /** What the hub is called. */
  readonly hubName: string;
}

type Phase =
  | { readonly kind: "greeting"; readonly untilMs: number }
  /** What is said meanwhile follows the welcome. */
  | { readonly kind: "admitting"; readonly held: string[] }
  | { readonly kind: "joined" }
  | { readonly kind: "closing"; readonly untilMs: number }
  | { readonly kind: "closed" };

/** Call {@link HubSession.tick} every {@link limits.TICK_MS}. */
export class HubSession {
  readonly #options: HubSessionOptions;
  readonly #outlet: RelayOutlet;
  #phase: Phase;
  #introduction: Introduction | undefined;
  readonly #silence: PeerSilence;
  readonly #clock = new ClockOffset();
  #pingAtMs = Number.POSITIVE_INFINITY;
  #pongs = 0;
  readonly #intake = new AudioIntake();
  readonly #claims = new KnownClaims();
  readonly #messages = new TokenBucket({ atOnce: limits.MESSAGES_AT_ONCE, perSecond: limits.MESSAGES_PER_S });
  readonly #sound = new TokenBucket({ atOnce: limits.SOUND_AT_ONCE_S, perSecond: limits.SOUND_RATE });
  readonly #faults = new TokenBucket({ atOnce: limits.FAULTS_AT_ONCE, perSecond: limits.FAULTS_PER_S });

  constructor(options: HubSessionOptions) {
    this.#options = options;
    this.#outlet = new RelayOutlet(options.socket, options.connection);
    const nowMs = options.monotonicMs();
    this.#silence = new PeerSilence(nowMs);
    this.#phase = { kind: "greeting", untilMs: nowMs + limits.HELLO_MS };
  }

  get connection(): number {
    return this.#options.connection;
  }

  /** Where it comes from, for people. */
  get address(): string {
    return this.#options.address;
  }

  get phase(): Phase["kind"] {
    return this.#phase.kind;
  }

  /** Undefined before its hello; stays when it is gone. */
  get introduction(): Introduction | undefined {
    return this.#introduction;
  }

  /** Undefined before the first answer to a ping. */
  get clock(): ClockEstimate | undefined {
    return this.#clock.estimate;
  }

  /** Frames of sound that never came. */
  get lostFrames(): number {
    return this.#intake.lostFrames;
  }

  /** Takes a message, whatever it is. Throws only what the handler throws. */
  receive(data: string | Uint8Array): void {
    if (this.#phase.kind === "closing" || this.#phase.kind === "closed") return;
    const nowMs = this.#options.monotonicMs();
    this.#silence.end(nowMs);
    try {
      if (typeof data === "string") this.#text(data, nowMs);
      else this.#frame(data, nowMs);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fault(error, nowMs);
    }
  }

  /** The socket is closed. */
  closed(): void {
    const { kind } = this.#phase;
    this.#phase = { kind: "closed" };
    if (kind === "joined") this.#options.handler.left(this, "closed");
  }

  tick(): void {
    const nowMs = this.#options.monotonicMs();
    const silent = this.#silence.tooLong(nowMs);
    if (this.#phase.kind === "greeting" && nowMs >= this.#phase.untilMs) {
      const error = new ProtocolError("no_hello", `no hello within ${limits.HELLO_MS} ms`, "a hello comes first");
      this.#refuse(error.farewell(limits.RETRY_MS.soon));
    } else if (this.#phase.kind === "joined") {
      if (silent) {
        const error = new ProtocolError("silent", `nothing came for ${limits.DEAD_MS} ms`, "answer pings");
        this.#depart("silent", error.farewell(limits.RETRY_MS.soon), limits.CLOSE.silent);
        return;
      }
      if (nowMs >= this.#pingAtMs) this.#ping(nowMs);
      this.drained();
    } else if (this.#phase.kind === "closing" && nowMs >= this.#phase.untilMs) {
      this.#options.socket.terminate();
    }
  }

  /** There is room again for what waits for a slow reader. */
  drained(): void {
    if (this.#phase.kind !== "joined") return;
    this.#outlet.drain();
    this.#mindBackpressure();
  }

  tell(message: MessageToRelay<"calibrate" | "granted" | "cancelled" | "rejected" | "enough" | "over">): void {
    this.#say(message);
  }

  /** Times are the hub's clock. */
  ask({ ask, untilMs, wordEndedAtMs, model }: WordAsk): void {
    const estimate = this.#clock.estimate;
    this.#say({
      type: "ask",
      ask,
      withinMs: Math.max(0, untilMs - this.#options.monotonicMs()),
      wordEndedAtMs: estimate === undefined ? null : wordEndedAtMs - estimate.offsetMs,
      model,
    });
  }

  /**
   * What the house is doing; what a slow relay has not read yet is replaced by what is newer.
   *
   * @param text a `state`, as JSON: made once for all relays
   */
  show(text: string): void {
    if (this.#phase.kind === "admitting") this.#phase.held.push(text);
    if (this.#phase.kind !== "joined") return;
    this.#outlet.show(text);
    this.#mindBackpressure();
  }

  /** @param speech goes out as fast as the relay reads */
  reply(fence: number, text: string, speech: Speech | undefined, kind: Reply["kind"] = "answer"): void {
    if (this.#phase.kind !== "joined") return;
    this.#outlet.reply(fence, text, speech, kind);
    this.#mindBackpressure();
  }

  /** Sends it away. Its handler hears `left`, if it had joined. */
  dismiss(farewell: Farewell, closeCode: number = limits.CLOSE.farewell): void {
    if (this.#phase.kind === "joined") this.#depart("dismissed", farewell, closeCode);
    else if (this.#phase.kind === "greeting" || this.#phase.kind === "admitting") this.#refuse(farewell);
  }

  #text(text: string, nowMs: number): void {
    if (!this.#messages.take(1, nowMs)) {
      this.#tooFast(`more than ${limits.MESSAGES_PER_S} messages a second`);
      return;
    }
    const message = readFromRelay(text);
    if (this.#phase.kind === "joined") this.#take(message, nowMs);
    else if (message.type === "hello") this.#greet(message, nowMs);
    else throw new ProtocolError("no_hello", `"${message.type}" before the hello`, "a hello comes first");
  }

  #greet(hello: Hello, nowMs: number): void {
    const { handler, hubName, connection, tokenName } = this.#options;
    const introduction = introduced(hello, tokenName);
    const held: string[] = [];
    this.#introduction = introduction;
    this.#phase = { kind: "admitting", held };
    const admission = handler.joined(this, introduction);
    // The handler may have sent it away itself.
    if (this.phase !== "admitting") return;
    if (admission.kind === "refused") {
      this.#refuse(admission.farewell);
      return;
    }
    const { id, capabilities } = introduction;
    const { room = null, zone } = admission;
    this.#phase = { kind: "joined" };
    const version = limits.PROTOCOL_VERSION;
    this.#say({ type: "welcome", version, hub: hubName, id, connection, room, zone, capabilities });
    for (const text of held) this.#send(text);
    this.#ping(nowMs);
  }

  #take(message: FromRelay, nowMs: number): void {
    const { handler } = this.#options;
    switch (message.type) {
      case "hello":
        throw new ProtocolError("second_hello", "a second hello on one connection", "a hello needs a new connection");
      case "pong":
        this.#pong(message.ping, message.atMs, nowMs);
        break;
      case "telemetry":
        handler.telemetry(this, message);
        break;
      case "onset":
        handler.onset(this);
        break;
      case "beat":
        handler.beat(this, message.hears);
        break;
      case "claim":
        this.#claim(message, nowMs);
        break;
      case "envelope": {
        const { claim, levelsDb, endsAt, floorDb } = message;
        this.#claims.mustHave(claim);
        handler.envelope(this, claim, { levelsDb, endsAt, floorDb });
        break;
      }
      case "calibrated":
        handler.calibrated(this, message.calibration, this.#burstOf(message));
        break;
      case "pass":
        handler.pass(this, message.ask);
        break;
      case "pending":
        handler.pending(this, message.ask);
        break;
      case "audio_end":
        this.#audioEnd(message.claim);
        break;
      case "finished":
        handler.finished(this, message.fence);
        break;
    }
  }

  #claim(message: Extract<FromRelay, { readonly type: "claim" }>, nowMs: number): void {
    const { claim: number, model, confidence, endedAtMs, sentAtMs, ask: seconds } = message;
    const { detects = false, evidence: measures = false } = this.#introduction?.capabilities ?? {};
    if (!detects) {
      throw new ProtocolError("cannot_claim", "a claim of a relay that does not detect", "name it in the hello");
    }
    this.#claims.make(number);
    const estimate = this.#clock.estimate;
    // While its clock is not known: what it says has passed since; what the network took is neglected.
    const ended = estimate === undefined ? nowMs - Math.max(0, sentAtMs - endedAtMs) : endedAtMs + estimate.offsetMs;
    const evidence = measures ? message.evidence : undefined;
    this.#options.handler.claim(this, { number, model, confidence, endedAtMs: ended, evidence, seconds });
  }

  #burstOf({ why, atMs, evidence, envelope }: Extract<FromRelay, { readonly type: "calibrated" }>): BurstReport {
    if (why !== undefined || evidence === undefined || envelope === undefined) {
      return { kind: "unheard", why: why ?? "sound_lost" };
    }
    const estimate = this.#clock.estimate;
    const heardAtMs = estimate === undefined || atMs === undefined ? undefined : atMs + estimate.offsetMs;
    return { kind: "heard", evidence, envelope, atMs: heardAtMs };
  }

  #frame(bytes: Uint8Array, nowMs: number): void {
    if (this.#phase.kind !== "joined")
      throw new ProtocolError("no_hello", "sound before the hello", "a hello comes first");
    const { handler } = this.#options;
    const frame = readAudioFrame(bytes);
    const { kind, connection, number, firstSample, pcm, fence } = frame;
    if (!this.#sound.take(pcm.length / limits.SAMPLE_RATE_HZ, nowMs)) {
      this.#tooFast("sound comes faster than it can be heard");
      return;
    }
    if (connection !== this.connection) {
      const message = `sound of connection ${connection}: this is ${this.connection}`;
      throw new ProtocolError("old_connection", message, "write the number of the newest welcome into each frame");
    }
    if (kind === "reply")
      throw new ProtocolError("wrong_way", "the sound of a reply comes from the hub", "a relay sends claim or stream");
    if (kind === "claim") this.#claims.mustHave(number);
    else if (this.#introduction?.capabilities.detects) {
      throw new ProtocolError("no_stream", "a stream of a relay that detects", "its sound belongs to a claim");
    }
    const taken = this.#intake.take(frame);
    if (taken.kind === "again") return;
    const estimate = this.#clock.estimate;
    const atMs = estimate === undefined ? undefined : frame.atMs + estimate.offsetMs;
    const sound = { pcm, atMs, firstSample, missingSamples: taken.missingSamples };
    if (kind === "stream") handler.stream(this, sound);
    else handler.audio(this, { ...sound, claim: number, fence, last: false });
  }

  #audioEnd(claim: number): void {
    this.#claims.mustHave(claim);
    const firstSample = this.#intake.end(claim);
    if (firstSample === undefined) return;
    const nothing = { pcm: new Int16Array(0), atMs: undefined, firstSample, missingSamples: 0 };
    this.#options.handler.audio(this, { ...nothing, claim, fence: undefined, last: true });
  }

  #ping(nowMs: number): void {
    this.#pingAtMs = nowMs + limits.PING_MS;
    this.#say({ type: "ping", ping: this.#clock.ping(nowMs) });
  }

  #pong(ping: number, atMs: number, nowMs: number): void {
    const delayMs = this.#clock.pong(ping, atMs, nowMs);
    if (delayMs === undefined) return;
    this.#options.handler.delay(this, delayMs);
    if (++this.#pongs < limits.FIRST_PINGS) this.#ping(nowMs);
  }

  #fault(error: ProtocolError, nowMs: number): void {
    const { code, message, hint } = error;
    if (this.#phase.kind !== "joined") this.#refuse(error.farewell(limits.RETRY_MS.later));
    else if (this.#faults.take(1, nowMs)) this.#say({ type: "error", code, message, hint });
    else {
      const last = new ProtocolError("too_many_errors", `too much made no sense; at last: ${message}`, hint);
      this.#depart("too_many_errors", last.farewell(limits.RETRY_MS.later));
    }
  }

  #tooFast(message: string): void {
    const farewell = new ProtocolError("too_fast", message, "send less").farewell(limits.RETRY_MS.later);
    if (this.#phase.kind === "joined") this.#depart("too_fast", farewell);
    else this.#refuse(farewell);
  }

  #mindBackpressure(): void {
    if (this.#phase.kind !== "joined" || this.#options.socket.bufferedBytes <= limits.TOO_SLOW_BYTES) return;
    const message = `more than ${limits.TOO_SLOW_BYTES / 1024} KiB were sent and not read`;
    const error = new ProtocolError("too_slow", message, "read what comes");
    this.#depart("too_slow", error.farewell(limits.RETRY_MS.later));
  }

  #say(message: ToRelay): void {
    const { kind } = this.#phase;
    if (kind === "admitting" || kind === "joined") this.#send(JSON.stringify(message));
  }

  #send(text: string): void {
    if (this.#phase.kind === "admitting") this.#phase.held.push(text);
    if (this.#phase.kind !== "joined") return;
    this.#outlet.send(text);
    this.#mindBackpressure();
  }

  #refuse(farewell: Farewell): void {
    this.#outlet.say({ type: "refused", ...farewell });
    this.#close(limits.CLOSE.refused, farewell.code);
  }

  #depart(why: Departure, farewell: Farewell, closeCode: number = limits.CLOSE.farewell): void {
    this.#outlet.say({ type: "bye", ...farewell });
    this.#close(closeCode, farewell.code);
    this.#options.handler.left(this, why);
  }

  #close(code: number, reason: string): void {
    this.#phase = { kind: "closing", untilMs: this.#options.monotonicMs() + limits.CLOSE_MS };
    this.#options.socket.close(code, reason);
  }
}
