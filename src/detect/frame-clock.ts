// When each frame of a stream was heard, steadier than the sound came in.
import { HOP_MS } from "../wake/features.ts";

/** A frame that seems this much later than the sound before it follows a pause of the source: standard input may stop. */
const PAUSE_MS = 1000;
/** Of what a frame seems late, as much is believed at once ... */
const BELIEVED = 1 / 32;
/** ... and no more than this: a second that comes in one burst shifts its 12 frames by less than a hop. */
const MOST_LATER_MS = 4;
/** Triggers tell frames apart by their times. */
const LEAST_STEP_MS = 1;

/**
 * Sound comes in bursts, each block dated when it was taken: a frame can seem later than it was, never earlier. So frames
 * of one stream follow each other at 80 ms; a time that seems earlier is believed at once, and one that seems later
 * slowly, which follows a device whose clock is not ours and makes up for samples that it dropped. Times always rise.
 */
export class FrameClock {
  #lastMs = Number.NEGATIVE_INFINITY;
  #contiguous = false;

  /** The next frame does not continue the one before. */
  beginAnew(): void {
    this.#contiguous = false;
  }

  /**
   * Takes the next frame.
   * @param arrivedMs when its last sample came, at the latest; monotonic milliseconds
   * @returns its end: above that of the frame before
   */
  next(arrivedMs: number): number {
    const dueMs = this.#lastMs + HOP_MS;
    const lateMs = arrivedMs - dueMs;
    const steady = this.#contiguous && lateMs > 0 && lateMs < PAUSE_MS;
    const endMs = steady ? dueMs + Math.min(lateMs * BELIEVED, MOST_LATER_MS) : arrivedMs;
    this.#contiguous = true;
    this.#lastMs = Math.max(endMs, this.#lastMs + LEAST_STEP_MS);
    return this.#lastMs;
  }
}
