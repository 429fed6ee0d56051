/**
 * Sound from elsewhere: gives each sender a stream of the shared memory, measures it, and takes the stream back. Runs in
 * the web worker, the one writer of streams 1..N. Knows nothing of sockets; time is handed in.
 */
import { LevelMeter } from "../audio/levels.ts";
import { LoudestOf } from "../audio/loudest-of.ts";
import type { AudioRingWriter } from "../memory/audio-ring.ts";
import { type LEVEL, SAMPLE_RATE, type STREAM } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import { RingEraser } from "../memory/ring-eraser.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";

const BLOCK_SAMPLES = SAMPLE_RATE / 50;
const HOP_SAMPLES = 4 * BLOCK_SAMPLES;
/** What a network may hold back and then bring at once; sound that comes faster than it is heard is a file. */
const BURST_MS = 4000;
/** A sender says of its sound at most that it is so old: it may be wrong, and what is older counts as silent. */
const MOST_LATE_MS = 900;
/** A sender's clock may be this much faster than ours. */
const DRIFT = 1.02;

export interface RemoteStreamsOptions {
  readonly memory: SharedMemory;
  readonly monotonicMs: () => number;
  /** While muted no sample enters the rings. */
  readonly muted: () => boolean;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** Why nobody may send, or may not go on. */
export type StreamEnd =
  | { readonly code: "streams_full" | "too_many_relays"; readonly most: number }
  /** The hub's own microphone is called so. */
  | { readonly code: "name_of_hub" }
  /** Somebody else sends under the same name now. */
  | { readonly code: "replaced" }
  | { readonly code: "faster_than_heard" };

/** The end that a sender's adapter holds. */
export interface RemoteStream {
  readonly stream: number;
  /**
   * Takes sound as it comes: 16-bit little-endian samples, 16 kHz, mono, cut anywhere.
   *
   * @param heardToMs when the last of it was heard, hub clock; without it, now. What a network held back is dated by it
   * @returns why no more is taken, if so: the stream is closed then
   */
  push(bytes: Uint8Array, heardToMs?: number): StreamEnd | undefined;
  /** Gives the stream back; again does nothing. */
  close(): void;
  /** Resolves when no more is taken from its sender; never when it closes the stream itself. */
  readonly ended: Promise<StreamEnd>;
  /** Takes no more, and closes the stream: somebody else has its place. */
  end(why: StreamEnd): void;
}

interface Slot {
  readonly stream: number;
  readonly record: RecordWriter<typeof STREAM.fields>;
  readonly level: RecordWriter<typeof LEVEL.fields>;
  readonly ring: AudioRingWriter;
  readonly eraser: RingEraser;
  sender: Sender | undefined;
}

export class RemoteStreams {
  readonly #options: RemoteStreamsOptions;
  readonly #table;
  readonly #slots: readonly Slot[];

  constructor(options: RemoteStreamsOptions) {
    this.#options = options;
    const { memory } = options;
    this.#table = memory.streamTable.writer();
    this.#slots = Array.from({ length: memory.size.streams - 1 }, (_, index) => {
      const ring = memory.audioWriter(index + 1);
      return {
        stream: index + 1,
        record: memory.stream(index + 1).writer(),
        level: memory.level(index + 1).writer(),
        ring,
        eraser: new RingEraser(ring),
        sender: undefined,
      };
    });
    // Those who sent to a predecessor are gone with it.
    for (const slot of this.#slots) {
      if (!slot.record.value.open) continue;
      slot.eraser.wrote(options.monotonicMs());
      this.#free(slot);
    }
  }

  /** The newest sender of a name wins: the old one may be a connection that died unnoticed. */
  open(name: string, address: string): RemoteStream | StreamEnd {
    const before = this.#slots.find(({ sender, record }) => sender !== undefined && record.value.name === name);
    if (before !== undefined) {
      before.sender?.cutOff({ code: "replaced" });
      this.#free(before);
    }
    const slot = before ?? this.#slots.find(({ sender }) => sender === undefined);
    if (slot === undefined) return { code: "streams_full", most: this.#slots.length };
    const { monotonicMs, muted, memory, log } = this.#options;
    const sinceMs = monotonicMs();
    const sender = new Sender(slot, {
      monotonicMs,
      muted,
      heard: () => memory.inferenceBell.ring(),
      close: () => {
        if (slot.sender !== sender) return;
        sender.fillHop();
        this.#free(slot);
      },
    });
    slot.sender = sender;
    Object.assign(slot.level.value, { rms: 0, peak: 0, noiseFloor: 0, band: 0, loudest: 0, samples: 0, atMs: 0 });
    slot.level.publish();
    slot.ring.startEpoch();
    Object.assign(slot.record.value, { name, address, open: true, sinceMs });
    slot.record.publish();
    this.#tell();
    log.info("stream opened", { stream: slot.stream, source: name, address });
    return sender;
  }

  /** Now and then. */
  look(): void {
    const { monotonicMs, muted } = this.#options;
    const nowMs = monotonicMs();
    for (const { eraser, sender } of this.#slots) eraser.look(nowMs, sender !== undefined && muted());
  }

  #free(slot: Slot): void {
    const { name } = slot.record.value;
    slot.sender = undefined;
    // The level stays: inference may still be hearing the end, and dates it by it.
    slot.record.value.open = false;
    slot.record.publish();
    this.#tell();
    this.#options.log.info("stream closed", { stream: slot.stream, source: name });
  }

  #tell(): void {
    this.#table.value.generation++;
    this.#table.publish();
    this.#options.memory.inferenceBell.ring();
    this.#options.memory.webBell.ring();
  }
}

