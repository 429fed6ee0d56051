import type { Evidence } from "../../../src/arbitration/evidence.ts";
import type { Contender } from "../../../src/arbitration/policy.ts";

const EVIDENCE: Evidence = {
  rms: 0.05,
  bandDb: -35,
  floorDb: -70,
  evenDb: -50,
  attackDb: -6,
  snrDb: 20,
  envelopeVariance: 0.5,
  confidence: 0.9,
  durationMs: 600,
};

/** A relay like any other, but for what is said of it. */
export function contender(
  relayId: string,
  evidence: Partial<Evidence> = {},
  others: Partial<Omit<Contender, "evidence" | "relayId">> = {},
): Contender {
  return {
    relayId,
    room: undefined,
    evidence: { ...EVIDENCE, ...evidence },
    endedAtMs: 1000,
    gain: { db: 0, uncertaintyDb: 4 },
    preferenceDb: 0,
    disbelieved: false,
    ...others,
  };
}
