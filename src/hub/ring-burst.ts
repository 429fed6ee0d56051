/** What the hub hears in a stream of a sound that was made to set gains by. For the web worker. */
import { BEFORE_BURST_SAMPLES, BEHIND_BURST_SAMPLES, findBurst } from "../arbitration/measure-burst.ts";
import type { AudioRingReader } from "../memory/audio-ring.ts";
import type { BurstReport } from "./calibration.ts";

const SAMPLES_PER_MS = 16;
/** No sound for so long: muted, or nothing is there. */
const SILENT_MS = 1000;

export class RingBurst {
  readonly #reader: AudioRingReader;
  readonly #from: number;
  readonly #end: number;

  /** @param reader of nobody else: it listens from now on */
  constructor(reader: AudioRingReader, listenMs: number) {
    this.#reader = reader;
    this.#from = reader.written;
    this.#end = (this.#from + Math.round(listenMs * SAMPLES_PER_MS) + BEHIND_BURST_SAMPLES) | 0;
    // Whether something was lost meanwhile, its cursor knows.
    reader.seek(this.#from);
  }

  /**
   * Undefined while the sound is not there yet.
   *
   * @param newest an index of the ring, and when the sample before it was heard
   */
  look(newest: { readonly written: number; readonly atMs: number }, nowMs: number): BurstReport | undefined {
    const reader = this.#reader;
    if (((reader.written - this.#end) | 0) < 0) {
      return nowMs - newest.atMs > SILENT_MS ? { kind: "unheard", why: "sound_lost" } : undefined;
    }
    const listened = (this.#end - this.#from) | 0;
    const pcm = new Int16Array(BEFORE_BURST_SAMPLES + listened);
    // A gap makes the cursor jump: what was heard is not one sound.
    const whole = reader.read(new Int16Array(listened)) === "block" && reader.copyBefore(this.#end, pcm);
    if (!whole) return { kind: "unheard", why: "sound_lost" };
    const burst = findBurst(pcm, BEFORE_BURST_SAMPLES);
    if (burst.kind === "too_quiet") return { kind: "unheard", why: "too_quiet" };
    const behind = ((newest.written - this.#end) | 0) + pcm.length - burst.loudestAt;
    const { evidence, envelope } = burst;
    return { kind: "heard", evidence, envelope, atMs: newest.atMs - behind / SAMPLES_PER_MS };
  }
}
