/**
 * G.722 at 64 kbit/s (mode 1) to 16 kHz PCM: ITU-T Recommendation G.722 (09/2012), section 6.2. The names of the blocks
 * are the recommendation's.
 */

/** Table 14/G.722: log scale factor multipliers of the lower band, by the magnitude index of RL42. */
const WL = [-60, -30, 58, 172, 334, 538, 1198, 3042];
const RL42 = [0, 7, 6, 5, 4, 3, 2, 1, 7, 6, 5, 4, 3, 2, 1, 0];
/** Of the higher band. */
const WH = [0, -214, 798];
const RH2 = [2, 1, 2, 1];
/** Table 15/G.722: 2^(i/32) in Q11. */
const ILB = [
  2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
  3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
/** Inverse quantizers: 2 bits of the higher band, 4 and 6 bits of the lower, Q15. */
const QM2 = [-7408, -1616, 7408, 1616];
const QM4 = [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
const QM6 = [
  -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
  -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728, 24808,
  21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456, 4944, 4464, 4008,
  3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];
/** Half of the quadrature mirror filter, which is symmetric. */
const QMF = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];
const ZEROS = 6;

function saturate(value: number): number {
  return Math.max(-32_768, Math.min(32_767, value));
}

/** The adaptive predictor and quantizer of one band. */
class Band {
  /** The predicted sample. */
  s = 0;
  /** The log scale factor and the scale factor. */
  nb = 0;
  #sz = 0;
  readonly #r = new Int32Array(3);
  readonly #p = new Int32Array(3);
  readonly #a = new Int32Array(3);
  readonly #b = new Int32Array(ZEROS + 1);
  readonly #d = new Int32Array(ZEROS + 1);

  constructor(public det: number) {}

  /** LOGSCL and SCALEL, or LOGSCH and SCALEH. */
  rescale(step: number, most: number, shift: number): void {
    this.nb = Math.max(0, Math.min(most, ((this.nb * 127) >> 7) + step));
    const scale = ILB[(this.nb >> 6) & 31] ?? 0;
    const down = shift - (this.nb >> 11);
    this.det = (down < 0 ? scale << -down : scale >> down) << 2;
  }

  /** Block 4: takes the dequantized difference and predicts the next sample. */
  adapt(difference: number): void {
    const [a, b, d, p, r] = [this.#a, this.#b, this.#d, this.#p, this.#r];
    const at = (row: Int32Array, i: number): number => row[i] ?? 0;
    d[0] = difference;
    r[0] = saturate(this.s + difference);
    p[0] = saturate(this.#sz + difference);
    // UPPOL2 and UPPOL1
    const sameAsLast = at(p, 0) >> 15 === at(p, 1) >> 15;
    const sameAsBefore = at(p, 0) >> 15 === at(p, 2) >> 15;
    const fourA1 = saturate(at(a, 1) << 2);
    const drift = sameAsLast ? Math.min(32_767, -fourA1) : fourA1;
    const second = (sameAsBefore ? 128 : -128) + (drift >> 7) + ((at(a, 2) * 32_512) >> 15);
    const a2 = Math.max(-12_288, Math.min(12_288, second));
    const first = saturate((sameAsLast ? 192 : -192) + ((at(a, 1) * 32_640) >> 15));
    const limit = saturate(15_360 - a2);
    a[1] = Math.max(-limit, Math.min(limit, first));
    a[2] = a2;
    // UPZERO, DELAYA and FILTEZ
    const gain = difference === 0 ? 0 : 128;
    for (let i = ZEROS; i > 0; i--) {
      const same = at(d, i) >> 15 === difference >> 15;
      b[i] = saturate((same ? gain : -gain) + ((at(b, i) * 32_640) >> 15));
    }
    d.copyWithin(1, 0, ZEROS);
    let sz = 0;
    for (let i = ZEROS; i > 0; i--) sz += (at(b, i) * saturate(2 * at(d, i))) >> 15;
    this.#sz = saturate(sz);
    r.copyWithin(1, 0, 2);
    p.copyWithin(1, 0, 2);
    // FILTEP and PREDIC
    const pole1 = (at(a, 1) * saturate(2 * at(r, 1))) >> 15;
    const pole2 = (at(a, 2) * saturate(2 * at(r, 2))) >> 15;
    this.s = saturate(saturate(pole1 + pole2) + this.#sz);
  }
}

/**
 * Decodes a raw G.722 stream from its beginning, as Asterisk's `.g722` files are.
 *
 * @param bytes one for each two samples: 6 bits of the lower band, above them 2 of the higher
 * @returns 16 kHz mono
 */
export function decodeG722(bytes: Uint8Array): Int16Array {
  const pcm = new Int16Array(bytes.length * 2);
  const [low, high] = [new Band(32), new Band(8)];
  const delay = new Int32Array(QMF.length * 2);
  const clip = (value: number): number => Math.max(-16_384, Math.min(16_383, value));
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i] ?? 0;
    const [six, four, two] = [code & 63, (code & 63) >> 2, code >> 6];
    const lowSample = clip(low.s + ((low.det * (QM6[six] ?? 0)) >> 15));
    const lowDifference = (low.det * (QM4[four] ?? 0)) >> 15;
    low.rescale(WL[RL42[four] ?? 0] ?? 0, 18_432, 8);
    low.adapt(lowDifference);
    const highDifference = (high.det * (QM2[two] ?? 0)) >> 15;
    const highSample = clip(high.s + highDifference);
    high.rescale(WH[RH2[two] ?? 0] ?? 0, 22_528, 10);
    high.adapt(highDifference);

    delay.copyWithin(0, 2);
    delay[delay.length - 2] = lowSample + highSample;
    delay[delay.length - 1] = lowSample - highSample;
    let [even, odd] = [0, 0];
    for (let tap = 0; tap < QMF.length; tap++) {
      even += (delay[2 * tap] ?? 0) * (QMF[tap] ?? 0);
      odd += (delay[2 * tap + 1] ?? 0) * (QMF[QMF.length - 1 - tap] ?? 0);
    }
    pcm[2 * i] = saturate(odd >> 11);
    pcm[2 * i + 1] = saturate(even >> 11);
  }
  return pcm;
}
