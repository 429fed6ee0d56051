/**
 * Log-mel frames without a network: a fast Fourier transform with the constants of the mel graph. It takes a tenth of
 * the time that the graph takes, which multiplies with a matrix of sines.
 */
import type { MelConstants } from "./mel-graph.ts";

/** What the embedding is trained on: decibels / 10 + 2. */
const DECIBELS_PER_STEP = 10;
const OFFSET = 2;

/** Turns samples into mel frames, as the embedding takes them. Its tables and buffers serve one caller at a time. */
export interface Mel {
  /**
   * @param samples at int16 scale; a chunk of its own, whose loudest value sets the floor of all of it
   * @param frames receives [(samples - fftSize) / stride + 1, bands]
   */
  chunk(samples: Int16Array | Float32Array, frames: Float32Array): void;
}

export function createMel(constants: MelConstants): Mel {
  const { fftSize, stride, window, bands, leastPower, rangeDb } = constants;
  const transform = createTransform(fftSize);
  const { re, im } = transform;
  const taps = tapsOf(constants);

  /** Two frames in one transform: real samples need only half of it, so that the second frame is the imaginary part. */
  const load = (samples: Int16Array | Float32Array, first: number, second: number): void => {
    for (let i = 0; i < fftSize; i++) {
      const from = transform.order[i] ?? 0;
      const factor = window[from] ?? 0;
      re[i] = factor * (samples[first + from] ?? 0);
      im[i] = factor * (samples[second + from] ?? 0);
    }
  };

  /** Writes the decibels of both frames, and answers the highest. */
  const measure = (frames: Float32Array, first: number, second: number): number => {
    let loudest = Number.NEGATIVE_INFINITY;
    for (let band = 0; band < bands; band++) {
      let one = 0;
      let other = 0;
      const end = taps.begin[band + 1] ?? 0;
      for (let tap = taps.begin[band] ?? 0; tap < end; tap++) {
        const bin = taps.bin[tap] ?? 0;
        const factor = taps.factor[tap] ?? 0;
        const mirrored = (fftSize - bin) & (fftSize - 1);
        const a = re[bin] ?? 0;
        const b = im[bin] ?? 0;
        const c = re[mirrored] ?? 0;
        const d = im[mirrored] ?? 0;
        one += factor * ((a + c) * (a + c) + (b - d) * (b - d));
        other += factor * ((b + d) * (b + d) + (c - a) * (c - a));
      }
      const oneDb = 10 * Math.log10(Math.max(one, leastPower));
      const otherDb = 10 * Math.log10(Math.max(other, leastPower));
      frames[first + band] = oneDb;
      if (second >= 0) frames[second + band] = otherDb;
      loudest = Math.max(loudest, oneDb, second >= 0 ? otherDb : oneDb);
    }
    return loudest;
  };

  return {
    chunk(samples, frames) {
      const count = Math.floor((samples.length - fftSize) / stride) + 1;
      let loudest = Number.NEGATIVE_INFINITY;
      for (let frame = 0; frame < count; frame += 2) {
        const paired = frame + 1 < count;
        load(samples, frame * stride, (paired ? frame + 1 : frame) * stride);
        transform.run();
        loudest = Math.max(loudest, measure(frames, frame * bands, paired ? (frame + 1) * bands : -1));
      }
      const floor = loudest - rangeDb;
      for (let i = 0; i < count * bands; i++) {
        frames[i] = Math.max(frames[i] ?? 0, floor) / DECIBELS_PER_STEP + OFFSET;
      }
    },
  };
}

/** The factors of the filterbank that are not 0, band by band. */
interface Taps {
  /** Where the taps of each band begin, and the end of the last. */
  readonly begin: Uint32Array;
  readonly bin: Uint16Array;
  /** A quarter of the filter's: what is measured of a pair of frames is twice each, squared. */
  readonly factor: Float64Array;
}

