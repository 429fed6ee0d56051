/** What goes out to one relay, at the speed at which it reads: words at once, state only the newest, speech piece by piece. */
import type { Reply } from "../hub/reply.ts";
import { writeAudioFrame } from "./audio-frame.ts";
import { SLOW_BYTES } from "./limits.ts";
import type { ToRelay } from "./messages-to-relay.ts";

/** What is needed of a WebSocket. */
export interface RelaySocket {
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code: number, reason: string): void;
  /** Closes it without waiting for the other end. */
  terminate(): void;
  /** Bytes that were sent and have not left. */
  readonly bufferedBytes: number;
}

/** Sound of a reply. */
export interface Speech {
  readonly sampleRateHz: number;
  /** Must not change while it is sent. */
  readonly pcm: Int16Array;
}

/** The frames of a reply in a second. */
const FRAMES_PER_S = 5;

interface Speaking extends Speech {
  readonly reply: number;
  readonly fence: number;
  sequence: number;
}

export class RelayOutlet {
  readonly #socket: RelaySocket;
  readonly #connection: number;
  /** The newest state, as JSON, which waits until the relay has read what it was sent before. */
  #state: string | undefined;
  readonly #speaking: Speaking[] = [];
  #replies = 0;

  constructor(socket: RelaySocket, connection: number) {
    this.#socket = socket;
    this.#connection = connection;
  }

  say(message: ToRelay): void {
    this.send(JSON.stringify(message));
  }

  /** @param text a message as JSON */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** @param state a `state` as JSON */
  show(state: string): void {
    this.#state = state;
    this.drain();
  }

  reply(fence: number, text: string, speech: Speech | undefined, kind: Reply["kind"] = "answer"): void {
    const reply = ++this.#replies;
    const named = kind === "answer" ? {} : { kind };
    this.say({ type: "reply", reply, fence, ...named, text, sampleRateHz: speech?.sampleRateHz ?? null });
    if (speech !== undefined) this.#speaking.push({ ...speech, reply, fence, sequence: 0 });
    this.drain();
  }

  /** Sends what waits, as much as there is room for. */
  drain(): void {
    if (this.#state !== undefined && this.#hasRoom()) {
      const state = this.#state;
      this.#state = undefined;
      this.send(state);
    }
    for (let next = this.#speaking[0]; next !== undefined && this.#hasRoom(); next = this.#speaking[0]) {
      if (this.#speak(next)) this.#speaking.shift();
    }
  }

  /** @returns whether that was all */
  #speak(speaking: Speaking): boolean {
    const { reply, fence, sampleRateHz, pcm, sequence } = speaking;
    const step = Math.floor(sampleRateHz / FRAMES_PER_S);
    const firstSample = sequence * step;
    if (firstSample >= pcm.length) {
      this.say({ type: "reply_end", reply });
      return true;
    }
    const piece = pcm.subarray(firstSample, firstSample + step);
    const kind = "reply";
    const connection = this.#connection;
    this.#socket.send(
      writeAudioFrame({ kind, connection, number: reply, sequence, fence, firstSample, atMs: 0, pcm: piece }),
    );
    speaking.sequence++;
    return false;
  }

  #hasRoom(): boolean {
    return this.#socket.bufferedBytes <= SLOW_BYTES;
  }
}
