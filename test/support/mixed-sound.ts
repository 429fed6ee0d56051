/** Minutes of everything that a microphone hears, the same for the same seed. */
import { clip, clipPaths, joined, noise, seededRandom, silence, tone } from "./clips.ts";

const RATE_HZ = 16_000;

/** Chords with a beat, their tones falling off: what music is to a mel spectrogram. */
export function chords(seconds: number, level: number, seed: number): Int16Array {
  const random = seededRandom(seed);
  const samples = new Float64Array(Math.round(seconds * RATE_HZ));
  for (let begin = 0; begin < samples.length; begin += RATE_HZ / 4) {
    const root = 110 * 2 ** (Math.floor(random() * 12) / 12);
    for (const interval of [1, 1.26, 1.5, 2, 3, 4.02]) {
      const hz = root * interval;
      for (let i = begin; i < Math.min(samples.length, begin + RATE_HZ); i++) {
        const seconds = (i - begin) / RATE_HZ;
        samples[i] = (samples[i] ?? 0) + Math.exp(-4 * seconds) * Math.sin(2 * Math.PI * hz * seconds);
      }
    }
  }
  return Int16Array.from(samples, (sample) => limited((sample / 6) * level * 32_767));
}

/** Samples at another level; what is too loud is clipped. */
export function amplified(pcm: Int16Array, factor: number): Int16Array {
  return pcm.map((sample) => limited(sample * factor));
}

/** Speech (where the recordings are), noise, silence, chords and tones at all levels, in a random order. */
export async function mixedSound(seconds: number, seed: number): Promise<Int16Array> {
  const random = seededRandom(seed);
  const paths = [...clipPaths("alexa", 40), ...clipPaths("jarvis", 20), ...clipPaths("computer", 20)];
  const parts: Int16Array[] = [];
  for (let samples = 0; samples < seconds * RATE_HZ; samples += parts.at(-1)?.length ?? 0) {
    const kind = random();
    const level = 10 ** (-3 * random());
    const path = paths[Math.floor(random() * paths.length)];
    if (kind < 0.5 && path !== undefined) parts.push(amplified(await clip(path), 0.2 + 3 * random()));
    else if (kind < 0.65) parts.push(noise(1 + random(), level, Math.floor(random() * 1e9)));
    else if (kind < 0.75) parts.push(silence(0.3 + random()));
    else if (kind < 0.9) parts.push(chords(2 * random() + 0.5, level, Math.floor(random() * 1e9)));
    else parts.push(tone(100 + 3000 * random(), 0.3 + random(), level));
  }
  return joined(...parts).subarray(0, seconds * RATE_HZ);
}

function limited(sample: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sample)));
}
