/**
 * The one SharedArrayBuffer: where every record of the layout lies, and the ends to read and write them by.
 * The main thread creates it, workers attach to it; nothing else passes between threads after their start.
 */
import { AudioRingReader, AudioRingWriter, audioRingWords } from "./audio-ring.ts";
import { Doorbell } from "./doorbell.ts";
import { EventRingReader, EventRingWriter, eventRingWords } from "./event-ring.ts";
import type { Fields } from "./field.ts";
import * as layout from "./layout.ts";
import { RecordReader, type RecordShape, RecordWriter, recordWords } from "./record.ts";

/** Header words: magic, layout version, streams, relays, then two doorbells on cache lines of their own. */
const HEADER_WORDS = 48;
const WEB_BELL = 16;
const INFERENCE_BELL = 32;

export interface MemorySize {
  /** Audio streams; stream 0 is the local microphone. */
  readonly streams: number;
  /** Activations at once; the first is this machine's. */
  readonly relays: number;
}

/** A record that a thread may open for reading by anybody, for writing by its one owner. */
export class SharedRecord<F extends Fields> {
  readonly #shape: RecordShape<F>;
  readonly #words: Int32Array;
  readonly #offset: number;

  constructor(shape: RecordShape<F>, words: Int32Array, offset: number) {
    this.#shape = shape;
    this.#words = words;
    this.#offset = offset;
  }

