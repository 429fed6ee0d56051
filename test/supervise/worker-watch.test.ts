import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { backOffMs } from "../../src/supervise/back-off.ts";
import {
  WATCH_LIMITS as LIMITS,
  shownState,
  startedWatch,
  stepWatch,
  type Watch,
  type WatchEffect,
} from "../../src/supervise/worker-watch.ts";

const tick = (watch: Watch, nowMs: number, beatMs: number) => stepWatch(watch, { type: "tick", nowMs, beatMs });
const closed = (watch: Watch, nowMs: number) => stepWatch(watch, { type: "closed", nowMs });
const ALIVE: Watch = { state: "alive", sinceMs: 1000, beatMs: 5000, deaths: 2 };
const ENDING: Watch = { state: "ending", sinceMs: 1000, deaths: 0 };

describe("the watch over a worker", () => {
  test("sees it live at its first beat after the start", () => {
    const { watch, effect } = tick(startedWatch(1000), 1200, 1100);
    expect(watch).toEqual({ state: "alive", sinceMs: 1200, beatMs: 1100, deaths: 0 });
    expect(effect).toBeUndefined();
  });

  test("does not take its predecessor's beat for its own", () => {
    expect(tick(startedWatch(1000), 1100, 999).watch.state).toBe("starting");
    expect(tick(startedWatch(1000), 1100, 0).watch.state).toBe("starting");
  });

  test("ends one that does not come to life in time", () => {
    expect(tick(startedWatch(0), LIMITS.startMs - 1, 0)).toEqual({ watch: startedWatch(0) });
    const { watch, effect } = tick(startedWatch(0), LIMITS.startMs, 0);
    expect([watch.state, effect]).toEqual(["ending", "terminate"]);
  });

  test("calls it late when it is silent, and alive when it beats again", () => {
    const late = tick(ALIVE, 5000 + LIMITS.lateMs, 5000);
    expect([late.watch.state, late.effect]).toEqual(["late", undefined]);
    expect(tick(late.watch, 8000, 7990).watch).toEqual({ ...ALIVE, beatMs: 7990 });
  });

  test("ends one that stays silent", () => {
    const { watch, effect } = tick(ALIVE, 5000 + LIMITS.deadMs, 5000);
    expect(watch).toEqual({ state: "ending", sinceMs: 5000 + LIMITS.deadMs, deaths: 2 });
    expect(effect).toBe("terminate");
  });

  test("tells once to end it, and calls it hung when it is still there 2 s later", () => {
    expect(tick(ENDING, 1000 + LIMITS.hungMs - 1, 0)).toEqual({ watch: ENDING });
    expect(tick(ENDING, 1000 + LIMITS.hungMs, 0).effect).toBe("hung");
  });

  test.each([startedWatch(0), ALIVE, { ...ALIVE, state: "late" } as Watch, ENDING])(
    "waits with the next start when it is gone: $state",
    (before) => {
      const { watch, effect } = closed(before, 9000);
      const deaths = before.deaths + 1;
      expect(watch).toEqual({ state: "waiting", untilMs: 9000 + backOffMs(deaths, 250, 30_000), deaths });
      expect(effect).toBeUndefined();
      expect(closed(watch, 9500).watch).toBe(watch);
    },
  );

  test("starts it again when the wait is over", () => {
    const waiting: Watch = { state: "waiting", untilMs: 3000, deaths: 3 };
    expect(tick(waiting, 2999, 0)).toEqual({ watch: waiting });
    expect(tick(waiting, 3000, 0)).toEqual({ watch: startedWatch(3000, 3), effect: "start" });
  });

  test("gives everybody time anew when the whole program stood still", () => {
    const resumed = (watch: Watch, nowMs: number) => stepWatch(watch, { type: "resumed", nowMs });
    const alive = resumed(ALIVE, 20_000);
    expect(alive.effect).toBeUndefined();
    expect(tick(alive.watch, 20_100, 5000).watch.state).toBe("alive");
    expect(tick(alive.watch, 20_000 + LIMITS.deadMs, 5000).effect).toBe("terminate");
    expect(tick(resumed(startedWatch(0), 90_000).watch, 90_000 + LIMITS.startMs - 1, 0).effect).toBeUndefined();
    expect(tick(resumed(ENDING, 90_000).watch, 90_000 + LIMITS.hungMs - 1, 0).effect).toBeUndefined();
    const waiting: Watch = { state: "waiting", untilMs: 3000, deaths: 3 };
    expect(resumed(waiting, 90_000).watch).toBe(waiting);
  });

  test("forgives its earlier deaths after a minute of life", () => {
    expect(tick(ALIVE, 1000 + LIMITS.forgiveMs - 1, 1000 + LIMITS.forgiveMs - 10).watch.deaths).toBe(2);
    expect(tick(ALIVE, 1000 + LIMITS.forgiveMs, 1000 + LIMITS.forgiveMs - 10).watch.deaths).toBe(0);
  });

  test("shows one that is ending or waited for as dead", () => {
    const states = [startedWatch(0), ALIVE, ENDING, { state: "waiting", untilMs: 0, deaths: 1 } as Watch].map(
      shownState,
    );
    expect(states).toEqual(["starting", "alive", "dead", "dead"]);
  });
});

