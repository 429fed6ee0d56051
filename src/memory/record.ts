/**
 * One record in shared memory: a seqlock with one writer and any number of readers.
 *
 * Word 0 is the sequence: even when the record is whole, odd while it is being written. Every payload word is stored and
 * loaded with Atomics too: plain payload reads are unsound on ARM, where they may pass the sequence word.
 * Writers never wait. A reader never writes.
 */
import type { Field, Fields, ValueOf } from "./field.ts";

export interface RecordShape<F extends Fields> {
  readonly name: string;
  /** The one thread that may write it. */
  readonly writer: string;
  readonly fields: F;
}

export function record<const F extends Fields>(name: string, writer: string, fields: F): RecordShape<F> {
  return { name, writer, fields };
}

/** Size of a record in 32-bit words, sequence word included, rounded up to a cache line so that writers do not share one. */
export function recordWords(shape: RecordShape<Fields>): number {
  let words = 1;
  for (const field of Object.values(shape.fields)) words += field.words;
  return Math.ceil(words / 16) * 16;
}

/** Where a record lives: 32-bit words of the shared memory, from `offset` on. */
export interface Place {
  readonly words: Int32Array;
  readonly offset: number;
}

interface Slot {
  readonly key: string;
  readonly field: Field<unknown>;
  readonly offset: number;
}

function slotsOf(shape: RecordShape<Fields>, place: Place): readonly Slot[] {
  let offset = place.offset + 1;
  return Object.entries(shape.fields).map(([key, field]) => {
    const slot = { key, field, offset };
    offset += field.words;
    return slot;
  });
}

export function initialValue<F extends Fields>(shape: RecordShape<F>): ValueOf<F> {
  return Object.fromEntries(Object.entries(shape.fields).map(([key, field]) => [key, field.initial()])) as ValueOf<F>;
}

/** Turns doubles into words and back without allocating. */
class Codec {
  readonly #doubles = new Float64Array(1);
  readonly #halves = new Int32Array(this.#doubles.buffer);
  readonly #encoder = new TextEncoder();
  /** Without ignoreBOM a text that begins with U+FEFF would come back without it. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #bytes = new Uint8Array(0);
  #byteWords = new Int32Array(0);

  storeDouble(words: Int32Array, at: number, value: number): void {
    this.#doubles[0] = value;
    Atomics.store(words, at, this.#halves[0] ?? 0);
    Atomics.store(words, at + 1, this.#halves[1] ?? 0);
  }

  loadDouble(words: Int32Array, at: number): number {
    this.#halves[0] = Atomics.load(words, at);
    this.#halves[1] = Atomics.load(words, at + 1);
    return this.#doubles[0] ?? 0;
  }

  storeText(words: Int32Array, at: number, fieldWords: number, value: string): void {
    this.#reserve(fieldWords);
    const { written } = this.#encoder.encodeInto(value, this.#bytes.subarray(0, (fieldWords - 1) * 4));
    Atomics.store(words, at, written);
    for (let word = 0; word < Math.ceil(written / 4); word++) {
      Atomics.store(words, at + 1 + word, this.#byteWords[word] ?? 0);
    }
  }

  /** While a writer is at work the length may be anything: it is bounded here, and the sequence word tells the rest. */
  loadText(words: Int32Array, at: number, fieldWords: number): string {
    this.#reserve(fieldWords);
    const length = Math.min(Math.max(0, Atomics.load(words, at)), (fieldWords - 1) * 4);
    for (let word = 0; word < Math.ceil(length / 4); word++) this.#byteWords[word] = Atomics.load(words, at + 1 + word);
    return this.#decoder.decode(this.#bytes.subarray(0, length));
  }

  #reserve(fieldWords: number): void {
    if (this.#bytes.length >= fieldWords * 4) return;
    this.#bytes = new Uint8Array(fieldWords * 4);
    this.#byteWords = new Int32Array(this.#bytes.buffer);
  }
}

function loadSlot(codec: Codec, words: Int32Array, slot: Slot, into: Record<string, unknown>): void {
  const { key, field, offset } = slot;
  switch (field.kind) {
    case "f64":
      into[key] = codec.loadDouble(words, offset);
      return;
    case "i32":
      into[key] = Atomics.load(words, offset);
      return;
    case "bool":
      into[key] = Atomics.load(words, offset) !== 0;
      return;
    case "choice":
      into[key] = field.names?.[Atomics.load(words, offset)] ?? field.names?.[0];
      return;
    case "text":
      into[key] = codec.loadText(words, offset, field.words);
      return;
    case "f64s": {
      const values = into[key] as Float64Array;
      for (let i = 0; i < values.length; i++) values[i] = codec.loadDouble(words, offset + 2 * i);
    }
  }
}

