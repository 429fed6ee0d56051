/**
 * What the hub's own inference hears in a stream: the local microphone, and relays that only send sound. Stands for the
 * beats and the answers that a relay with a detector gives by itself. Runs in the web worker, over the shared memory.
 */
import type { LEVEL, SCORE } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";

/** A level this far above the floor is somebody, or something: 6 dB. */
const ABOVE_FLOOR = 2;
/** A score from here on may become a word: detectors rise within a few frames. */
const RISING = 0.05;
/** Levels reach this far back, so that a beat does not miss a word that was said between two looks. */
const FRESH_MS = 1000;
/** Frames of 80 ms: a word that ended in one may fire in the next but one. */
const LATEST_FIRE_MS = 240;

export class Listened {
  readonly #level: RecordReader<typeof LEVEL.fields>;
  readonly #score: RecordReader<typeof SCORE.fields>;

  constructor(level: RecordReader<typeof LEVEL.fields>, score: RecordReader<typeof SCORE.fields>) {
    this.#level = level;
    this.#score = score;
  }

  /** Whether somebody or something can be heard, and a word could fire. */
  hears(nowMs: number): boolean {
    if (this.#isDeaf(nowMs)) return false;
    const { rms, noiseFloor } = this.#level.value;
    return !this.#score.value.asleep && (rms > noiseFloor * ABOVE_FLOOR || this.#rises());
  }

  /**
   * Whether a word that ended at `endedAtMs` (monotonic) was here too: `pass` when all frames in which it could have
   * fired were scored, or none could, `pending` while a score rises, undefined while nobody can say.
   */
  answer(endedAtMs: number, nowMs: number): "pass" | "pending" | undefined {
    if (this.#isDeaf(nowMs)) return "pass";
    const { frameEndMs, asleep } = this.#score.value;
    if (frameEndMs >= endedAtMs + LATEST_FIRE_MS || (asleep && frameEndMs >= endedAtMs)) return "pass";
    return this.#rises() ? "pending" : undefined;
  }

  /** No sound comes, or no word could fire: whoever waits for a claim waits in vain. */
  #isDeaf(nowMs: number): boolean {
    return nowMs - this.#level.read().atMs > FRESH_MS || !this.#score.read().armed;
  }

  #rises(): boolean {
    const { scores } = this.#score.value;
    for (let i = 0; i < scores.length; i++) if ((scores[i] ?? 0) >= RISING) return true;
    return false;
  }
}
