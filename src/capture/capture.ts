/**
 * From a source to the shared memory: opens the source, writes what it gives into stream 0's ring, measures it, and
 * opens it again for ever when it breaks. One call of `step` is one look; it never waits, but for what the sound
 * system takes to open a device. Runs in the capture worker.
 */
import { applyGain } from "../audio/gain.ts";
import { LevelMeter } from "../audio/levels.ts";
import { LoudestOf } from "../audio/loudest-of.ts";
import { type AudioSource, parseSource, SAMPLE_RATE_HZ } from "../audio/source.ts";
import type { AudioRingWriter } from "../memory/audio-ring.ts";
import type { Doorbell } from "../memory/doorbell.ts";
import type { CAPTURE, LEVEL } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";
import { RingEraser } from "../memory/ring-eraser.ts";
import { reopenDelayMs } from "./reopen-delay.ts";

/** A live source that gives nothing for this long is broken, whatever it says of itself. Silence is samples too. */
const SILENT_SOURCE_MS = 1000;
const BLOCK_SAMPLES = SAMPLE_RATE_HZ / 50;
/** Listeners take 80 ms at a time: what has an end is filled up to that, or its last word would never be scored. */
const HOP_SAMPLES = 4 * BLOCK_SAMPLES;
/** While demo audio stands in for a microphone, one is looked for this often: plugged in, it is there within 5 s. */
const DEMO_LOOK_MS = 3000;

export interface CaptureSettings {
  /** As `audio.source`. */
  readonly source: string;
  readonly gainDb: number;
  readonly muted: boolean;
}

export interface CaptureOptions {
  readonly ring: AudioRingWriter;
  readonly level: RecordWriter<typeof LEVEL.fields>;
  readonly record: RecordWriter<typeof CAPTURE.fields>;
  /** Rung when what the microphone is doing has changed. */
  readonly bell: Doorbell;
  /** Rung when there is more to hear. */
  readonly heardBell: Doorbell;
  /** @throws when it cannot be opened */
  readonly open: (source: string) => Promise<AudioSource>;
  /** What plays while there is no microphone; undefined to wait in silence. */
  readonly demoSource: string | undefined;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

type Phase =
  | { readonly kind: "waiting"; readonly untilMs: number; readonly failures: number }
  | { readonly kind: "open"; readonly source: AudioSource; readonly failures: number }
  /** Demo audio plays; a microphone is looked for at `lookMs`. */
  | { readonly kind: "demo"; readonly source: AudioSource; readonly lookMs: number; readonly failures: number }
  | { readonly kind: "ended" }
  /** No sound is wanted from here. */
  | { readonly kind: "none" };

export class Capture {
  readonly #options: CaptureOptions;
  readonly #eraser: RingEraser;
  readonly #meter = new LevelMeter();
  readonly #loudest = new LoudestOf(1500 / 20);
  /** What a source gives in one read; sources with another block size give less than a block of ours, or across two. */
  readonly #piece = new Int16Array(BLOCK_SAMPLES);
  readonly #block = new Int16Array(BLOCK_SAMPLES);
  #filled = 0;
  /** Samples written since the stream began, modulo a hop. */
  #ofHop = 0;
  #settings: CaptureSettings;
  #phase: Phase = { kind: "waiting", untilMs: 0, failures: 0 };
  /** When samples came last; undefined until the source that was opened is looked at, for opening may take seconds. */
  #newestMs: number | undefined;
  /** The next sample does not continue the one before. */
  #gap = true;
  #opened = 0;

  constructor(options: CaptureOptions, settings: CaptureSettings) {
    this.#options = options;
    this.#eraser = new RingEraser(options.ring);
    this.#settings = settings;
    this.#opened = options.record.value.reopens;
    // A predecessor may have left it open.
    options.record.value.state = "starting";
    options.record.value.error = "";
    options.record.publish();
  }

