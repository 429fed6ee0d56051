/**
 * PCM in shared memory: one writer, many readers, each with a cursor of its own.
 *
 * Samples are copied plainly; the write index, stored with Atomics behind them, publishes them. Indexes count samples
 * as i32 and wrap: differences are taken with `| 0`, and the ring's size is a power of two, so that they stay right.
 * A ring that goes on after a gap (device re-opened, unmuted) starts a new epoch: readers drop what is left of the old.
 */

/** Words before the samples: write index, epoch, the epoch's first index. A cache line of its own. */
export const AUDIO_RING_HEADER_WORDS = 16;
const WRITE = 0;
const EPOCH = 1;
const EPOCH_START = 2;

/** The largest block that one `write` takes, samples: what a reader must keep away from the write index. */
export const MAX_BLOCK_SAMPLES = 4096;

export interface AudioRingPlace {
  readonly words: Int32Array;
  /** First header word. */
  readonly offset: number;
  /** A power of two, at least four times MAX_BLOCK_SAMPLES. */
  readonly capacity: number;
}

export function audioRingWords(capacity: number): number {
  return AUDIO_RING_HEADER_WORDS + capacity / 2;
}

function samplesOf(place: AudioRingPlace): Int16Array {
  const { words, offset, capacity } = place;
  if ((capacity & (capacity - 1)) !== 0 || capacity < 4 * MAX_BLOCK_SAMPLES) {
    throw new RangeError(
      `an audio ring's capacity is a power of two of at least ${4 * MAX_BLOCK_SAMPLES}, not ${capacity}`,
    );
  }
  return new Int16Array(words.buffer, words.byteOffset + 4 * (offset + AUDIO_RING_HEADER_WORDS), capacity);
}

/** Only the stream's one writer (capture for stream 0) may own one. */
export class AudioRingWriter {
  readonly #words: Int32Array;
  readonly #header: number;
  readonly #samples: Int16Array;
  readonly #mask: number;

  constructor(place: AudioRingPlace) {
    this.#words = place.words;
    this.#header = place.offset;
    this.#samples = samplesOf(place);
    this.#mask = place.capacity - 1;
  }

