/**
 * One RPC of a Loqa relay, which it keeps for life: it never comes again, so whatever it is told, the RPC stays. Turns what
 * it says into claims and sound of the house, and verdicts and answers into its messages. No socket, no clock.
 */
import type { Sender } from "../arbitration/events.ts";
import type { Hub } from "../hub/hub.ts";
import type { Reply } from "../hub/reply.ts";
import type { RelayVoice } from "../hub/seat.ts";
import { TokenBucket } from "../hub/token-bucket.ts";
import * as limits from "./limits.ts";
import { type AudioChunk, type AudioResponse, readAudioChunk, writeAudioResponse } from "./messages.ts";
import { errorResponse, lossResponse, noSpeechResponse, replyResponse, withoutSound } from "./responses.ts";
import { isKnownRate } from "./samples.ts";
import { SendClock } from "./send-clock.ts";
import { type Said, Utterances } from "./utterances.ts";

/** Why an RPC is ended: gRPC's own codes. */
export type EndCode = "RESOURCE_EXHAUSTED" | "INVALID_ARGUMENT" | "ALREADY_EXISTS" | "UNAVAILABLE" | "OK";

/** The stream under a session. */
export interface LoqaCall {
  /** `address:port` of the other end. */
  readonly peer: string;
  /** Bytes that wait for it to read. */
  readonly waitingBytes: number;
  send(response: Uint8Array): void;
  end(code: EndCode, details: string): void;
}

export interface LoqaSessionOptions {
  readonly call: LoqaCall;
  readonly hub: Pick<Hub, "join" | "leave" | "claim" | "sound" | "nextConnection" | "seats" | "finish">;
  readonly monotonicMs: () => number;
  /** What the house calls its wake word. */
  readonly model: () => string;
  readonly isId: (id: string) => boolean;
  /** An answer, for where else the relay may hear it. */
  readonly answered: (relayId: string, reply: Reply) => void;
  /** {@link LoqaSession.wakeAtMs} is sooner than it was. */
  readonly sooner: () => void;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** What was claimed and is not over. */
interface Command {
  readonly claim: number;
  fence: number | undefined;
  /** Whether more of its sound is wanted. */
  wanted: boolean;
}

export class LoqaSession {
  readonly #options: LoqaSessionOptions;
  readonly #utterances = new Utterances();
  readonly #clock = new SendClock();
  readonly #messages = new TokenBucket({ atOnce: limits.MESSAGES_AT_ONCE, perSecond: limits.MESSAGES_PER_S });
  readonly #sound = new TokenBucket({ atOnce: limits.SOUND_AT_ONCE_S, perSecond: limits.SOUND_RATE });
  readonly #faults = new TokenBucket({ atOnce: limits.FAULTS_AT_ONCE, perSecond: limits.FAULTS_PER_S });
  /** From its first message on. */
  #id: string | undefined;
  /** From its first wake word on. */
  #seat: Sender | undefined;
  #onlyAfterwards = false;
  /** Another took its place; it may have it again when that one is gone. */
  #displaced = false;
  #claims = 0;
  #command: Command | undefined;
  /** What it was granted for the command before. */
  #fenceBefore: number | undefined;
  #leavesAtMs = Number.POSITIVE_INFINITY;
  #isOver = false;