describe("any worker", () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`worker watch: FUZZ_SEED=${seed}`);
  const pauses = (mostMs: number) =>
    fc.array(fc.integer({ min: 1, max: mostMs }), { minLength: 1, maxLength: 200, size: "max" });

  test("that beats is never ended", () => {
    fc.assert(
      fc.property(pauses(LIMITS.deadMs - 101), fc.integer({ min: 1, max: 100 }), (silences, lookMs) => {
        let watch: Watch = startedWatch(0);
        let nowMs = 0;
        let beatMs = 0;
        for (const silence of silences) {
          for (const untilMs = beatMs + silence; nowMs < untilMs; ) {
            nowMs += lookMs;
            const step = tick(watch, nowMs, beatMs);
            expect(step.effect).toBeUndefined();
            watch = step.watch;
          }
          beatMs = nowMs;
        }
        expect(["starting", "alive", "late"]).toContain(watch.state);
      }),
      { seed, numRuns: 30 },
    );
  });

  test("that never beats is ended and started again for ever, ever more slowly, to 30 s", () => {
    const starts: number[] = [];
    let watch: Watch = startedWatch(0);
    for (let nowMs = 0; nowMs < 1_000_000; nowMs += 100) {
      const { watch: next, effect } = tick(watch, nowMs, 0);
      watch = next;
      if (effect === "start") starts.push(nowMs);
      if (effect === "terminate") watch = closed(watch, nowMs).watch;
      expect(effect).not.toBe("hung");
    }
    const waits = starts.map((at, index) => at - (starts[index - 1] ?? 0) - LIMITS.startMs);
    expect(waits.slice(0, 4)).toEqual([300, 500, 1000, 2000]);
    for (const [index, wait] of waits.slice(1).entries()) expect(wait).toBeGreaterThanOrEqual(waits[index] ?? 0);
    expect(waits.at(-1)).toBe(30_000);
  });

  test("whatever it does leaves the watch in a state from which there is a way on", () => {
    const event = fc.record({ pauseMs: fc.integer({ min: 0, max: 8000 }), beats: fc.boolean(), closes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100, size: "max" }), (events) => {
        let watch: Watch = startedWatch(0);
        let nowMs = 0;
        let beatMs = 0;
        let effects: WatchEffect[] = [];
        for (const { pauseMs, beats, closes } of events) {
          nowMs += pauseMs;
          if (beats) beatMs = nowMs;
          const before = watch;
          const step = closes ? closed(watch, nowMs) : tick(watch, nowMs, beatMs);
          watch = step.watch;
          if (step.effect === "terminate") expect(["starting", "alive", "late"]).toContain(before.state);
          if (step.effect === "hung") expect(before.state).toBe("ending");
          if (step.effect === "start") expect(before.state).toBe("waiting");
        }
        // Left alone with no beat at all, it is told to end, hangs or is started again: within a minute if it is starting.
        effects = [];
        for (let passed = 0; passed <= LIMITS.startMs; passed += 100) {
          const step = tick(watch, nowMs + passed, beatMs);
          watch = step.watch;
          if (step.effect !== undefined) effects.push(step.effect);
        }
        expect(effects.length).toBeGreaterThan(0);
      }),
      { seed, numRuns: 30 },
    );
  });
});

test("backOffMs() doubles from the first to the most, and does not wait where nothing failed", () => {
  expect([0, 1, 2, 3, 4, 8, 50, 1e9].map((failures) => backOffMs(failures, 250, 30_000))).toEqual([
    0, 250, 500, 1000, 2000, 30_000, 30_000, 30_000,
  ]);
});