  /** Index behind the newest sample; wraps at 2^32. */
  get written(): number {
    return Atomics.load(this.#words, this.#header + WRITE);
  }

  /** Says that what comes next does not continue what came before. */
  startEpoch(): void {
    Atomics.store(this.#words, this.#header + EPOCH_START, this.written);
    Atomics.add(this.#words, this.#header + EPOCH, 1);
  }

  /** Appends the first `length` samples of `pcm` and wakes waiting readers. Never waits; allocates nothing. */
  write(pcm: Int16Array, length: number): void {
    if (length > MAX_BLOCK_SAMPLES || length > pcm.length) {
      throw new RangeError(`a block of ${length} samples: at most ${Math.min(pcm.length, MAX_BLOCK_SAMPLES)} fit here`);
    }
    const written = this.written;
    const samples = this.#samples;
    const mask = this.#mask;
    // A loop, not set(subarray()): a view a block would be garbage, and at 320 samples it costs about the same.
    for (let i = 0; i < length; i++) samples[(written + i) & mask] = pcm[i] ?? 0;
    Atomics.store(this.#words, this.#header + WRITE, (written + length) | 0);
    Atomics.notify(this.#words, this.#header + WRITE);
  }

  /** Overwrites all samples with silence. Indexes stay: for when nobody is to read what is there any more. */
  erase(): void {
    this.#samples.fill(0);
  }
}

export type AudioRead =
  /** `into` is full. */
  | "block"
  /** Fewer samples than `into` holds have come so far. */
  | "wait"
  /** The cursor had to jump: a new epoch, or the writer lapped this reader. `lost` counts what a lap cost. */
  | "gap";

/** For any thread; each reader sees every sample unless it falls behind by the ring's length. */
export class AudioRingReader {
  readonly #words: Int32Array;
  readonly #header: number;
  readonly #samples: Int16Array;
  readonly #capacity: number;
  #cursor: number;
  #epoch: number;
  /** Samples that this reader missed because the writer lapped it. */
  lost = 0;

  /** @param from `oldest`: begins with a gap that leads to the epoch's first sample; `newest`: with what comes next */
  constructor(place: AudioRingPlace, from: "oldest" | "newest") {
    this.#words = place.words;
    this.#header = place.offset;
    this.#samples = samplesOf(place);
    this.#capacity = place.capacity;
    const epoch = Atomics.load(this.#words, this.#header + EPOCH);
    this.#epoch = from === "oldest" && epoch !== 0 ? (epoch - 1) | 0 : epoch;
    this.#cursor = this.written;
  }

  get written(): number {
    return Atomics.load(this.#words, this.#header + WRITE);
  }

  /** Index of the next sample this reader will get. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Samples written and not yet read. */
  get available(): number {
    return (this.written - this.#cursor) | 0;
  }

  /** Fills `into` whole or not at all. Never blocks; allocates nothing. */
  read(into: Int16Array): AudioRead {
    // In this order: if the epoch is still the known one, nothing before `written` belongs to a later one.
    const written = this.written;
    const epoch = Atomics.load(this.#words, this.#header + EPOCH);
    if (epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#cursor = Atomics.load(this.#words, this.#header + EPOCH_START);
      return "gap";
    }
    const cursor = this.#cursor;
    const available = (written - cursor) | 0;
    if (available < 0 || this.#isLapped(available)) return this.#jump(written);
    if (available < into.length) return "wait";
    const mask = this.#capacity - 1;
    for (let i = 0; i < into.length; i++) into[i] = this.#samples[(cursor + i) & mask] ?? 0;
    // The writer may have come round while the samples were copied.
    if (this.#isLapped(this.available)) return this.#jump(written);
    this.#cursor = (cursor + into.length) | 0;
    return "block";
  }

  /**
   * Copies the samples that end at `end`, an index of this ring, whatever the cursor. Of another epoch or not: they are
   * what was written.
   *
   * @returns whether all of them are still there
   */
  copyBefore(end: number, into: Int16Array): boolean {
    const begin = (end - into.length) | 0;
    if (((this.written - end) | 0) < 0 || this.#isLapped((this.written - begin) | 0)) return false;
    const mask = this.#capacity - 1;
    for (let i = 0; i < into.length; i++) into[i] = this.#samples[(begin + i) & mask] ?? 0;
    return !this.#isLapped((this.written - begin) | 0);
  }

  /** Goes back to `index`, an index of this ring, or as far as this epoch and what is left of it reach. Counts nothing as lost. */
  seek(index: number): void {
    const written = this.written;
    this.#epoch = Atomics.load(this.#words, this.#header + EPOCH);
    const start = Atomics.load(this.#words, this.#header + EPOCH_START);
    // Room for the block that is written now and for one more while these are read.
    const most = Math.min(this.#capacity - 2 * MAX_BLOCK_SAMPLES, (written - start) >>> 0);
    this.#cursor = (written - Math.min(Math.max(0, (written - index) | 0), most)) | 0;
  }

  /** Passes over samples that can be read, and counts them as lost. What comes next does not continue what was read. */
  skip(samples: number): void {
    if (samples > this.available)
      throw new RangeError(`${samples} samples to skip, and only ${this.available} are there`);
    this.#cursor = (this.#cursor + samples) | 0;
    this.lost += samples;
  }

  /** Blocks this thread until something is written, `timeoutMs` at most; not at all if `samples` can be read. May come back early. */
  waitFor(samples: number, timeoutMs: number): void {
    const written = this.written;
    if (((written - this.#cursor) | 0) < samples) Atomics.wait(this.#words, this.#header + WRITE, written, timeoutMs);
  }

  /** The block that is being written now may already have overwritten as much as it can hold. */
  #isLapped(available: number): boolean {
    return available > this.#capacity - MAX_BLOCK_SAMPLES;
  }

  /** @param written as it was before the epoch was looked at: later samples may belong to the next one */
  #jump(written: number): "gap" {
    this.lost += (written - this.#cursor) >>> 0;
    this.#cursor = written;
    return "gap";
  }
}
