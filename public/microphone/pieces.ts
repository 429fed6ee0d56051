/** From a browser's sound, of any rate and cut anywhere, to what a relay hears: 16 kHz, one channel, 20 ms at a time. */
import { Resampler } from "../../src/audio/resampler.ts";

const PIECE_SAMPLES = 320;
/** Taken in at once. */
const BLOCK_SAMPLES = 1024;

export interface Piece {
  readonly pcm: Int16Array<ArrayBuffer>;
  /** How much older its last sample is than the last that was taken in. */
  readonly behindMs: number;
}

export class Pieces {
  readonly #resampler: Resampler;
  readonly #block = new Int16Array(BLOCK_SAMPLES);
  readonly #resampled: Int16Array;
  #piece = new Int16Array(PIECE_SAMPLES);
  #filled = 0;
  /** Samples that were taken in, and that went out in pieces. */
  #taken = 0;
  #given = 0;

  /** @throws RangeError for a rate that cannot be resampled */
  constructor(readonly sampleRateHz: number) {
    this.#resampler = new Resampler(sampleRateHz);
    this.#resampled = new Int16Array(this.#resampler.outputCapacity(BLOCK_SAMPLES));
  }

  /** @param channels of the same length, -1..1 @returns the pieces that are whole now */
  *take(channels: readonly Float32Array[]): Generator<Piece> {
    const length = channels[0]?.length ?? 0;
    this.#taken += length;
    for (let from = 0; from < length; from += BLOCK_SAMPLES) {
      const count = Math.min(BLOCK_SAMPLES, length - from);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (const channel of channels) sum += channel[from + i] ?? 0;
        this.#block[i] = Math.max(-32768, Math.min(32767, Math.round((sum / channels.length) * 32767)));
      }
      const resampled = this.#resampler.process(this.#block, count, this.#resampled);
      for (let i = 0; i < resampled; i++) {
        this.#piece[this.#filled++] = this.#resampled[i] ?? 0;
        if (this.#filled === PIECE_SAMPLES) yield this.#whole();
      }
    }
  }

  #whole(): Piece {
    const pcm = this.#piece;
    this.#piece = new Int16Array(PIECE_SAMPLES);
    this.#filled = 0;
    this.#given += PIECE_SAMPLES;
    return { pcm, behindMs: (this.#taken / this.sampleRateHz) * 1000 - this.#given / 16 };
  }
}
