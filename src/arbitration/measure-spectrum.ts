/** How the power of sound is spread over time and frequency: a Fourier transform every 10 ms. Pure. */

import { Fourier } from "./fourier.ts";

export const SAMPLE_RATE_HZ = 16_000;
/** From one frame to the next: 10 ms. */
export const STEP_SAMPLES = 160;
export const STEP_MS = 10;
const FULL_SCALE = 32_767;
/** 32 ms: 31 Hz a bin, and hardly longer than sound stays the same in speech. */
const SIZE = 512;
/** A frame lies around the middle of its step. */
const LEAD_SAMPLES = (SIZE - STEP_SAMPLES) / 2;

/** From the first to below the second, Hz. */
export type Band = readonly [fromHz: number, toHz: number];

export interface Powers {
  /** [frames, bands], the mean square of what of each band is in each frame; 1 is a full-scale square wave's. */
  readonly power: Float64Array;
  readonly frames: number;
  readonly bands: number;
}

/**
 * Power of each band in frames of 32 ms (Hann) every 10 ms. What lies outside of `pcm` counts as silence.
 *
 * @param pcm 16 kHz mono
 * @param fromSample where the first frame's 10 ms begin
 */
export function bandPowers(pcm: Int16Array, fromSample: number, frames: number, bands: readonly Band[]): Powers {
  const power = new Float64Array(Math.max(frames, 0) * bands.length);
  const fourier = new Fourier(SIZE);
  const re = new Float64Array(SIZE);
  const im = new Float64Array(SIZE);
  const window = Float64Array.from({ length: SIZE }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIZE));
  const energyOfWindow = window.reduce((sum, factor) => sum + factor * factor, 0);
  // Half of the spectrum is looked at, and the sum of the bins' squares is SIZE times that of the samples'.
  const scale = 2 / (SIZE * energyOfWindow * FULL_SCALE * FULL_SCALE);
  const bins = bands.map(([fromHz, toHz]) => [binAt(fromHz), binAt(toHz)] as const);
  // Two frames in one transform: real samples need only half of it, so the second frame is the imaginary part.
  for (let frame = 0; frame < frames; frame += 2) {
    const start = fromSample + frame * STEP_SAMPLES - LEAD_SAMPLES;
    for (let i = 0; i < SIZE; i++) {
      const factor = window[i] ?? 0;
      re[i] = factor * (pcm[start + i] ?? 0);
      im[i] = factor * (pcm[start + i + STEP_SAMPLES] ?? 0);
    }
    fourier.forward(re, im);
    bins.forEach(([first, end], band) => {
      let one = 0;
      let other = 0;
      for (let bin = first; bin < end; bin++) {
        const mirrored = SIZE - bin;
        const a = re[bin] ?? 0;
        const b = im[bin] ?? 0;
        const c = re[mirrored] ?? 0;
        const d = im[mirrored] ?? 0;
        one += (a + c) * (a + c) + (b - d) * (b - d);
        other += (b + d) * (b + d) + (c - a) * (c - a);
      }
      power[frame * bands.length + band] = (one * scale) / 4;
      if (frame + 1 < frames) power[(frame + 1) * bands.length + band] = (other * scale) / 4;
    });
  }
  return { power, frames: Math.max(frames, 0), bands: bands.length };
}

/** Never the first bin, which is the offset of the converter, nor the one in the middle, which mirrors itself. */
function binAt(hz: number): number {
  return Math.min(Math.max(Math.round((hz * SIZE) / SAMPLE_RATE_HZ), 1), SIZE / 2);
}

/** Far below what 16 bits can say; the level of digital silence. */
export const SILENCE_DB = -120;

export function toDb(power: number): number {
  return power > 1e-12 ? 10 * Math.log10(power) : SILENCE_DB;
}

export function toPower(db: number): number {
  return 10 ** (db / 10);
}
