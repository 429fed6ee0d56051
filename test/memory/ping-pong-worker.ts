// Waits until something is written at one place and answers at the other, without an event loop.
import { type AudioRingPlace, AudioRingReader, AudioRingWriter } from "../../src/memory/audio-ring.ts";
import { Doorbell } from "../../src/memory/doorbell.ts";
import { RecordReader, RecordWriter } from "../../src/memory/record.ts";
import { HAMMERED } from "./hammered-record.ts";
import { answerWith } from "./test-worker.ts";

export interface PingPongOrder {
  readonly kind: "bell" | "record" | "ring";
  readonly hear: AudioRingPlace;
  readonly tell: AudioRingPlace;
  readonly times: number;
  /** One of two begins. */
  readonly begins: boolean;
}

/** Word in front of each place: its listener is there. A ring's reader must be before the first sample. */
const JOINED = 0;
/** Longer than a test may take: one missed wake fails it. */
const LIMIT_MS = 60_000;

answerWith<PingPongOrder, number>((order) => {
  const { hear, tell } = ends(order);
  Atomics.store(order.hear.words, JOINED, 1);
  Atomics.notify(order.hear.words, JOINED);
  Atomics.wait(order.tell.words, JOINED, 0, LIMIT_MS);
  if (order.begins) tell(1);
  for (let round = 1; round <= order.times; round++) {
    hear(round);
    if (!order.begins || round < order.times) tell(order.begins ? round + 1 : round);
  }
  return order.times;
});

/** `hear` returns when the given round is there, `tell` makes one be there. */
function ends({ kind, hear, tell }: PingPongOrder): {
  readonly hear: (round: number) => void;
  readonly tell: (round: number) => void;
} {
  switch (kind) {
    case "bell": {
      const heard = new Doorbell(hear.words, hear.offset);
      const told = new Doorbell(tell.words, tell.offset);
      return {
        hear: (round) => {
          while (heard.rings < round) heard.wait(round - 1, LIMIT_MS);
        },
        tell: () => told.ring(),
      };
    }
    case "record": {
      const reader = new RecordReader(HAMMERED, hear);
      const writer = new RecordWriter(HAMMERED, tell);
      return {
        hear: (round) => {
          while (reader.read().count < round) reader.waitForChange(LIMIT_MS);
        },
        tell: (round) => {
          writer.value.count = round;
          writer.publish();
        },
      };
    }
    case "ring": {
      const reader = new AudioRingReader(hear, "newest");
      const start = reader.cursor;
      const writer = new AudioRingWriter(tell);
      const sample = new Int16Array(1);
      return {
        hear: (round) => {
          while (reader.read(sample) !== "block") reader.waitFor(1, LIMIT_MS);
          if (((reader.cursor - start) | 0) !== round) throw new Error(`sample ${reader.cursor} in round ${round}`);
        },
        tell: () => writer.write(sample, 1),
      };
    }
  }
}
