/**
 * What a relay says on its RPC, told apart: wake words, and the sound of the commands behind them, whichever of the three
 * forms it speaks. Times are handed in; knows no hub and no socket.
 *
 * - one chunk with both flags: a whole command, recorded first;
 * - a wake chunk and, back to back, a speech chunk with the whole command, recorded first;
 * - live: chunks as they are said, those of the wake word marked.
 */
import type { Afterwards } from "../arbitration/claim.ts";
import type { Evidence } from "../arbitration/evidence.ts";
import { measureWord } from "../arbitration/measure.ts";
import * as limits from "./limits.ts";
import type { AudioChunk } from "./messages.ts";
import { joined, Samples } from "./samples.ts";
import { voicedPart } from "./voiced-part.ts";

/** Nobody says how sure the relay was. */
const CONFIDENCE = 0.5;

export type Said =
  /** A wake word, and the sound of its command so far, from before it on. */
  | {
      readonly kind: "word";
      /** Undefined of a word without a sample. */
      readonly evidence: Evidence | undefined;
      /** When the word ended, as far as can be told, monotonic ms. */
      readonly endedAtMs: number;
      /** Of a command that was recorded first. */
      readonly afterwards: Afterwards | undefined;
      readonly pcm: Int16Array;
      readonly last: boolean;
    }
  /** More of it. */
  | { readonly kind: "sound"; readonly pcm: Int16Array; readonly last: boolean }
  /** A command without a sample. */
  | { readonly kind: "nothing" };

type State =
  | { readonly kind: "idle" }
  /** A wake word is coming, or was there a moment ago. */
  | {
      readonly kind: "word";
      readonly rateHz: number;
      readonly parts: readonly Uint8Array[];
      /** When the first, and the newest, was sent. */
      readonly beganAtMs: number;
      readonly newestAtMs: number;
      /** When the newest came. */
      readonly cameAtMs: number;
    }
  | {
      readonly kind: "command";
      /** When the newest of its wake word was sent. */
      readonly markedAtMs: number;
    }
  /** What is still to be passed on of a command that was recorded first. */
  | { readonly kind: "rest"; readonly pcm: Int16Array; readonly at: number; readonly rateHz: number };

const IDLE: State = { kind: "idle" };

export class Utterances {
  readonly #samples = new Samples();
  #state: State = IDLE;
  /** What came without a wake word, the newest of it. */
  #lead: Int16Array = new Int16Array(0);
  #leadAtMs = Number.NEGATIVE_INFINITY;
  #halves = 0;

