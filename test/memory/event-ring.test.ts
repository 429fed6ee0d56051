import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventRingReader, EventRingWriter } from "../../src/memory/event-ring.ts";
import { f64, i32, text } from "../../src/memory/field.ts";
import { record, recordWords } from "../../src/memory/record.ts";
import type { EventCounts, EventOrder } from "./event-ring-worker.ts";
import { fuzzSeed } from "./fuzz-seed.ts";
import { eventRingPlace } from "./places.ts";
import { startWorker } from "./test-worker.ts";

const EVENT = record("event", "the test", { id: i32("counts from 0"), square: f64("of the id"), name: text(16, "") });
const SLOTS = 8;
/** Heads to begin with: where it counts from 0, where it becomes negative, where it goes through zero. */
const HEADS = [0, 2 ** 31 - 20, -20];

function open(head = 0) {
  const place = eventRingPlace(EVENT, SLOTS, head);
  return { place, writer: new EventRingWriter(EVENT, place) };
}

function append(writer: EventRingWriter<typeof EVENT.fields>, times = 1): void {
  for (let i = 0; i < times; i++) {
    writer.append((event) => {
      event.name = "an event";
    });
  }
}

function idsOf(reader: EventRingReader<typeof EVENT.fields>): readonly number[] {
  const ids: number[] = [];
  for (let event = reader.next(); event !== undefined; event = reader.next()) ids.push(event.id);
  return ids;
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => (from + i) | 0);
}

/** Leaves the ring as a writer does that dies in the slot of the next event. */
function dieInNextSlot({ words, offset }: { readonly words: Int32Array; readonly offset: number }): void {
  const head = Atomics.load(words, offset);
  Atomics.add(words, offset + 16 + (head & (SLOTS - 1)) * recordWords(EVENT), 1);
}

describe("an event ring", () => {
  test("brings what was appended, in order, to each reader once", () => {
    const { place, writer } = open();
    const readers = [1, 2].map(() => new EventRingReader(EVENT, place, "newest"));
    for (const name of ["one", "two", "three"]) {
      writer.append((event) => {
        event.name = name;
        event.square = name.length ** 2;
      });
    }
    for (const reader of readers) {
      expect({ ...reader.next() }).toEqual({ id: 0, name: "one", square: 9 });
      expect({ ...reader.next() }).toEqual({ id: 1, name: "two", square: 9 });
      expect({ ...reader.next() }).toEqual({ id: 2, name: "three", square: 25 });
      expect(reader.next()).toBeUndefined();
      expect(reader.lost).toBe(0);
    }
  });

  test("gives a reader that comes late what is still there, or only what comes from now on", () => {
    const { place, writer } = open();
    append(writer, 3);
    expect(idsOf(new EventRingReader(EVENT, place, "oldest"))).toEqual([0, 1, 2]);
    append(writer, SLOTS);
    const oldest = new EventRingReader(EVENT, place, "oldest");
    const newest = new EventRingReader(EVENT, place, "newest");
    append(writer);
    expect(idsOf(newest)).toEqual([SLOTS + 3]);
    expect(idsOf(oldest)).toEqual(range(4, SLOTS + 4));
    expect(oldest.lost).toBe(1);
    expect(newest.lost).toBe(0);
  });

  test("has nothing for anybody before the first event", () => {
    const { place } = open();
    for (const from of ["oldest", "newest"] as const) {
      const reader = new EventRingReader(EVENT, place, from);
      expect(reader.next()).toBeUndefined();
      expect(reader.lost).toBe(0);
    }
  });

  test("does what a plain list does, whatever is done to it, wherever its head starts", () => {
    const seed = fuzzSeed("event ring");
    const anyStep = fc.oneof(
      fc.record({ do: fc.constant("append" as const), times: fc.integer({ min: 1, max: 2 * SLOTS }) }),
      fc.record({ do: fc.constant("join" as const), from: fc.constantFrom("oldest", "newest") }),
      fc.record({ do: fc.constant("read" as const), which: fc.nat(4), most: fc.integer({ min: 1, max: SLOTS }) }),
      fc.record({ do: fc.constant("succeed" as const) }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...HEADS), fc.array(anyStep, { maxLength: 60, size: "max" }), (head, steps) => {
        const ring = open(head);
        let { writer } = ring;
        // A ring that starts anywhere but at 0 was full once.
        append(writer, SLOTS);
        let written = SLOTS;
        const readers: { readonly real: EventRingReader<typeof EVENT.fields>; cursor: number; lost: number }[] = [];
        for (const step of steps) {
          if (step.do === "append") {
            append(writer, step.times);
            written += step.times;
          } else if (step.do === "succeed") {
            writer = new EventRingWriter(EVENT, ring.place);
          } else if (step.do === "join") {
            // After 2^32 events the head cannot tell how many there were: the oldest are then as good as gone.
            const known = (head + written) >>> 0;
            const cursor = step.from === "newest" ? written : written - Math.min(known, SLOTS);
            readers.push({ real: new EventRingReader(EVENT, ring.place, step.from), cursor, lost: 0 });
          } else {
            const reader = readers[step.which % Math.max(1, readers.length)];
            if (reader === undefined) continue;
            for (let i = 0; i < step.most; i++) {
              const missed = Math.max(0, written - SLOTS - reader.cursor);
              const event = reader.real.next();
              reader.cursor += missed;
              reader.lost += missed;
              expect(event?.id).toBe(reader.cursor < written ? (head + reader.cursor) | 0 : undefined);
              if (reader.cursor < written) reader.cursor++;
              expect(reader.real.lost).toBe(reader.lost);
            }
          }
        }
      }),
      { seed, numRuns: 300 },
    );
  });

  test.each([0, 1, 3, 6])("refuses %d slots", (slots) => {
    const place = { ...eventRingPlace(EVENT, SLOTS), slots };
    expect(() => new EventRingWriter(EVENT, place)).toThrow(`power of two of slots, at least two, not ${slots}`);
    expect(() => new EventRingReader(EVENT, place, "oldest")).toThrow("power of two");
  });
});

