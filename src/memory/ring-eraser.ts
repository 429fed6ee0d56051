/** Speech does not outlive its use: overwrites what a ring holds when nothing new has come for so long that nobody reads it any more. */
import type { AudioRingWriter } from "./audio-ring.ts";

/** Whoever mutes wants it gone; what was said shortly before may still be measured, for as long as a ring reaches back. */
const MUTED_MS = 10_000;
/** What ended by itself may not have been heard yet: a worker that starts has a minute. */
const ENDED_MS = 60_000;

export class RingEraser {
  readonly #ring: AudioRingWriter;
  /** Since when there is something to overwrite and nothing new; undefined where there is nothing. */
  #wroteMs: number | undefined;

  constructor(ring: AudioRingWriter) {
    this.#ring = ring;
  }

  /** Something was written. */
  wrote(nowMs: number): void {
    this.#wroteMs = nowMs;
  }

  look(nowMs: number, muted: boolean): void {
    if (this.#wroteMs === undefined || nowMs - this.#wroteMs < (muted ? MUTED_MS : ENDED_MS)) return;
    this.#wroteMs = undefined;
    this.#ring.erase();
  }
}
