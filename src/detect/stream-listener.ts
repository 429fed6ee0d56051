/**
 * One stream, from its PCM in the shared memory to its scores and detections there. Runs in the inference worker. The
 * network is not its business: `take` gives what must go through it, `tell` says what came of that.
 */
import type { AudioRingReader } from "../memory/audio-ring.ts";
import type { EventRingWriter } from "../memory/event-ring.ts";
import { type DETECTION, type LEVEL, SAMPLE_RATE, type SCORE } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { Detection, Detector, DetectorHop, Heard } from "../wake/detector.ts";
import { HOP_SAMPLES } from "../wake/features.ts";
import type { Admission, Refusal } from "./admission.ts";
import { FrameClock } from "./frame-clock.ts";

/** A word that is answered later than this is of no use to anybody: what waits longer is passed over. */
export const MOST_BEHIND_MS = 4000;
const MOST_BEHIND_SAMPLES = (MOST_BEHIND_MS / 1000) * SAMPLE_RATE;
/** Of sound that is passed over again and again, the log speaks this often. */
const TOLD_AGAIN_MS = 60_000;

export interface StreamListenerOptions {
  readonly stream: number;
  /** What its sender calls itself; empty for the local microphone. */
  readonly source: string;
  readonly audio: AudioRingReader;
  readonly level: RecordReader<typeof LEVEL.fields>;
  /** Whether it is heard as it is said, so that its start may not fire. */
  readonly live: () => boolean;
  readonly score: RecordWriter<typeof SCORE.fields>;
  readonly detections: EventRingWriter<typeof DETECTION.fields>;
  readonly detector: Detector;
  readonly admission: Admission;
  readonly thresholdOf: (model: string) => number;
  /** Generation of the model table that the scores' order belongs to. */
  readonly tableGeneration: () => number;
  /** Called when something happened that others wait for. */
  readonly changed: () => void;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export class StreamListener {
  readonly admission: Admission;
  readonly #options: StreamListenerOptions;
  readonly #hop = new Int16Array(HOP_SAMPLES);
  readonly #clock = new FrameClock();
  #detector: Detector;
  #frameEndMs = 0;
  /** Index of the ring behind that frame. */
  #heardTo = 0;
  /** At the last look there was no whole hop. */
  #waits = false;
  /** What waits while the models load is made up for, as far as the ring goes back. */
  #caughtUp = false;
  /** What was lost before the first hop was heard is nobody's fault: the models were loading. */
  #lostBefore: number | undefined;
  #toldOfLossMs = Number.NEGATIVE_INFINITY;

  constructor(options: StreamListenerOptions) {
    this.#options = options;
    this.admission = options.admission;
    this.#detector = options.detector;
  }

  get stream(): number {
    return this.#options.stream;
  }

  /** Whether it is heard as it is said. */
  get live(): boolean {
    return this.#options.live();
  }

  get detector(): Detector {
    return this.#detector;
  }

  /** Listens with another one from the next hop on, which begins anew. */
  set detector(next: Detector) {
    this.#detector = next;
    this.reset(this.#frameEndMs);
  }

  /** Whether all that came was heard, but for what makes no hop. */
  get isDone(): boolean {
    return this.#waits && this.#detector.behind === 0 && this.#options.audio.available < HOP_SAMPLES;
  }

  /** Nothing is taken any more: what was not heard is said. */
  end(): void {
    const { audio, stream, source, log } = this.#options;
    if (!this.isDone)
      log.warn("a stream ended before all of it was heard", { stream, source, samples: audio.available });
  }

  /** What must go through the network next; undefined where this stream has to wait for more sound. */
  take(): DetectorHop | undefined {
    const { audio } = this.#options;
    if (this.#detector.behind > 0) return { detector: this.#detector, pcm: undefined, frameEndMs: this.#frameEndMs };
    if (this.#caughtUp && audio.available > MOST_BEHIND_SAMPLES) this.#passOver();
    let read = audio.read(this.#hop);
    if (read === "gap") {
      // The next hop's own time says when the 2 s begin: what waited in the ring was heard before now.
      this.reset(Number.NEGATIVE_INFINITY);
      read = audio.read(this.#hop);
    }
    this.#waits = read === "wait";
    if (audio.available < HOP_SAMPLES) this.#caughtUp = true;
    if (read !== "block") return undefined;
    this.#lostBefore ??= audio.lost;
    const { atMs, written } = this.#options.level.read();
    this.#heardTo = audio.cursor;
    const behind = (written - audio.cursor) | 0;
    this.#frameEndMs = this.#clock.next(atMs - (behind * 1000) / SAMPLE_RATE);
    return { detector: this.#detector, pcm: this.#hop, frameEndMs: this.#frameEndMs };
  }

  /** Publishes what came of the hop that was taken. */
  tell(): void {
    const detector = this.#detector;
    if (detector.behind > 0) return;
    const { audio, score, level, tableGeneration } = this.#options;
    const { value } = score;
    const { heard } = detector;
    // First: who sees the score of a frame sees what it set off.
    if (heard.length > 0) this.#tellHeard(heard, level.value.loudest);
    value.scores.set(detector.scores);
    value.frame++;
    value.frameEndMs = this.#frameEndMs;
    value.heardTo = this.#heardTo;
    value.models = tableGeneration();
    value.lagMs = Math.max(0, (audio.available * 1000) / SAMPLE_RATE);
    value.lost = audio.lost - (this.#lostBefore ?? 0);
    value.asleep = detector.asleep;
    value.armsAtMs = detector.heldUntilMs;
    value.stuckSinceMs = detector.stuck === 0 ? 0 : value.stuckSinceMs || this.#frameEndMs;
    value.coolsAtMs = this.admission.coolsAtMs;
    value.armed = this.#frameEndMs >= detector.heldUntilMs;
    score.publish();
    // Whoever shows the local microphone follows every frame of it; of the others, what happens.
    if (this.#options.stream === 0 || heard.length > 0) this.#options.changed();
  }

  /** Forgets what was heard. A live stream may fire 2 s after `nowMs` and after the next sample at the earliest. */
  reset(nowMs: number): void {
    const { live, score, changed } = this.#options;
    this.#detector.reset(nowMs, live());
    this.#clock.beginAnew();
    score.value.scores.fill(0);
    score.value.resets++;
    score.value.armed = false;
    score.value.asleep = false;
    score.publish();
    changed();
  }

  /** Drops whole hops until nothing waits: better deaf for a moment than late for ever. */
  #passOver(): void {
    const { audio, stream, source, log } = this.#options;
    const lagMs = Math.round((audio.available * 1000) / SAMPLE_RATE);
    const samples = audio.available - (audio.available % HOP_SAMPLES);
    audio.skip(samples);
    if (this.#frameEndMs - this.#toldOfLossMs >= TOLD_AGAIN_MS) {
      this.#toldOfLossMs = this.#frameEndMs;
      log.warn("fell behind and passed over sound", { stream, source, samples, lagMs });
    }
    this.reset(Number.NEGATIVE_INFINITY);
  }

  #tellHeard(heard: readonly Heard[], loudest: number): void {
    const fired = heard.filter((one) => one.kind === "detection");
    for (const { candidate, verdict } of this.admission.judge(fired, loudest)) this.#append(candidate, verdict);
    for (const one of heard) if (one.kind !== "detection") this.#append(one, one.kind);
  }

  #append(heard: Omit<Detection, "kind">, kind: Heard["kind"] | Refusal): void {
    const { detections, thresholdOf, stream, source, level, log } = this.#options;
    const { model, label, confidence, voice, atMs } = heard;
    const threshold = thresholdOf(model);
    detections.append((event) => {
      event.kind = kind;
      event.stream = stream;
      event.source = source;
      event.model = model;
      event.label = label;
      event.confidence = confidence;
      event.threshold = threshold;
      event.voice = voice ?? -1;
      event.frameEndMs = atMs;
      event.heardTo = (this.#heardTo - Math.round(((this.#frameEndMs - atMs) * SAMPLE_RATE) / 1000)) | 0;
      event.rms = level.value.loudest;
    });
    const fields = {
      model,
      ...(label !== model && { label }),
      confidence: Number(confidence.toFixed(3)),
      stream,
      ...(source !== "" && { source }),
    };
    if (kind === "detection") log.info("wake word", fields);
    else log.info("near miss", { ...fields, missing: kind });
  }
}
