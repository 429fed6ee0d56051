import type { Policy } from "../policy.ts";
import { finiteDb, preference, ranked, shownDb, statedGain } from "./ranking.ts";

/**
 * The loudest: root mean square of the whole word over all frequencies, which is what Loqa's hub goes by. Simple and
 * known; it mistakes a sensitive microphone, and a fan beside one, for a person.
 */
export const byRms: Policy = (contenders) =>
  ranked(contenders, (contender) => {
    const { rms } = contender.evidence;
    const db = rms > 0 ? finiteDb(20 * Math.log10(rms)) : finiteDb(Number.NaN);
    const because = `rms ${rms.toFixed(4)}, which is ${shownDb(db)}`;
    return [{ name: "level", value: db, because }, ...statedGain(contender), ...preference(contender)];
  });
