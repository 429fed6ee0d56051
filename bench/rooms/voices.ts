// Real people who say "alexa", cut out of their recordings, so that what is said into a simulated room has no noise of another.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { bandPowers, STEP_SAMPLES } from "../../src/arbitration/measure-spectrum.ts";
import { findWord } from "../../src/arbitration/measure-word.ts";
import { readAudioFile } from "../../src/audio/decode.ts";

const FADE_IN_SAMPLES = 20 * 16;
const FADE_OUT_SAMPLES = 60 * 16;
const LONGEST_SAMPLES = 1.1 * 16_000;
/** A recording whose noise is nearer to its word than this would bring a room of its own. */
const LEAST_SNR_DB = 25;

/** Words whose loud parts have a root mean square of 1. */
export async function loadVoices(folder: string): Promise<readonly Float32Array[]> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".flac"))
    .sort();
  const voices: Float32Array[] = [];
  for (const name of names) {
    const voice = cutOut(await readAudioFile(join(folder, name)));
    if (voice) voices.push(voice);
  }
  return voices;
}

/** The word of a recording; undefined where it is too noisy. */
function cutOut(pcm: Int16Array): Float32Array | undefined {
  const frames = Math.floor(pcm.length / STEP_SAMPLES);
  const powers = bandPowers(pcm, 0, frames, [[300, 4000]]);
  const loudest = powers.power.indexOf(Math.max(...powers.power));
  // The end of what is looked at is the word's here, so that the whole of it lies before.
  const word = findWord({ ...powers, frames: Math.min(frames, loudest + 90) }, 0);
  const from = Math.max(0, word.from * STEP_SAMPLES - FADE_IN_SAMPLES);
  const to = Math.min(pcm.length, word.to * STEP_SAMPLES + FADE_OUT_SAMPLES);
  if (to - from > LONGEST_SAMPLES || word.to - word.from < 25) return undefined;
  const inside = powers.power.subarray(word.from, word.to);
  const outside = [...powers.power.subarray(0, word.from), ...powers.power.subarray(word.to)].sort((a, b) => a - b);
  const speech = inside.reduce((sum, x) => sum + x, 0) / inside.length;
  const noise = outside[Math.floor(outside.length / 4)] ?? 0;
  if (10 * Math.log10(speech / noise) < LEAST_SNR_DB) return undefined;
  const voice = Float32Array.from(pcm.subarray(from, to));
  for (let i = 0; i < FADE_IN_SAMPLES; i++) voice[i] = ((voice[i] ?? 0) * i) / FADE_IN_SAMPLES;
  for (let i = 0; i < FADE_OUT_SAMPLES; i++) {
    const at = voice.length - 1 - i;
    voice[at] = ((voice[at] ?? 0) * i) / FADE_OUT_SAMPLES;
  }
  const energy = voice.reduce((sum, x) => sum + x * x, 0);
  const rms = Math.sqrt(energy / ((word.to - word.from) * STEP_SAMPLES));
  return voice.map((x) => x / rms);
}
