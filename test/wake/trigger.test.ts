import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  advance,
  defaultSure,
  firedIn,
  RELEASE_RATIO,
  Trigger,
  type TriggerSettings,
  type TriggerState,
} from "../../src/wake/trigger.ts";

const FRAME_MS = 80;
const SETTINGS: TriggerSettings = {
  threshold: 0.5,
  patience: 1,
  refractoryMs: 2000,
  sure: undefined,
  vadThreshold: 0,
};
const LOW = 0.1;
const HIGH = 0.9;

/** Plays scores, one per 80 ms, and answers the times of the hits. */
function hitsOf(trigger: Trigger, scores: readonly number[], firstEndMs = FRAME_MS): number[] {
  return scores.flatMap((score, i) => {
    const atMs = firstEndMs + i * FRAME_MS;
    return trigger.step(score, atMs) ? [atMs] : [];
  });
}

const frames = (count: number, score: number): number[] => new Array<number>(count).fill(score);

/** Scores that dwell: runs of one level, so that crossings, tails and dips near the threshold all occur. */
const scoreRuns = fc
  .array(fc.tuple(fc.constantFrom(0, 0.05, 0.39, 0.41, 0.49, 0.5, 0.51, 0.9, 1), fc.integer({ min: 1, max: 30 })), {
    maxLength: 30,
    size: "max",
  })
  .map((runs) => runs.flatMap(([score, count]) => frames(count, score)));

const leastOf = ({ threshold, sure = 2 }: TriggerSettings): number => Math.min(threshold, sure);

const anySettings = fc.record({
  threshold: fc.constantFrom(0.05, 0.3, 0.5, 0.7),
  patience: fc.integer({ min: 1, max: 5 }),
  refractoryMs: fc.constantFrom(0, 80, 500, 2000, 5000),
  sure: fc.constantFrom(undefined, 0.3, 0.9, 1.01),
  vadThreshold: fc.constant(0),
});

