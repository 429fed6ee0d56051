import type { Policy } from "../policy.ts";
import { finiteDb, preference, ranked, shownDb } from "./ranking.ts";

/**
 * The one that hears it clearest: speech against noise. A gain lifts both, so microphones need not be alike; but it
 * says as much about where the noise is as about where the person is.
 */
export const bySnr: Policy = (contenders) =>
  ranked(contenders, (contender) => {
    const { snrDb } = contender.evidence;
    return [
      { name: "snr", value: finiteDb(snrDb), because: `speech over noise ${shownDb(snrDb)}` },
      ...preference(contender),
    ];
  });
