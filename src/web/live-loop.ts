/**
 * The heartbeat of the web worker: sleeps until something changed or levels are due, looks, and tells the pages.
 */
import type { Doorbell } from "../memory/doorbell.ts";
import type { Audience } from "./audience.ts";
import type { House } from "./house.ts";
import type { Snapshot } from "./state-file.ts";

/** Longest sleep: freshness and time limits are looked at this often when nothing rings. */
const LOOK_MS = 200;

export interface LiveLoopOptions {
  readonly house: House;
  readonly bell: Doorbell;
  readonly audience: Audience;
  readonly monotonicMs: () => number;
  /** `activation_system.update_rate`, as it is now. */
  readonly updateRateMs: () => number;
  /** Where the state goes beside the pages; undefined when nowhere. */
  readonly mirror: () => ((snapshot: Snapshot) => void) | undefined;
  /** Called at every look. */
  readonly beat: (nowMs: number) => void;
  /** Called after every look. @returns when it wants to be called again at the latest, ms */
  readonly alsoLook: () => number;
}

export async function runLiveLoop(options: LiveLoopOptions): Promise<void> {
  const { house, bell, audience, monotonicMs, updateRateMs, mirror, beat, alsoLook } = options;
  let levelsDueMs = monotonicMs();
  let told = "";
  while (!house.shutdown) {
    const rings = bell.rings;
    const nowMs = monotonicMs();
    beat(nowMs);
    for (const heard of house.look()) audience.tell(heard);
    const mostMs = Math.min(LOOK_MS, alsoLook());
    const toFile = mirror();
    if (audience.size > 0 || toFile !== undefined) {
      const state = house.state();
      const steady = JSON.stringify(state, withoutTheVolatile);
      const changed = steady !== told;
      told = steady;
      if (changed) audience.tell({ type: "state", state });
      const rate = updateRateMs();
      // A rate that was made shorter counts at once.
      levelsDueMs = Math.min(levelsDueMs, nowMs + rate);
      const due = nowMs >= levelsDueMs;
      if (due) {
        audience.tell({ type: "levels", levels: house.levels() });
        // Absolute times: intervals that start when the last one ended drift.
        levelsDueMs = nowMs - levelsDueMs > rate ? nowMs + rate : levelsDueMs + rate;
      }
      if (due || changed) toFile?.({ state, levels: house.levels() });
      await bell.rung(rings, Math.max(1, Math.min(mostMs, levelsDueMs - monotonicMs())));
    } else {
      await bell.rung(rings, mostMs);
    }
  }
}

/**
 * What moves all the time and is told with the levels, or is of no interest until something else changes. When something
 * began is among them: made of two clocks, it is a millisecond more or less at each look, and never changes alone.
 */
const VOLATILE = new Set([
  "now",
  "current_rms",
  "rms",
  "last_update",
  "score",
  "beatAgeMs",
  "uptimeMs",
  "lagMs",
  "delayMs",
  "asleep",
  "since",
  "openedAt",
  "closesAt",
]);

function withoutTheVolatile(key: string, value: unknown): unknown {
  return VOLATILE.has(key) ? undefined : value;
}
