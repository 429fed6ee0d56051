/** What the hub asked a relay and was not answered: whether it has heard a word that another one claims. Pure. */

/** A detector works in frames: so long behind a word's end it has seen the word whole, ms. */
const SEEN_AFTER_MS = 100;
/** A score of so much of its threshold may still rise to it. */
const RISING = 0.3;
/** As long a score may rise after the word's end; then it was not the word. */
const RISES_UNTIL_MS = 400;
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

  /**
   * What can be answered now.
   *
   * @param heardUntilMs up to where the detector has listened; infinite where it will hear nothing
   * @param nearness the highest score of all models, each over its threshold
   */
  answers(heardUntilMs: number, nearness: number, nowMs: number): readonly Answer[] {
    const answers: Answer[] = [];
    const left: OpenAsk[] = [];
    for (const open of this.#open) {
      const { ask, untilMs, wordEndedAtMs, pending } = open;
      if (nowMs >= untilMs) continue;
      const rises = nearness >= RISING && heardUntilMs < wordEndedAtMs + RISES_UNTIL_MS;
      if (!rises && heardUntilMs >= wordEndedAtMs + SEEN_AFTER_MS) {
        answers.push({ type: "pass", ask });
        continue;
      }
      if (rises && !pending) answers.push({ type: "pending", ask });
      left.push({ ...open, pending: pending || rises });
    }
    this.#open = left;
    return answers;
  }
}
