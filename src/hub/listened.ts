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

  /** Whether somebody or something can be heard; undefined while no sound comes, or no word could fire. */
  hears(nowMs: number): boolean | undefined {
    const { atMs, rms, noiseFloor } = this.#level.read();
    const { armed, asleep } = this.#score.read();
    if (nowMs - atMs > FRESH_MS || !armed) return undefined;
    return !asleep && (rms > noiseFloor * ABOVE_FLOOR || this.#rises());
  }

  /**
   * Whether a word that ended at `endedAtMs` (monotonic) was here too: `pass` when all frames in which it could have
   * fired were scored, `pending` while a score rises, undefined while nobody can say.
   */
  answer(endedAtMs: number): "pass" | "pending" | undefined {
    const { frameEndMs, asleep } = this.#score.read();
    if (frameEndMs >= endedAtMs + LATEST_FIRE_MS || (asleep && frameEndMs >= endedAtMs)) return "pass";
    return this.#rises() ? "pending" : undefined;
  }

  #rises(): boolean {
    const { scores } = this.#score.value;
    for (let i = 0; i < scores.length; i++) if ((scores[i] ?? 0) >= RISING) return true;
    return false;
  }
}
