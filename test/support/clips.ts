/** Sound for tests: recordings of real people where they are, and made-up signals everywhere. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import decode from "audio-decode";

export type ClipFolder = "alexa" | "computer" | "jarvis" | "snowboy";

const SPEECH = join(import.meta.dir, "../../../shared/audio");
const RATE_HZ = 16_000;

/** Whether the recordings are on this machine. */
export const speechIsHere: boolean = existsSync(SPEECH);

/** Says on the terminal that the tests of `what` are skipped, where the recordings are absent. */
export function saySkipped(what: string): void {
  if (!speechIsHere) console.log(`skipped: ${what}: no recordings at ../shared/audio`);
}

/** The paths of the clips of a folder, sorted; `count` of them spread evenly, or all. None where they are absent. */
export function clipPaths(folder: ClipFolder, count = Number.POSITIVE_INFINITY): readonly string[] {
  if (!speechIsHere) return [];
  const names = readdirSync(join(SPEECH, folder))
    .filter((name) => name.endsWith(".flac"))
    .sort();
  const wanted = Math.min(count, names.length);
  const spread = Array.from({ length: wanted }, (_, i) => names[Math.floor((i * names.length) / wanted)] ?? "");
  return spread.map((name) => join(SPEECH, folder, name));
}

/** A clip as 16 kHz mono samples, bit by bit those of the file: the decoder divides by 32767. */
export async function clip(path: string): Promise<Int16Array> {
  const { channelData, sampleRate } = await decode(await Bun.file(path).bytes());
  const [samples] = channelData;
  if (!samples || channelData.length !== 1 || sampleRate !== RATE_HZ) throw new Error(`${path} is not 16 kHz mono`);
  return Int16Array.from(samples, (sample) => Math.round(sample * 32_767));
}

/** Someone's voice without the quiet around it. */
export async function voiceIn(path: string): Promise<Int16Array> {
  const pcm = await clip(path);
  const isLoud = (sample: number) => Math.abs(sample) > 1200;
  return pcm.subarray(pcm.findIndex(isLoud), pcm.findLastIndex(isLoud));
}

/** Samples of a sine. `level` is its amplitude, 0..1. */
export function tone(hz: number, seconds: number, level: number): Int16Array {
  return Int16Array.from({ length: seconds * RATE_HZ }, (_, i) =>
    Math.round(32_767 * level * Math.sin((2 * Math.PI * hz * i) / RATE_HZ)),
  );
}

/** White noise with the given amplitude, 0..1, the same for the same seed. */
export function noise(seconds: number, level: number, seed: number): Int16Array {
  const random = seededRandom(seed);
  return Int16Array.from({ length: seconds * RATE_HZ }, () => Math.round(32_767 * level * (2 * random() - 1)));
}

export function silence(seconds: number): Int16Array {
  return new Int16Array(seconds * RATE_HZ);
}

/** One signal after another. */
export function joined(...parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Numbers of 0..1 from a seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
