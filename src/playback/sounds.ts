/** The small sounds of our own making, computed: no file, no licence. 48 kHz mono. */
import { PLAYBACK_RATE } from "../memory/layout.ts";
import type { Clip } from "./playlist.ts";

export const MADE_SOUNDS = ["wake", "error"] as const;
export type MadeSound = (typeof MADE_SOUNDS)[number];

interface Tone {
  readonly hz: number;
  readonly atMs: number;
  /** Until it is 60 dB down. */
  readonly fadesMs: number;
}

/** Of a full scale, at its loudest: heard across a room, and no fright at night. */
const PEAK = 0.2;
/** A tone that began at once would click. */
const ATTACK_MS = 4;
/** Of a struck bar's overtones one is enough to sound like a bell and not like a test tone. */
const OVERTONE = { times: 2.76, share: 0.25, fadesTimes: 0.4 };

const TONES: Readonly<Record<MadeSound, readonly Tone[]>> = {
  // A fourth upwards: somebody listens.
  wake: [
    { hz: 659.3, atMs: 0, fadesMs: 260 },
    { hz: 880, atMs: 70, fadesMs: 330 },
  ],
  // A minor third downwards, slower: it did not work.
  error: [
    { hz: 392, atMs: 0, fadesMs: 350 },
    { hz: 329.6, atMs: 140, fadesMs: 500 },
  ],
};

export function madeSound(name: MadeSound): Clip {
  const tones = TONES[name];
  const lastMs = Math.max(...tones.map(({ atMs, fadesMs }) => atMs + fadesMs));
  const sum = new Float64Array(Math.ceil((lastMs * PLAYBACK_RATE) / 1000));
  for (const tone of tones) {
    add(sum, tone, 1 - OVERTONE.share);
    const { hz, atMs, fadesMs } = tone;
    add(sum, { hz: hz * OVERTONE.times, atMs, fadesMs: fadesMs * OVERTONE.fadesTimes }, OVERTONE.share);
  }
  const loudest = sum.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const pcm = Int16Array.from(sum, (sample) => Math.round((sample / loudest) * PEAK * 32_767));
  return { pcm, sampleRateHz: PLAYBACK_RATE };
}

function add(sum: Float64Array, { hz, atMs, fadesMs }: Tone, share: number): void {
  const from = Math.round((atMs * PLAYBACK_RATE) / 1000);
  for (let i = 0; from + i < sum.length; i++) {
    const ms = (i * 1000) / PLAYBACK_RATE;
    if (ms >= fadesMs) return;
    const level = 10 ** ((-3 * ms) / fadesMs) * Math.min(1, ms / ATTACK_MS) * Math.min(1, (fadesMs - ms) / ATTACK_MS);
    sum[from + i] = (sum[from + i] ?? 0) + share * level * Math.sin((2 * Math.PI * hz * i) / PLAYBACK_RATE);
  }
}