describe("an event ring whose writer died", () => {
  test.each([0, 3, SLOTS, 2 * SLOTS, 2 * SLOTS + 3])(
    "in the slot of event %d keeps the others, and invents none",
    (written) => {
      const { place, writer } = open();
      append(writer, written);
      dieInNextSlot(place);
      const kept = range(Math.max(0, written - SLOTS + 1), written);
      const overwritten = written < SLOTS ? 0 : 1;

      const before = new EventRingReader(EVENT, place, "oldest");
      expect(idsOf(before)).toEqual(kept);
      expect(before.lost).toBe(overwritten);

      const successor = new EventRingWriter(EVENT, place);
      const after = new EventRingReader(EVENT, place, "oldest");
      expect(idsOf(after)).toEqual(kept);
      expect(after.lost).toBe(overwritten);

      append(successor);
      for (const reader of [before, after]) {
        expect(idsOf(reader)).toEqual([written]);
        expect(reader.lost).toBe(overwritten);
      }
    },
  );

  test("between the slot and the head loses that event alone, which nobody was told of", () => {
    const { place, writer } = open();
    append(writer, SLOTS);
    const reader = new EventRingReader(EVENT, place, "oldest");
    append(writer);
    Atomics.sub(place.words, place.offset, 1);

    expect(idsOf(reader)).toEqual(range(1, SLOTS));
    expect(reader.lost).toBe(1);
    append(new EventRingWriter(EVENT, place));
    expect(idsOf(reader)).toEqual([SLOTS]);
    expect(idsOf(new EventRingReader(EVENT, place, "oldest"))).toEqual(range(1, SLOTS + 1));
  });

  test("in the middle of filling in an event leaves no trace of it", () => {
    const { place, writer } = open();
    const reader = new EventRingReader(EVENT, place, "newest");
    expect(() =>
      writer.append(() => {
        throw new Error("died");
      }),
    ).toThrow("died");
    expect(reader.next()).toBeUndefined();
    append(writer);
    expect(idsOf(reader)).toEqual([0]);
  });
});

test("an event ring between threads brings whole events in order, and accounts for all the others", async () => {
  const place = eventRingPlace(EVENT, 128, 2 ** 31 - 50_000);
  const order = { place, total: 100_000 };
  const reader = startWorker<EventOrder, EventCounts>("./event-ring-worker.ts", { ...order, job: "read" });
  while (Atomics.load(place.words, 0) === 0) await Bun.sleep(1);
  const writer = startWorker<EventOrder, EventCounts>("./event-ring-worker.ts", { ...order, job: "write" });
  await writer.answer;
  const { events, lost, wrong } = await reader.answer;
  await Promise.all([writer.kill(), reader.kill()]);
  console.log(`${events} events read, ${lost} lost, ${wrong} wrong`);
  expect(wrong).toBe(0);
  expect(events).toBeGreaterThan(10_000);
  expect(events + lost).toBe(order.total);
}, 20_000);
