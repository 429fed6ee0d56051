import type { Policy } from "../policy.ts";
import { cleanBandDb, preference, ranked, shownDb, statedGain } from "./ranking.ts";

/**
 * The loudest between 1.5 and 6.5 kHz, without the noise's share. High frequencies are what walls, doors, turned heads
 * and distance take first, and where household noise is least (arXiv 2112.04914 has it as its baseline). The best where
 * microphones are alike.
 */
export const byBand: Policy = (contenders) =>
  ranked(contenders, (contender) => {
    const { bandDb, floorDb } = contender.evidence;
    const because = `1.5-6.5 kHz at ${shownDb(bandDb)}, noise at ${shownDb(floorDb)}`;
    return [
      { name: "band", value: cleanBandDb(contender.evidence), because },
      ...statedGain(contender),
      ...preference(contender),
    ];
  });
