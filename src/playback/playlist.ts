/**
 * What is to be heard from this machine's loudspeaker, one sound after the other. Runs in the web worker, the playback
 * ring's one writer: gives the ring as much as there is room for at each look, and says when a sound has been heard.
 */
import { applyGain } from "../audio/gain.ts";
import { Resampler } from "../audio/resampler.ts";
import { type AudioRingWriter, MAX_BLOCK_SAMPLES } from "../memory/audio-ring.ts";
import { PLAYBACK_RATE, PLAYBACK_RING_SAMPLES, type SPEAKER } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";

/** Put into the ring ahead of what is heard: what a look of the web worker may take. */
const AHEAD_SAMPLES = PLAYBACK_RING_SAMPLES - 4 * MAX_BLOCK_SAMPLES;
/** Resampled at once. */
const STEP_MS = 50;
/** Put into the ring by one look, at most, 0.4 s: whoever waits for a verdict waits for this too. */
const PER_LOOK_SAMPLES = 0.4 * PLAYBACK_RATE;
/** A capture worker that takes nothing for so long is dead: whoever waits for the sound waits no longer. */
const STUCK_MS = 3000;

/** A sound: mono, of any rate. */
export interface Clip {
  readonly pcm: Int16Array;
  readonly sampleRateHz: number;
}

/** How a sound ended. */
export type ClipEnd = "heard" | "stopped" | "no_loudspeaker";

interface Playing {
  readonly clip: Clip;
  readonly gainDb: number;
  readonly resampler: Resampler;
  readonly output: Int16Array;
  readonly ended: (end: ClipEnd) => void;
  /** Samples of the clip that were resampled. */
  done: number;
  /** All of it is in the ring, up to here. */
  until: number | undefined;
}

export class Playlist {
  readonly #ring: AudioRingWriter;
  readonly #speaker: RecordReader<typeof SPEAKER.fields>;
  readonly #playing: Playing[] = [];
  /** Where the loudspeaker was when it was last seen to move. */
  #taken = 0;
  #movedAtMs = 0;

  /** @param ring whose one writer this is */
  constructor(ring: AudioRingWriter, speaker: RecordReader<typeof SPEAKER.fields>) {
    this.#ring = ring;
    this.#speaker = speaker;
    // What a predecessor was saying nobody waits for, and no microphone is guarded from.
    ring.startEpoch();
    ring.erase();
  }

  /** Whether something is to be heard. */
  get isPlaying(): boolean {
    return this.#playing.length > 0;
  }

  /**
   * Puts a sound behind those that wait, and begins with it at once where none does.
   *
   * @throws RangeError for a rate that cannot be resampled
   */
  play(clip: Clip, nowMs: number, ended: (end: ClipEnd) => void = () => {}, gainDb = 0): void {
    const resampler = new Resampler(clip.sampleRateHz, PLAYBACK_RATE);
    const step = Math.ceil((clip.sampleRateHz * STEP_MS) / 1000);
    const output = new Int16Array(
      resampler.outputCapacity(step) + Math.ceil((resampler.delayMs * PLAYBACK_RATE) / 1000) + 1,
    );
    if (!this.isPlaying) {
      this.#movedAtMs = nowMs;
      this.#taken = this.#speaker.read().taken;
    }
    this.#playing.push({ clip, gainDb, resampler, output, ended, done: 0, until: undefined });
    this.look(nowMs);
  }

  /** Silence, at once. */
  stop(): void {
    if (!this.isPlaying) return;
    this.#ring.startEpoch();
    this.#ring.erase();
    for (const { ended } of this.#playing.splice(0)) ended("stopped");
  }

  /** Gives what there is room for, and tells whose sound is over. */
  look(nowMs: number): void {
    if (!this.isPlaying) return;
    const { taken, state, quietAtMs } = this.#speaker.read();
    if (taken !== this.#taken) {
      this.#taken = taken;
      this.#movedAtMs = nowMs;
    }
    if (state === "none" || nowMs - this.#movedAtMs > STUCK_MS) {
      this.#ring.startEpoch();
      this.#ring.erase();
      for (const { ended } of this.#playing.splice(0)) ended("no_loudspeaker");
      return;
    }
    const most = Math.min(AHEAD_SAMPLES - ((this.#ring.written - taken) | 0), PER_LOOK_SAMPLES);
    const to = (this.#ring.written + most) | 0;
    for (const playing of this.#playing) if (!this.#give(playing, to)) break;
    for (let first = this.#playing[0]; first?.until !== undefined; first = this.#playing[0]) {
      if (((first.until - taken) | 0) > 0 || (state === "playing" && nowMs < quietAtMs)) break;
      this.#playing.shift();
      if (!this.isPlaying) this.#ring.erase();
      first.ended(state === "failed" ? "no_loudspeaker" : "heard");
    }
  }

  /**
   * @param to ring index behind which nothing is to be put
   * @returns whether all of it is in the ring
   */
  #give(playing: Playing, to: number): boolean {
    const { clip, gainDb, resampler, output } = playing;
    const step = Math.ceil((clip.sampleRateHz * STEP_MS) / 1000);
    while (playing.until === undefined) {
      if (((to - this.#ring.written) | 0) < output.length) return false;
      const piece = clip.pcm.subarray(playing.done, playing.done + step);
      let samples = resampler.process(piece, piece.length, output);
      playing.done += piece.length;
      if (playing.done >= clip.pcm.length) samples += resampler.flush(output.subarray(samples));
      applyGain(output, samples, gainDb);
      for (let from = 0; from < samples; from += MAX_BLOCK_SAMPLES) {
        const block = output.subarray(from, Math.min(samples, from + MAX_BLOCK_SAMPLES));
        this.#ring.write(block, block.length);
      }
      if (playing.done >= clip.pcm.length) playing.until = this.#ring.written;
    }
    return true;
  }
}
