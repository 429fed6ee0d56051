/**
 * From the playback ring to the loudspeaker, in the capture worker. One call of `step` is one look; it never waits, but for
 * what the sound system takes to open a device. What a sound is, and when it is to be heard, is the web worker's business.
 */
import type { Loudspeaker } from "../audio/portaudio-loudspeaker.ts";
import type { AudioRingReader } from "../memory/audio-ring.ts";
import type { Doorbell } from "../memory/doorbell.ts";
import { PLAYBACK_RATE, type SPEAKER } from "../memory/layout.ts";
import type { RecordWriter } from "../memory/record.ts";

/** A device that could not be opened is tried again no sooner: a house without a loudspeaker has none a second later. */
const RETRY_MS = 5000;
/** So far apart are tries to have it open before something is to be heard. */
const PREPARE_MS = 60_000;
/** Written at once at most: 100 ms. */
const PIECE_SAMPLES = PLAYBACK_RATE / 10;
/** While something plays, looks are this far apart. */
const PLAYING_MS = 10;
const IDLE_MS = 50;

export interface PlayerOptions {
  /** Nobody else's. */
  readonly ring: AudioRingReader;
  readonly record: RecordWriter<typeof SPEAKER.fields>;
  /** Rung when a sound has begun or is over. */
  readonly bell: Doorbell;
  /** @param output as `audio.output`, never "none". @throws when it cannot be opened */
  readonly open: (output: string) => Loudspeaker;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

type Phase =
  | { readonly kind: "closed"; readonly retryAtMs: number }
  | { readonly kind: "open"; readonly device: Loudspeaker }
  | { readonly kind: "playing"; readonly device: Loudspeaker; readonly drainedAtMs: number };

export class Player {
  readonly #options: PlayerOptions;
  readonly #piece = new Int16Array(PIECE_SAMPLES);
  #output: string;
  #phase: Phase = { kind: "closed", retryAtMs: Number.NEGATIVE_INFINITY };
  #preparesAtMs = Number.NEGATIVE_INFINITY;
  /** What the log said last of why it cannot be opened. */
  #said = "";

  /** @param output as `audio.output`: default, a device's name or index, or none */
  constructor(options: PlayerOptions, output: string) {
    this.#options = options;
    this.#output = output;
    const { record, ring } = options;
    Object.assign(record.value, { state: output === "none" ? "none" : "closed", device: "", error: "", quietAtMs: 0 });
    record.value.taken = ring.cursor;
    record.publish();
  }

  apply(output: string): void {
    if (output === this.#output) return;
    this.#output = output;
    this.#close();
    this.#preparesAtMs = Number.NEGATIVE_INFINITY;
    this.#show(output === "none" ? "none" : "closed", "");
  }

  /**
   * Opens the device before something is to be heard: that takes a tenth of a second on a busy machine, and a chime is late
   * then. One that cannot be opened costs nothing yet.
   */
  prepare(nowMs: number): void {
    if (this.#output === "none" || this.#phase.kind !== "closed" || nowMs < this.#preparesAtMs) return;
    this.#preparesAtMs = nowMs + PREPARE_MS;
    try {
      const device = this.#open();
      this.#phase = { kind: "open", device };
      this.#show("closed", device.description);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** @returns milliseconds until the next look is worth it */
  step(nowMs: number): number {
    const { ring } = this.#options;
    // A stop began a new epoch: what was written before it is not to be heard any more.
    if (ring.read(NOTHING) === "gap") this.#silence();
    if (ring.available > 0 || this.#phase.kind === "playing") {
      try {
        this.#play(nowMs);
      } catch (error) {
        this.#failed(nowMs, error);
      }
    }
    return this.#phase.kind === "playing" ? PLAYING_MS : IDLE_MS;
  }

  /** Gives the device back, so that PortAudio can look for devices anew; what plays goes on, and then it is not given back. */
  release(): void {
    if (this.#phase.kind !== "open") return;
    this.#close();
    this.#preparesAtMs = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    this.#close();
  }

  #play(nowMs: number): void {
    const { ring, record, bell } = this.#options;
    if (this.#output === "none") {
      this.#passOver("none", "");
      return;
    }
    if (this.#phase.kind === "closed") {
      if (nowMs < this.#phase.retryAtMs) {
        this.#passOver("failed", record.value.error);
        return;
      }
      this.#phase = { kind: "open", device: this.#open() };
    }
    const { device } = this.#phase;
    if (this.#phase.kind === "open") {
      device.start();
      this.#phase = { kind: "playing", device, drainedAtMs: nowMs };
      this.#show("playing", device.description);
    }
    let taken = 0;
    for (let room = device.room(); room > 0 && ring.available > 0; room = device.room()) {
      const count = Math.min(room, ring.available, PIECE_SAMPLES);
      if (ring.read(this.#piece.subarray(0, count)) !== "block") break;
      device.write(this.#piece, count);
      taken += count;
    }
    if (taken > 0) {
      const drainedAtMs = Math.max(this.#phase.drainedAtMs, nowMs) + (taken * 1000) / PLAYBACK_RATE;
      this.#phase = { kind: "playing", device, drainedAtMs };
      record.value.taken = ring.cursor;
      record.value.quietAtMs = drainedAtMs + device.latencyMs;
      record.publish();
    } else if (ring.available === 0 && nowMs >= this.#phase.drainedAtMs + device.latencyMs) {
      device.stop();
      this.#phase = { kind: "open", device };
      this.#show("closed", device.description);
      bell.ring();
    }
  }

  /** Nobody hears it. */
  #passOver(state: "none" | "failed", error: string): void {
    const { ring, record } = this.#options;
    ring.skip(ring.available);
    record.value.error = error;
    this.#show(state, "");
  }

  #silence(): void {
    if (this.#phase.kind !== "playing") return;
    const { device } = this.#phase;
    try {
      device.stop();
      this.#phase = { kind: "open", device };
    } catch {
      // It is as silent as it can be; the next sound finds out what is wrong with it.
      this.#close();
    }
    this.#show("closed", device.description);
  }

  #failed(nowMs: number, error: unknown): void {
    const message = this.#warn(error);
    this.#close();
    this.#phase = { kind: "closed", retryAtMs: nowMs + RETRY_MS };
    this.#passOver("failed", message);
  }

  #open(): Loudspeaker {
    const device = this.#options.open(this.#output);
    this.#said = "";
    this.#options.log.info("loudspeaker opened", { device: device.description });
    return device;
  }

  /** Once for each reason. @returns what is wrong */
  #warn(error: unknown): string {
    const message = error instanceof Error ? error.message : String(error);
    if (message !== this.#said) {
      this.#said = message;
      this.#options.log.warn("loudspeaker not available", { output: this.#output, error: message });
    }
    return message;
  }

  #close(): void {
    if (this.#phase.kind !== "closed") this.#phase.device.close();
    this.#phase = { kind: "closed", retryAtMs: Number.NEGATIVE_INFINITY };
  }

  #show(state: "none" | "closed" | "playing" | "failed", device: string): void {
    const { record, ring, bell } = this.#options;
    if (state !== "failed") record.value.error = "";
    const changed = record.value.state !== state;
    Object.assign(record.value, { state, device, taken: ring.cursor });
    record.publish();
    if (changed) bell.ring();
  }
}

const NOTHING = new Int16Array(0);