  constructor(options: LoqaSessionOptions) {
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** When {@link LoqaSession.elapse} has something to do, monotonic ms. */
  get wakeAtMs(): number {
    return this.#isOver ? Number.POSITIVE_INFINITY : Math.min(this.#utterances.wakeAtMs, this.#leavesAtMs);
  }

  /** A message has come; its bytes are the session's, and overwritten. */
  receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    const nowMs = this.#options.monotonicMs();
    if (!this.#messages.take(1, nowMs)) {
      this.#end("RESOURCE_EXHAUSTED", "messages come faster than anybody speaks: send less");
      return;
    }
    const chunk = this.#read(bytes, nowMs);
    if (chunk === undefined) return;
    if (!this.#sound.take(chunk.audioData.length / 2 / Math.max(chunk.sampleRate, 1), nowMs)) {
      this.#end("RESOURCE_EXHAUSTED", "sound comes faster than it can be said: send it as it is recorded");
      return;
    }
    this.#id = chunk.relayId;
    const beforeMs = this.wakeAtMs;
    for (const said of this.#utterances.take(chunk, nowMs, this.#clock.sentAtMs(chunk.timestamp, nowMs)))
      this.#heard(said);
    if (this.wakeAtMs < beforeMs) this.#options.sooner();
  }

  elapse(): void {
    if (this.#isOver) return;
    const nowMs = this.#options.monotonicMs();
    for (const said of this.#utterances.elapse(nowMs)) this.#heard(said);
    if (nowMs >= this.#leavesAtMs) this.#end("OK", "");
  }

  /** The relay has said that it sends no more: it hears how its last command ends. */
  saidAll(): void {
    if (this.#isOver) return;
    do {
      for (const said of this.#utterances.elapse(Number.POSITIVE_INFINITY)) this.#heard(said);
    } while (this.#utterances.wakeAtMs < Number.POSITIVE_INFINITY);
    this.#silence();
    this.#leavesAtMs = this.#options.monotonicMs() + limits.LAST_WORDS_MS;
    if (this.#command === undefined) this.#end("OK", "");
  }

  /** The connection is lost. */
  lost(): void {
    this.#close("closed");
  }

  /** The hub ends. */
  dismiss(): void {
    this.#end("UNAVAILABLE", "the hub ends");
  }

  #read(bytes: Uint8Array, nowMs: number): AudioChunk | undefined {
    try {
      const chunk = readAudioChunk(bytes);
      const { audioData, sampleRate, relayId } = chunk;
      if (!this.#options.isId(relayId)) {
        throw new RangeError(`a relay_id of ${relayId.length} characters that no relay can have: letters, digits, - _`);
      }
      if (this.#id !== undefined && relayId !== this.#id) {
        throw new RangeError(`relay_id "${relayId}" on the stream of "${this.#id}": one stream for each relay`);
      }
      if (audioData.length > 0 && !isKnownRate(sampleRate)) {
        throw new RangeError(`a sample_rate of ${sampleRate}: 8000 to 96000 Hz, in steps of 25`);
      }
      // Without a sample it does not matter, and must not end what goes before.
      return audioData.length > 0 || isKnownRate(sampleRate) ? chunk : { ...chunk, sampleRate: limits.SAMPLE_RATE_HZ };
    } catch (error) {
      bytes.fill(0);
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#faults.take(1, nowMs)) this.#say(errorResponse(this.#id ?? "", reason));
      else this.#end("INVALID_ARGUMENT", `too much made no sense; at last: ${reason}`);
      return undefined;
    }
  }

  /** @returns its seat; undefined if it has none, and was told why */
  #takeSeat(relayId: string, onlyAfterwards: boolean): Sender | undefined {
    const { hub, call } = this.#options;
    if (this.#seat !== undefined && this.#onlyAfterwards === onlyAfterwards) return this.#seat;
    this.#onlyAfterwards = onlyAfterwards;
    if (this.#seat === undefined && this.#displaced && hub.seats.has(relayId)) {
      this.#say(errorResponse(relayId, `another relay is called "${relayId}": give each its own -id`));
      return undefined;
    }
    const seat = this.#seat ?? { relayId, connection: hub.nextConnection() };
    const refusal = this.#join(seat);
    if (refusal === undefined) return seat;
    call.send(writeAudioResponse(errorResponse(relayId, refusal.details)));
    this.#end(refusal.code, refusal.details);
    return undefined;
  }

  #join(seat: Sender): { readonly code: EndCode; readonly details: string } | undefined {
    const { hub, call, monotonicMs } = this.#options;
    const { relayId: id, connection } = seat;
    const refusal = hub.join(
      {
        ...{ id, connection, kind: "loqa", address: call.peer, software: "", stream: undefined },
        sinceMs: monotonicMs(),
        voice: this.#voice(seat),
      },
      { onset: false, ask: false, onlyAfterwards: this.#onlyAfterwards },
    );
    if (refusal === undefined) {
      this.#seat = seat;
      return undefined;
    }
    return refusal.why === "name_of_hub"
      ? { code: "ALREADY_EXISTS", details: `the hub's own microphone is called "${id}": give the relay another -id` }
      : {
          code: "RESOURCE_EXHAUSTED",
          details: `${refusal.limit} relays are connected already: raise arbitration.max_relays`,
        };
  }

  #heard(said: Said): void {
    switch (said.kind) {
      case "nothing":
        this.#say(noSpeechResponse(this.#id ?? ""));
        return;
      case "word": {
        this.#silence();
        const seat = this.#takeSeat(this.#id ?? "", said.afterwards !== undefined);
        if (seat === undefined) said.pcm.fill(0);
        else this.#claim(seat, said);
        return;
      }
      case "sound":
        if (this.#seat !== undefined && this.#command?.wanted) {
          this.#pass(this.#seat, this.#command, said);
        } else {
          said.pcm.fill(0);
          this.#utterances.dropRest();
        }
    }
  }

  #claim(seat: Sender, { evidence, endedAtMs, afterwards, pcm, last }: Extract<Said, { readonly kind: "word" }>): void {
    const { hub, model } = this.#options;
    const confidence = evidence?.confidence ?? 0;
    const command: Command = { claim: ++this.#claims, fence: undefined, wanted: true };
    this.#fenceBefore = this.#command?.fence ?? this.#fenceBefore;
    this.#command = command;
    hub.claim(seat, { number: command.claim, model: model(), confidence, endedAtMs, evidence, afterwards });
    if (command.wanted) this.#pass(seat, command, { pcm, last });
    else pcm.fill(0);
  }

  #pass(seat: Sender, command: Command, { pcm, last }: { readonly pcm: Int16Array; readonly last: boolean }): void {
    if (last) command.wanted = false;
    const { claim, fence } = command;
    this.#options.hub.sound(seat, { claim, fence, pcm, missingSamples: 0, last });
  }

  /** Nothing more comes of the command that is being said. */
  #silence(): void {
    if (this.#seat !== undefined && this.#command?.wanted) {
      this.#pass(this.#seat, this.#command, { pcm: new Int16Array(0), last: true });
    }
  }

  #voice({ relayId, connection }: Sender): RelayVoice {
    const isMine = () => this.#seat?.connection === connection;
    const commandOf = (fence: number) => (isMine() && this.#command?.fence === fence ? this.#command : undefined);
    const settled = (claims: readonly number[], response: AudioResponse): void => {
      if (!isMine()) return;
      this.#say(response);
      if (this.#command !== undefined && claims.includes(this.#command.claim)) this.#settle(this.#command);
    };
    return {
      // It cannot answer.
      ask: () => {},
      granted: ({ claims, fence }) => {
        if (!isMine() || this.#command === undefined || !claims.includes(this.#command.claim)) return;
        // Taken for the same utterance, of which all was said: what it says now is nobody's command.
        if (fence === this.#fenceBefore) settled(claims, lossResponse(relayId, "too_late"));
        else this.#command.fence = fence;
      },
      cancelled: ({ claims, why }) => settled(claims, lossResponse(relayId, why)),
      rejected: (claim, why) =>
        settled([claim], why === "stale" ? lossResponse(relayId, why) : noSpeechResponse(relayId)),
      over: (_round, fence) => {
        const command = commandOf(fence);
        if (command !== undefined) this.#settle(command);
      },
      enough: (fence) => {
        if (commandOf(fence) !== undefined) this.#silence();
      },
      reply: (fence, reply) => {
        if (!isMine()) return;
        this.#say(replyResponse(relayId, reply));
        this.#options.answered(relayId, reply);
        // It has no sound of its own that something went wrong.
        if (reply.speech === undefined) this.#options.hub.finish(fence);
      },
      displaced: () => {
        if (!isMine()) return;
        this.#seat = undefined;
        this.#displaced = true;
        this.#command = undefined;
        this.#utterances.forget();
        this.#say(errorResponse(relayId, `another relay is called "${relayId}" now: give each its own -id`));
        this.#leaveSoon();
      },
    };
  }

  #settle(command: Command): void {
    this.#fenceBefore = command.fence ?? this.#fenceBefore;
    command.wanted = false;
    this.#command = undefined;
    this.#leaveSoon();
  }

  /** With the next look: verdicts come in the middle of the hub's work. */
  #leaveSoon(): void {
    if (this.#leavesAtMs < Number.POSITIVE_INFINITY) this.#leavesAtMs = this.#options.monotonicMs();
  }

  /** Real relays do not read what they are told: it must not pile up, and is no reason to end their only RPC. */
  #say(response: AudioResponse): void {
    if (this.#isOver) return;
    const { call } = this.#options;
    const waiting = call.waitingBytes;
    if (waiting > limits.NO_MORE_BYTES) return;
    call.send(writeAudioResponse(waiting > limits.NO_MORE_SOUND_BYTES ? withoutSound(response) : response));
  }

  #end(code: EndCode, details: string): void {
    if (this.#isOver) return;
    this.#close(code === "OK" ? "closed" : details);
    this.#options.call.end(code, details);
  }

  #close(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#utterances.forget();
    const { hub, log } = this.#options;
    if (this.#utterances.halves > 0) {
      log.info("samples cut in half", { relay: this.#seat?.relayId, times: this.#utterances.halves });
    }
    if (this.#seat !== undefined) hub.leave(this.#seat, why);
    this.#seat = undefined;
    this.#command = undefined;
  }
}
