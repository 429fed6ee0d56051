/** From scores and voices to misses, false accepts and delays, by the trigger that Earshot itself uses. Pure. */
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
  /** The probability of speech by frame, for those in which it was asked for; needed by settings with a veto. */
  readonly voices?: ReadonlyMap<number, number>;
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

/** The frames in which a live stream with these scores would fire, were nothing vetoed. A veto changes none of the others. */
export function firingFrames(scores: Float32Array, settings: TriggerSettings): readonly number[] {
  const trigger = new Trigger(settings);
  trigger.hold(HOLD_MS);
  const frames: number[] = [];
  scores.forEach((score, frame) => {
    if (trigger.step(score, endMs(frame))) frames.push(frame);
  });
  return frames;
}

/**
 * When a live stream would fire: the ends of those frames, from the beginning of the stream.
 *
 * @throws where a veto is wanted and nobody asked for a voice
 */
export function firesOf({ scores, voices }: Pick<Track, "scores" | "voices">, settings: TriggerSettings) {
  const { vadThreshold } = settings;
  const speaks = (frame: number): boolean => {
    const voice = voices?.get(frame);
    if (voice === undefined) throw new Error(`nobody asked for a voice in frame ${frame}`);
    return voice >= vadThreshold;
  };
  const fired = firingFrames(scores, settings);
  return (vadThreshold > 0 ? fired.filter(speaks) : fired).map(endMs);
}

function endMs(frame: number): number {
  return (frame + 1) * HOP_MS;
}

function hearing({ beginMs, endMs }: PlacedClip, fires: readonly number[]): number | undefined {
  return fires.find((atMs) => atMs > beginMs && atMs <= endMs + LATE_MS);
}

/** Words that nobody noticed: a clip is heard if something fires between its beginning and a second after its end. */
export function countMisses(tracks: readonly Track[], settings: TriggerSettings, half?: Half): Misses {
  let [clips, missed] = [0, 0];
  for (const track of tracks) {
    const fires = firesOf(track, settings);
    for (const clip of track.clips) {
      if (half !== undefined && halfOf(clip.id) !== half) continue;
      clips++;
      if (hearing(clip, fires) === undefined) missed++;
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
    for (const atMs of firesOf(track, settings)) {
      const cause = track.clips.findLast(({ beginMs }) => beginMs < atMs) ?? track.clips[0];
      if (cause && belongs(cause)) count++;
    }
  }
  return { count, hours: ms / 3_600_000 };
}

/** How much later than with other settings each word is noticed that both notice, ms, in rising order. */
export function delaysOf(
  tracks: readonly Track[],
  settings: TriggerSettings,
  than: TriggerSettings,
): readonly number[] {
  const delays = tracks.flatMap((track) => {
    const [fires, others] = [firesOf(track, settings), firesOf(track, than)];
    return track.clips.flatMap((clip) => {
      const [atMs, otherMs] = [hearing(clip, fires), hearing(clip, others)];
      return atMs === undefined || otherMs === undefined ? [] : [atMs - otherMs];
    });
  });
  return delays.toSorted((a, b) => a - b);
}
