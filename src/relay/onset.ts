/** Whether a relay hears something that could be a word: louder than the room's quiet, or of interest to a model. Pure. */

/** So much above the noise floor: less than any word that a detector fires on stands out. */
const ABOVE_FLOOR_DB = 6;
/** Below this there is nothing, however quiet the floor: a microphone's own noise. */
const LEAST_DB = -75;
/** A score of so much of its threshold says that something is heard, whatever the level. */
const NEAR = 0.1;
/** The pauses within a word, and what a detector lags behind its end. */
const HANG_MS = 500;

export interface Loudness {
  /** Linear 0..1. */
  readonly rms: number;
  /** Linear 0..1: what is there when nobody speaks. */
  readonly noiseFloor: number;
  /** The highest score of all models, each over its threshold. */
  readonly nearness: number;
}

export class Onset {
  #untilMs = Number.NEGATIVE_INFINITY;

  /** @returns whether something is heard, or was a moment ago */
  hear({ rms, noiseFloor, nearness }: Loudness, nowMs: number): boolean {
    const levelDb = 20 * Math.log10(rms);
    const loud = levelDb > LEAST_DB && levelDb > 20 * Math.log10(noiseFloor) + ABOVE_FLOOR_DB;
    if (loud || nearness >= NEAR) this.#untilMs = nowMs + HANG_MS;
    return nowMs < this.#untilMs;
  }
}