  reader(): RecordReader<F> {
    return new RecordReader(this.#shape, { words: this.#words, offset: this.#offset });
  }

  /** For the one thread that the layout names. */
  writer(): RecordWriter<F> {
    return new RecordWriter(this.#shape, { words: this.#words, offset: this.#offset });
  }
}

/** Hands out places one after another. Every place starts on a cache line. */
class Allocator {
  next = HEADER_WORDS;

  take(words: number): number {
    const offset = this.next;
    this.next += Math.ceil(words / 16) * 16;
    return offset;
  }
}

function plan({ streams, relays }: MemorySize) {
  const allocator = new Allocator();
  const one = (shape: RecordShape<Fields>) => allocator.take(recordWords(shape));
  const many = (count: number, shape: RecordShape<Fields>) => Array.from({ length: count }, () => one(shape));
  const offsets = {
    control: one(layout.CONTROL),
    requests: one(layout.REQUESTS),
    configuration: one(layout.CONFIGURATION),
    heartbeats: many(layout.WORKERS.length, layout.HEARTBEAT),
    supervision: many(layout.WORKERS.length, layout.SUPERVISION),
    capture: one(layout.CAPTURE),
    modelTable: one(layout.MODEL_TABLE),
    streamTable: one(layout.STREAM_TABLE),
    arbitration: one(layout.ARBITRATION),
    speaker: one(layout.SPEAKER),
    guards: one(layout.GUARDS),
    models: many(layout.MAX_MODELS, layout.MODEL),
    streams: many(streams, layout.STREAM),
    levels: many(streams, layout.LEVEL),
    scores: many(streams, layout.SCORE),
    activations: many(relays, layout.ACTIVATION),
    lanes: many(layout.COMMAND_LANES, layout.COMMAND_LANE),
    speechEnds: many(layout.COMMAND_LANES, layout.SPEECH_END),
    detections: allocator.take(eventRingWords(layout.DETECTION, layout.DETECTION_SLOTS)),
    audio: Array.from({ length: streams }, () => allocator.take(audioRingWords(layout.AUDIO_RING_SAMPLES))),
    playback: allocator.take(audioRingWords(layout.PLAYBACK_RING_SAMPLES)),
    laneAudio: Array.from({ length: layout.COMMAND_LANES }, () =>
      allocator.take(audioRingWords(layout.LANE_RING_SAMPLES)),
    ),
  };
  return { offsets, words: allocator.next };
}

export class SharedMemory {
  readonly buffer: SharedArrayBuffer;
  readonly size: MemorySize;
  readonly control: SharedRecord<typeof layout.CONTROL.fields>;
  readonly requests: SharedRecord<typeof layout.REQUESTS.fields>;
  readonly configuration: SharedRecord<typeof layout.CONFIGURATION.fields>;
  readonly capture: SharedRecord<typeof layout.CAPTURE.fields>;
  readonly modelTable: SharedRecord<typeof layout.MODEL_TABLE.fields>;
  readonly streamTable: SharedRecord<typeof layout.STREAM_TABLE.fields>;
  readonly arbitration: SharedRecord<typeof layout.ARBITRATION.fields>;
  readonly speaker: SharedRecord<typeof layout.SPEAKER.fields>;
  readonly guards: SharedRecord<typeof layout.GUARDS.fields>;
  /** Rung when something that the web worker shows has changed. */
  readonly webBell: Doorbell;
  /** Rung when there is more to hear, or something else that inference goes by has changed. */
  readonly inferenceBell: Doorbell;
  readonly #words: Int32Array;
  readonly #offsets: ReturnType<typeof plan>["offsets"];

  private constructor(buffer: SharedArrayBuffer, size: MemorySize) {
    this.buffer = buffer;
    this.size = size;
    this.#words = new Int32Array(buffer);
    this.#offsets = plan(size).offsets;
    this.control = this.#record(layout.CONTROL, this.#offsets.control);
    this.requests = this.#record(layout.REQUESTS, this.#offsets.requests);
    this.configuration = this.#record(layout.CONFIGURATION, this.#offsets.configuration);
    this.capture = this.#record(layout.CAPTURE, this.#offsets.capture);
    this.modelTable = this.#record(layout.MODEL_TABLE, this.#offsets.modelTable);
    this.streamTable = this.#record(layout.STREAM_TABLE, this.#offsets.streamTable);
    this.arbitration = this.#record(layout.ARBITRATION, this.#offsets.arbitration);
    this.speaker = this.#record(layout.SPEAKER, this.#offsets.speaker);
    this.guards = this.#record(layout.GUARDS, this.#offsets.guards);
    this.webBell = new Doorbell(this.#words, WEB_BELL);
    this.inferenceBell = new Doorbell(this.#words, INFERENCE_BELL);
  }

  /** For the main thread, before any worker starts. */
  static create(size: MemorySize): SharedMemory {
    const buffer = new SharedArrayBuffer(4 * plan(size).words);
    const words = new Int32Array(buffer);
    words.set([layout.MAGIC, layout.LAYOUT_VERSION, size.streams, size.relays]);
    return new SharedMemory(buffer, size);
  }

  /** For workers. @throws RangeError when the buffer is not of this layout */
  static attach(buffer: SharedArrayBuffer): SharedMemory {
    const [magic, version, streams = 0, relays = 0] =
      buffer.byteLength < 4 * HEADER_WORDS ? [] : new Int32Array(buffer, 0, 4);
    if (magic !== layout.MAGIC) throw new RangeError("this SharedArrayBuffer is not Earshot's: it has no magic number");
    if (version !== layout.LAYOUT_VERSION) {
      throw new RangeError(`shared memory of layout ${version}, this program knows ${layout.LAYOUT_VERSION}`);
    }
    const size = { streams, relays };
    // Each needs a cache line at least: numbers beyond that are nonsense, and nonsense must not be planned for.
    const most = buffer.byteLength / 64;
    const sane = streams >= 0 && relays >= 0 && streams <= most && relays <= most;
    if (!sane || buffer.byteLength !== 4 * plan(size).words) {
      throw new RangeError(
        `shared memory of ${buffer.byteLength} bytes, which is not what ${streams} streams and ${relays} relays take`,
      );
    }
    return new SharedMemory(buffer, size);
  }

  heartbeat(worker: layout.WorkerName): SharedRecord<typeof layout.HEARTBEAT.fields> {
    return this.#record(layout.HEARTBEAT, at(this.#offsets.heartbeats, layout.WORKERS.indexOf(worker), "worker"));
  }

  supervision(worker: layout.WorkerName): SharedRecord<typeof layout.SUPERVISION.fields> {
    return this.#record(layout.SUPERVISION, at(this.#offsets.supervision, layout.WORKERS.indexOf(worker), "worker"));
  }

  model(index: number): SharedRecord<typeof layout.MODEL.fields> {
    return this.#record(layout.MODEL, at(this.#offsets.models, index, "model"));
  }

  stream(stream: number): SharedRecord<typeof layout.STREAM.fields> {
    return this.#record(layout.STREAM, at(this.#offsets.streams, stream, "stream"));
  }

  level(stream: number): SharedRecord<typeof layout.LEVEL.fields> {
    return this.#record(layout.LEVEL, at(this.#offsets.levels, stream, "stream"));
  }

  score(stream: number): SharedRecord<typeof layout.SCORE.fields> {
    return this.#record(layout.SCORE, at(this.#offsets.scores, stream, "stream"));
  }

  activation(relay: number): SharedRecord<typeof layout.ACTIVATION.fields> {
    return this.#record(layout.ACTIVATION, at(this.#offsets.activations, relay, "relay"));
  }

  lane(lane: number): SharedRecord<typeof layout.COMMAND_LANE.fields> {
    return this.#record(layout.COMMAND_LANE, at(this.#offsets.lanes, lane, "lane"));
  }

  speechEnd(lane: number): SharedRecord<typeof layout.SPEECH_END.fields> {
    return this.#record(layout.SPEECH_END, at(this.#offsets.speechEnds, lane, "lane"));
  }

  /** For inference alone. */
  detectionWriter(): EventRingWriter<typeof layout.DETECTION.fields> {
    return new EventRingWriter(layout.DETECTION, this.#detectionPlace());
  }

  detectionReader(from: "oldest" | "newest"): EventRingReader<typeof layout.DETECTION.fields> {
    return new EventRingReader(layout.DETECTION, this.#detectionPlace(), from);
  }

  /** For the stream's one writer: capture for stream 0, web for the others. */
  audioWriter(stream: number): AudioRingWriter {
    return new AudioRingWriter(this.#audioPlace(stream));
  }

  /** @param from `oldest`: the first sample of what is running now, if it is still there */
  audioReader(stream: number, from: "oldest" | "newest"): AudioRingReader {
    return new AudioRingReader(this.#audioPlace(stream), from);
  }

  /** For web alone. */
  playbackWriter(): AudioRingWriter {
    return new AudioRingWriter(this.#playbackPlace());
  }

  /** For capture alone. */
  playbackReader(from: "oldest" | "newest"): AudioRingReader {
    return new AudioRingReader(this.#playbackPlace(), from);
  }

  /** For web alone. */
  laneWriter(lane: number): AudioRingWriter {
    return new AudioRingWriter(this.#lanePlace(lane));
  }

  laneReader(lane: number): AudioRingReader {
    return new AudioRingReader(this.#lanePlace(lane), "newest");
  }

  #record<F extends Fields>(shape: RecordShape<F>, offset: number): SharedRecord<F> {
    return new SharedRecord(shape, this.#words, offset);
  }

  #detectionPlace() {
    return { words: this.#words, offset: this.#offsets.detections, slots: layout.DETECTION_SLOTS };
  }

  #lanePlace(lane: number) {
    const offset = at(this.#offsets.laneAudio, lane, "lane");
    return { words: this.#words, offset, capacity: layout.LANE_RING_SAMPLES };
  }

  #playbackPlace() {
    return { words: this.#words, offset: this.#offsets.playback, capacity: layout.PLAYBACK_RING_SAMPLES };
  }

  #audioPlace(stream: number) {
    const offset = at(this.#offsets.audio, stream, "stream");
    return { words: this.#words, offset, capacity: layout.AUDIO_RING_SAMPLES };
  }
}

function at(offsets: readonly number[], index: number, what: string): number {
  const offset = offsets[index];
  if (offset === undefined) throw new RangeError(`no ${what} ${index}: there are ${offsets.length}`);
  return offset;
}
