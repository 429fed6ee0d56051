// What a reader gets when its writer acts between any two of the reader's loads.
import { describe, expect, test } from "bun:test";
import { AudioRingReader, AudioRingWriter, MAX_BLOCK_SAMPLES } from "../../src/memory/audio-ring.ts";
import { EventRingReader, EventRingWriter } from "../../src/memory/event-ring.ts";
import { i32 } from "../../src/memory/field.ts";
import { RecordReader, RecordWriter, record } from "../../src/memory/record.ts";
import { fill, HAMMERED, isWhole } from "./hammered-record.ts";
import { interleaved } from "./interleaved.ts";
import { eventRingPlace, recordPlace } from "./places.ts";
import { audioRingPlace, CAPACITY, sampleAt } from "./rings.ts";

const MOST_BEHIND = CAPACITY - MAX_BLOCK_SAMPLES;

/** Calls `attempt` for the moment before the first load, before the second and so on, until there are no more. */
function atEveryLoad<Result>(attempt: (n: number) => Result | undefined): readonly Result[] {
  const results: Result[] = [];
  for (;;) {
    const result = attempt(results.length + 1);
    if (result === undefined) return results;
    results.push(result);
  }
}

describe("a record that is written between any two loads of its reader", () => {
  test.each([1, 2, 3])("comes whole, the old one or the new one, when it is written %d times", (times) => {
    const seen = atEveryLoad((n) => {
      const place = recordPlace(HAMMERED);
      const writer = new RecordWriter(HAMMERED, place);
      const reader = new RecordReader(HAMMERED, place);
      const write = (count: number) => {
        fill(writer.value, count);
        writer.publish();
      };
      write(1);
      const freshness = interleaved(
        n,
        () => {
          for (let count = 2; count < 2 + times; count++) write(count);
        },
        () => reader.refresh(),
      );
      if (freshness === undefined) return undefined;
      expect(freshness).toBe("fresh");
      expect(isWhole(reader.value)).toBe(true);
      return reader.value.count;
    });
    // Two loads of the sequence and one of each word between them. Whatever came in between was copied again.
    expect(seen).toEqual(Array(seen.length).fill(1 + times));
    expect(seen.length).toBeGreaterThan(2 * 16);
  });
});

describe("an audio ring that is written between any two loads of its reader", () => {
  function open() {
    const place = audioRingPlace();
    const writer = new AudioRingWriter(place);
    const reader = new AudioRingReader(place, "newest");
    const write = (epoch: number, length: number) => {
      writer.write(
        Int16Array.from({ length }, (_, i) => sampleAt(writer.written + i, epoch)),
        length,
      );
    };
    return { writer, reader, write };
  }

  test("gives no block that goes on from one epoch into the next", () => {
    const results = atEveryLoad((n) => {
      const { writer, reader, write } = open();
      write(0, 100);
      const into = new Int16Array(200);
      const startAnew = () => {
        writer.startEpoch();
        write(1, 500);
      };
      const result = interleaved(n, startAnew, () => reader.read(into));
      if (result === undefined) return undefined;
      const rest = [];
      for (let read = reader.read(into); read !== "wait"; read = reader.read(into)) rest.push(read);
      return [result, ...rest].join(" ");
    });
    expect(results.length).toBeGreaterThan(1);
    for (const result of results) expect(["gap block block", "wait gap block block"]).toContain(result);
  });

  test("accounts for every sample when it is lapped and a new epoch begins", () => {
    const results = atEveryLoad((n) => {
      const { writer, reader, write } = open();
      write(0, 300);
      const into = new Int16Array(100);
      const lap = () => {
        for (let block = 0; block < 4; block++) write(0, MAX_BLOCK_SAMPLES);
        writer.startEpoch();
        write(1, 200);
      };
      const first = interleaved(n, lap, () => reader.read(into));
      if (first === undefined) return undefined;
      let samples = first === "block" ? 100 : 0;
      for (let read = reader.read(into); read !== "wait"; read = reader.read(into))
        if (read === "block") samples += 100;
      return { samples, lost: reader.lost };
    });
    // What is left of the old epoch is dropped and not called lost; the new epoch's 200 samples come in any case.
    for (const { samples, lost } of results) {
      expect([200, 300]).toContain(samples);
      expect(lost).toBeLessThanOrEqual(300);
    }
  });

  test("gives only samples of their own index when the writer comes round while they are copied", () => {
    const outcomes = [0, 1, 50, 99].map((copied) => {
      const { reader, write } = open();
      for (let written = 0; written < MOST_BEHIND; written += MAX_BLOCK_SAMPLES) write(0, MAX_BLOCK_SAMPLES);
      const into = new Int16Array(100);
      const watched = new Proxy(into, {
        set: (target, key, value) => {
          // Twice the guard: the second block lies on the samples that are being copied.
          if (Number(key) === copied) for (let block = 0; block < 2; block++) write(0, MAX_BLOCK_SAMPLES);
          return Reflect.set(target, key, value);
        },
        get: (target, key) => Reflect.get(target, key),
      });
      const read = reader.read(watched);
      return { read, lost: reader.lost };
    });
    // What was written when the read began is given up, no more: the rest is told of by the next read.
    expect(outcomes).toEqual(Array(4).fill({ read: "gap", lost: MOST_BEHIND }));
  });

  test("gives samples that the block being written cannot reach", () => {
    const { reader, write } = open();
    for (let written = 0; written < MOST_BEHIND; written += MAX_BLOCK_SAMPLES) write(0, MAX_BLOCK_SAMPLES);
    const into = new Int16Array(100);
    expect(reader.read(into)).toBe("block");
    expect([...into]).toEqual(Array.from(into, (_, i) => sampleAt(i, 0)));
  });
});

describe("an event ring that is written between any two loads of its reader", () => {
  const EVENT = record("event", "the test", { id: i32("counts from 0"), twice: i32("twice the id") });

  test.each([1, 4, 5, 9])("brings events in order and counts the lost when %d come at once", (times) => {
    const moments = atEveryLoad((n) => {
      const place = eventRingPlace(EVENT, 4);
      const writer = new EventRingWriter(EVENT, place);
      const reader = new EventRingReader(EVENT, place, "newest");
      let events = 0;
      const append = (count: number) => {
        for (let i = 0; i < count; i++) {
          writer.append((event) => {
            event.twice = 2 * events;
          });
          events++;
        }
      };
      append(3);
      const ids: number[] = [];
      const take = () => {
        for (let event = reader.next(); event !== undefined; event = reader.next()) {
          expect(event.twice).toBe(2 * event.id);
          ids.push(event.id);
        }
        return true;
      };
      if (interleaved(n, () => append(times), take) === undefined) return undefined;
      take();
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      expect(ids.length + reader.lost).toBe(events);
      expect(ids.at(-1)).toBe(events - 1);
      return true;
    });
    expect(moments.length).toBeGreaterThan(3);
  });
});