function tapsOf({ bands, filters, fftSize }: MelConstants): Taps {
  const begin = new Uint32Array(bands + 1);
  const bins: number[] = [];
  const factors: number[] = [];
  for (let band = 0; band < bands; band++) {
    begin[band] = bins.length;
    for (let bin = 0; bin <= fftSize / 2; bin++) {
      const factor = filters[bin * bands + band] ?? 0;
      if (factor === 0) continue;
      bins.push(bin);
      factors.push(factor / 4);
    }
  }
  begin[bands] = bins.length;
  return { begin, bin: Uint16Array.from(bins), factor: Float64Array.from(factors) };
}

interface Transform {
  /** Filled by the caller in this order: element i is sample `order[i]`. */
  readonly order: Uint16Array;
  readonly re: Float64Array;
  readonly im: Float64Array;
  /** Transforms `re` and `im` in place; the bins then stand in their natural order. */
  run(): void;
}

/** A complex Fourier transform in place, decimation in time, four parts at once and two where the size asks for it. */
function createTransform(size: number): Transform {
  const bits = Math.log2(size);
  const order = Uint16Array.from({ length: size }, (_, i) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) if (i & (1 << bit)) reversed |= 1 << (bits - 1 - bit);
    return reversed;
  });
  const re = new Float64Array(size);
  const im = new Float64Array(size);
  const cosine = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const sine = Float64Array.from({ length: size }, (_, i) => -Math.sin((2 * Math.PI * i) / size));

  const pairs = (): void => {
    for (let i = 0; i < size; i += 2) {
      const ar = re[i] ?? 0;
      const ai = im[i] ?? 0;
      const br = re[i + 1] ?? 0;
      const bi = im[i + 1] ?? 0;
      re[i] = ar + br;
      im[i] = ai + bi;
      re[i + 1] = ar - br;
      im[i + 1] = ai - bi;
    }
  };

  /** Joins four transforms of `part` into one; bit-reversed order has the odd ones in the second half. */
  const fours = (part: number): void => {
    const turn = size / (4 * part);
    for (let k = 0; k < part; k++) {
      const c1 = cosine[k * turn] ?? 0;
      const s1 = sine[k * turn] ?? 0;
      const c2 = cosine[2 * k * turn] ?? 0;
      const s2 = sine[2 * k * turn] ?? 0;
      const c3 = cosine[3 * k * turn] ?? 0;
      const s3 = sine[3 * k * turn] ?? 0;
      for (let i0 = k; i0 < size; i0 += 4 * part) {
        const i2 = i0 + part;
        const i1 = i0 + 2 * part;
        const i3 = i0 + 3 * part;
        const r0 = re[i0] ?? 0;
        const m0 = im[i0] ?? 0;
        const x1 = re[i1] ?? 0;
        const y1 = im[i1] ?? 0;
        const x2 = re[i2] ?? 0;
        const y2 = im[i2] ?? 0;
        const x3 = re[i3] ?? 0;
        const y3 = im[i3] ?? 0;
        const r1 = x1 * c1 - y1 * s1;
        const m1 = x1 * s1 + y1 * c1;
        const r2 = x2 * c2 - y2 * s2;
        const m2 = x2 * s2 + y2 * c2;
        const r3 = x3 * c3 - y3 * s3;
        const m3 = x3 * s3 + y3 * c3;
        const er = r0 + r2;
        const em = m0 + m2;
        const dr = r0 - r2;
        const dm = m0 - m2;
        const or = r1 + r3;
        const om = m1 + m3;
        const pr = r1 - r3;
        const pm = m1 - m3;
        re[i0] = er + or;
        im[i0] = em + om;
        re[i2] = dr + pm;
        im[i2] = dm - pr;
        re[i1] = er - or;
        im[i1] = em - om;
        re[i3] = dr - pm;
        im[i3] = dm + pr;
      }
    }
  };

  return {
    order,
    re,
    im,
    run() {
      let part = 1;
      if (bits % 2 === 1) {
        pairs();
        part = 2;
      }
      for (; part < size; part *= 4) fours(part);
    },
  };
}
