/** A loud sound that was made to set gains by: a clap, or noise out of a telephone. Where it lies, and what it is. Pure. */
import type { CoarseEnvelope, Evidence } from "./evidence.ts";
import { LOOK_BACK_SAMPLES, measureEnvelope, measureWord, TAIL_SAMPLES } from "./measure.ts";
import { SAMPLE_RATE_HZ } from "./measure-spectrum.ts";

/** Sound behind the time in which it was listened for: as long as a burst may last, and its tail. */
export const BEHIND_BURST_SAMPLES = SAMPLE_RATE_HZ + TAIL_SAMPLES;
/** Sound before that time: what the noise is measured in. */
export const BEFORE_BURST_SAMPLES = SAMPLE_RATE_HZ;
/** Quieter, and it is not the sound that was made. */
const LEAST_SNR_DB = 10;
const STEP_SAMPLES = 0.02 * SAMPLE_RATE_HZ;
/** Two bursts that lie this far apart are two. */
const BURST_SAMPLES = 0.7 * SAMPLE_RATE_HZ;

export type Burst =
  | {
      readonly kind: "heard";
      readonly evidence: Evidence;
      readonly envelope: CoarseEnvelope;
      /** The sample in whose middle of 20 ms it was the loudest. */
      readonly loudestAt: number;
    }
  | { readonly kind: "too_quiet" };

/**
 * The loudest sound.
 *
 * @param pcm 16 kHz mono: {@link BEFORE_BURST_SAMPLES} or more, what was listened to, and {@link BEHIND_BURST_SAMPLES} behind it
 * @param from where listening began
 */
export function findBurst(pcm: Int16Array, from: number): Burst {
  const end = pcm.length - BEHIND_BURST_SAMPLES;
  let [loudest, most] = [from, -1];
  for (let at = from; at + STEP_SAMPLES <= end; at += STEP_SAMPLES / 2) {
    let energy = 0;
    for (let i = at; i < at + STEP_SAMPLES; i++) energy += (pcm[i] ?? 0) ** 2;
    if (energy > most) [loudest, most] = [at, energy];
  }
  const firedAt = loudest + BURST_SAMPLES;
  const first = Math.max(0, firedAt - LOOK_BACK_SAMPLES);
  const around = pcm.subarray(first);
  const { evidence, word } = measureWord(around, firedAt - first, 1);
  if (!(evidence.snrDb >= LEAST_SNR_DB)) return { kind: "too_quiet" };
  return { kind: "heard", evidence, envelope: measureEnvelope(around, word), loudestAt: loudest + STEP_SAMPLES / 2 };
}
