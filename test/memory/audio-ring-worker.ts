// Writes to or reads from an audio ring as fast as it can, in blocks of random sizes, and checks every sample.
import {
  type AudioRingPlace,
  AudioRingReader,
  AudioRingWriter,
  MAX_BLOCK_SAMPLES,
} from "../../src/memory/audio-ring.ts";
import { seededRandom } from "../support/clips.ts";
import { CAPACITY, DONE, PROGRESS, sampleAt } from "./rings.ts";
import { answerWith } from "./test-worker.ts";

export interface RingOrder {
  readonly job: "write" | "read";
  readonly place: AudioRingPlace;
  readonly seed: number;
  /** Samples to write in all. */
  readonly total: number;
  /** The writer does not lap this many readers, of those that count in PROGRESS. */
  readonly waitsFor: number;
  /** A new epoch before about every so many blocks; 0: never. */
  readonly blocksPerEpoch: number;
  /** This reader's place in PROGRESS. */
  readonly which: number;
  /** This reader sleeps a few milliseconds after about every so many blocks; 0: never. */
  readonly blocksPerNap: number;
}

export interface RingCounts {
  readonly samples: number;
  readonly lost: number;
  readonly gaps: number;
  /** Samples that are not what was written at their index. */
  readonly wrong: number;
  /** Blocks that go on from one epoch into the next. */
  readonly mixed: number;
}

answerWith<RingOrder, RingCounts>((order) => (order.job === "write" ? write(order) : read(order)));

function write({ place, seed, total, waitsFor, blocksPerEpoch }: RingOrder): RingCounts {
  const { words } = place;
  const random = seededRandom(seed);
  const ring = new AudioRingWriter(place);
  const block = new Int16Array(MAX_BLOCK_SAMPLES);
  let epoch = 0;
  let samples = 0;
  while (samples < total) {
    const length = Math.min(1 + Math.floor(random() * MAX_BLOCK_SAMPLES), total - samples);
    if (random() * blocksPerEpoch > blocksPerEpoch - 1 && blocksPerEpoch > 0) {
      ring.startEpoch();
      epoch++;
    }
    for (let i = 0; i < length; i++) block[i] = sampleAt(ring.written + i, epoch);
    for (let reader = 0; reader < waitsFor; reader++) {
      for (;;) {
        const progress = Atomics.load(words, PROGRESS + reader);
        if (samples + length - progress <= CAPACITY - MAX_BLOCK_SAMPLES) break;
        Atomics.wait(words, PROGRESS + reader, progress, 10);
      }
    }
    ring.write(block, length);
    samples += length;
  }
  Atomics.store(words, DONE, 1);
  return { samples, lost: 0, gaps: 0, wrong: 0, mixed: 0 };
}

function read({ place, seed, which, blocksPerNap }: RingOrder): RingCounts {
  const { words } = place;
  const random = seededRandom(seed);
  const ring = new AudioRingReader(place, "newest");
  const counts = { samples: 0, gaps: 0, wrong: 0, mixed: 0 };
  const into = new Int16Array(MAX_BLOCK_SAMPLES);
  // The writer starts when all readers have joined.
  Atomics.store(words, PROGRESS + which, 0);
  Atomics.add(words, DONE, -1);
  for (;;) {
    const done = Atomics.load(words, DONE) === 1;
    const length = 1 + Math.floor(random() * MAX_BLOCK_SAMPLES);
    // Nothing comes any more: the rest is taken as it is.
    const wanted = done ? Math.min(length, Math.max(1, ring.available)) : length;
    const block = into.subarray(0, wanted);
    const { cursor } = ring;
    const result = ring.read(block);
    if (result === "block") check(block, cursor, counts);
    else if (result === "gap") counts.gaps++;
    else if (done) return { ...counts, lost: ring.lost };
    else ring.waitFor(length, 1);
    Atomics.store(words, PROGRESS + which, counts.samples);
    Atomics.notify(words, PROGRESS + which);
    if (blocksPerNap > 0 && random() * blocksPerNap < 1) Atomics.wait(words, 15, 0, 3);
  }
}

function check(block: Int16Array, cursor: number, counts: { samples: number; wrong: number; mixed: number }): void {
  const epoch = (block[0] ?? 0) & 3;
  let mixed = false;
  for (let i = 0; i < block.length; i++) {
    const sample = block[i] ?? 0;
    if (sample >> 2 !== sampleAt(cursor + i, 0) >> 2) counts.wrong++;
    if ((sample & 3) !== epoch) mixed = true;
  }
  if (mixed) counts.mixed++;
  counts.samples += block.length;
}
