/**
 * One stream, from its PCM in the shared memory to its scores and detections there. Runs in the inference worker.
 */
import type { AudioRingReader } from "../memory/audio-ring.ts";
import type { EventRingWriter } from "../memory/event-ring.ts";
import { type CAPTURE, type DETECTION, type LEVEL, SAMPLE_RATE, type SCORE } from "../memory/layout.ts";
import type { RecordReader, RecordWriter } from "../memory/record.ts";
import type { Detector } from "../wake/detector.ts";
import { HOP_SAMPLES } from "../wake/features.ts";
import type { Admission } from "./admission.ts";
import { FrameClock } from "./frame-clock.ts";

export interface StreamListenerOptions {
  readonly stream: number;
  readonly audio: AudioRingReader;
  readonly level: RecordReader<typeof LEVEL.fields>;
  readonly capture: RecordReader<typeof CAPTURE.fields>;
  readonly score: RecordWriter<typeof SCORE.fields>;
  readonly detections: EventRingWriter<typeof DETECTION.fields>;
  readonly detector: Detector;
  readonly admission: Admission;
  readonly thresholdOf: (model: string) => number;
  /** Generation of the model table that the scores' order belongs to. */
  readonly tableGeneration: () => number;
  /** Called when there is something new to show. */
  readonly changed: () => void;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

export class StreamListener {
  readonly #options: StreamListenerOptions;
  readonly #hop = new Int16Array(HOP_SAMPLES);
  readonly #clock = new FrameClock();

  constructor(options: StreamListenerOptions) {
    this.#options = options;
  }

  /** Until when this stream's thread may sleep on it: blocks until a hop is there, `timeoutMs` at most. */
  wait(timeoutMs: number): void {
    this.#options.audio.waitFor(HOP_SAMPLES, timeoutMs);
  }

  /** Takes at most one hop. @returns whether there was something to take */
  async step(): Promise<boolean> {
    const { audio } = this.#options;
    switch (audio.read(this.#hop)) {
      case "wait":
        return false;
      case "gap":
        // The next hop's own time says when the 2 s begin: what waited in the ring was heard before now.
        this.reset(Number.NEGATIVE_INFINITY);
        return true;
      case "block":
        await this.#listen();
        return true;
    }
  }

  /** Forgets what was heard. A live stream may fire 2 s after `nowMs` and after the next sample at the earliest. */
  reset(nowMs: number): void {
    const { capture, detector, score } = this.#options;
    const { live } = capture.read();
    detector.reset(nowMs, live);
    this.#clock.beginAnew();
    score.value.scores.fill(0);
    score.value.resets++;
    score.value.armed = false;
    score.publish();
    this.#options.changed();
  }

  async #listen(): Promise<void> {
    const { audio, level, detector, score, changed } = this.#options;
    const { atMs, written } = level.read();
    const behind = (written - audio.cursor) | 0;
    const frameEndMs = this.#clock.next(atMs - (behind * 1000) / SAMPLE_RATE);
    const heard = await detector.hop(this.#hop, frameEndMs);
    const { value } = score;
    value.scores.set(detector.scores);
    value.frame++;
    value.frameEndMs = frameEndMs;
    value.models = this.#options.tableGeneration();
    value.lagMs = Math.max(0, (audio.available * 1000) / SAMPLE_RATE);
    value.lost = audio.lost;
    value.armsAtMs = detector.heldUntilMs;
    value.stuckSinceMs = detector.stuck === 0 ? 0 : value.stuckSinceMs || frameEndMs;
    value.coolsAtMs = this.#options.admission.coolsAtMs;
    value.armed = frameEndMs >= detector.heldUntilMs;
    score.publish();
    for (const detection of this.#options.admission.admit(heard, level.value.loudest)) this.#tell(detection);
    changed();
  }

  #tell({
    model,
    confidence,
    atMs,
  }: {
    readonly model: string;
    readonly confidence: number;
    readonly atMs: number;
  }): void {
    const { detections, thresholdOf, stream, level, log } = this.#options;
    const threshold = thresholdOf(model);
    detections.append((event) => {
      event.stream = stream;
      event.model = model;
      event.confidence = confidence;
      event.threshold = threshold;
      event.frameEndMs = atMs;
      event.rms = level.value.loudest;
    });
    log.info("wake word", { model, confidence: Number(confidence.toFixed(3)), stream });
  }
}