describe("a trigger", () => {
  test("fires in the first frame at or above the threshold", () => {
    expect(hitsOf(new Trigger(SETTINGS), [0.49, 0.5, 0.9])).toEqual([160]);
  });

  test("fires once for a long tail of high scores, however long", () => {
    expect(hitsOf(new Trigger(SETTINGS), frames(1000, HIGH))).toEqual([80]);
  });

  test("fires again for a crossing that begins after the refractory time", () => {
    expect(hitsOf(new Trigger(SETTINGS), [HIGH, ...frames(24, LOW), HIGH])).toEqual([80, 80 + 25 * FRAME_MS]);
  });

  test("fires in the very frame in which the refractory time is over", () => {
    expect(hitsOf(new Trigger({ ...SETTINGS, refractoryMs: 160 }), [HIGH, LOW, HIGH])).toEqual([80, 240]);
  });

  test("never fires for a crossing that begins in the refractory time, even when it outlasts it", () => {
    expect(hitsOf(new Trigger(SETTINGS), [HIGH, ...frames(20, LOW), ...frames(40, HIGH)])).toEqual([80]);
  });

  test("is not armed by a score that only dips to just below the threshold", () => {
    const dip = SETTINGS.threshold * RELEASE_RATIO + 0.01;
    expect(hitsOf(new Trigger(SETTINGS), [...frames(30, HIGH), dip, ...frames(30, HIGH)])).toEqual([80]);
  });

  test("is armed again by a score that falls below the release level after the refractory time", () => {
    const fall = SETTINGS.threshold * RELEASE_RATIO - 0.01;
    expect(hitsOf(new Trigger(SETTINGS), [...frames(30, HIGH), fall, HIGH])).toEqual([80, 80 + 31 * FRAME_MS]);
  });

  test("waits for as many frames in a row as patience asks", () => {
    const patient = new Trigger({ ...SETTINGS, patience: 3 });
    expect(hitsOf(patient, [HIGH, HIGH, LOW, HIGH, HIGH, HIGH])).toEqual([480]);
  });

  test("does not wait after a frame that is sure", () => {
    const patient = { ...SETTINGS, patience: 3, sure: 0.95 };
    expect(hitsOf(new Trigger(patient), [LOW, 0.95])).toEqual([160]);
    expect(hitsOf(new Trigger(patient), [LOW, HIGH, 0.94, HIGH])).toEqual([320]);
    expect(hitsOf(new Trigger({ ...patient, sure: 1.01 }), [1, 1])).toEqual([]);
  });

  test("is sure below the threshold too, and then waits for a score that has fallen from there", () => {
    const settings = { ...SETTINGS, threshold: 1, patience: 25, sure: 0.3, refractoryMs: 80 };
    expect(hitsOf(new Trigger(settings), [0.29, 0.3])).toEqual([160]);
    const fallen = 0.3 * RELEASE_RATIO - 0.01;
    expect(hitsOf(new Trigger(settings), [0.3, fallen + 0.02, 0.3])).toEqual([80]);
    expect(hitsOf(new Trigger(settings), [0.3, fallen, 0.3])).toEqual([80, 240]);
  });

  test("counts no frame below the threshold, however low the score is from which it is sure", () => {
    const settings = { ...SETTINGS, threshold: 0.5, patience: 2, sure: 0.9 };
    expect(hitsOf(new Trigger(settings), [0.4, 0.5, 0.4, 0.5])).toEqual([]);
  });

  test("is sure from 0.95 on by default, or from a threshold above that", () => {
    expect([0.3, 0.97].map(defaultSure)).toEqual([0.95, 0.97]);
  });

  test("fires nothing while it is held, and not for a score that is still high at the end", () => {
    const trigger = new Trigger(SETTINGS);
    trigger.hold(2000);
    expect(hitsOf(trigger, [...frames(50, HIGH), LOW, HIGH])).toEqual([80 + 51 * FRAME_MS]);
  });

  test("fires for the first crossing after a hold", () => {
    const trigger = new Trigger(SETTINGS);
    trigger.hold(2000);
    expect(hitsOf(trigger, [...frames(24, LOW), HIGH])).toEqual([2000]);
  });

  test("waits for a low score after a hold in which it saw none", () => {
    const trigger = new Trigger(SETTINGS);
    trigger.hold(2000);
    expect(hitsOf(trigger, [HIGH, LOW, HIGH], 3000)).toEqual([3160]);
  });

  test("keeps a refractory time that ends after a hold", () => {
    const trigger = new Trigger({ ...SETTINGS, refractoryMs: 10_000 });
    trigger.step(HIGH, 80);
    trigger.hold(2000);
    expect(hitsOf(trigger, frames(122, LOW), 160)).toEqual([]);
    expect(hitsOf(trigger, [HIGH], 9_999)).toEqual([]);
    expect(hitsOf(trigger, [LOW, HIGH], 10_160)).toEqual([10_240]);
  });

  test("keeps its state when the settings change", () => {
    const trigger = new Trigger(SETTINGS);
    trigger.step(HIGH, 80);
    const { state } = trigger;
    trigger.configure({ ...SETTINGS, threshold: 0.2, patience: 2, refractoryMs: 100 });
    expect(trigger.state).toBe(state);
    expect(hitsOf(trigger, [HIGH, LOW, HIGH, HIGH], 1000)).toEqual([]);
  });

  test("uses new settings from the next frame on", () => {
    const trigger = new Trigger(SETTINGS);
    expect(trigger.step(0.3, 80)).toBe(false);
    trigger.configure({ ...SETTINGS, threshold: 0.3 });
    expect(trigger.step(0.3, 160)).toBe(true);
  });

  test("does not fire for a score that is not a number", () => {
    expect(hitsOf(new Trigger(SETTINGS), [Number.NaN, Number.NaN, HIGH])).toEqual([240]);
  });
});

