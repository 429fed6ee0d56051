import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type AudioRead, AudioRingReader, AudioRingWriter, MAX_BLOCK_SAMPLES } from "../../src/memory/audio-ring.ts";
import { fuzzSeed } from "./fuzz-seed.ts";
import { audioRingPlace, CAPACITY, canariesLive, sampleAt } from "./rings.ts";

/** Behind by more than this, a reader counts as lapped: the writer may be at work on what it would read. */
const MOST_BEHIND = CAPACITY - MAX_BLOCK_SAMPLES;
const STARTS = [0, 2 ** 31 - 5000, 2 ** 32 - 5000];

/** The ring as anybody would write it: one growing number for the index, one for the epoch. */
class PlainRing {
  written = 0;
  epoch = 0;
  epochStart = 0;

  constructor(readonly start: number) {}

  sample(index: number): number {
    return sampleAt(this.start + index, this.epoch);
  }
}

class PlainReader {
  cursor: number;
  epoch: number;
  lost = 0;

  constructor(
    readonly ring: PlainRing,
    from: "oldest" | "newest",
  ) {
    this.cursor = ring.written;
    this.epoch = from === "oldest" && ring.epoch > 0 ? -1 : ring.epoch;
  }

  read(length: number): { readonly read: AudioRead; readonly samples: readonly number[] } {
    const { written, epoch, epochStart } = this.ring;
    if (this.epoch !== epoch) {
      this.epoch = epoch;
      this.cursor = epochStart;
      return { read: "gap", samples: [] };
    }
    if (written - this.cursor > MOST_BEHIND) {
      this.lost += written - this.cursor;
      this.cursor = written;
      return { read: "gap", samples: [] };
    }
    if (written - this.cursor < length) return { read: "wait", samples: [] };
    const samples = Array.from({ length }, (_, i) => this.ring.sample(this.cursor + i));
    this.cursor += length;
    return { read: "block", samples };
  }
}

/** A ring beside its plain model. */
class Pair {
  readonly plain: PlainRing;
  readonly place;
  readonly writer: AudioRingWriter;
  readonly readers: { readonly real: AudioRingReader; readonly plain: PlainReader }[] = [];

  constructor(start: number) {
    this.plain = new PlainRing(start);
    this.place = audioRingPlace(start);
    this.writer = new AudioRingWriter(this.place);
  }

  write(length: number): void {
    const block = Int16Array.from({ length }, (_, i) => this.plain.sample(this.plain.written + i));
    this.writer.write(block, length);
    this.plain.written += length;
  }

  startEpoch(): void {
    this.writer.startEpoch();
    this.plain.epoch++;
    this.plain.epochStart = this.plain.written;
  }

  join(from: "oldest" | "newest"): void {
    this.readers.push({ real: new AudioRingReader(this.place, from), plain: new PlainReader(this.plain, from) });
  }

  read(which: number, length: number): void {
    const reader = this.readers[which % this.readers.length];
    if (reader === undefined) return;
    const into = new Int16Array(length);
    const { read, samples } = reader.plain.read(length);
    expect(reader.real.read(into)).toBe(read);
    if (read === "block") expect([...into]).toEqual([...samples]);
    this.compare();
  }

  compare(): void {
    for (const { real, plain } of this.readers) {
      expect(real.lost).toBe(plain.lost);
      expect(real.cursor).toBe((this.plain.start + plain.cursor) | 0);
      expect(real.available).toBe(this.plain.written - plain.cursor);
    }
  }
}

const anyLength = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: MAX_BLOCK_SAMPLES }));
const anyStep = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("write" as const), length: anyLength }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("read" as const), which: fc.nat(3), length: anyLength }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("join" as const), from: fc.constantFrom("oldest", "newest") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("startEpoch" as const) }) },
);

