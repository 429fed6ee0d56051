/** Where a wake word lies in the sound around it. Pure. */
import { type Powers, STEP_MS } from "./measure-spectrum.ts";

/** Frames of 10 ms: from the first to below the second. */
export interface WordFrames {
  readonly from: number;
  readonly to: number;
}

/** Longer than any wake word a head looks at in full, and short enough not to reach into what was said before. */
const LONGEST_FRAMES = 1500 / STEP_MS;
/** Pauses within a word are shorter: the stop in "alexa" and the gap in "hey jarvis". */
const GAP_FRAMES = 200 / STEP_MS;
/** Where nothing stands out: about as long as most wake words. */
const USUAL_FRAMES = 800 / STEP_MS;
/** What counts as the word: so far above the noise, and so far at most below its loudest frame. */
const ABOVE_FLOOR = 10 ** 0.6;
const BELOW_PEAK = 10 ** -2.5;
const FLOOR_STRETCH_FRAMES = 200 / STEP_MS;

/**
 * The word that made a detector fire at the end of `powers`: from the loudest frame of the last 1.5 s as far as there is
 * sound without a longer pause, at most to the end.
 *
 * @param band which band of `powers` is looked at
 */
export function findWord(powers: Powers, band: number): WordFrames {
  const { frames } = powers;
  const at = (frame: number): number => powers.power[frame * powers.bands + band] ?? 0;
  const first = Math.max(0, frames - LONGEST_FRAMES);
  let loudest = first;
  for (let frame = first; frame < frames; frame++) if (at(frame) > at(loudest)) loudest = frame;
  const least = Math.max(quietest(powers, band, 0, frames) * ABOVE_FLOOR, at(loudest) * BELOW_PEAK);
  if (!(at(loudest) > least)) return { from: Math.max(0, frames - USUAL_FRAMES), to: frames };
  let from = loudest;
  for (let frame = loudest; frame >= first && from - frame <= GAP_FRAMES; frame--) if (at(frame) > least) from = frame;
  let to = loudest;
  for (let frame = loudest; frame < frames && frame - to <= GAP_FRAMES; frame++) if (at(frame) > least) to = frame;
  return { from, to: to + 1 };
}

/** Mean power of the quietest 200 ms between two frames, or of all of them where they are fewer; 0 for none. */
export function quietest({ power, bands }: Powers, band: number, from: number, to: number): number {
  const length = Math.min(FLOOR_STRETCH_FRAMES, to - from);
  if (length <= 0) return 0;
  let sum = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let frame = from; frame < to; frame++) {
    sum += power[frame * bands + band] ?? 0;
    if (frame - from >= length) sum -= power[(frame - length) * bands + band] ?? 0;
    if (frame - from >= length - 1) least = Math.min(least, sum);
  }
  return Math.max(least, 0) / length;
}
