import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Place, RecordReader, RecordWriter, recordWords } from "../../src/memory/record.ts";
import { fuzzSeed } from "./fuzz-seed.ts";
import type { HammerCounts, HammerOrder } from "./hammer-worker.ts";
import { fill, HAMMERED, isWhole, LONG, READY, STOP, TORN } from "./hammered-record.ts";
import { recordPlace } from "./places.ts";
import { startWorker } from "./test-worker.ts";

/** More than a reader's few milliseconds, less than anybody would call waiting for ever. */
const BOUND_MS = 500;

function sequenceOf({ words, offset }: Place): number {
  return Atomics.load(words, offset);
}

/** Leaves the record as a writer does that dies after `words` words of its next write. */
function dieAfter(place: Place, words: number, count: number): void {
  const next = recordPlace(HAMMERED);
  const writer = new RecordWriter(HAMMERED, next);
  fill(writer.value, count);
  writer.publish();
  Atomics.store(place.words, place.offset, sequenceOf(place) | 1);
  for (let word = 1; word <= words; word++) {
    Atomics.store(place.words, place.offset + word, next.words[next.offset + word] ?? 0);
  }
}

describe("a writer that died in the middle of a record", () => {
  test("leaves readers their last whole copy, at whatever word it died", () => {
    const seed = fuzzSeed("deaths in a record");
    fc.assert(
      fc.property(fc.nat(recordWords(HAMMERED) - 1), fc.integer({ min: 1, max: 1000 }), (words, count) => {
        const place = recordPlace(HAMMERED);
        const writer = new RecordWriter(HAMMERED, place);
        const reader = new RecordReader(HAMMERED, place);
        fill(writer.value, count);
        writer.publish();
        expect(reader.refresh()).toBe("fresh");

        dieAfter(place, words, count + 1);
        expect(reader.refresh()).toBe("torn");
        expect(reader.value.count).toBe(count);
        expect(isWhole(reader.value)).toBe(true);

        const late = new RecordReader(HAMMERED, place);
        expect(late.refresh()).toBe("torn");
        expect(late.value).toEqual(new RecordReader(HAMMERED, recordPlace(HAMMERED)).value);
      }),
      { seed, numRuns: 30 },
    );
  });

  test("is told apart within a bound of time", () => {
    const place = recordPlace(HAMMERED);
    dieAfter(place, 5, 1);
    const reader = new RecordReader(HAMMERED, place);
    const begin = performance.now();
    expect(reader.refresh()).toBe("torn");
    expect(performance.now() - begin).toBeLessThan(BOUND_MS);
  });

  test("has a successor that makes the record whole again: initial values, then what it writes", () => {
    const place = recordPlace(HAMMERED);
    const reader = new RecordReader(HAMMERED, place);
    const writer = new RecordWriter(HAMMERED, place);
    fill(writer.value, 5);
    writer.publish();
    dieAfter(place, 7, 6);

    const successor = new RecordWriter(HAMMERED, place);
    expect(sequenceOf(place) & 1).toBe(0);
    expect(successor.value.count).toBe(0);
    expect(reader.refresh()).toBe("fresh");
    expect(reader.value.count).toBe(0);
    expect(isWhole(reader.value)).toBe(true);

    fill(successor.value, 7);
    successor.publish();
    expect(reader.refresh()).toBe("fresh");
    expect(reader.value.count).toBe(7);
    expect(isWhole(reader.value)).toBe(true);
  });

  test("killed for good while it writes flat out, it is repaired, and a reader in another thread never sees a mixture", async () => {
    const place = recordPlace(LONG);
    const { words } = place;
    const order = { shape: "long", records: 1, words } as const;
    const witness = startWorker<HammerOrder, HammerCounts>("./hammer-worker.ts", { ...order, job: "read", from: 0 });
    const reader = new RecordReader(LONG, place);
    let deaths = 0;
    let inTheMiddle = 0;
    while (inTheMiddle < 10 && deaths < 100) {
      Atomics.store(words, READY, 0);
      const from = 1_000_000 * (deaths + 1);
      const doomed = startWorker<HammerOrder, HammerCounts>("./hammer-worker.ts", { ...order, job: "write", from });
      // Its predecessor's record may be whole; what it writes itself has its own counts.
      while (reader.read().count < from) await Bun.sleep(1);
      // A copy was just taken between two writes: killed at once, it would die there every time.
      while ((sequenceOf(place) & 1) === 0) await Bun.sleep(0);
      await doomed.kill();
      deaths++;
      if ((sequenceOf(place) & 1) === 0) continue;
      inTheMiddle++;

      const { count } = reader.value;
      expect(reader.refresh()).toBe("torn");
      expect(reader.value.count).toBe(count);
      expect(isWhole(reader.value)).toBe(true);
      const seen = Atomics.load(words, TORN);
      while (Atomics.load(words, TORN) === seen) await Bun.sleep(1);

      const successor = new RecordWriter(LONG, place);
      expect(reader.refresh()).toBe("fresh");
      expect(reader.value.count).toBe(0);
      expect(isWhole(reader.value)).toBe(true);
      fill(successor.value, from + 999_999);
      successor.publish();
      expect(reader.read().count).toBe(from + 999_999);
    }
    Atomics.store(words, STOP, 1);
    const seen = await witness.answer;
    await witness.kill();
    console.log(
      `${deaths} writers killed, ${inTheMiddle} in the middle of a write; the witness took ${seen.rounds} copies, ` +
        `${seen.mixed} mixed, and gave up ${seen.torn} times`,
    );
    expect(inTheMiddle).toBe(10);
    expect(seen.mixed).toBe(0);
    expect(seen.backwards).toBe(0);
    expect(seen.rounds).toBeGreaterThan(0);
  }, 20_000);
});
