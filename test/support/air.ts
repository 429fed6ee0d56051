// The air of a house: sound goes on for ever, in real time, to everybody at once, to each as loud as it is near.
import { noise } from "./clips.ts";

/** 80 ms. */
export const PIECE = 1280;
/** Amplitude of white noise: the quiet of a room, which is not digital silence. */
const QUIET = 0.002;
const LIMIT_MS = 10_000;

/** What is being said while a piece is heard. */
export type Said = "nothing" | "word" | "command";

export interface Listener {
  /** Of the voice; what is said at 1 is heard as it is. */
  gain: number;
  /** @param atMs when its first sample was heard, as performance.now() */
  hear(piece: Int16Array<ArrayBuffer>, said: Said, atMs: number): void;
}

export class Air implements Disposable {
  readonly #listeners = new Map<Listener, number>();
  readonly #timer: Timer;
  readonly #beganMs = performance.now();
  #word: Int16Array = new Int16Array(0);
  #command: Int16Array = new Int16Array(0);
  #pieces = 0;

  constructor() {
    this.#timer = setInterval(() => {
      while (this.#atMs(this.#pieces + 1) <= performance.now()) this.#sound();
    }, 20);
  }

  join(listener: Listener): void {
    this.#listeners.set(listener, this.#listeners.size);
  }

  /** Said from now on, in one breath. */
  say(word: Int16Array, command: Int16Array): void {
    this.#word = word;
    this.#command = command;
  }

  /** Until so much more of it was heard. */
  async goesOn(lengthMs: number): Promise<void> {
    const pieces = this.#pieces + (lengthMs * 16) / PIECE;
    for (const limitMs = performance.now() + LIMIT_MS; this.#pieces < pieces; await Bun.sleep(10)) {
      if (performance.now() > limitMs) throw new Error(`${lengthMs} ms of sound did not come`);
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  /** When a piece begins. */
  #atMs(piece: number): number {
    return this.#beganMs + (piece * PIECE) / 16;
  }

  #sound(): void {
    const said: Said = this.#word.length > 0 ? "word" : this.#command.length > 0 ? "command" : "nothing";
    const voice = new Int16Array(PIECE);
    const ofWord = this.#word.subarray(0, PIECE);
    voice.set(ofWord);
    this.#word = this.#word.subarray(ofWord.length);
    const ofCommand = this.#command.subarray(0, PIECE - ofWord.length);
    voice.set(ofCommand, ofWord.length);
    this.#command = this.#command.subarray(ofCommand.length);
    for (const [listener, place] of this.#listeners) {
      const quiet = noise(PIECE / 16_000, QUIET, place * 1_000_000 + this.#pieces);
      const heard = voice.map((sample, i) => Math.round(sample * listener.gain) + (quiet[i] ?? 0));
      listener.hear(heard, said, this.#atMs(this.#pieces));
    }
    this.#pieces++;
  }
}
