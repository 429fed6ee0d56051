/** The sound of a stream in the shared memory from some sample on, in pieces as it comes. For the web worker. */
import type { AudioRingReader } from "../memory/audio-ring.ts";
import type { ClaimPiece } from "./held-sound.ts";

const NOTHING = { pcm: new Int16Array(0), missingSamples: 0 };

export class RingSound {
  readonly #reader: AudioRingReader;
  #ended = false;

  /**
   * @param reader of nobody else
   * @param from the first sample, by its index in the ring; what is not there any more is left out
   */
  constructor(reader: AudioRingReader, from: number) {
    this.#reader = reader;
    reader.seek(from);
  }

  /** Whether no more is wanted. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** The next piece is the last. */
  end(): void {
    this.#ended = true;
  }

  /** What has come since the last call; undefined where that is nothing. A gap (muted, opened again) is the end. */
  next(): ClaimPiece | undefined {
    const reader = this.#reader;
    const pcm = new Int16Array(Math.max(0, reader.available));
    const read = reader.read(pcm);
    if (read === "gap") return { ...NOTHING, last: true };
    if (pcm.length === 0) return this.#ended ? { ...NOTHING, last: true } : undefined;
    return { pcm, missingSamples: 0, last: this.#ended };
  }
}
