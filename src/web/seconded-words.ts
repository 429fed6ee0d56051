/**
 * Words that the hub's own inference nearly heard, and whose stream was granted them because another relay was sure: they are
 * detections of the house, unless inference is sure a moment later. Pure.
 */
import { RISES_UNTIL_MS } from "../arbitration/heard-out.ts";

export interface SecondedWord {
  readonly stream: number;
  readonly relayId: string;
  readonly model: string;
  readonly confidence: number;
  /** Monotonic ms. */
  readonly endedAtMs: number;
}

export class SecondedWords {
  #waiting: readonly SecondedWord[] = [];

  granted(word: SecondedWord): void {
    this.#waiting = [...this.#waiting, word];
  }

  /** Inference was sure after all: that is told anyway. */
  heard(stream: number, model: string): void {
    this.#waiting = this.#waiting.filter((word) => word.stream !== stream || word.model !== model);
  }

  /** Those for which nothing will come any more: each once. */
  due(nowMs: number): readonly SecondedWord[] {
    const due = this.#waiting.filter(({ endedAtMs }) => nowMs >= endedAtMs + RISES_UNTIL_MS);
    if (due.length > 0) this.#waiting = this.#waiting.filter((word) => !due.includes(word));
    return due;
  }
}
