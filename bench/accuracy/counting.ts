/** From scores to misses and false accepts, by the trigger that Earshot itself uses. Pure. */
import { HOLD_MS } from "../../src/wake/detector.ts";
import { HOP_MS } from "../../src/wake/features.ts";
import { Trigger, type TriggerSettings } from "../../src/wake/trigger.ts";
import type { PlacedClip } from "./mixing.ts";
import { type Half, halfOf } from "./seeded.ts";

/** How long after its clip a wake word may still be heard. */
export const LATE_MS = 1000;

/** The scores of one model over one stream. */
export interface Track {
  readonly clips: readonly PlacedClip[];
  /** Of each 80 ms. */
  readonly scores: Float32Array;
}

export interface Misses {
  readonly clips: number;
  readonly missed: number;
}

export interface FalseAccepts {
  readonly count: number;
  /** Of the clips, without the gaps between them. */
  readonly hours: number;
}

/** One model's column out of the scores of all. */
export function columnOf(scores: Float32Array, width: number, column: number): Float32Array {
  return Float32Array.from({ length: scores.length / width }, (_, row) => scores[row * width + column] ?? 0);
}

/** When a live stream with these scores would fire: the ends of those frames, from the beginning of the stream. */
export function firesOf(scores: Float32Array, settings: TriggerSettings): readonly number[] {
  const trigger = new Trigger(settings);
  trigger.hold(HOLD_MS);
  const fires: number[] = [];
  scores.forEach((score, frame) => {
    const atMs = (frame + 1) * HOP_MS;
    if (trigger.step(score, atMs)) fires.push(atMs);
  });
  return fires;
}

/** Words that nobody noticed: a clip is heard if something fires between its beginning and a second after its end. */
export function countMisses(tracks: readonly Track[], settings: TriggerSettings, half?: Half): Misses {
  let [clips, missed] = [0, 0];
  for (const track of tracks) {
    const fires = firesOf(track.scores, settings);
    for (const { id, beginMs, endMs } of track.clips) {
      if (half !== undefined && halfOf(id) !== half) continue;
      clips++;
      if (!fires.some((atMs) => atMs > beginMs && atMs <= endMs + LATE_MS)) missed++;
    }
  }
  return { clips, missed };
}

/** Everything that fires in streams without the word. It is put down to the clip that began last before it. */
export function countFalseAccepts(tracks: readonly Track[], settings: TriggerSettings, half?: Half): FalseAccepts {
  let [count, ms] = [0, 0];
  for (const track of tracks) {
    const belongs = ({ id }: PlacedClip): boolean => half === undefined || halfOf(id) === half;
    for (const clip of track.clips) if (belongs(clip)) ms += clip.endMs - clip.beginMs;
    for (const atMs of firesOf(track.scores, settings)) {
      const cause = track.clips.findLast(({ beginMs }) => beginMs < atMs) ?? track.clips[0];
      if (cause && belongs(cause)) count++;
    }
  }
  return { count, hours: ms / 3_600_000 };
}