  /** When {@link Utterances.elapse} has something to say, monotonic ms. */
  get wakeAtMs(): number {
    if (this.#state.kind === "rest") return Number.NEGATIVE_INFINITY;
    return this.#state.kind === "word" ? this.#state.cameAtMs + followMs(this.#state) : Number.POSITIVE_INFINITY;
  }

  /** How often a command ended in the middle of a sample. */
  get halves(): number {
    return this.#halves;
  }

  /**
   * Takes a chunk of a rate that is known; its bytes are overwritten sooner or later.
   *
   * @param sentAtMs when it was sent, as far as that is known; monotonic, as all times here
   */
  take(chunk: AudioChunk, nowMs: number, sentAtMs = nowMs): readonly Said[] {
    const state = this.#state;
    switch (state.kind) {
      case "idle":
        if (chunk.isWakeWord) return this.#begin(chunk, nowMs, sentAtMs);
        if (chunk.isEndOfSpeech) this.#dropLead();
        else this.#follow(chunk, sentAtMs);
        chunk.audioData.fill(0);
        return [];
      case "word":
        return this.#more(state, chunk, nowMs, sentAtMs);
      case "command":
        if (!chunk.isWakeWord) return [this.#sound(chunk)];
        if (isSaidAgain(state, chunk, sentAtMs)) {
          this.#state = { kind: "command", markedAtMs: sentAtMs };
          return [this.#sound(chunk)];
        }
        return [this.#end(new Int16Array(0)), ...this.#begin(chunk, nowMs, sentAtMs)];
      case "rest":
        return [this.#moreOfRest(state), ...this.take(chunk, nowMs, sentAtMs)];
    }
  }

  /** The time of whatever was waited for may be over, or more be there to be passed on. */
  elapse(nowMs: number): readonly Said[] {
    if (this.#state.kind === "rest") return [this.#moreOfRest(this.#state)];
    return this.#state.kind === "word" && nowMs >= this.wakeAtMs ? [this.#live(this.#state, false)] : [];
  }

  /** Nobody wants the rest of what was recorded first. */
  dropRest(): void {
    if (this.#state.kind === "rest") this.#endRest(this.#state.pcm).fill(0);
  }

  /** Overwrites what is held. */
  forget(): void {
    if (this.#state.kind === "word") for (const part of this.#state.parts) part.fill(0);
    if (this.#state.kind === "rest") this.#state.pcm.fill(0);
    this.#state = IDLE;
    this.#dropLead();
    this.#samples.end().fill(0);
  }

  #begin(chunk: AudioChunk, cameAtMs: number, sentAtMs: number): readonly Said[] {
    const { sampleRate: rateHz, audioData } = chunk;
    const times = { beganAtMs: sentAtMs, newestAtMs: sentAtMs, cameAtMs };
    const state = { kind: "word", rateHz, parts: [audioData], ...times } as const;
    this.#state = state;
    return chunk.isEndOfSpeech ? [this.#recorded(state, undefined)] : [];
  }

  #more(state: State & { readonly kind: "word" }, chunk: AudioChunk, nowMs: number, sentAtMs: number): readonly Said[] {
    const { isWakeWord, isEndOfSpeech, audioData, sampleRate } = chunk;
    if (sampleRate !== state.rateHz) return [this.#live(state, true), ...this.take(chunk, nowMs, sentAtMs)];
    if (!isWakeWord) {
      if (isEndOfSpeech && this.#wasRecorded(state, audioData, sentAtMs)) return [this.#recorded(state, audioData)];
      return [this.#live(state, false), this.#sound(chunk)];
    }
    const grown = { ...state, parts: [...state.parts, audioData], newestAtMs: sentAtMs, cameAtMs: nowMs };
    this.#state = grown;
    const [, ...later] = grown.parts;
    if (isEndOfSpeech) {
      const recorded = msOf(bytesOf(later), state.rateHz) > sentAtMs - state.beganAtMs + limits.FASTER_THAN_SAID_MS;
      return [recorded ? this.#recorded(grown, undefined) : this.#live(grown, true)];
    }
    const isTooMuch =
      grown.parts.length > limits.MOST_WAKE_CHUNKS || msOf(bytesOf(grown.parts), state.rateHz) > limits.MOST_WAKE_MS;
    return isTooMuch ? [this.#live(grown, false)] : [];
  }

  /** Whether this is what was said since the wake word, or more than can have been. */
  #wasRecorded({ parts, rateHz, beganAtMs }: State & { readonly kind: "word" }, speech: Uint8Array, sentAtMs: number) {
    return (
      msOf(speech.length, rateHz) > sentAtMs - beganAtMs + limits.FASTER_THAN_SAID_MS ||
      (bytesOf(parts) > 1 && beginsWith(speech, parts))
    );
  }

  /** A command that was recorded first: all of it is here, and when it was said is told by the silence behind it. */
  #recorded({ parts, rateHz, beganAtMs }: State & { readonly kind: "word" }, speech: Uint8Array | undefined): Said {
    this.#dropLead();
    const wakeSamples = Math.floor(bytesOf(parts) / 2);
    const again = speech !== undefined && beginsWith(speech, parts);
    const messages = speech === undefined ? parts : again ? [speech] : [...parts, speech];
    if (messages.some(({ length }) => length % 2 === 1)) this.#halves++;
    const pcm = samplesOf(messages, (limits.LONGEST_COMMAND_MS * rateHz) / 1000);
    for (const part of parts) part.fill(0);
    this.#state = IDLE;
    if (pcm.length === 0) return { kind: "nothing" };
    const voice = voicedPart(pcm, rateHz);
    // It begins with the wake word; what follows in the same breath is of the command.
    const wakeEnds = speech === undefined || wakeSamples === 0 ? (limits.WAKE_MS * rateHz) / 1000 : wakeSamples;
    const firedAt = Math.min(wakeEnds, voice.from + Math.round((limits.WORD_MS * rateHz) / 1000), pcm.length);
    this.#samples.begin(rateHz);
    this.#state = { kind: "rest", pcm, at: firedAt, rateHz };
    const first = this.#samples.take(bytesIn(pcm.subarray(0, firedAt)));
    const heard = firedAt < pcm.length ? first : joined(first, this.#endRest(pcm));
    const { evidence, word } = measureWord(heard, heard.length, CONFIDENCE);
    const lengthMs = (pcm.length / rateHz) * 1000;
    const wordEndsMs = msIn(word.to);
    const voiceEndsMs = Math.max((voice.to / rateHz) * 1000, wordEndsMs);
    // Either it keeps the silence that it waited for, or it cuts it off, or noise hides it.
    const leastMs = lengthMs - voiceEndsMs;
    const mostMs = Math.max(leastMs, limits.SILENCE_BEFORE_SENDING_MS);
    const endedAtMs = beganAtMs - (leastMs + mostMs) / 2 - (voiceEndsMs - wordEndsMs);
    const giveOrTakeMs = (mostMs - leastMs) / 2 + limits.SILENCE_TOLERANCE_MS;
    const last = this.#state.kind !== "rest";
    return { kind: "word", evidence, endedAtMs, afterwards: { giveOrTakeMs }, pcm: heard, last };
  }

  /** The next second of a command that was recorded first: resampling all of it at once would hold everybody else up. */
  #moreOfRest({ pcm, at, rateHz }: State & { readonly kind: "rest" }): Said {
    const to = Math.min(at + rateHz, pcm.length);
    const piece = this.#samples.take(bytesIn(pcm.subarray(at, to)));
    if (to === pcm.length) return { kind: "sound", pcm: joined(piece, this.#endRest(pcm)), last: true };
    this.#state = { kind: "rest", pcm, at: to, rateHz };
    return { kind: "sound", pcm: piece, last: false };
  }

  #endRest(pcm: Int16Array): Int16Array {
    pcm.fill(0);
    this.#state = IDLE;
    return this.#samples.end();
  }

  /** A wake word that is said now, with what came before it. */
  #live({ parts, rateHz, beganAtMs, newestAtMs }: State & { readonly kind: "word" }, last: boolean): Said {
    const continues = beganAtMs - this.#leadAtMs < limits.FOLLOW_MS && rateHz === this.#samples.rateHz;
    if (!continues) {
      this.#dropLead();
      this.#samples.begin(rateHz);
    }
    const lead = this.#lead;
    this.#lead = new Int16Array(0);
    const leadSamples = lead.length;
    const word = joined(...parts.map((part) => this.#samples.take(part)));
    const heard = joined(lead, word, last ? this.#samples.end() : new Int16Array(0));
    this.#state = last ? IDLE : { kind: "command", markedAtMs: newestAtMs };
    if (heard.length === 0) {
      return { kind: "word", evidence: undefined, endedAtMs: newestAtMs, afterwards: undefined, pcm: heard, last };
    }
    const { evidence, word: there } = measureWord(heard, heard.length, CONFIDENCE);
    const from = Math.min(leadSamples, Math.max(0, there.from - samplesIn(limits.PRE_ROLL_MS)));
    const endedAtMs = newestAtMs - msIn(heard.length - there.to);
    const pcm = heard.slice(from);
    heard.fill(0);
    return { kind: "word", evidence, endedAtMs, afterwards: undefined, pcm, last };
  }

  #sound({ audioData, sampleRate, isEndOfSpeech }: AudioChunk): Said {
    let before: Int16Array = new Int16Array(0);
    if (sampleRate !== this.#samples.rateHz) {
      before = joined(this.#samples.end());
      this.#samples.begin(sampleRate);
    }
    const pcm = joined(before, this.#samples.take(audioData));
    return isEndOfSpeech ? this.#end(pcm) : { kind: "sound", pcm, last: false };
  }

  #end(newest: Int16Array): Said {
    if (this.#samples.isCut) this.#halves++;
    this.#state = IDLE;
    return { kind: "sound", pcm: joined(newest, this.#samples.end()), last: true };
  }

  #follow({ audioData, sampleRate }: AudioChunk, sentAtMs: number): void {
    if (sampleRate !== this.#samples.rateHz || sentAtMs - this.#leadAtMs > limits.FOLLOW_MS) {
      this.#dropLead();
      this.#samples.begin(sampleRate);
    }
    const all = joined(this.#lead, this.#samples.take(audioData));
    this.#lead = all.slice(-samplesIn(limits.LEAD_MS));
    all.fill(0);
    this.#leadAtMs = sentAtMs;
  }

  #dropLead(): void {
    this.#lead.fill(0);
    this.#lead = new Int16Array(0);
    this.#leadAtMs = Number.NEGATIVE_INFINITY;
  }
}

/** How long what was said with the word is waited for. */
function followMs({ parts: [first, ...more], rateHz }: State & { readonly kind: "word" }): number {
  const wasRecorded = more.length === 0 && first !== undefined && msOf(first.length, rateHz) >= limits.RECORDED_WAKE_MS;
  return wasRecorded ? limits.RECORDED_FOLLOW_MS : limits.FOLLOW_MS;
}

/** Whether somebody says the word of a command once more, in the same breath. */
function isSaidAgain(
  { markedAtMs }: State & { readonly kind: "command" },
  { audioData, sampleRate }: AudioChunk,
  sentAtMs: number,
): boolean {
  return sentAtMs - markedAtMs <= limits.SAME_BREATH_MS && msOf(audioData.length, sampleRate) < limits.RECORDED_WAKE_MS;
}

function beginsWith(speech: Uint8Array, parts: readonly Uint8Array[]): boolean {
  let at = 0;
  for (const part of parts) {
    const length = part.length & ~1;
    if (Buffer.compare(speech.subarray(at, at + length), part.subarray(0, length)) !== 0) return false;
    at += part.length;
  }
  return true;
}

/** Samples of messages that follow each other; what is half a sample at the end of one is none. The messages are overwritten. */
function samplesOf(messages: readonly Uint8Array[], most: number): Int16Array {
  const whole = new Uint8Array(messages.reduce((sum, { length }) => sum + (length & ~1), 0));
  let at = 0;
  for (const message of messages) {
    const length = message.length & ~1;
    whole.set(message.subarray(0, length), at);
    at += length;
    message.fill(0);
  }
  const samples = new Int16Array(whole.buffer);
  samples.fill(0, most);
  return samples.subarray(0, most);
}

function bytesIn(pcm: Int16Array): Uint8Array {
  return new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
}

function bytesOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}

function msOf(bytes: number, rateHz: number): number {
  return (bytes / 2 / rateHz) * 1000;
}

function msIn(samples: number): number {
  return (samples / limits.SAMPLE_RATE_HZ) * 1000;
}

function samplesIn(ms: number): number {
  return (ms * limits.SAMPLE_RATE_HZ) / 1000;
}
