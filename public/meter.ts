/** The level meter's scale: 12 segments, logarithmic from 1 to 5000 of the raw int16 RMS. */

export const SEGMENTS = 12;
const INT16_FULL_SCALE = 32767;
const TOP_RAW_RMS = 5000;
const HOLD_MS = 1200;
const FALL_SEGMENTS_PER_S = 8;
const CLIPPING_PEAK = 0.99;

/** Where a linear level (0..1) stands on the scale: 0 at a raw RMS of 1 or less, 1 at 5000 or more. NaN counts as silence. */
export function scalePosition(level: number): number {
  const raw = level * INT16_FULL_SCALE;
  if (!(raw > 1)) return 0;
  return Math.min(1, Math.log(raw) / Math.log(TOP_RAW_RMS));
}

/** How many of the segments are lit at a linear level (0..1): an integer, 0..12. */
export function segmentsLit(level: number): number {
  return Math.ceil(scalePosition(level) * SEGMENTS);
}

/** Decibels below full scale, null for silence. */
export function levelDb(level: number): number | null {
  return level > 0 ? 20 * Math.log10(level) : null;
}

export function isClipping(peak: number): boolean {
  return peak >= CLIPPING_PEAK;
}

/** The mark that stays at the loudest segment for a while, then falls. `segments` may be a fraction while it falls. */
export interface PeakHold {
  readonly segments: number;
  readonly reachedAtMs: number;
}

/**
 * The mark after a new level: raised at once, held for 1.2 s, then falling at 8 segments a second, never below the level.
 *
 * @param before the mark as it was when it was last raised, null at first
 * @param lit segments lit now, 0..12
 */
export function raisePeak(before: PeakHold | null, lit: number, nowMs: number): PeakHold {
  if (before === null || lit >= fallenPeak(before, nowMs)) return { segments: lit, reachedAtMs: nowMs };
  return before;
}

/** Where the mark stands now, in segments. */
export function fallenPeak(hold: PeakHold, nowMs: number): number {
  const fallingMs = Math.max(0, nowMs - hold.reachedAtMs - HOLD_MS);
  return Math.max(0, hold.segments - (fallingMs / 1000) * FALL_SEGMENTS_PER_S);
}
