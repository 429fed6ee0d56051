/** What a relay measured of a wake word: what claims are compared by. */

/**
 * Measured over the whole word, by the relay, before its own gain is corrected. Levels are dB of full scale (0 dB is a
 * full-scale square wave).
 */
export interface Evidence {
  /** Root mean square of all samples, linear 0..1: sqrt(mean((x / 32767)²)). */
  readonly rms: number;
  /** Level between 1.5 and 6.5 kHz, dB. */
  readonly bandDb: number;
  /** Level of the same band before the word, dB: the quietest of the seconds before. */
  readonly floorDb: number;
  /**
   * The mean of the levels of 20 bands from 200 to 7500 Hz, each without its noise, dB: all of them say as much as the
   * loudest. Tells distances in a room best. Undefined from a relay that does not measure it.
   */
  readonly evenDb?: number | undefined;
  /** Speech against noise over all frequencies, dB. */
  readonly snrDb: number;
  /** Variance of the compressed, mean-normalised sub-band envelopes: falls with reverberation, knows no gain. */
  readonly envelopeVariance: number;
  /**
   * How much of the sound in the same bands comes suddenly, within 80 ms, dB of all of it: what lingers is reverberation.
   * Knows no gain. Undefined from a relay that does not measure it.
   */
  readonly attackDb?: number | undefined;
  /** Of the wake-word model, 0..1. */
  readonly confidence: number;
  readonly durationMs: number;
}

/** Sent a moment after the claim: the level in steps of 20 ms from the word's begin to 400 ms after its end. */
export interface CoarseEnvelope {
  /** Level between 300 and 4000 Hz, dB of full scale, one per 20 ms. */
  readonly levelsDb: readonly number[];
  /** Which of them is the first behind the word's end. */
  readonly endsAt: number;
  /** Of the same band before the word, dB. */
  readonly floorDb: number;
}
