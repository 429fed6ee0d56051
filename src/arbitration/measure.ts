/** Evidence of a wake word, measured from its sound. Pure; a few milliseconds for a word. */
import type { CoarseEnvelope, Evidence } from "./evidence.ts";
import {
  type Band,
  bandPowers,
  type Powers,
  SAMPLE_RATE_HZ,
  SILENCE_DB,
  STEP_MS,
  STEP_SAMPLES,
  toDb,
} from "./measure-spectrum.ts";
import { findWord, quietest, type WordFrames } from "./measure-word.ts";

const FULL_SCALE = 32_767;
/** How much sound before a detection is looked at: the word, and the seconds before it for the noise. */
export const LOOK_BACK_SAMPLES = 3.5 * SAMPLE_RATE_HZ;
/** What the envelope needs behind the word. */
export const TAIL_SAMPLES = 0.4 * SAMPLE_RATE_HZ;

const ALL = 0;
const HIGH = 1;
const SPEECH = 2;
const FIRST_NARROW = 3;
/** Of the even level and the envelope's variance: as far apart as tones are, where a voice has its energy. */
const NARROW_EDGES_HZ = Array.from({ length: 21 }, (_, i) => 200 * (7500 / 200) ** (i / 20));
const NARROW: readonly Band[] = NARROW_EDGES_HZ.slice(1).map((toHz, i) => [NARROW_EDGES_HZ[i] ?? 0, toHz]);
/** What is left of a band that is all noise: its noise less 13 dB. */
const LEAST_SHARE = 0.05;
const BANDS: readonly Band[] = [[60, 8000], [1500, 6500], [300, 4000], ...NARROW];
/** A coarse envelope's step in frames of 10 ms. */
const COARSE_FRAMES = 2;
const SUDDEN_FRAMES = 80 / STEP_MS;
/** How far above its mean noise still comes, power: taken off, lest it count as sound that comes suddenly. */
const NOISE_PEAKS = 3;
const LEAST_ATTACK_DB = -15;
/** Always as long, since what is cut off at its beginning is all attack. */
const ATTACK_FRAMES = 1300 / STEP_MS;
const MOST_SNR_DB = 90;

/** A stretch of sound, in samples from its beginning. */
export interface WordSamples {
  readonly from: number;
  readonly to: number;
}

export interface Measured {
  readonly evidence: Evidence;
  readonly word: WordSamples;
}

/** The root mean square of samples, linear 0..1: sqrt(mean((x / 32767)²)). 0 for none. */
export function rmsOf(pcm: Int16Array): number {
  let energy = 0;
  for (let i = 0; i < pcm.length; i++) energy += (pcm[i] ?? 0) ** 2;
  return pcm.length === 0 ? 0 : Math.sqrt(energy / pcm.length) / FULL_SCALE;
}

/**
 * @param pcm 16 kHz mono; what there is of the {@link LOOK_BACK_SAMPLES} up to `firedAt`, and whatever comes behind
 * @param firedAt the sample behind the frame in which the detector fired
 * @param confidence what the detector said, 0..1
 */
export function measureWord(pcm: Int16Array, firedAt: number, confidence: number): Measured {
  const end = Math.min(firedAt, pcm.length);
  const frames = Math.floor(Math.min(end, LOOK_BACK_SAMPLES) / STEP_SAMPLES);
  const start = end - frames * STEP_SAMPLES;
  const powers = bandPowers(pcm.subarray(0, end), start, frames, BANDS);
  const found = findWord(powers, SPEECH);
  const noise = (band: number): number => quietest(powers, band, 0, found.from > 0 ? found.from : frames);
  const word = { from: start + found.from * STEP_SAMPLES, to: start + found.to * STEP_SAMPLES };
  const evidence = {
    rms: rmsOf(pcm.subarray(word.from, word.to)),
    bandDb: toDb(mean(powers, HIGH, found.from, found.to)),
    floorDb: toDb(noise(HIGH)),
    evenDb: evenLevel(powers, found, noise),
    snrDb: snr(mean(powers, ALL, found.from, found.to), noise(ALL)),
    attackDb: attack(powers, { from: Math.max(0, frames - ATTACK_FRAMES), to: frames }, noise),
    envelopeVariance: envelopeVariance(powers, found.from, found.to),
    confidence,
    durationMs: (found.to - found.from) * STEP_MS,
  };
  return { evidence, word };
}

/**
 * The most that a word of this length in this sound could be said to be, wherever it lies in it: what an honest claim does not
 * exceed by more than rounding, however its relay cuts words.
 *
 * @param pcm 16 kHz mono: the word, and what there is before and behind it
 * @param durationMs of the word, as it was claimed
 */
