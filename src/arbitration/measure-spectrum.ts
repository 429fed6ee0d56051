/** How the power of sound is spread over time and frequency: a Fourier transform every 10 ms. Pure. */

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

/** A complex transform of {@link SIZE} in place; its tables serve one caller at a time. */
class Transform {
  readonly re = new Float64Array(SIZE);
  readonly im = new Float64Array(SIZE);
  readonly window = Float64Array.from(
    { length: SIZE },
    (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / SIZE),
  );
  readonly order = Uint16Array.from({ length: SIZE }, (_, i) => reversed(i, Math.log2(SIZE)));
  readonly #cosine = Float64Array.from({ length: SIZE / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / SIZE));
  readonly #sine = Float64Array.from({ length: SIZE / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / SIZE));

  /** Of samples that were put in at `order`. */
  run(): void {
    const { re, im } = this;
    for (let half = 1; half < SIZE; half *= 2) {
      const turn = SIZE / (2 * half);
      for (let k = 0; k < half; k++) {
        const c = this.#cosine[k * turn] ?? 0;
        const s = this.#sine[k * turn] ?? 0;
        for (let i = k; i < SIZE; i += 2 * half) {
          const j = i + half;
          const xr = re[j] ?? 0;
          const xi = im[j] ?? 0;
          const tr = xr * c - xi * s;
          const ti = xr * s + xi * c;
          const ur = re[i] ?? 0;
          const ui = im[i] ?? 0;
          re[j] = ur - tr;
          im[j] = ui - ti;
          re[i] = ur + tr;
          im[i] = ui + ti;
        }
      }
    }
  }
}

function reversed(index: number, bits: number): number {
  let mirrored = 0;
  for (let bit = 0; bit < bits; bit++) if (index & (1 << bit)) mirrored |= 1 << (bits - 1 - bit);
  return mirrored;
}

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
  const transform = new Transform();
  const { re, im, window, order } = transform;
  const energyOfWindow = window.reduce((sum, factor) => sum + factor * factor, 0);
  // Half of the spectrum is looked at, and the sum of the bins' squares is SIZE times that of the samples'.
  const scale = 2 / (SIZE * energyOfWindow * FULL_SCALE * FULL_SCALE);
  const bins = bands.map(([fromHz, toHz]) => [binAt(fromHz), binAt(toHz)] as const);
  // Two frames in one transform: real samples need only half of it, so the second frame is the imaginary part.
  for (let frame = 0; frame < frames; frame += 2) {
    const start = fromSample + frame * STEP_SAMPLES - LEAD_SAMPLES;
    for (let i = 0; i < SIZE; i++) {
      const from = order[i] ?? 0;
      const factor = window[from] ?? 0;
      re[i] = factor * (pcm[start + from] ?? 0);
      im[i] = factor * (pcm[start + from + STEP_SAMPLES] ?? 0);
    }
    transform.run();
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
