/** Envelopes of words that the hub heard in a stream: measured when the sound behind the word has been written. For the web worker. */
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import { LOOK_BACK_SAMPLES, measureEnvelope, TAIL_SAMPLES } from "../arbitration/measure.ts";
import type { AudioRingReader } from "../memory/audio-ring.ts";

/** Sound that does not come within this does not continue the word: muted, or the device was opened again. */
const PATIENCE_MS = 1500;

interface AwaitedTail {
  readonly claim: number;
  /** Of the word, by its index in the ring. */
  readonly from: number;
  readonly to: number;
  readonly untilMs: number;
}

export class RingTails {
  #awaited: readonly AwaitedTail[] = [];

  /** Indexes of the ring, as they wrap. */
  await(claim: number, from: number, to: number, nowMs: number): void {
    this.#awaited = [...this.#awaited, { claim, from, to, untilMs: nowMs + PATIENCE_MS }];
  }

  /** The envelopes that can be measured now. */
  *due(
    audio: AudioRingReader,
    nowMs: number,
  ): Generator<{ readonly claim: number; readonly envelope: CoarseEnvelope }> {
    if (this.#awaited.length === 0) return;
    const left: AwaitedTail[] = [];
    for (const tail of this.#awaited) {
      const end = (tail.to + TAIL_SAMPLES) | 0;
      if (((audio.written - end) | 0) < 0) {
        if (nowMs < tail.untilMs) left.push(tail);
        continue;
      }
      const pcm = new Int16Array(LOOK_BACK_SAMPLES + TAIL_SAMPLES);
      const first = (end - pcm.length) | 0;
      if (!audio.copyBefore(end, pcm)) continue;
      const word = { from: Math.max(0, (tail.from - first) | 0), to: (tail.to - first) | 0 };
      yield { claim: tail.claim, envelope: measureEnvelope(pcm, word) };
      pcm.fill(0);
    }
    this.#awaited = left;
  }
}
