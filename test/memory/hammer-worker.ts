// Writes or reads records flat out until it is told to stop; "plainly" is the same without a seqlock.
import { type Place, RecordReader, RecordWriter, recordWords } from "../../src/memory/record.ts";
import { fill, HAMMERED, type HammeredShape, isWhole, LONG, READY, STOP, TORN } from "./hammered-record.ts";
import { FRONT_WORDS } from "./places.ts";
import { answerWith } from "./test-worker.ts";

export interface HammerOrder {
  readonly job: "write" | "write plainly" | "read" | "read plainly";
  readonly shape: "short" | "long";
  /** How many records lie one after another. They are written in turn, as a worker of the program writes its several. */
  readonly records: number;
  readonly words: Int32Array;
  /** The first count to write. */
  readonly from: number;
}

export interface HammerCounts {
  /** Writes, or copies that were said to be whole. */
  readonly rounds: number;
  /** Copies that mix two writes. */
  readonly mixed: number;
  /** Copies older than the one before. */
  readonly backwards: number;
  readonly torn: number;
}

answerWith<HammerOrder, HammerCounts>((order) => {
  Atomics.add(order.words, READY, 1);
  switch (order.job) {
    case "write":
      return write(order);
    case "read":
      return read(order);
    case "write plainly":
      return writePlainly(order);
    case "read plainly":
      return readPlainly(order);
  }
});

function open<End>(
  { shape, records, words }: HammerOrder,
  end: (shape: HammeredShape, place: Place) => End,
): readonly End[] {
  const hammered = shape === "long" ? LONG : HAMMERED;
  return Array.from({ length: records }, (_, index) =>
    end(hammered, { words, offset: FRONT_WORDS + index * recordWords(hammered) }),
  );
}

function write(order: HammerOrder): HammerCounts {
  const { words, from } = order;
  const writers = open(order, (shape, place) => new RecordWriter(shape, place));
  let rounds = 0;
  for (let count = from; Atomics.load(words, STOP) === 0; count++) {
    for (const writer of writers) {
      fill(writer.value, count);
      writer.publish();
      rounds++;
    }
  }
  return { rounds, mixed: 0, backwards: 0, torn: 0 };
}

function read(order: HammerOrder): HammerCounts {
  const { words } = order;
  const ends = open(order, (shape, place) => ({ reader: new RecordReader(shape, place), newest: 0 }));
  let rounds = 0;
  let mixed = 0;
  let backwards = 0;
  while (Atomics.load(words, STOP) === 0) {
    for (const end of ends) {
      const freshness = end.reader.refresh();
      const { value } = end.reader;
      if (freshness === "torn") Atomics.add(words, TORN, 1);
      if (freshness !== "unchanged" && !isWhole(value)) mixed++;
      if (freshness !== "fresh") continue;
      rounds++;
      // A repaired record begins anew with the initial values.
      if (value.count < end.newest && value.count !== 0) backwards++;
      end.newest = value.count;
    }
  }
  return { rounds, mixed, backwards, torn: Atomics.load(words, TORN) };
}

function plainDoubles(words: Int32Array): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset + 4 * FRONT_WORDS, 16);
}

function writePlainly({ words, from }: HammerOrder): HammerCounts {
  const shared = plainDoubles(words);
  let count = from;
  while (Atomics.load(words, STOP) === 0) {
    for (let i = 0; i < shared.length; i++) shared[i] = count;
    count++;
  }
  return { rounds: count - from, mixed: 0, backwards: 0, torn: 0 };
}

/** Ends at the first mixture: it has shown what it is for. */
function readPlainly({ words }: HammerOrder): HammerCounts {
  const shared = plainDoubles(words);
  const copy = new Float64Array(shared.length);
  let rounds = 0;
  let mixed = 0;
  while (Atomics.load(words, STOP) === 0) {
    for (let i = 0; i < copy.length; i++) copy[i] = shared[i] ?? 0;
    rounds++;
    if (copy.some((double) => double !== copy[0])) {
      mixed++;
      Atomics.store(words, STOP, 1);
    }
  }
  return { rounds, mixed, backwards: 0, torn: 0 };
}
