/** Streams as a microphone hears them: clips one after another in a room that is never quite still. */
import type { Random } from "./seeded.ts";

const SAMPLES_PER_MS = 16;
const FRAME_SAMPLES = 320;
/** Speech is what lies within so many dB of the loudest frames. */
const SPEECH_RANGE_DB = 20;
const LOUDEST_SHARE = 0.95;
const FLOOR_SHARE = 0.1;
/** The noise of a room lies at least so far below its speech, and between these levels. */
const LEAST_GAP_DB = 30;
const STILLEST_ROOM_DB = -70;
const LOUDEST_ROOM_DB = -40;
/** What speech is brought to before noise of a stated distance is added. */
export const SPEECH_DB = -26;
/** How long a clip takes to come out of the room's noise, and to go. */
const FADE_SAMPLES = 160;
/** Before the first clip of a stream, beside its gap: a live stream is deaf for so long. */
export const LEAD_MS = 2000;

export interface Levels {
  /** RMS of the frames with speech, dB of full scale. */
  readonly speechDb: number;
  /** Of the noise between the words. */
  readonly floorDb: number;
}

export function powerDb(power: number): number {
  return 10 * Math.log10(Math.max(power, 1e-10));
}

export function amplitude(db: number): number {
  return 10 ** (db / 20);
}

/** @param pcm 16 kHz s16 */
export function levelsOf(pcm: Int16Array): Levels {
  const powers: number[] = [];
  for (let start = 0; start < pcm.length; start += FRAME_SAMPLES) {
    const frame = pcm.subarray(start, start + FRAME_SAMPLES);
    let sum = 0;
    for (const sample of frame) sum += (sample / 32_768) ** 2;
    powers.push(sum / frame.length);
  }
  const sorted = powers.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const least = at(LOUDEST_SHARE) * 10 ** (-SPEECH_RANGE_DB / 10);
  const speech = powers.filter((power) => power >= least);
  const speechDb = powerDb(speech.reduce((sum, power) => sum + power, 0) / Math.max(1, speech.length));
  const floorDb = Math.min(powerDb(at(FLOOR_SHARE)), speechDb - LEAST_GAP_DB);
  return { speechDb, floorDb: Math.max(STILLEST_ROOM_DB, Math.min(LOUDEST_ROOM_DB, floorDb)) };
}

export interface PlacedClip {
  readonly id: string;
  readonly beginMs: number;
  readonly endMs: number;
}

export interface Stream {
  /** 16 kHz mono s16 */
  readonly pcm: Int16Array;
  readonly clips: readonly PlacedClip[];
}

export interface LoadedClip {
  readonly id: string;
  readonly pcm: Int16Array;
}

export interface StreamOptions {
  /** The least and the greatest gap between two clips. */
  readonly gapMs: readonly [number, number];
  readonly random: Random;
  /** Noise of RMS 1. */
  readonly roomNoise: (samples: number) => Float32Array;
  /** Noise over everything, of RMS 1 on average, and how far speech is above it. Without: clips as they were recorded. */
  readonly added?: { readonly noise: (samples: number) => Promise<Float32Array>; readonly snrDb: number };
}

/**
 * Lays clips behind each other. The gaps are filled with noise at the level of what is on either side, so that there is
 * neither digital silence nor a step. With added noise, speech is brought to {@link SPEECH_DB} first.
 */
export async function layStream(
  clips: readonly LoadedClip[],
  { gapMs, random, roomNoise, added }: StreamOptions,
): Promise<Stream> {
  const [least, most] = gapMs;
  const gap = (): number => Math.round((least + random() * (most - least)) * SAMPLES_PER_MS);
  let length = LEAD_MS * SAMPLES_PER_MS;
  const placed = clips.map(({ id, pcm }) => {
    const begin = length + gap();
    length = begin + pcm.length;
    const { speechDb, floorDb } = levelsOf(pcm);
    const gainDb = added ? SPEECH_DB - speechDb : 0;
    return { id, pcm, begin, end: length, gain: amplitude(gainDb), floorDb: floorDb + gainDb };
  });
  length += gap();

  const sum = roomNoise(length);
  fadeRoom(sum, placed);
  for (const { pcm, begin, gain } of placed) {
    for (let i = 0; i < pcm.length; i++) {
      sum[begin + i] = (sum[begin + i] ?? 0) + (fadeOf(i, pcm.length) * gain * (pcm[i] ?? 0)) / 32_768;
    }
  }
  if (added) {
    const noise = await added.noise(length);
    const scale = amplitude(SPEECH_DB - added.snrDb);
    for (let i = 0; i < length; i++) sum[i] = (sum[i] ?? 0) + scale * (noise[i] ?? 0);
  }
  const pcm = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round((sum[i] ?? 0) * 32_768)));
  }
  const ms = (sample: number): number => sample / SAMPLES_PER_MS;
  return { pcm, clips: placed.map(({ id, begin, end }) => ({ id, beginMs: ms(begin), endMs: ms(end) })) };
}

/** How much of a clip, or of nothing but the stillest room, is heard at its sample `i`. */
function fadeOf(i: number, length: number): number {
  return Math.min(1, (i + 1) / FADE_SAMPLES, (length - i) / FADE_SAMPLES);
}

interface Placed {
  readonly begin: number;
  readonly end: number;
  readonly floorDb: number;
}

/** Brings noise of RMS 1 to the level of the room: gliding from one clip's floor to the next one's, and hardly heard under a clip. */
function fadeRoom(noise: Float32Array, placed: readonly Placed[]): void {
  const still = amplitude(STILLEST_ROOM_DB);
  let [from, fromDb] = [0, placed[0]?.floorDb ?? STILLEST_ROOM_DB];
  for (const next of [...placed, undefined]) {
    const to = next?.begin ?? noise.length;
    const toDb = next?.floorDb ?? fromDb;
    for (let i = from; i < to; i++)
      noise[i] = (noise[i] ?? 0) * amplitude(fromDb + ((toDb - fromDb) * (i - from)) / (to - from));
    if (!next) return;
    for (let i = next.begin; i < next.end; i++) {
      const open = 1 - fadeOf(i - next.begin, next.end - next.begin);
      noise[i] = (noise[i] ?? 0) * (still + open * (amplitude(toDb) - still));
    }
    [from, fromDb] = [next.end, next.floorDb];
  }
}
