/** What a room sounds like beside the speaker. Everything here has an RMS of 1. */
import type { Clip } from "./clips.ts";
import { amplitude, levelsOf } from "./mixing.ts";
import type { Random } from "./seeded.ts";

export const NOISES = ["pink", "babble", "music"] as const;
export type Noise = (typeof NOISES)[number];

/** What noise is made of. */
export interface NoiseMaterial {
  /** Speech without wake words. */
  readonly voices: readonly Clip[];
  readonly music: readonly Clip[];
}

/** Reads a clip; the same ones are wanted again and again. */
export type ReadNoise = (clip: Clip) => Promise<Int16Array>;

const VOICES_AT_ONCE = 6;
const CLIP_GAP_SAMPLES = 1600;

/** Brings noise to an RMS of 1, in place. Silence stays silence. */
export function normalise(noise: Float32Array): Float32Array {
  let sum = 0;
  for (const sample of noise) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, noise.length));
  if (rms > 0) for (let i = 0; i < noise.length; i++) noise[i] = (noise[i] ?? 0) / rms;
  return noise;
}

/** Noise whose power falls by 3 dB an octave: white noise through Paul Kellet's filter, right to 0.05 dB above 10 Hz. */
export function pinkNoise(samples: number, random: Random): Float32Array {
  const noise = new Float32Array(samples);
  let [b0, b1, b2, b3, b4, b5, b6] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < samples; i++) {
    const white = random() * 2 - 1;
    b0 = 0.99886 * b0 + white * 0.0555179;
    b1 = 0.99332 * b1 + white * 0.0750759;
    b2 = 0.969 * b2 + white * 0.153852;
    b3 = 0.8665 * b3 + white * 0.3104856;
    b4 = 0.55 * b4 + white * 0.5329522;
    b5 = -0.7616 * b5 - white * 0.016898;
    noise[i] = b0 + b1 + b2 + b3 + b4 + b5 + b6 + white * 0.5362;
    b6 = white * 0.115926;
  }
  return normalise(noise);
}

/** Several people at once, each talking all the time and as loud as the others. */
async function babble(
  samples: number,
  voices: readonly Clip[],
  read: ReadNoise,
  random: Random,
): Promise<Float32Array> {
  const noise = new Float32Array(samples);
  for (let voice = 0; voice < VOICES_AT_ONCE; voice++) {
    for (let at = 0; at < samples; ) {
      const clip = voices[Math.floor(random() * voices.length)];
      if (!clip) throw new RangeError("babble needs clips of speech: there are none");
      const pcm = await read(clip);
      const gain = amplitude(-levelsOf(pcm).speechDb);
      for (let i = 0; i < pcm.length && at + i < samples; i++) {
        noise[at + i] = (noise[at + i] ?? 0) + (gain * (pcm[i] ?? 0)) / 32_768;
      }
      at += pcm.length + CLIP_GAP_SAMPLES;
    }
  }
  return normalise(noise);
}

/** A song from anywhere on, again from its beginning where it ends. */
async function music(samples: number, songs: readonly Clip[], read: ReadNoise, random: Random): Promise<Float32Array> {
  const song = songs[Math.floor(random() * songs.length)];
  if (!song) throw new RangeError("music needs songs: there are none");
  const pcm = await read(song);
  const from = Math.floor(random() * pcm.length);
  return normalise(Float32Array.from({ length: samples }, (_, i) => pcm[(from + i) % pcm.length] ?? 0));
}

/** @throws RangeError where there is nothing to make it of */
export async function makeNoise(
  kind: Noise,
  samples: number,
  { voices, music: songs }: NoiseMaterial,
  read: ReadNoise,
  random: Random,
): Promise<Float32Array> {
  switch (kind) {
    case "pink":
      return pinkNoise(samples, random);
    case "babble":
      return await babble(samples, voices, read, random);
    case "music":
      return await music(samples, songs, read, random);
  }
}
