/** What is sent of a relay's sound for one claim, or all of it: frame by frame, as it comes. */
import { type AudioFrame, writeAudioFrame } from "./audio-frame.ts";
import type { AudioTape } from "./audio-tape.ts";
import { SAMPLE_RATE_HZ } from "./limits.ts";

/** The longest frame that is sent: a quarter of a second of what was heard before. */
const FRAME_SAMPLES = SAMPLE_RATE_HZ / 4;

export class ClaimSound {
  readonly #tape: AudioTape;
  readonly #head: Pick<AudioFrame, "kind" | "connection" | "number">;
  #sequence = 0;
  #next: number;

  /** @param from the first sample that is sent, if it is still there */
  constructor(tape: AudioTape, head: Pick<AudioFrame, "kind" | "connection" | "number">, from: number) {
    this.#tape = tape;
    this.#head = head;
    this.#next = from;
  }

  /** The frames that have not been sent, up to the newest sample. What the tape has lost is missing in them. */
  *frames(fence: number | undefined): Generator<Uint8Array<ArrayBuffer>> {
    this.#next = Math.max(this.#next, this.#tape.oldest);
    while (this.#next < this.#tape.end) {
      const firstSample = this.#next;
      const pcm = this.#tape.read(firstSample, firstSample + FRAME_SAMPLES);
      const atMs = this.#tape.atMs(firstSample);
      const sequence = this.#sequence++;
      this.#next += pcm.length;
      yield writeAudioFrame({ ...this.#head, sequence, fence, firstSample, atMs, pcm });
    }
  }
}
