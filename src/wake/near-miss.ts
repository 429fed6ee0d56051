/**
 * Words that almost fired: what a person needs to see to tune a threshold. Pure; one for each model and stream.
 */

/** From this share of the least score that may fire on, one is worth telling. */
export const NEAR_RATIO = 0.5;

export interface AlmostHeard {
  /** The highest score of the episode, 0..1. */
  readonly confidence: number;
  /** The end of the frame with that score. */
  readonly atMs: number;
  /** The model's class in that frame. */
  readonly classIndex: number;
}

/**
 * An episode is a run of frames with scores near what may fire. It is told once, when it is over, unless it fired or
 * touched a time in which the model was deaf: that of a stream that has just begun, or after a hit.
 */
export class NearMissWatch {
  #peak = 0;
  #peakAtMs = 0;
  #peakClass = 0;
  #spoilt = false;

  /**
   * @param least the least score that may fire
   * @param spoils whether this frame fired, or nothing could have fired in it
   * @returns the near miss that ended before this frame
   */
  step(score: number, least: number, spoils: boolean, frameEndMs: number, classIndex: number): AlmostHeard | undefined {
    if (score >= least * NEAR_RATIO) {
      this.#spoilt ||= spoils;
      if (score > this.#peak) {
        this.#peak = score;
        this.#peakAtMs = frameEndMs;
        this.#peakClass = classIndex;
      }
      return undefined;
    }
    if (this.#peak === 0) return undefined;
    const ended = this.#spoilt
      ? undefined
      : { confidence: this.#peak, atMs: this.#peakAtMs, classIndex: this.#peakClass };
    this.reset();
    return ended;
  }

  /** Forgets an episode that is not over. */
  reset(): void {
    this.#peak = 0;
    this.#spoilt = false;
  }
}
