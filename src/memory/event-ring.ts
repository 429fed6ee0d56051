/**
 * Events in shared memory: one writer, many readers, each with a cursor of its own. A slot is a record; the head counts
 * events and is stored behind the slot. A reader that is lapped is told how many events it lost.
 */
import type { Field, Fields, ValueOf } from "./field.ts";
import { type Place, RecordReader, type RecordShape, RecordWriter, recordWords } from "./record.ts";

/** Every event carries its number, by which a reader notices that a slot was overwritten under it. */
export type EventFields = Fields & { readonly id: Field<number> };

/** Words before the slots: the head, on a cache line of its own. */
const HEADER_WORDS = 16;

export interface EventRingPlace extends Place {
  /** A power of two. */
  readonly slots: number;
}

export function eventRingWords(shape: RecordShape<Fields>, slots: number): number {
  return HEADER_WORDS + slots * recordWords(shape);
}

/** Calls `open` for every slot. */
function openSlots<F extends EventFields, Slot>(
  shape: RecordShape<F>,
  { words, offset, slots }: EventRingPlace,
  open: (shape: RecordShape<F>, place: Place) => Slot,
): readonly Slot[] {
  if (slots < 2 || (slots & (slots - 1)) !== 0) {
    throw new RangeError(`an event ring has a power of two of slots, at least two, not ${slots}`);
  }
  const size = recordWords(shape);
  return Array.from({ length: slots }, (_, slot) => {
    // What a slot holds before anybody wrote, or after its writer died in it, has a number that can never stand there:
    // an initial 0 would pass for event 0.
    const id = { ...shape.fields.id, initial: () => slot + 1 };
    return open({ ...shape, fields: { ...shape.fields, id } }, { words, offset: offset + HEADER_WORDS + slot * size });
  });
}

/**
 * Only the thread that the shape names may own one. A new owner goes on where its predecessor stopped: an event whose
 * writer died before the head counted it never happened.
 */
export class EventRingWriter<F extends EventFields> {
  readonly #words: Int32Array;
  readonly #headAt: number;
  readonly #slots: readonly RecordWriter<F>[];

  constructor(shape: RecordShape<F>, place: EventRingPlace) {
    this.#words = place.words;
    this.#headAt = place.offset;
    this.#slots = openSlots(shape, place, (slot, at) => new RecordWriter(slot, at));
  }

  /** Appends one event; `fill` sets the fields of the slot, which still holds an old event's. @returns its number */
  append(fill: (event: ValueOf<F>) => void): number {
    const head = Atomics.load(this.#words, this.#headAt);
    const slot = this.#slots[head & (this.#slots.length - 1)];
    if (slot === undefined) throw new RangeError("an event ring without slots");
    fill(slot.value);
    (slot.value as { id: number }).id = head;
    slot.publish();
    Atomics.store(this.#words, this.#headAt, (head + 1) | 0);
    Atomics.notify(this.#words, this.#headAt);
    return head;
  }
}

/** For any thread. */
export class EventRingReader<F extends EventFields> {
  readonly #words: Int32Array;
  readonly #headAt: number;
  readonly #slots: readonly RecordReader<F>[];
  #cursor: number;
  /** Events that this reader missed because the writer lapped it, or that their writer died in. */
  lost = 0;

  /** @param from `oldest`: everything that is still there comes first; `newest`: only what comes from now on */
  constructor(shape: RecordShape<F>, place: EventRingPlace, from: "oldest" | "newest") {
    this.#words = place.words;
    this.#headAt = place.offset;
    this.#slots = openSlots(shape, place, (slot, at) => new RecordReader(slot, at));
    const head = Atomics.load(this.#words, this.#headAt);
    // The head wraps as an i32; read as unsigned it tells how many events there were, up to 2^32.
    this.#cursor = from === "newest" ? head : (head - Math.min(head >>> 0, this.#slots.length)) | 0;
  }

  /** The next event, or undefined when there is none yet. The object is reused: copy what must stay. */
  next(): Readonly<ValueOf<F>> | undefined {
    for (;;) {
      const behind = (Atomics.load(this.#words, this.#headAt) - this.#cursor) | 0;
      if (behind <= 0) return undefined;
      if (behind > this.#slots.length) {
        this.lost += behind - this.#slots.length;
        this.#cursor = (this.#cursor + behind - this.#slots.length) | 0;
      }
      const slot = this.#slots[this.#cursor & (this.#slots.length - 1)];
      const event = slot?.read() as (ValueOf<F> & { readonly id: number }) | undefined;
      const expected = this.#cursor;
      this.#cursor = (this.#cursor + 1) | 0;
      // Another number: overwritten while it was read, or its writer died in the middle of it.
      if (event !== undefined && event.id === expected) return event;
      this.lost++;
    }
  }
}
