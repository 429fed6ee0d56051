// A recording that comes in pieces, brought to 16 kHz as it comes, so that only what is heard in the end is kept.
import { Resampler } from "./resampler.ts";
import { SAMPLE_RATE_HZ } from "./source.ts";

/** 230 MB as 16 kHz mono s16: what a computer with 1 GB has to spare. */
export const LONGEST_RECORDING_HOURS = 2;
const MOST_SAMPLES = LONGEST_RECORDING_HOURS * 3600 * SAMPLE_RATE_HZ;
/** Samples taken in at once, between two signs of life: 2-50 ms of work. */
export const PIECE_SAMPLES = 16_384;

/** A recording is longer than Earshot keeps in memory. */
export class RecordingTooLongError extends Error {
  override readonly name = "RecordingTooLongError";
  constructor() {
    super(
      `it is longer than ${LONGEST_RECORDING_HOURS} hours, which is the most that is kept in memory: cut it into shorter files`,
    );
  }
}

/** Mono s16 at one rate goes in, 16 kHz mono s16 comes out: sample n is the sound at n / 16000 s. */
export class Recording {
  readonly #resampler: Resampler | undefined;
  /** What one piece, or the end, becomes at 16 kHz. */
  readonly #resampled: Int16Array;
  readonly #parts: Int16Array[] = [];
  #length = 0;
  /** Silence after nothing is no recording. */
  #pushed = false;

  /** @throws RangeError for a rate the resampler does not know */
  constructor(readonly sampleRateHz: number) {
    this.#resampler = sampleRateHz === SAMPLE_RATE_HZ ? undefined : new Resampler(sampleRateHz);
    const tail = Math.ceil(((this.#resampler?.delayMs ?? 0) * SAMPLE_RATE_HZ) / 1000) + 1;
    this.#resampled = new Int16Array((this.#resampler?.outputCapacity(PIECE_SAMPLES) ?? 0) + tail);
  }

  /**
   * Appends the first `count` samples of `piece`, at most `PIECE_SAMPLES`; copies them.
   * @throws RecordingTooLongError
   */
  push(piece: Int16Array, count: number): void {
    this.#pushed ||= count > 0;
    if (this.#resampler === undefined) this.#keep(piece, count);
    else this.#keep(this.#resampled, this.#resampler.process(piece, count, this.#resampled));
  }

  /** The whole of it; nothing can be appended any more. */
  finish(): Int16Array {
    if (this.#resampler && this.#pushed) this.#keep(this.#resampled, this.#resampler.flush(this.#resampled));
    const whole = new Int16Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #keep(samples: Int16Array, count: number): void {
    this.#length += count;
    if (this.#length > MOST_SAMPLES) throw new RecordingTooLongError();
    this.#parts.push(samples.slice(0, count));
  }
}
