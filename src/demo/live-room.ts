/** The sound of one microphone of the demo's house, as it goes on: the room's noise, and whatever is said. Time is handed in. */
import type { DemoRoom } from "./small-house.ts";

const RATE_HZ = 16_000;
/** Root mean square of the noise, of a full scale: -62 dB. */
const NOISE = 0.0008;

export class LiveRoom {
  readonly room: DemoRoom;
  readonly #random: () => number;
  #begunAtMs: number | undefined;
  #given = 0;
  /** What is being said, and how much of it was heard. */
  #said: { readonly sound: Float32Array; at: number }[] = [];

  /** @param random 0..1 */
  constructor(room: DemoRoom, random: () => number) {
    this.room = room;
    this.#random = random;
  }

  /** Somebody says something, from now on. @param sound as this microphone hears it, 16 kHz, 1 is full scale */
  hear(sound: Float32Array): void {
    this.#said.push({ sound, at: 0 });
  }

  /** What was heard since the last call. */
  take(nowMs: number): Int16Array<ArrayBuffer> {
    this.#begunAtMs ??= nowMs;
    const due = Math.floor(((nowMs - this.#begunAtMs) * RATE_HZ) / 1000) - this.#given;
    this.#given += due;
    const pcm = new Int16Array(due);
    for (let i = 0; i < due; i++) {
      // The sum of a few even numbers is about normal, with a standard deviation of 1 for twelve.
      let sample = 0;
      for (let k = 0; k < 12; k++) sample += this.#random();
      sample = (sample - 6) * NOISE;
      for (const said of this.#said) sample += said.sound[said.at + i] ?? 0;
      pcm[i] = Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767)));
    }
    for (const said of this.#said) said.at += due;
    this.#said = this.#said.filter(({ sound, at }) => at < sound.length);
    return pcm;
  }
}
