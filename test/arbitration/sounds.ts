/** Made-up words: bursts of noise with pauses, in noise, and what a room adds to them. */
import { seededRandom } from "../support/clips.ts";

export const RATE_HZ = 16_000;

export interface WordSound {
  readonly pcm: Int16Array;
  /** Samples. */
  readonly from: number;
  readonly to: number;
}

export interface WordSoundOptions {
  readonly leadMs?: number;
  /** Of the word at its loudest, and of the noise; amplitudes of white noise, 0..1. */
  readonly level?: number;
  readonly noise?: number;
  /** How loud the room's late sound is against the word, and how long it takes to fall by 60 dB. */
  readonly late?: number;
  readonly decayMs?: number;
  readonly gainDb?: number;
  /** Of the word and its room. */
  readonly seed?: number;
}

/** Two syllables of 200 ms with a stop of 100 ms between them, and what a microphone hears of them up to 600 ms later. */
export function wordSound({
  leadMs = 1500,
  level = 0.1,
  noise = 0.001,
  late = 0,
  decayMs = 500,
  gainDb = 0,
  seed = 1,
}: WordSoundOptions = {}): WordSound {
  const random = seededRandom(seed);
  const from = leadMs * 16;
  const to = from + 500 * 16;
  const factor = 10 ** (gainDb / 20);
  // A diffuse field of two numbers a sample: what was said, and energy that dies away.
  const fall = 10 ** (-6 / (decayMs * 16));
  let energy = 0;
  const pcm = Int16Array.from({ length: to + 600 * 16 }, (_, i) => {
    const at = (i - from) / 16;
    const speaking = (at >= 0 && at < 200) || (at >= 300 && at < 500);
    const said = speaking ? level * (2 * random() - 1) : 0;
    energy = energy * fall + (speaking ? (level * level * (1 - fall)) / 3 : 0);
    const sound = said + late * Math.sqrt(3 * energy) * (2 * random() - 1) + noise * (2 * random() - 1);
    return Math.round(Math.max(-1, Math.min(1, sound * factor)) * 32_767);
  });
  return { pcm, from, to };
}
