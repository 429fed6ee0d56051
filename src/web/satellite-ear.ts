/**
 * What inference makes of this machine's microphone, as a relay's hops: sound, level, scores and words, dated as inference
 * dates them. Runs in the web worker, over the shared memory, and looks when it is told to.
 */

import { MayWake } from "../hub/may-wake.ts";
import { ModelScores, type ThresholdOf } from "../hub/model-scores.ts";
import type { ValueOf } from "../memory/field.ts";
import { type DETECTION, SAMPLE_RATE } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { Hop } from "../relay/relay-session.ts";

/** The longest piece that is passed on at once: 80 ms. */
const MOST_SAMPLES = 1280;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;

/** Who takes what was heard. */
export interface HopListener {
  hear(hop: Hop): void;
  /** What comes next does not continue what was heard. */
  lost(samples: number): void;
}

export interface SatelliteEarOptions {
  readonly memory: SharedMemory;
  readonly thresholdOf: ThresholdOf;
  /** The least level that a word must have, linear 0..1. */
  readonly leastRms: () => number;
  /** Nobody listens for words here: sound is passed on as it comes, and not when it was scored. */
  readonly soundOnly: boolean;
}

type Words = Hop["detections"];

export class SatelliteEar {
  readonly #options: SatelliteEarOptions;
  readonly #level;
  readonly #score;
  readonly #models: ModelScores;
  readonly #words;
  readonly #mayWake: MayWake;
  readonly #audio;
  #frame: number;
  #lost = 0;

  /** What was said before is nobody's: a web worker that was started again claims no word twice. */
  constructor(options: SatelliteEarOptions) {
    this.#options = options;
    const { memory } = options;
    this.#level = memory.level(0).reader();
    this.#score = memory.score(0).reader();
    this.#models = new ModelScores(memory, options.thresholdOf);
    this.#mayWake = new MayWake(memory, 0, options.leastRms);
    this.#words = memory.detectionReader("newest");
    this.#audio = memory.audioReader(0, "newest");
    this.#frame = this.#score.read().frame;
  }

  /** Passes on what was heard since the last look. */
  look(listener: HopListener): void {
    if (this.#options.soundOnly) {
      const { written, atMs } = this.#level.read();
      if (((written - this.#audio.cursor) | 0) >= MOST_SAMPLES) this.#upTo(written, atMs, [], listener);
      return;
    }
    // In this order: a word stands there before the score of its frame does.
    const { frame, frameEndMs, heardTo } = this.#score.read();
    for (let event = this.#words.next(); event !== undefined; event = this.#words.next()) {
      if (isWord(event)) this.#upTo(event.heardTo, event.frameEndMs, [wordOf(event)], listener);
    }
    if (frame === this.#frame) return;
    this.#frame = frame;
    this.#upTo(heardTo, frameEndMs, [], listener);
  }

  /** @param end index of the ring behind the last sample. @param endMs when that was heard */
  #upTo(end: number, endMs: number, words: Words, listener: HopListener): void {
    const audio = this.#audio;
    for (let left = (end - audio.cursor) | 0; left > 0; left = (end - audio.cursor) | 0) {
      const pcm = new Int16Array(Math.min(left, MOST_SAMPLES));
      const read = audio.read(pcm);
      if (read === "wait") break;
      if (read === "gap") {
        listener.lost(Math.max(1, audio.lost - this.#lost));
        this.#lost = audio.lost;
        continue;
      }
      const behind = (end - audio.cursor) | 0;
      const last = behind === 0;
      this.#tell(pcm, endMs - behind / SAMPLES_PER_MS, last ? words : [], listener);
      if (last) return;
    }
    // Its sound was passed on before: it was scored in between.
    if (words.length > 0)
      this.#tell(new Int16Array(0), endMs + ((audio.cursor - end) | 0) / SAMPLES_PER_MS, words, listener);
  }

  #tell(pcm: Int16Array, endMs: number, detections: Words, listener: HopListener): void {
    const { rms, noiseFloor } = this.#level.read();
    const scores = this.#models.of(this.#score.value);
    listener.hear({ pcm, endMs, rms, noiseFloor, scores, detections, barred: !this.#mayWake.now });
  }
}

type Event = Readonly<ValueOf<typeof DETECTION.fields>>;

function isWord({ kind, stream }: Event): boolean {
  return kind === "detection" && stream === 0;
}

function wordOf({ model, confidence }: Event): Words[number] {
  return { model, confidence: Math.min(1, Math.max(0, confidence)) };
}