export function mostShown(pcm: Int16Array, durationMs: number): Evidence {
  const frames = Math.floor(pcm.length / STEP_SAMPLES);
  const powers = bandPowers(pcm, 0, frames, BANDS);
  const length = Math.min(Math.max(1, Math.round(durationMs / STEP_MS)), frames);
  const quiet = (band: number): number => quietest(powers, band, 0, frames);
  const none = (): number => 0;
  let most = { rms: 0, bandPower: 0, power: 0, evenDb: SILENCE_DB, attackDb: LEAST_ATTACK_DB, envelopeVariance: 0 };
  for (let from = 0; from + length <= frames; from += COARSE_FRAMES) {
    const to = from + length;
    most = {
      ...most,
      rms: Math.max(most.rms, rmsOf(pcm.subarray(from * STEP_SAMPLES, to * STEP_SAMPLES))),
      bandPower: Math.max(most.bandPower, mean(powers, HIGH, from, to)),
      power: Math.max(most.power, mean(powers, ALL, from, to)),
      evenDb: Math.max(most.evenDb, evenLevel(powers, { from, to }, none)),
    };
    if (from % (2 * COARSE_FRAMES) !== 0) continue;
    const before = { from: Math.max(0, to - ATTACK_FRAMES), to };
    most.attackDb = Math.max(most.attackDb, attack(powers, before, quiet), attack(powers, before, none));
    most.envelopeVariance = Math.max(most.envelopeVariance, envelopeVariance(powers, from, to));
  }
  const { bandPower, power, ...shown } = most;
  const levels = { bandDb: toDb(bandPower), floorDb: toDb(quiet(HIGH)), snrDb: snr(power, quiet(ALL)) };
  return { ...shown, ...levels, confidence: 1, durationMs };
}

/**
 * The coarse envelope, once {@link TAIL_SAMPLES} behind the word have been heard; what is missing counts as silence.
 *
 * @param word where {@link measureWord} found it in the same `pcm`
 */
export function measureEnvelope(pcm: Int16Array, word: WordSamples): CoarseEnvelope {
  const step = COARSE_FRAMES * STEP_SAMPLES;
  const endsAt = Math.ceil((word.to - word.from) / step);
  const before = Math.floor(Math.min(word.from, LOOK_BACK_SAMPLES) / STEP_SAMPLES);
  const frames = before + (endsAt + TAIL_SAMPLES / step) * COARSE_FRAMES;
  const powers = bandPowers(pcm, word.from - before * STEP_SAMPLES, frames, [[300, 4000]]);
  const levelsDb: number[] = [];
  for (let frame = before; frame < frames; frame += COARSE_FRAMES) {
    levelsDb.push(toDb(mean(powers, 0, frame, frame + COARSE_FRAMES)));
  }
  return { levelsDb, endsAt, floorDb: toDb(quietest(powers, 0, 0, before)) };
}

function mean({ power, bands }: Powers, band: number, from: number, to: number): number {
  let sum = 0;
  for (let frame = from; frame < to; frame++) sum += power[frame * bands + band] ?? 0;
  return to > from ? sum / (to - from) : 0;
}

function evenLevel(powers: Powers, { from, to }: WordFrames, noise: (band: number) => number): number {
  let sum = 0;
  for (let band = FIRST_NARROW; band < powers.bands; band++) {
    const floor = noise(band);
    sum += toDb(Math.max(mean(powers, band, from, to) - floor, LEAST_SHARE * floor));
  }
  return sum / (powers.bands - FIRST_NARROW);
}

function attack({ power, bands }: Powers, { from, to }: WordFrames, noise: (band: number) => number): number {
  let [total, count] = [0, 0];
  for (let band = FIRST_NARROW; band < bands; band++) {
    const floor = NOISE_PEAKS * noise(band);
    const at = (frame: number): number => Math.max((power[frame * bands + band] ?? 0) - floor, 0);
    let [sudden, all] = [0, 0];
    for (let frame = from; frame < to; frame++) {
      all += at(frame);
      sudden += Math.max(at(frame) - (frame < SUDDEN_FRAMES ? 0 : at(frame - SUDDEN_FRAMES)), 0);
    }
    if (all <= (noise(band) * (to - from)) / 3 || sudden === 0) continue;
    total += toDb(sudden / all);
    count++;
  }
  return count > 0 ? total / count : LEAST_ATTACK_DB;
}

function snr(power: number, noise: number): number {
  const db = toDb(Math.max(power - noise, 0)) - Math.max(toDb(noise), SILENCE_DB);
  return Math.min(Math.max(db, -MOST_SNR_DB), MOST_SNR_DB);
}

/**
 * Wolf and Nadeu (2014), for one channel: how much the cube root of each narrow band's power, over its geometric mean,
 * varies over time. Reverberation fills the pauses, and the variance falls. A gain falls out with the mean.
 */
function envelopeVariance({ power, bands }: Powers, from: number, to: number): number {
  const count = to - from;
  if (count < 2) return 0;
  let total = 0;
  for (let band = FIRST_NARROW; band < bands; band++) {
    const at = (frame: number): number => Math.max(power[frame * bands + band] ?? 0, 1e-12);
    let logs = 0;
    for (let frame = from; frame < to; frame++) logs += Math.log(at(frame));
    const geometric = Math.exp(logs / count);
    let sum = 0;
    let squares = 0;
    for (let frame = from; frame < to; frame++) {
      const root = Math.cbrt(at(frame) / geometric);
      sum += root;
      squares += root * root;
    }
    total += squares / count - (sum / count) ** 2;
  }
  return total / (bands - FIRST_NARROW);
}
