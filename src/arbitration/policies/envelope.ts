import type { Policy } from "../policy.ts";
import { finiteDb, preference, ranked } from "./ranking.ts";

/** About how many decibels nearer a microphone is for each unit of the logarithm of the variance, in simulated rooms. */
const DB_PER_LOG = 6;

/**
 * The driest: the variance of the sub-band envelopes (Wolf and Nadeu 2014), which reverberation lowers and no gain
 * changes. Weaker than a level where microphones are alike, and the better the less they are.
 */
export const byEnvelope: Policy = (contenders) =>
  ranked(contenders, (contender) => {
    const { envelopeVariance } = contender.evidence;
    const value = envelopeVariance > 0 ? finiteDb(DB_PER_LOG * Math.log(envelopeVariance)) : finiteDb(Number.NaN);
    const because = `envelope variance ${envelopeVariance.toFixed(3)}`;
    return [{ name: "envelope", value, because }, ...preference(contender)];
  });
