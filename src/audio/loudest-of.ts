/** The highest of the last `length` values, without allocating. */
export class LoudestOf {
  readonly #values: Float64Array;
  #at = 0;

  constructor(length: number) {
    this.#values = new Float64Array(length);
  }

  /** Takes the next value in. @returns the highest of the last `length` */
  push(value: number): number {
    this.#values[this.#at] = value;
    this.#at = (this.#at + 1) % this.#values.length;
    let highest = 0;
    for (let i = 0; i < this.#values.length; i++) highest = Math.max(highest, this.#values[i] ?? 0);
    return highest;
  }

  reset(): void {
    this.#values.fill(0);
  }
}
