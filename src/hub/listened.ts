/**
 * What the hub's own inference hears in a stream: the local microphone, and relays that only send sound. Stands for the
 * beats and the answers that a relay with a detector gives by itself. Runs in the web worker, over the shared memory.
 */
import { type HeardOut, heardOut } from "../arbitration/heard-out.ts";
import { type Nearest, NOT_NEAR, RecentScores } from "../arbitration/recent-scores.ts";
import type { LEVEL, SCORE } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";
import type { MayWake } from "./may-wake.ts";
import { type ModelScores, nearnessOf } from "./model-scores.ts";

/** A level this far above the floor is somebody, or something: 6 dB. */
const ABOVE_FLOOR = 2;
/** A score from here on may become a word: detectors rise within a few frames. */
const RISING = 0.05;
/** Levels reach this far back, so that a beat does not miss a word that was said between two looks. */
const FRESH_MS = 1000;

export class Listened {
  readonly #level: RecordReader<typeof LEVEL.fields>;
  readonly #score: RecordReader<typeof SCORE.fields>;

  readonly #models: ModelScores;
  readonly #mayWake: MayWake;
  readonly #recent = new RecentScores();
  #samples: number | undefined;
  /** When sound was last seen to come, however late it is. */
  #cameAtMs = Number.NEGATIVE_INFINITY;
  /** How long after it was heard the newest sound came, ms; 0 before the first. */
  lateMs = 0;

  constructor(
    level: RecordReader<typeof LEVEL.fields>,
    score: RecordReader<typeof SCORE.fields>,
    models: ModelScores,
    mayWake: MayWake,
  ) {
    this.#level = level;
    this.#score = score;
    this.#models = models;
    this.#mayWake = mayWake;
  }

  /** The end of the newest frame that was scored, monotonic ms. */
  get heardUntilMs(): number {
    return this.#score.value.frameEndMs;
  }

  /** Remembers the newest frame: as often as there is one, or what was nearly heard is forgotten. */
  look(): void {
    const { frameEndMs } = this.#score.read();
    if (frameEndMs > this.#recent.untilMs) this.#recent.add(frameEndMs, this.#models.of(this.#score.value));
  }

  /** How near the word came that ended at `endedAtMs` (monotonic), where it may wake somebody here. */
  nearest(model: string, endedAtMs: number): Nearest {
    return this.#mayWake.now ? this.#recent.nearest(model, endedAtMs) : NOT_NEAR;
  }

  /** Whether somebody or something can be heard, and a word could fire. */
  hears(nowMs: number): boolean {
    if (this.#isDeaf(nowMs)) return false;
    const { rms, noiseFloor } = this.#level.value;
    return !this.#score.value.asleep && (rms > noiseFloor * ABOVE_FLOOR || this.#rises());
  }

  /**
   * Whether a word that ended at `endedAtMs` (monotonic) was here too: as {@link heardOut}, and `pass` where none could fire.
   */
  answer(model: string, endedAtMs: number, askedAtMs: number, nowMs: number): HeardOut | undefined {
    if (this.#isDeaf(nowMs)) return "pass";
    this.look();
    const { frameEndMs } = this.#score.value;
    const nearness = nearnessOf(this.#models.of(this.#score.value));
    const { nearness: nearest } = this.nearest(model, endedAtMs);
    return heardOut({ untilMs: frameEndMs, nearness, nearest }, endedAtMs, askedAtMs);
  }

  /** No sound comes, or no word could fire: whoever waits for a claim waits in vain. */
  #isDeaf(nowMs: number): boolean {
    const { samples, atMs } = this.#level.read();
    if (samples !== this.#samples) {
      const isFirst = this.#samples === undefined;
      this.#cameAtMs = isFirst ? atMs : nowMs;
      this.lateMs = isFirst ? 0 : Math.max(0, nowMs - atMs);
    }
    this.#samples = samples;
    return nowMs - this.#cameAtMs > FRESH_MS || !this.#score.read().armed;
  }

  #rises(): boolean {
    const { scores } = this.#score.value;
    for (let i = 0; i < scores.length; i++) if ((scores[i] ?? 0) >= RISING) return true;
    return false;
  }
}