describe("a trigger, for any scores and settings", () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`trigger properties: FUZZ_SEED=${seed}`);
  const check = (property: fc.IRawProperty<unknown>): void => {
    fc.assert(property, { seed, numRuns: 500 });
  };

  test("never fires twice within the refractory time", () => {
    check(
      fc.property(anySettings, scoreRuns, (settings, scores) => {
        const hits = hitsOf(new Trigger(settings), scores);
        hits.forEach((atMs, i) => {
          if (i > 0)
            expect(atMs - (hits[i - 1] ?? 0)).toBeGreaterThanOrEqual(Math.max(settings.refractoryMs, FRAME_MS));
        });
      }),
    );
  });

  test("never fires twice within the refractory time, held or reconfigured in between", () => {
    const change = fc.record({
      at: fc.nat(400),
      holdMs: fc.option(fc.nat(3000)),
      threshold: fc.constantFrom(0.1, 0.5, 0.7),
    });
    check(
      fc.property(anySettings, scoreRuns, fc.array(change, { maxLength: 4 }), (settings, scores, changes) => {
        const trigger = new Trigger(settings);
        let lastHitMs = Number.NEGATIVE_INFINITY;
        scores.forEach((score, i) => {
          const atMs = (i + 1) * FRAME_MS;
          for (const { at, holdMs, threshold } of changes) {
            if (at !== i) continue;
            if (holdMs !== null) trigger.hold(atMs + holdMs);
            trigger.configure({ ...settings, threshold });
          }
          if (!trigger.step(score, atMs)) return;
          expect(atMs - lastHitMs).toBeGreaterThanOrEqual(settings.refractoryMs);
          lastHitMs = atMs;
        });
      }),
    );
  });

  test("never fires while it is held", () => {
    check(
      fc.property(anySettings, scoreRuns, fc.nat(10_000), (settings, scores, untilMs) => {
        const trigger = new Trigger(settings);
        trigger.hold(untilMs);
        for (const atMs of hitsOf(trigger, scores)) expect(atMs).toBeGreaterThanOrEqual(untilMs);
      }),
    );
  });

  test("fires only after as many frames in a row at or above the threshold as patience asks, or when it is sure", () => {
    check(
      fc.property(anySettings, scoreRuns, fc.nat(5000), (settings, scores, untilMs) => {
        const trigger = new Trigger(settings);
        trigger.hold(untilMs);
        for (const atMs of hitsOf(trigger, scores)) {
          const last = atMs / FRAME_MS - 1;
          if ((scores[last] ?? 0) >= (settings.sure ?? 2)) continue;
          const run = scores.slice(Math.max(0, last + 1 - settings.patience), last + 1);
          expect(run).toHaveLength(settings.patience);
          expect(Math.min(...run)).toBeGreaterThanOrEqual(settings.threshold);
        }
      }),
    );
  });

  test("has seen the score fall between any two hits", () => {
    check(
      fc.property(anySettings, scoreRuns, (settings, scores) => {
        const hits = hitsOf(new Trigger(settings), scores).map((atMs) => atMs / FRAME_MS - 1);
        hits.forEach((frame, i) => {
          if (i === 0) return;
          const between = scores.slice((hits[i - 1] ?? 0) + 1, frame);
          expect(Math.min(...between)).toBeLessThan(leastOf(settings) * RELEASE_RATIO);
        });
      }),
    );
  });

  test("fires for every crossing once it is armed", () => {
    check(
      fc.property(anySettings, scoreRuns, (settings, scores) => {
        const trigger = new Trigger(settings);
        hitsOf(trigger, scores);
        const restMs = (scores.length + 1) * FRAME_MS + settings.refractoryMs;
        expect(hitsOf(trigger, [0, 0, ...frames(settings.patience, 1)], restMs)).toHaveLength(1);
      }),
    );
  });

  test("never changes a state in place", () => {
    check(
      fc.property(anySettings, scoreRuns, (settings, scores) => {
        let state: TriggerState = { kind: "held", untilMs: 500, fallen: false };
        scores.forEach((score, i) => {
          const before = JSON.stringify(state);
          const next = advance(Object.freeze(state), settings, score, (i + 1) * FRAME_MS);
          expect(JSON.stringify(state)).toBe(before);
          if (firedIn(next, (i + 1) * FRAME_MS)) expect(score).toBeGreaterThanOrEqual(leastOf(settings));
          state = next;
        });
      }),
    );
  });
});
