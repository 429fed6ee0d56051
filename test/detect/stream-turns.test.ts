import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { StreamListener } from "../../src/detect/stream-listener.ts";
import { MOST_TOGETHER, StreamTurns } from "../../src/detect/stream-turns.ts";
import type { DetectorHop } from "../../src/wake/detector.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { FakeDetector } from "./fake-detector.ts";

/** A stream with so many hops waiting. */
class Waiting implements Pick<StreamListener, "take" | "tell"> {
  readonly detector = new FakeDetector();
  told = 0;
  constructor(public hops: number) {}

  take(): DetectorHop | undefined {
    if (this.hops === 0) return undefined;
    this.hops--;
    return { detector: this.detector, pcm: new Int16Array(1280), frameEndMs: 0 };
  }

  tell(): void {
    this.told++;
  }
}

function turning(...waiting: readonly number[]) {
  const streams = waiting.map((hops) => new Waiting(hops));
  const runs: number[] = [];
  const turns = new StreamTurns(async (hops) => void runs.push(hops.length));
  return { streams, runs, step: () => turns.step(streams as unknown as StreamListener[]) };
}

describe("turns of streams", () => {
  test("put what waits through the network together, and say when nothing does", async () => {
    const { streams, runs, step } = turning(2, 0, 1);
    expect([await step(), await step(), await step()]).toEqual([true, true, false]);
    expect(runs).toEqual([2, 1]);
    expect(streams.map(({ told }) => told)).toEqual([2, 0, 1]);
  });

  test("take no more at once than is of use", async () => {
    const { runs, step } = turning(...Array.from({ length: 2 * MOST_TOGETHER + 3 }, () => 1));
    while (await step());
    expect(runs).toEqual([MOST_TOGETHER, MOST_TOGETHER, 3]);
  });

  test("give nobody a second hop before everybody who waited had one, however many there are and come", async () => {
    const seed = fuzzSeed("turns");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(4), { minLength: 1, maxLength: 60, size: "max" }),
        fc.array(fc.tuple(fc.nat(59), fc.nat(3)), { maxLength: 30, size: "max" }),
        async (waiting, arrivals) => {
          const { streams, step } = turning(...waiting);
          for (const [who, hops] of [...arrivals, [0, 0] as const]) {
            const before = streams.map(({ told }) => told);
            const had = streams.map(({ hops }) => hops > 0);
            // As many runs as it takes to come round once.
            for (let run = 0; run < Math.ceil(streams.length / MOST_TOGETHER); run++) await step();
            for (const [i, { told }] of streams.entries()) if (had[i]) expect(told).toBeGreaterThan(before[i] ?? 0);
            const stream = streams[who % streams.length];
            if (stream) stream.hops += hops;
          }
        },
      ),
      { seed, numRuns: 100 },
    );
  });
});