function storeSlot(codec: Codec, words: Int32Array, slot: Slot, from: Record<string, unknown>): void {
  const { key, field, offset } = slot;
  const value = from[key];
  switch (field.kind) {
    case "f64":
      codec.storeDouble(words, offset, value as number);
      return;
    case "i32":
      Atomics.store(words, offset, value as number);
      return;
    case "bool":
      Atomics.store(words, offset, value === true ? 1 : 0);
      return;
    case "choice":
      Atomics.store(words, offset, field.names?.indexOf(value as string) ?? 0);
      return;
    case "text":
      codec.storeText(words, offset, field.words, value as string);
      return;
    case "f64s": {
      const values = value as Float64Array;
      for (let i = 0; i < values.length; i++) codec.storeDouble(words, offset + 2 * i, values[i] ?? 0);
    }
  }
}

/**
 * The writing end. Change `value`, then `publish()`. Only the thread that the shape names may own one.
 *
 * A new owner goes on from what stands there. If its predecessor died in the middle of a write (odd sequence), the
 * payload cannot be trusted: it is replaced by the initial values and the record is made whole again.
 */
export class RecordWriter<F extends Fields> {
  readonly value: ValueOf<F>;
  readonly #words: Int32Array;
  readonly #sequenceAt: number;
  readonly #slots: readonly Slot[];
  readonly #codec = new Codec();

  constructor(shape: RecordShape<F>, place: Place) {
    this.#words = place.words;
    this.#sequenceAt = place.offset;
    this.#slots = slotsOf(shape, place);
    this.value = initialValue(shape);
    const sequence = Atomics.load(this.#words, this.#sequenceAt);
    if ((sequence & 1) === 1) this.publish();
    else if (sequence !== 0) {
      for (const slot of this.#slots) loadSlot(this.#codec, this.#words, slot, this.value);
    }
  }

  /** Makes `value` visible to all readers and wakes those in `waitForChange`. Allocates nothing but for text fields. */
  publish(): void {
    const writing = Atomics.load(this.#words, this.#sequenceAt) | 1;
    Atomics.store(this.#words, this.#sequenceAt, writing);
    for (const slot of this.#slots) storeSlot(this.#codec, this.#words, slot, this.value);
    // It wraps, and 0 stays what it means: nobody wrote here yet.
    Atomics.store(this.#words, this.#sequenceAt, (writing + 1) | 0 || 2);
    Atomics.notify(this.#words, this.#sequenceAt);
  }
}

/** A few microseconds of trying again: longer than a write takes, unless its thread was put to sleep in the middle. */
const SPINS = 200;
/** Then the reader sleeps this often, a millisecond each, and gives up: the writer is dead or starved. */
const NAPS = 3;

export type Freshness = "fresh" | "unchanged" | "torn";

/** The reading end, for any thread. `value` is this reader's own copy. */
export class RecordReader<F extends Fields> {
  readonly #words: Int32Array;
  readonly #sequenceAt: number;
  readonly #slots: readonly Slot[];
  readonly #codec = new Codec();
  #value: ValueOf<F>;
  #spare: ValueOf<F>;
  #seen = 0;

  constructor(shape: RecordShape<F>, place: Place) {
    this.#words = place.words;
    this.#sequenceAt = place.offset;
    this.#slots = slotsOf(shape, place);
    this.#value = initialValue(shape);
    this.#spare = initialValue(shape);
  }

  /** The newest whole copy that `refresh()` got. It is overwritten two refreshes later: copy what must stay. */
  get value(): Readonly<ValueOf<F>> {
    return this.#value;
  }

  /**
   * Takes over what the writer published last.
   *
   * @returns `fresh`; `unchanged` when nothing was published since; `torn` when no copy came out whole: the writer stayed
   *   in the middle of a write for 3 ms, or began a new one during each of 800 copies (`value` keeps the last whole one)
   */
  refresh(): Freshness {
    for (let nap = 0; nap <= NAPS; nap++) {
      for (let spin = 0; spin < SPINS; spin++) {
        const before = Atomics.load(this.#words, this.#sequenceAt);
        if (before === this.#seen) return "unchanged";
        if ((before & 1) === 1) continue;
        for (const slot of this.#slots) loadSlot(this.#codec, this.#words, slot, this.#spare);
        if (Atomics.load(this.#words, this.#sequenceAt) !== before) continue;
        const whole = this.#spare;
        this.#spare = this.#value;
        this.#value = whole;
        this.#seen = before;
        return "fresh";
      }
      const now = Atomics.load(this.#words, this.#sequenceAt);
      // Even: it is whole again, and sleeping on it would wait for the next write instead of this one's end.
      if (nap < NAPS && (now & 1) === 1) Atomics.wait(this.#words, this.#sequenceAt, now, 1);
    }
    return "torn";
  }

  /** `refresh()`, then the value: for readers that do not care whether it is new. */
  read(): Readonly<ValueOf<F>> {
    this.refresh();
    return this.#value;
  }

  /**
   * Blocks this thread until the writer publishes something that `refresh()` has not seen, `timeoutMs` at most.
   * It may come back early: when a write has begun (`refresh()` then waits for its end), or woken by the one before.
   */
  waitForChange(timeoutMs: number): void {
    const now = Atomics.load(this.#words, this.#sequenceAt);
    if (now === this.#seen || (now & 1) === 1) Atomics.wait(this.#words, this.#sequenceAt, now, timeoutMs);
  }
}
