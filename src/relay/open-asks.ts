/** What the hub asked a relay and was not answered: whether it has heard a word that another one claims. Pure. */
import { type Heard, type HeardOut, heardOut, isSameWord } from "../arbitration/heard-out.ts";

const MOST_OPEN = 8;

/** Of another relay's claim. Times are this relay's clock. */
export interface Asked {
  readonly ask: number;
  readonly askedAtMs: number;
  readonly untilMs: number;
  /** When the word ended, as well as the relay can know. */
  readonly wordEndedAtMs: number;
  /** Which word it was; undefined where the hub does not say. */
  readonly model: string | undefined;
}

interface OpenAsk extends Asked {
  readonly pending: boolean;
}

export interface Answer extends Asked {
  readonly says: HeardOut;
}

export class OpenAsks {
  #open: readonly OpenAsk[] = [];
  /** When the newest word ended that was claimed here. */
  #claimedMs = Number.NEGATIVE_INFINITY;

  ask(asked: Asked): void {
    this.#open = [...this.#open.filter(({ ask }) => ask !== asked.ask), { ...asked, pending: false }].slice(-MOST_OPEN);
  }

  /** A claim says more than any answer. */
  claimed(endedAtMs: number): void {
    this.#claimedMs = endedAtMs;
    this.#open = this.#open.filter(({ wordEndedAtMs }) => !isSameWord(wordEndedAtMs, endedAtMs));
  }

  /**
   * What can be answered now.
   *
   * @param heardOf what the detector has made of its sound so far, and of the asked word
   */
  answers(heardOf: (asked: Asked) => Heard, nowMs: number): readonly Answer[] {
    const answers: Answer[] = [];
    const left: OpenAsk[] = [];
    for (const open of this.#open) {
      const { pending, ...asked } = open;
      const { untilMs, wordEndedAtMs, askedAtMs } = asked;
      if (nowMs >= untilMs) continue;
      const heard = heardOf(open);
      // What it had to say of a word that it has claimed itself is said.
      const wasClaimed = isSameWord(wordEndedAtMs, this.#claimedMs);
      const says = wasClaimed ? "pass" : heardOut(heard, wordEndedAtMs, askedAtMs);
      if (says !== undefined && !(says === "pending" && pending)) {
        answers.push({ ...asked, says });
      }
      if (says === undefined || says === "pending") left.push({ ...open, pending: pending || says === "pending" });
    }
    this.#open = left;
    return answers;
  }
}
