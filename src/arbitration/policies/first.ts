import type { Policy } from "../policy.ts";
import { finite, ranked } from "./ranking.ts";

/** Sound takes 3 ms for a metre: how much later a relay may be for every decibel that it is favoured by. */
const MS_PER_DB = 3;

/**
 * The first to have heard the word's end, by the hub's clock. What Home Assistant does; within a room it is chance, since
 * detectors look every 80 ms only.
 */
export const byFirst: Policy = (contenders) => {
  const earliest = Math.min(...contenders.map(({ endedAtMs }) => endedAtMs).filter(Number.isFinite));
  return ranked(contenders, ({ endedAtMs, preferenceDb }) => {
    const lateMs = endedAtMs - earliest;
    const first = { name: "first", value: finite(-lateMs), because: `${lateMs.toFixed(0)} ms after the first` };
    if (preferenceDb === 0) return [first];
    const because = `configured, ${preferenceDb} dB of ${MS_PER_DB} ms`;
    return [first, { name: "preference", value: preferenceDb * MS_PER_DB, because }];
  });
};