describe("an audio ring", () => {
  test("does what a plain list with growing indexes does, whatever is done to it, wherever its index starts", () => {
    const seed = fuzzSeed("audio ring");
    fc.assert(
      fc.property(
        fc.constantFrom(...STARTS),
        fc.array(anyStep, { minLength: 20, maxLength: 80, size: "max" }),
        fc.boolean(),
        (start, steps, epochFirst) => {
          const pair = new Pair(start);
          pair.join("newest");
          if (epochFirst) pair.startEpoch();
          for (const step of steps) {
            if (step.do === "write") pair.write(step.length);
            else if (step.do === "read") pair.read(step.which, step.length);
            else if (step.do === "join") pair.join(step.from);
            else pair.startEpoch();
          }
          pair.compare();
          expect(canariesLive(pair.place)).toBe(true);
        },
      ),
      { seed, numRuns: 150 },
    );
  });

  test.each(STARTS)("tells a reader that was lapped exactly what it missed, from index %d", (start) => {
    const pair = new Pair(start);
    pair.join("newest");
    for (let written = 0; written + 320 <= MOST_BEHIND; written += 320) pair.write(320);
    pair.read(0, 100);
    expect(pair.readers[0]?.real.lost).toBe(0);
    for (let block = 0; block < 3; block++) pair.write(MAX_BLOCK_SAMPLES);
    const { written } = pair.plain;
    pair.read(0, 100);
    expect(pair.readers[0]?.real.lost).toBe(written - 100);
    pair.write(100);
    pair.read(0, 100);
    expect(pair.readers[0]?.real.lost).toBe(written - 100);
  });

  test("still knows of a reader that stood still for over 2^31 samples", () => {
    const place = audioRingPlace();
    const reader = new AudioRingReader(place, "newest");
    Atomics.store(place.words, place.offset, 2 ** 31 + 1000);
    expect(reader.read(new Int16Array(10))).toBe("gap");
    expect(reader.lost).toBe(2 ** 31 + 1000);
  });

  test("leads a reader that comes late to the first sample of the epoch", () => {
    const pair = new Pair(0);
    pair.startEpoch();
    pair.write(500);
    pair.startEpoch();
    pair.write(700);
    pair.join("oldest");
    pair.read(0, 1);
    expect(pair.readers[0]?.real.available).toBe(700);
    pair.read(0, 700);
    expect(pair.readers[0]?.real.available).toBe(0);
  });

  test("drops what is left of an old epoch, without calling it lost", () => {
    const pair = new Pair(0);
    pair.startEpoch();
    pair.join("newest");
    pair.write(500);
    pair.read(0, 100);
    pair.startEpoch();
    pair.write(60);
    pair.read(0, 50);
    expect(pair.readers[0]?.real.available).toBe(60);
    pair.read(0, 60);
    expect(pair.readers[0]?.real.lost).toBe(0);
  });

  test("goes on where a writer that died left its index, over what it had begun to write", () => {
    const pair = new Pair(0);
    pair.join("newest");
    pair.write(100);
    // The dead writer's samples lie behind the index, which it did not live to store.
    const samples = new Int16Array(pair.place.words.buffer, 4 * (pair.place.offset + 16), CAPACITY);
    samples.fill(-1, 100, 420);
    pair.read(0, 100);
    pair.read(0, 1);
    const successor = new AudioRingWriter(pair.place);
    expect(successor.written).toBe(100);
    successor.startEpoch();
    successor.write(Int16Array.of(1, 2, 3), 3);
    const reader = pair.readers[0]?.real;
    const into = new Int16Array(3);
    expect(reader?.read(into)).toBe("gap");
    expect(reader?.read(into)).toBe("block");
    expect([...into]).toEqual([1, 2, 3]);
  });

  test("returns from waitFor() at once when enough is there, and after its time when nothing comes", () => {
    const pair = new Pair(2 ** 32 - 50);
    pair.join("newest");
    pair.write(100);
    const reader = pair.readers[0]?.real;
    reader?.waitFor(100, Number.POSITIVE_INFINITY);
    pair.read(0, 100);
    reader?.waitFor(1, 1);
    pair.read(0, 1);
  });

  test("refuses a block that is larger than its guard, or than its array", () => {
    const writer = new AudioRingWriter(audioRingPlace());
    const tooLong = new Int16Array(MAX_BLOCK_SAMPLES + 1);
    expect(() => writer.write(tooLong, tooLong.length)).toThrow("a block of 4097 samples: at most 4096 fit here");
    expect(() => writer.write(new Int16Array(10), 11)).toThrow("a block of 11 samples: at most 10 fit here");
    expect(writer.written).toBe(0);
  });

  test.each([0, 3 * MAX_BLOCK_SAMPLES, 5 * MAX_BLOCK_SAMPLES, 2 * MAX_BLOCK_SAMPLES])(
    "refuses a capacity of %d",
    (capacity) => {
      expect(() => new AudioRingWriter({ ...audioRingPlace(), capacity })).toThrow("power of two");
      expect(() => new AudioRingReader({ ...audioRingPlace(), capacity }, "newest")).toThrow("power of two");
    },
  );
});
