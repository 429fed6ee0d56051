/**
 * Runs on the browser's audio thread, in an AudioWorkletGlobalScope: takes the microphone's blocks of 128 samples, brings them
 * to 16 kHz, and hands them over 20 ms at a time. Nobody may keep this thread waiting, so what the page does not fetch
 * in time is dropped and counted.
 */
import { Pieces } from "./pieces.ts";
import type { SoundMessage } from "./sound-message.ts";

/** Of this thread's global scope; TypeScript's DOM does not know it. */
declare const sampleRate: number;
declare function registerProcessor(name: string, processor: new () => object): void;
declare const AudioWorkletProcessor: new () => { readonly port: MessagePort };

/** Pieces that the page may owe an answer for: 2 s. What is older is of no use to a hub. */
const MOST_UNFETCHED = 100;

class SoundProcessor extends AudioWorkletProcessor {
  readonly #pieces = new Pieces(sampleRate);
  #unfetched = 0;
  #lost = 0;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.#unfetched--;
    };
  }

  /** @returns that it goes on */
  process([input = []]: readonly (readonly Float32Array[])[]): boolean {
    for (const { pcm } of this.#pieces.take(input)) this.#handOver(pcm);
    return true;
  }

  #handOver(pcm: Int16Array<ArrayBuffer>): void {
    if (this.#unfetched >= MOST_UNFETCHED) {
      this.#lost += pcm.length;
      return;
    }
    const message: SoundMessage = { pcm, lostSamples: this.#lost };
    this.port.postMessage(message, [pcm.buffer]);
    this.#unfetched++;
    this.#lost = 0;
  }
}

registerProcessor("sound", SoundProcessor);
