/**
 * What a relay says aloud: the chime when it is granted, and the replies of its hub, of which the sound comes in pieces. Runs
 * in the web worker.
 */
import type { Reply } from "../hub/reply.ts";
import type { RelayEvent } from "../relay/relay-events.ts";

/** No reply is longer; what comes behind that is not kept. */
const LONGEST_REPLY_S = 120;

/** The loudspeaker of this machine. */
export interface Speaker {
  /** The chime: a word was heard. */
  wake(): void;
  /** @param ended when it has been heard, or nobody can hear it */
  say(reply: Pick<Reply, "kind" | "speech">, ended: () => void): void;
  stop(): void;
}

interface Coming {
  readonly reply: number;
  readonly kind: Reply["kind"];
  readonly sampleRateHz: number;
  readonly pieces: Int16Array[];
  samples: number;
}

export class SatelliteVoice {
  readonly #speaker: Speaker | undefined;
  readonly #done: () => void;
  #coming: Coming | undefined;
  #sayings = 0;
  /** What is being said, by its number. */
  #saying: number | undefined;

  /**
   * @param speaker undefined on a machine that has none
   * @param done called when a reply was said, or cannot be
   */
  constructor(speaker: Speaker | undefined, done: () => void) {
    this.#speaker = speaker;
    this.#done = done;
  }

  /** What is being said is interrupted: that it ends says nothing about what is granted now. */
  granted(): void {
    this.#coming = undefined;
    this.#saying = undefined;
    this.#speaker?.wake();
  }

  reply({ reply, kind, sampleRateHz }: Extract<RelayEvent, { readonly type: "reply" }>): void {
    if (sampleRateHz === undefined) this.#say({ kind, speech: undefined });
    else this.#coming = { reply, kind, sampleRateHz, pieces: [], samples: 0 };
  }

  speech({ reply, pcm }: Extract<RelayEvent, { readonly type: "speech" }>): void {
    const coming = this.#coming;
    if (coming?.reply !== reply || coming.samples + pcm.length > LONGEST_REPLY_S * coming.sampleRateHz) return;
    coming.pieces.push(pcm);
    coming.samples += pcm.length;
  }

  replyEnd(reply: number): void {
    const coming = this.#coming;
    if (coming?.reply !== reply) return;
    this.#coming = undefined;
    const { kind, sampleRateHz } = coming;
    const pcm = new Int16Array(coming.samples);
    let at = 0;
    for (const piece of coming.pieces) {
      pcm.set(piece, at);
      at += piece.length;
    }
    this.#say({ kind, speech: { pcm, sampleRateHz } });
  }

  /** What was granted is over: nothing more is said about it. */
  over(): void {
    this.#coming = undefined;
    if (this.#saying === undefined) return;
    this.#saying = undefined;
    this.#speaker?.stop();
  }

  #say(reply: Pick<Reply, "kind" | "speech">): void {
    if (this.#speaker === undefined) {
      this.#done();
      return;
    }
    this.over();
    const saying = ++this.#sayings;
    this.#saying = saying;
    this.#speaker.say(reply, () => {
      if (saying !== this.#saying) return;
      this.#saying = undefined;
      this.#done();
    });
  }
}
