/** What near misses tell somebody who tunes a model: how often, and which threshold would have let one through. */
import type { NearMissView } from "../src/web/schemas/detections.ts";
import type { ModelView } from "../src/web/schemas/models.ts";

const HOUR_MS = 3_600_000;
/** As many as the server keeps for a page: of what came before them nothing is known. */
const KNOWN = 20;
const LEAST_THRESHOLD = 0.01;

/**
 * How often a model was nearly heard in the hour before `nowMs` (UTC): `once`, `twice`, `3 times`, `at least 20 times`; null for never.
 *
 * @param nearMisses newest first
 */
export function countRecent(nearMisses: readonly NearMissView[], model: string, nowMs: number): string | null {
  const recent = nearMisses.filter(({ timestamp }) => timestamp > nowMs - HOUR_MS);
  const count = recent.filter((miss) => miss.model === model).length;
  if (count === 0) return null;
  const times = count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
  return recent.length >= KNOWN ? `at least ${times}` : times;
}

/**
 * The threshold a hundredth under a near miss's score as it is shown; null where lowering the threshold would not have helped:
 * something else was missing, the model is gone, or its threshold has been lowered since.
 */
export function thresholdFor(miss: NearMissView, models: readonly ModelView[]): number | null {
  const model = models.find(({ name }) => name === miss.model);
  if (model === undefined || miss.missing !== "below") return null;
  const under = (Math.round(miss.confidence * 100) - 1) / 100;
  return under >= LEAST_THRESHOLD && miss.confidence < model.threshold ? under : null;
}
