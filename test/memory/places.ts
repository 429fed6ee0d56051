import { type EventFields, type EventRingPlace, eventRingWords } from "../../src/memory/event-ring.ts";
import type { Fields } from "../../src/memory/field.ts";
import { type Place, type RecordShape, recordWords } from "../../src/memory/record.ts";

/** Words before the place, for what a test's threads tell each other. */
export const FRONT_WORDS = 16;

/** A shared memory of its own for one record, or several one after another. */
export function recordPlace(shape: RecordShape<Fields>, records = 1): Place {
  const words = FRONT_WORDS + records * recordWords(shape);
  return { words: new Int32Array(new SharedArrayBuffer(4 * words)), offset: FRONT_WORDS };
}

/** A shared memory of its own for one event ring, whose head (its first word) may start anywhere. */
export function eventRingPlace(shape: RecordShape<EventFields>, slots: number, head = 0): EventRingPlace {
  const words = new Int32Array(new SharedArrayBuffer(4 * (FRONT_WORDS + eventRingWords(shape, slots))));
  words[FRONT_WORDS] = head;
  return { words, offset: FRONT_WORDS, slots };
}
