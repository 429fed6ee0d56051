import { describe, expect, test } from "bun:test";
import type { RingCounts, RingOrder } from "./audio-ring-worker.ts";
import { fuzzSeed } from "./fuzz-seed.ts";
import { audioRingPlace, canariesLive, DONE } from "./rings.ts";
import { startWorker } from "./test-worker.ts";

/** The index wraps on the way, as an i32 or to zero. */
const STARTS = [2 ** 31 - 1_000_000, 2 ** 32 - 1_000_000];
const READERS = 2;
const TIMEOUT_MS = 30_000;

interface Stress {
  readonly seed: number;
  readonly start: number;
  readonly total: number;
  readonly waitsFor?: number;
  readonly blocksPerEpoch?: number;
  /** For each reader. */
  readonly blocksPerNap?: readonly number[];
}

async function stress(options: Stress): Promise<readonly RingCounts[]> {
  const { seed, start, total, waitsFor = 0, blocksPerEpoch = 0, blocksPerNap = [] } = options;
  const place = audioRingPlace(start);
  const order = { place, total, waitsFor, blocksPerEpoch };
  const readers = Array.from({ length: READERS }, (_, which) =>
    startWorker<RingOrder, RingCounts>("./audio-ring-worker.ts", {
      ...order,
      job: "read",
      seed: seed + which,
      which,
      blocksPerNap: blocksPerNap[which] ?? 0,
    }),
  );
  while (Atomics.load(place.words, DONE) > -READERS) await Bun.sleep(1);
  const writer = startWorker<RingOrder, RingCounts>("./audio-ring-worker.ts", {
    ...order,
    job: "write",
    seed: seed + READERS,
    which: 0,
    blocksPerNap: 0,
  });
  await writer.answer;
  const counts = await Promise.all(readers.map(({ answer }) => answer));
  await Promise.all([writer, ...readers].map(({ kill }) => kill()));
  expect(canariesLive(place)).toBe(true);
  for (const { wrong } of counts) expect(wrong).toBe(0);
  return counts;
}

describe("an audio ring between threads", () => {
  test.each(STARTS)(
    "brings every sample in order to every reader that keeps up, from index %d on",
    async (start) => {
      const total = 5_000_000;
      for (const counts of await stress({ seed: fuzzSeed("paced ring"), start, total, waitsFor: READERS })) {
        expect(counts).toEqual({ samples: total, lost: 0, gaps: 0, wrong: 0, mixed: 0 });
      }
    },
    TIMEOUT_MS,
  );

  test.each(STARTS)(
    "gives a reader that is lapped only what was written, and accounts for all the rest, from index %d on",
    async (start) => {
      const total = 20_000_000;
      const all = await stress({ seed: fuzzSeed("lapped ring"), start, total, blocksPerNap: [0, 100] });
      for (const counts of all) {
        console.log(`${counts.samples} samples read, ${counts.lost} lost in ${counts.gaps} gaps`);
        expect(counts.samples + counts.lost).toBe(total);
        expect(counts.samples).toBeGreaterThan(0);
      }
      expect(all.some(({ gaps }) => gaps > 0)).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    "never gives a block that goes on from one epoch into the next",
    async () => {
      const all = await stress({ seed: fuzzSeed("epochs"), start: 2 ** 31 - 1, total: 30_000_000, blocksPerEpoch: 3 });
      for (const counts of all) {
        console.log(`${counts.samples} samples read, ${counts.gaps} gaps, ${counts.mixed} mixed`);
        expect(counts.mixed).toBe(0);
        expect(counts.gaps).toBeGreaterThan(0);
        expect(counts.samples).toBeGreaterThan(0);
      }
    },
    TIMEOUT_MS,
  );
});
