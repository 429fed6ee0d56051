/** The mel frames of the last hops of one stream: what a network that slept has to hear again. */
import { HOP_MEL_FRAMES, MEL_BANDS } from "./features.ts";

const HOP_VALUES = HOP_MEL_FRAMES * MEL_BANDS;

export class MelRing {
  /** How many hops it keeps. */
  readonly hops: number;
  readonly #frames: Float32Array;
  /** Where the next hop goes. */
  #next = 0;

  constructor(hops: number) {
    this.hops = hops;
    this.#frames = new Float32Array(hops * HOP_VALUES);
  }

  /** Keeps the frames of one more hop, [8, 32], in place of the oldest. Allocates nothing. */
  put(frames: Float32Array): void {
    this.#frames.set(frames, this.#next * HOP_VALUES);
    this.#next = (this.#next + 1) % this.hops;
  }

  /**
   * The frames of the hop that was the newest `ago` hops before; a view, true until the ring has come round.
   *
   * @throws RangeError where it does not go back so far
   */
  before(ago: number): Float32Array {
    if (ago < 0 || ago >= this.hops) throw new RangeError(`a ring of ${this.hops} hops does not know ${ago} hops ago`);
    const at = ((this.#next - 1 - ago + 2 * this.hops) % this.hops) * HOP_VALUES;
    return this.#frames.subarray(at, at + HOP_VALUES);
  }
}
