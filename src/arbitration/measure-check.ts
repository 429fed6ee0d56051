/** Whether a relay claimed more than its audio shows. Pure. */
import type { Evidence } from "./evidence.ts";

/** What honest relays differ by from what is measured here: where the word was cut, rounding, another way to measure. */
const LEVEL_TOLERANCE_DB = 4;
const SNR_TOLERANCE_DB = 8;
const ATTACK_TOLERANCE_DB = 3;
const VARIANCE_TOLERANCE = 2.5;

/**
 * What of a claim is better than the audio that followed it, in words; undefined where all is as claimed or worse. What a
 * relay does not report it cannot overstate.
 *
 * @param shown the evidence measured from the audio that the relay sent for the same word
 */
export function overstated(claimed: Evidence, shown: Evidence): string | undefined {
  const level = (power: number): number => 20 * Math.log10(Math.max(power, 1e-6));
  const checks: readonly (readonly [name: string, byDb: number, toleranceDb: number])[] = [
    ["rms", level(claimed.rms) - level(shown.rms), LEVEL_TOLERANCE_DB],
    ["band level", claimed.bandDb - shown.bandDb, LEVEL_TOLERANCE_DB],
    ["even level", (claimed.evenDb ?? Number.NEGATIVE_INFINITY) - (shown.evenDb ?? 0), LEVEL_TOLERANCE_DB],
    ["speech over noise", claimed.snrDb - shown.snrDb, SNR_TOLERANCE_DB],
    ["attack", (claimed.attackDb ?? Number.NEGATIVE_INFINITY) - (shown.attackDb ?? 0), ATTACK_TOLERANCE_DB],
  ];
  for (const [name, byDb, toleranceDb] of checks) {
    if (byDb > toleranceDb) return `${name} claimed ${byDb.toFixed(1)} dB higher than its audio shows`;
    if (Number.isNaN(byDb)) return `${name} claimed that is no number`;
  }
  if (!(claimed.envelopeVariance <= VARIANCE_TOLERANCE * Math.max(shown.envelopeVariance, 0.05))) {
    return `envelope variance ${claimed.envelopeVariance.toFixed(2)} claimed, its audio shows ${shown.envelopeVariance.toFixed(2)}`;
  }
  return undefined;
}