  apply(settings: CaptureSettings, nowMs: number): void {
    const before = this.#settings;
    this.#settings = settings;
    if (settings.source !== before.source) {
      this.#close();
      this.#phase = { kind: "waiting", untilMs: nowMs, failures: 0 };
    }
    if (settings.muted !== before.muted) {
      this.#beginGap();
      this.#newestMs = nowMs;
      this.#show(nowMs);
      this.#publishLevel();
    }
  }

  /** @returns milliseconds until the next look is worth it */
  async step(nowMs: number): Promise<number> {
    this.#eraser.look(nowMs, this.#settings.muted);
    switch (this.#phase.kind) {
      case "waiting":
        if (nowMs >= this.#phase.untilMs) await this.#open(nowMs, this.#phase.failures);
        break;
      case "demo":
        if (nowMs >= this.#phase.lookMs) await this.#open(nowMs, this.#phase.failures);
        else this.#drain(this.#phase.source, nowMs);
        break;
      case "open":
        this.#drain(this.#phase.source, nowMs);
        break;
      case "ended":
      case "none":
        break;
    }
    return this.#phase.kind === "open" || this.#phase.kind === "demo" ? 10 : 50;
  }

  close(): void {
    this.#close();
  }

  async #open(nowMs: number, failures: number): Promise<void> {
    const { open, log, record } = this.#options;
    try {
      if (parseSource(this.#settings.source).kind === "none") {
        this.#phase = { kind: "none" };
        record.value.error = "";
        this.#show(nowMs);
        return;
      }
      const source = await open(this.#settings.source);
      this.#close();
      this.#phase = { kind: "open", source, failures };
      this.#newestMs = undefined;
      this.#beginGap();
      this.#options.record.value.reopens = this.#opened++;
      this.#options.record.value.sinceMs = nowMs;
      log.info("audio source opened", { source: this.#settings.source, device: source.description });
      this.#show(nowMs);
    } catch (error) {
      await this.#refused(nowMs, error, failures + 1);
    }
  }

  async #refused(nowMs: number, error: unknown, failures: number): Promise<void> {
    const { log, demoSource, record } = this.#options;
    const message = error instanceof Error ? error.message : String(error);
    if (message !== record.value.error)
      log.warn("audio source not available", { source: this.#settings.source, error: message });
    record.value.error = message;
    if (this.#phase.kind === "demo") {
      this.#phase = { ...this.#phase, lookMs: nowMs + DEMO_LOOK_MS, failures };
    } else {
      this.#phase = { kind: "waiting", untilMs: nowMs + reopenDelayMs(failures), failures };
      if (demoSource !== undefined) await this.#playDemo(demoSource, nowMs, failures);
    }
    this.#show(nowMs);
  }

  /** Without its file there is silence, and the search for a microphone goes on. */
  async #playDemo(demoSource: string, nowMs: number, failures: number): Promise<void> {
    const { log, open, record } = this.#options;
    try {
      const source = await open(demoSource);
      log.warn("NO MICROPHONE: playing demo audio", { error: record.value.error });
      this.#phase = { kind: "demo", source, lookMs: nowMs + DEMO_LOOK_MS, failures };
      this.#newestMs = undefined;
      this.#beginGap();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      log.warn("demo audio not available", { source: demoSource, error: message });
    }
  }

  #broke(nowMs: number, error: unknown): void {
    const broken = this.#phase;
    const failures = broken.kind === "open" ? broken.failures + 1 : 1;
    this.#phase = { kind: "waiting", untilMs: nowMs + reopenDelayMs(failures), failures };
    this.#beginGap();
    const message = error instanceof Error ? error.message : String(error);
    this.#options.record.value.error = message;
    this.#options.log.warn("audio source broke, opening it again", { source: this.#settings.source, error: message });
    // Said first: closing hangs as long as a frozen sound server does.
    this.#show(nowMs);
    if (broken.kind === "open" || broken.kind === "demo") broken.source.close();
  }

  /** Takes all that is there, a block at a time. */
  #drain(source: AudioSource, nowMs: number): void {
    this.#newestMs ??= nowMs;
    try {
      for (;;) {
        const read = source.read(this.#piece);
        if (read === "ended") {
          this.#fillHop(source, nowMs);
          this.#end(nowMs);
          return;
        }
        if (read === 0) break;
        this.#newestMs = nowMs;
        for (let i = 0; i < read; i++) {
          this.#block[this.#filled++] = this.#piece[i] ?? 0;
          if (this.#filled === BLOCK_SAMPLES) this.#deliver(source, nowMs);
        }
      }
    } catch (error) {
      this.#broke(nowMs, error);
      return;
    }
    // Standard input is whoever writes to it: a pause there is not a defect that opening it again could mend.
    if (source.kind === "microphone" && nowMs - this.#newestMs >= SILENT_SOURCE_MS) {
      this.#broke(nowMs, new Error(`no samples for ${SILENT_SOURCE_MS / 1000} s from ${source.description}`));
    }
  }

  #deliver(source: AudioSource, nowMs: number): void {
    this.#filled = 0;
    // Forgiven once it delivers: the next failure is the first again.
    if (this.#phase.kind === "open" && this.#phase.failures > 0) this.#phase = { ...this.#phase, failures: 0 };
    if (this.#settings.muted) return;
    const { ring, level } = this.#options;
    if (this.#gap) {
      ring.startEpoch();
      this.#gap = false;
    }
    applyGain(this.#block, BLOCK_SAMPLES, this.#settings.gainDb);
    this.#meter.push(this.#block, BLOCK_SAMPLES);
    level.value.samples += BLOCK_SAMPLES;
    level.value.atMs = nowMs;
    level.value.overruns = source.overruns;
    level.value.written = (ring.written + BLOCK_SAMPLES) | 0;
    this.#publishLevel();
    ring.write(this.#block, BLOCK_SAMPLES);
    this.#eraser.wrote(nowMs);
    this.#options.heardBell.ring();
    this.#ofHop = (this.#ofHop + BLOCK_SAMPLES) % HOP_SAMPLES;
  }

  #fillHop(source: AudioSource, nowMs: number): void {
    while (!this.#settings.muted && (this.#filled > 0 || this.#ofHop > 0)) {
      this.#block.fill(0, this.#filled);
      this.#deliver(source, nowMs);
    }
  }

  #end(nowMs: number): void {
    const { log, record } = this.#options;
    log.info("audio source ended", { source: this.#settings.source });
    this.#close();
    this.#phase = { kind: "ended" };
    record.value.error = "the audio is over";
    this.#show(nowMs);
  }

  #beginGap(): void {
    this.#gap = true;
    this.#filled = 0;
    this.#ofHop = 0;
    this.#meter.reset();
    this.#loudest.reset();
  }

  #close(): void {
    if (this.#phase.kind === "open" || this.#phase.kind === "demo") this.#phase.source.close();
  }

  #publishLevel(): void {
    const { level } = this.#options;
    level.value.rms = this.#meter.rms;
    level.value.peak = this.#meter.peak;
    level.value.noiseFloor = this.#meter.noiseFloor;
    level.value.band = this.#meter.bandRms;
    level.value.loudest = this.#loudest.push(this.#meter.rms);
    level.publish();
  }

  #show(nowMs: number): void {
    const { record, bell } = this.#options;
    const { value } = record;
    const phase = this.#phase;
    const source = phase.kind === "open" || phase.kind === "demo" ? phase.source : undefined;
    const state = source === undefined ? unopened(phase) : this.#settings.muted ? "muted" : "open";
    if (state !== value.state) value.sinceMs = nowMs;
    value.state = state;
    value.source = this.#settings.source;
    value.device = phase.kind === "demo" ? "demo audio, in a loop" : (source?.description ?? "");
    value.sampleRate = source?.nativeRateHz ?? 0;
    value.demo = phase.kind === "demo";
    // What is left of an ended file in the ring is no live stream: inference may still be loading its models.
    value.live = source?.live ?? (phase.kind === "ended" ? value.live : true);
    if (phase.kind === "open") value.error = "";
    record.publish();
    bell.ring();
  }
}

function unopened({ kind }: Phase): "ended" | "none" | "waiting" {
  return kind === "ended" || kind === "none" ? kind : "waiting";
}
