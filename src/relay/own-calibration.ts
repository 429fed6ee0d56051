/** What a relay does when its hub sets gains by a sound that everybody hears: listens, and tells what it heard. No clock. */
import { BEFORE_BURST_SAMPLES, BEHIND_BURST_SAMPLES, findBurst } from "../arbitration/measure-burst.ts";
import type { AudioTape } from "./audio-tape.ts";
import { SAMPLE_RATE_HZ } from "./limits.ts";
import type { ToHub } from "./messages-to-hub.ts";

export class OwnCalibration {
  readonly #tape: AudioTape;
  readonly #calibration: number;
  readonly #from: number;
  readonly #end: number;

  /** Listens from now on. */
  constructor(tape: AudioTape, calibration: number, listenMs: number) {
    this.#tape = tape;
    this.#calibration = calibration;
    this.#from = tape.end;
    this.#end = this.#from + Math.round((listenMs * SAMPLE_RATE_HZ) / 1000) + BEHIND_BURST_SAMPLES;
  }

  /** The answer; undefined while the sound has not been heard. */
  answer(): Extract<ToHub, { readonly type: "calibrated" }> | undefined {
    const tape = this.#tape;
    if (tape.end < this.#end) return undefined;
    const said = { type: "calibrated", calibration: this.#calibration } as const;
    // Muted, or lost: what there is does not reach back.
    if (tape.oldest > this.#from) return { ...said, why: "sound_lost" };
    const first = Math.max(tape.oldest, this.#from - BEFORE_BURST_SAMPLES);
    const burst = findBurst(tape.read(first, this.#end), this.#from - first);
    if (burst.kind === "too_quiet") return { ...said, why: "too_quiet" };
    const { evidence, envelope, loudestAt } = burst;
    const { levelsDb, endsAt, floorDb } = envelope;
    return {
      ...said,
      atMs: tape.atMs(first + loudestAt),
      evidence,
      envelope: { levelsDb: [...levelsDb], endsAt, floorDb },
    };
  }
}
