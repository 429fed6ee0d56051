/** What the hub asked a relay and was not answered: whether it has heard a word that another one claims. Pure. */

import { type Heard, heardOut } from "../arbitration/heard-out.ts";

/** A claim that lies so close to the end of a word is about it. */
const SAME_WORD_MS = 1000;
const MOST_OPEN = 8;

interface OpenAsk {
  readonly ask: number;
  readonly untilMs: number;
  /** When the word ended, as well as the relay can know. */
  readonly wordEndedAtMs: number;
  readonly pending: boolean;
}

export interface Answer {
  readonly type: "pass" | "pending";
  readonly ask: number;
}

export class OpenAsks {
  #open: readonly OpenAsk[] = [];

  /** Times are the relay's clock. @param wordEndedAtMs null where the hub does not know that clock */
  ask(ask: number, withinMs: number, wordEndedAtMs: number | null, nowMs: number): void {
    const asked = { ask, untilMs: nowMs + withinMs, wordEndedAtMs: wordEndedAtMs ?? nowMs, pending: false };
    this.#open = [...this.#open.filter((other) => other.ask !== ask), asked].slice(-MOST_OPEN);
  }

  /** A claim says more than any answer. */
  claimed(endedAtMs: number): void {
    this.#open = this.#open.filter(({ wordEndedAtMs }) => Math.abs(wordEndedAtMs - endedAtMs) > SAME_WORD_MS);
  }

  /** What can be answered now. */
  answers(heard: Heard, nowMs: number): readonly Answer[] {
    const answers: Answer[] = [];
    const left: OpenAsk[] = [];
    for (const open of this.#open) {
      const { ask, untilMs, wordEndedAtMs, pending } = open;
      if (nowMs >= untilMs) continue;
      const answer = heardOut(heard, wordEndedAtMs);
      if (answer !== undefined && !(answer === "pending" && pending)) answers.push({ type: answer, ask });
      if (answer !== "pass") left.push({ ...open, pending: pending || answer === "pending" });
    }
    this.#open = left;
    return answers;
  }
}
