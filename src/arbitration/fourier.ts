/** Complex Fourier transforms of one size, in place. Pure; the tables may be shared. */

export class Fourier {
  readonly size: number;
  readonly #order: Uint32Array;
  readonly #cosine: Float64Array;
  readonly #sine: Float64Array;

  /** @param size a power of two */
  constructor(size: number) {
    this.size = size;
    const bits = Math.log2(size);
    this.#order = Uint32Array.from({ length: size }, (_, i) => {
      let mirrored = 0;
      for (let bit = 0; bit < bits; bit++) mirrored = (mirrored << 1) | ((i >> bit) & 1);
      return mirrored;
    });
    this.#cosine = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.#sine = Float64Array.from({ length: size / 2 }, (_, i) => -Math.sin((2 * Math.PI * i) / size));
  }

  forward(re: Float64Array, im: Float64Array): void {
    const { size } = this;
    for (let i = 0; i < size; i++) {
      const j = this.#order[i] ?? 0;
      if (j <= i) continue;
      const r = re[i] ?? 0;
      const m = im[i] ?? 0;
      re[i] = re[j] ?? 0;
      im[i] = im[j] ?? 0;
      re[j] = r;
      im[j] = m;
    }
    for (let half = 1; half < size; half *= 2) {
      const turn = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = this.#cosine[k * turn] ?? 0;
          const s = this.#sine[k * turn] ?? 0;
          const i = start + k;
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

  /** Without the division by the size. */
  backward(re: Float64Array, im: Float64Array): void {
    this.forward(im, re);
  }
}
