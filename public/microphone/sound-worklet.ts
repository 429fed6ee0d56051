/**
 * Runs on the browser's audio thread, in an AudioWorkletGlobalScope: takes the microphone's blocks of 128 samples, brings them
 * to 16 kHz, and hands them over 20 ms at a time. Nobody may keep this thread waiting, so what the page does not fetch
 * in time is dropped and counted.
 */
import { Resampler } from "../../src/audio/resampler.ts";
import type { SoundMessage } from "./sound-message.ts";

/** Of this thread's global scope; TypeScript's DOM does not know it. */
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => object): void;
declare const AudioWorkletProcessor: new () => { readonly port: MessagePort };

const PIECE_SAMPLES = 320;
/** Pieces that the page may owe an answer for: 2 s. What is older is of no use to a hub. */
const MOST_UNFETCHED = 100;

class SoundProcessor extends AudioWorkletProcessor {
  readonly #resampler = new Resampler(sampleRate);
  readonly #block = new Int16Array(1024);
  readonly #resampled = new Int16Array(1024 + this.#resampler.outputCapacity(1024));
  #piece = new Int16Array(PIECE_SAMPLES);
  #filled = 0;
  #unfetched = 0;
  #lost = 0;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#unfetched--;
    };
  }

  /** @returns that it goes on */
  process([input]: readonly (readonly Float32Array[])[]): boolean {
    const [first] = input ?? [];
    if (first === undefined) return true;
    const count = Math.min(first.length, this.#block.length);
    for (let i = 0; i < count; i++) {
      let sum = 0;
      for (const channel of input ?? []) sum += channel[i] ?? 0;
      const sample = sum / (input?.length ?? 1);
      this.#block[i] = Math.max(-32768, Math.min(32767, Math.round(sample * 32767)));
    }
    const resampled = this.#resampler.process(this.#block, count, this.#resampled);
    for (let i = 0; i < resampled; i++) {
      this.#piece[this.#filled++] = this.#resampled[i] ?? 0;
      if (this.#filled === PIECE_SAMPLES) this.#handOver();
    }
    return true;
  }

  #handOver(): void {
    this.#filled = 0;
    if (this.#unfetched >= MOST_UNFETCHED) {
      this.#lost += PIECE_SAMPLES;
      return;
    }
    const message: SoundMessage = { pcm: this.#piece, lostSamples: this.#lost };
    this.port.postMessage(message, [this.#piece.buffer]);
    this.#unfetched++;
    this.#lost = 0;
    this.#piece = new Int16Array(PIECE_SAMPLES);
  }
}

registerProcessor("sound", SoundProcessor);
