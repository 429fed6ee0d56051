import { expect, test } from "bun:test";
import type { HammerCounts, HammerOrder } from "./hammer-worker.ts";
import { HAMMERED, READY, STOP } from "./hammered-record.ts";
import { recordPlace } from "./places.ts";
import { startWorker } from "./test-worker.ts";

const HAMMER_MS = 10_000;
const RECORDS = 4;

async function hammer(write: HammerOrder["job"], read: HammerOrder["job"]) {
  const { words } = recordPlace(HAMMERED, RECORDS);
  const crew = [write, read].map((job) =>
    startWorker<HammerOrder, HammerCounts>("./hammer-worker.ts", {
      job,
      shape: "short",
      records: RECORDS,
      words,
      from: 1,
    }),
  );
  while (Atomics.load(words, READY) < crew.length) await Bun.sleep(1);
  const stop = setTimeout(() => Atomics.store(words, STOP, 1), HAMMER_MS);
  const [writes, reads] = await Promise.all(crew.map(({ answer }) => answer));
  clearTimeout(stop);
  await Promise.all(crew.map(({ kill }) => kill()));
  if (writes === undefined || reads === undefined) throw new Error("a hammering worker gave no answer");
  return { writes, reads };
}

test(
  "no copy of a record mixes two writes in 10 s of two workers writing and reading flat out",
  async () => {
    const { writes, reads } = await hammer("write", "read");
    console.log(
      `seqlock: ${writes.rounds} writes, ${reads.rounds} copies, ${reads.mixed} mixed, ${reads.torn} given up`,
    );
    expect(reads.mixed).toBe(0);
    expect(reads.backwards).toBe(0);
    // Enough to mean something on a machine that does other things too: the control below tears within thousands.
    expect(writes.rounds).toBeGreaterThan(10_000);
    expect(reads.rounds).toBeGreaterThan(10_000);
  },
  HAMMER_MS + 10_000,
);

test(
  "without the seqlock the same hammering sees a mixed copy: the check can fail",
  async () => {
    const { writes, reads } = await hammer("write plainly", "read plainly");
    console.log(`plain words: ${writes.rounds} writes, ${reads.rounds} copies until the first mixed one`);
    expect(reads.mixed).toBe(1);
  },
  HAMMER_MS + 10_000,
);
