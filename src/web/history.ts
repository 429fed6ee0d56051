/** The last minute of scores and levels, for a page that opens now. */
import type { HistoryView } from "./schemas/live.ts";

/** A minute of frames of 80 ms. */
const FRAMES = 750;

export class History {
  #models: readonly string[] = [];
  #frames: HistoryView["frames"] = [];

  /** Another set of models starts it anew: old scores would stand under wrong names. */
  push(models: readonly string[], at: number, rms: number, scores: number[]): void {
    if (models.join() !== this.#models.join()) {
      this.#models = models;
      this.#frames = [];
    }
    this.#frames.push({ at, rms, scores });
    // Dropped in lumps: shifting 750 entries 12 times a second is work for nothing.
    if (this.#frames.length >= 2 * FRAMES) this.#frames = this.#frames.slice(-FRAMES);
  }

  view(): HistoryView {
    return { models: [...this.#models], frames: this.#frames.slice(-FRAMES) };
  }
}
