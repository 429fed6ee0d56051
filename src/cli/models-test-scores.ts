/** Recordings through the network for `earshot models test`: scored once, and every threshold tried on the scores. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readAudioFile } from "../audio/decode.ts";
import { HOLD_MS } from "../wake/detector.ts";
import type { Engine, WakeHop, WakeStream } from "../wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../wake/features.ts";
import { Trigger, type TriggerSettings } from "../wake/trigger.ts";
import { LOOK_BACK_SAMPLES, type VoiceActivity } from "../wake/voice-activity.ts";

export interface Recording {
  readonly file: string;
  /** 16 kHz mono */
  readonly pcm: Int16Array;
}

/** Where a trigger fired. */
export interface Hit {
  /** The end of the frame, from the beginning of the recording. */
  readonly atMs: number;
  readonly confidence: number;
  /** The probability of speech that was found, 0..1; undefined where nobody asked. */
  readonly voice: number | undefined;
  /** Nobody spoke: the house does not hear it. */
  readonly vetoed: boolean;
}

export interface Judged {
  readonly file: string;
  readonly durationMs: number;
  readonly highest: number;
  /** For each of the settings that were tried. */
  readonly hits: readonly (readonly Hit[])[];
}

const SOUND_FILE = /\.(wav|flac|mp3|ogg|oga|opus)$/i;
/** Recordings that are scored side by side, and at most so much of their sound: 10 minutes. */
const MOST_TOGETHER = 8;
const MOST_SAMPLES = 9_600_000;

/**
 * The sound files of a folder and of those in it, sorted.
 * @throws Error when there is no such folder, or no sound file in it
 */
export async function soundFilesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    const { code } = error as { code?: unknown };
    if (code === "ENOENT") throw new Error(`there is no folder ${folder}`);
    throw new Error(code === "ENOTDIR" ? `${folder} is no folder` : `${folder} cannot be read: ${error.message}`);
  });
  const files = entries.filter((entry) => !entry.isDirectory() && SOUND_FILE.test(entry.name));
  if (files.length === 0) throw new Error(`there is no recording in ${folder}: WAV, FLAC, MP3 or Ogg are expected`);
  return files.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

/** Reads recordings, as many at a time as are scored together. @param refused called for each that cannot be read */
export async function* readTogether(
  files: readonly string[],
  refused: (file: string, message: string) => void,
): AsyncGenerator<readonly Recording[], void, void> {
  let together: Recording[] = [];
  let samples = 0;
  for (const file of files) {
    try {
      const pcm = await readAudioFile(file);
      together.push({ file, pcm });
      samples += pcm.length;
    } catch (error) {
      refused(file, error instanceof Error ? error.message : String(error));
    }
    if (together.length < MOST_TOGETHER && samples < MOST_SAMPLES) continue;
    yield together;
    together = [];
    samples = 0;
  }
  if (together.length > 0) yield together;
}

/** One recording on its way through the network. */
interface Lane {
  readonly pcm: Int16Array;
  readonly stream: WakeStream;
  /** The same with the other beginning, as a detector hears the first 2 s of a recording. */
  readonly twin: WakeStream;
  readonly frames: number;
  /** A row a model. */
  readonly scores: readonly Float32Array[];
}

/**
 * Every model's score in each frame of 80 ms of each recording, as a detector believes it: in the first 2 s the lower
 * one of both beginnings (see `createDetector`).
 * @returns for each recording a row of scores for each of `engine.models`
 */
export async function believedScores(
  engine: Engine,
  recordings: readonly Recording[],
): Promise<readonly (readonly Float32Array[])[]> {
  const lanes = recordings.map(({ pcm }): Lane => {
    const frames = Math.ceil(pcm.length / HOP_SAMPLES);
    const scores = engine.models.map(() => new Float32Array(frames));
    return { pcm, stream: engine.newStream(), twin: engine.newStream(), frames, scores };
  });
  for (const { twin, pcm } of lanes) await twin.settle(hopOf(pcm, 0));
  const longest = Math.max(0, ...lanes.map(({ frames }) => frames));
  for (let frame = 0; frame < longest; frame++) {
    const bothBeginnings = frame * HOP_MS < HOLD_MS;
    const hops = lanes
      .filter(({ frames }) => frame < frames)
      .map((lane) => {
        const pcm = hopOf(lane.pcm, frame);
        const [own, other] = [new Float32Array(engine.models.length), new Float32Array(engine.models.length)];
        const taken: WakeHop[] = [{ stream: lane.stream, pcm, scores: own }];
        if (bothBeginnings) taken.push({ stream: lane.twin, pcm, scores: other });
        return { lane, taken, own, other };
      });
    await engine.hopAll(hops.flatMap(({ taken }) => taken));
    for (const { lane, own, other } of hops) {
      lane.scores.forEach((row, model) => {
        const score = own[model] ?? 0;
        row[frame] = bothBeginnings ? Math.min(score, other[model] ?? 0) : score;
      });
    }
  }
  return lanes.map(({ scores }) => scores);
}

/** 80 ms of a recording, the last ones completed with zeros. */
function hopOf(pcm: Int16Array, frame: number): Int16Array {
  const hop = pcm.subarray(frame * HOP_SAMPLES, (frame + 1) * HOP_SAMPLES);
  if (hop.length === HOP_SAMPLES) return hop;
  const padded = new Int16Array(HOP_SAMPLES);
  padded.set(hop);
  return padded;
}

/** What the triggers make of one model's scores over a recording. @param voice asked at each hit, where there is one */
export async function judge(
  { file, pcm }: Recording,
  scores: Float32Array,
  settings: readonly TriggerSettings[],
  voice: VoiceActivity | undefined,
): Promise<Judged> {
  const heardVoices = new Map<number, number>();
  const voiceAt = async (frame: number, enough: number): Promise<number | undefined> => {
    if (voice === undefined || enough === 0) return undefined;
    const known = heardVoices.get(frame);
    if (known !== undefined) return known;
    const end = (frame + 1) * HOP_SAMPLES;
    const past = pcm.slice(Math.max(0, end - LOOK_BACK_SAMPLES), end);
    const found = await voice.highest(past, enough);
    heardVoices.set(frame, found);
    return found;
  };
  const hits: Hit[][] = [];
  for (const one of settings) {
    const own: Hit[] = [];
    for (const frame of firesOf(scores, one)) {
      const found = await voiceAt(frame, one.vadThreshold);
      const vetoed = found !== undefined && found < one.vadThreshold;
      own.push({ atMs: (frame + 1) * HOP_MS, confidence: scores[frame] ?? 0, voice: found, vetoed });
    }
    hits.push(own);
  }
  return { file, durationMs: pcm.length / 16, highest: scores.reduce((a, b) => Math.max(a, b), 0), hits };
}

/** Frames in which a recording with these scores fires. */
export function firesOf(scores: Float32Array, settings: TriggerSettings): readonly number[] {
  const trigger = new Trigger(settings);
  const frames: number[] = [];
  scores.forEach((score, frame) => {
    if (trigger.step(score, (frame + 1) * HOP_MS)) frames.push(frame);
  });
  return frames;
}
