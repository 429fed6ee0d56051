/** The last minute of scores and level, for the plot: a ring of frames that turns into uPlot's columns. */
import type { HistoryView, LevelsView } from "../src/web/schemas/live.ts";
import { scalePosition } from "./meter.ts";

export const WINDOW_MS = 60_000;
/** Two frames further apart than this are not joined by a line: nothing is known of the time between. */
const GAP_MS = 1_000;
/** The server derives a frame's UTC from two clocks, which step against each other by little; more is a clock set back. */
const SMALL_STEP_MS = 1_000;
/** A minute of frames of 80 ms, and a second to spare at the left edge. */
const CAPACITY = 800;
/** The level stands behind the scores in the lower part of the plot, so that it does not cover them. */
export const LEVEL_SHARE = 0.4;

interface Frame {
  readonly atMs: number;
  readonly level: number;
  readonly scores: readonly number[];
}

/** uPlot's columns: seconds since 1970, then the level's place on the meter's scale (0..0.4), then a column a model. */
export type Columns = [number[], ...(number | null)[][]];

/** Frames in the order they came, oldest first; at most a minute of them. One thread, one writer. */
export class ScoreHistory {
  #models: readonly string[] = [];
  #ring: (Frame | undefined)[] = new Array(CAPACITY);
  #next = 0;
  #count = 0;
  #lastFrame = -1;
  #lastAtMs = Number.NEGATIVE_INFINITY;

  get models(): readonly string[] {
    return this.#models;
  }

  get length(): number {
    return this.#count;
  }

  clear(): void {
    this.#ring = new Array(CAPACITY);
    this.#next = 0;
    this.#count = 0;
    this.#lastFrame = -1;
    this.#lastAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Takes over what the server remembers, in place of all that was here. */
  fill(history: HistoryView): void {
    this.clear();
    this.#models = history.models;
    for (const frame of history.frames) this.#push({ atMs: frame.at, level: frame.rms, scores: frame.scores });
  }

  /** Sets which models have a column. What was kept of models that stay is kept. */
  setModels(models: readonly string[]): void {
    if (models.length === this.#models.length && models.every((name, index) => name === this.#models[index])) return;
    const from = models.map((name) => this.#models.indexOf(name));
    this.#ring = this.#ring.map((frame) =>
      frame === undefined
        ? undefined
        : { ...frame, scores: from.map((old) => (old < 0 ? Number.NaN : (frame.scores[old] ?? Number.NaN))) },
    );
    this.#models = models;
  }

  /** Adds the newest levels; says whether they were a new frame (levels come more seldom or more often than frames). */
  add(levels: LevelsView): boolean {
    if (levels.frame === this.#lastFrame) return false;
    this.#lastFrame = levels.frame;
    this.#push({
      atMs: levels.at,
      level: levels.rms,
      scores: this.#models.map((name) => levels.scores[name] ?? Number.NaN),
    });
    return true;
  }

  /** The frames of the minute before `nowMs` (UTC) as columns; a gap is an empty row, so that no line crosses it. */
  columns(nowMs: number): Columns {
    const times: number[] = [];
    const levels: (number | null)[] = [];
    const scores: (number | null)[][] = this.#models.map(() => []);
    let beforeMs = Number.NaN;
    for (let index = 0; index < this.#count; index++) {
      const frame = this.#ring[(this.#next - this.#count + index + CAPACITY) % CAPACITY];
      if (frame === undefined || frame.atMs < nowMs - WINDOW_MS - GAP_MS) continue;
      if (frame.atMs - beforeMs > GAP_MS) {
        times.push((beforeMs + 1) / 1000);
        levels.push(null);
        for (const column of scores) column.push(null);
      }
      beforeMs = frame.atMs;
      times.push(frame.atMs / 1000);
      levels.push(scalePosition(frame.level) * LEVEL_SHARE);
      scores.forEach((column, model) => {
        const score = frame.scores[model] ?? Number.NaN;
        column.push(Number.isNaN(score) ? null : score);
      });
    }
    return [times, levels, ...scores];
  }

  /** uPlot needs rising times: a small step back is smoothed, a clock that was set back begins the history anew. */
  #push(frame: Frame): void {
    if (frame.atMs < this.#lastAtMs - SMALL_STEP_MS) {
      const lastFrame = this.#lastFrame;
      this.clear();
      this.#lastFrame = lastFrame;
    }
    const rising = frame.atMs > this.#lastAtMs ? frame : { ...frame, atMs: this.#lastAtMs + 1 };
    this.#lastAtMs = rising.atMs;
    this.#ring[this.#next] = rising;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#count = Math.min(CAPACITY, this.#count + 1);
  }
}