interface SenderOptions {
  readonly monotonicMs: () => number;
  readonly muted: () => boolean;
  readonly heard: () => void;
  readonly close: () => void;
}

class Sender implements RemoteStream {
  readonly stream: number;
  readonly #slot: Slot;
  readonly #options: SenderOptions;
  readonly #meter = new LevelMeter();
  readonly #loudest = new LoudestOf(1500 / 20);
  readonly #block = new Int16Array(BLOCK_SAMPLES);
  readonly #bytes = new Uint8Array(this.#block.buffer);
  #filled = 0;
  /** Samples written since the epoch began, modulo a hop. */
  #ofHop = 0;
  #samples = 0;
  readonly #sinceMs: number;
  #muted = false;
  #end: StreamEnd | undefined;
  readonly #ended = Promise.withResolvers<StreamEnd>();

  constructor(slot: Slot, options: SenderOptions) {
    this.stream = slot.stream;
    this.#slot = slot;
    this.#options = options;
    this.#sinceMs = options.monotonicMs();
  }

  push(bytes: Uint8Array, heardToMs?: number): StreamEnd | undefined {
    const { monotonicMs, heard } = this.#options;
    if (this.#end !== undefined) return this.#end;
    const nowMs = monotonicMs();
    this.#samples += bytes.length / 2;
    const heardMs = (this.#samples * 1000) / SAMPLE_RATE;
    if (heardMs > (nowMs - this.#sinceMs) * DRIFT + BURST_MS) {
      this.end({ code: "faster_than_heard" });
      return this.#end;
    }
    this.#followMute();
    let complete = false;
    for (let from = 0; from < bytes.length; ) {
      const taken = Math.min(this.#bytes.length - this.#filled, bytes.length - from);
      this.#bytes.set(bytes.subarray(from, from + taken), this.#filled);
      from += taken;
      this.#filled += taken;
      if (this.#filled < this.#bytes.length) break;
      this.#filled = 0;
      if (!this.#muted) this.#write();
      complete = true;
    }
    if (complete && !this.#muted) {
      this.#publish(heardToMs === undefined ? nowMs : this.#writtenToMs(heardToMs, nowMs));
      heard();
    }
    return undefined;
  }

  close(): void {
    this.#options.close();
  }

  /** Listeners take whole hops: silence behind the end lets the last word be heard. */
  fillHop(): void {
    if (this.#muted) return;
    while (this.#filled > 0 || this.#ofHop > 0) {
      this.#block.fill(0, Math.ceil(this.#filled / 2));
      this.#filled = 0;
      this.#write();
    }
    this.#publish(this.#options.monotonicMs());
  }

  get ended(): Promise<StreamEnd> {
    return this.#ended.promise;
  }

  end(why: StreamEnd): void {
    this.cutOff(why);
    this.close();
  }

  /** No sample is taken any more; the stream is somebody else's. */
  cutOff(why: StreamEnd): void {
    this.#end ??= why;
    this.#ended.resolve(this.#end);
  }

  #followMute(): void {
    const muted = this.#options.muted();
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.#slot.ring.startEpoch();
    this.#ofHop = 0;
    this.#meter.reset();
    this.#loudest.reset();
    this.#publish(this.#options.monotonicMs());
  }

  #write(): void {
    const { ring, eraser, level } = this.#slot;
    ring.write(this.#block, BLOCK_SAMPLES);
    eraser.wrote(this.#options.monotonicMs());
    this.#ofHop = (this.#ofHop + BLOCK_SAMPLES) % HOP_SAMPLES;
    this.#meter.push(this.#block, BLOCK_SAMPLES);
    level.value.samples += BLOCK_SAMPLES;
    level.value.loudest = this.#loudest.push(this.#meter.rms);
  }

  /** When the newest sample of the ring was heard: what makes no block yet came behind it. */
  #writtenToMs(heardToMs: number, nowMs: number): number {
    const writtenToMs = heardToMs - ((this.#filled / 2) * 1000) / SAMPLE_RATE;
    return Math.min(nowMs, Math.max(nowMs - MOST_LATE_MS, writtenToMs));
  }

  /** @param atMs when the newest sample was heard */
  #publish(atMs: number): void {
    const { ring, level } = this.#slot;
    level.value.rms = this.#meter.rms;
    level.value.peak = this.#meter.peak;
    level.value.noiseFloor = this.#meter.noiseFloor;
    level.value.band = this.#meter.bandRms;
    level.value.written = ring.written;
    level.value.atMs = atMs;
    level.publish();
  }
}
