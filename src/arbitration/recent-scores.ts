/** What a detector made of the newest frames: enough of them to say, when another relay claims a word, how near to it they came. Pure. */

/** Frames that are remembered: those of a word and of an answer that comes late. */
const KEPT_FRAMES = 16;
/** Scores rise with a word's last sounds: what is older is not about it. */
const BEFORE_END_MS = 240;

export interface NamedScore {
  readonly model: string;
  /** 0..1 */
  readonly score: number;
  /** 0..1 */
  readonly threshold: number;
}

/** How near a word was. */
export interface Nearest {
  /** 0..1, the highest score. */
  readonly score: number;
  /** That over its threshold. */
  readonly nearness: number;
}

export const NOT_NEAR: Nearest = { score: 0, nearness: 0 };

export class RecentScores {
  readonly #frames: { readonly endMs: number; readonly scores: readonly NamedScore[] }[] = [];

  /** The end of the newest frame. */
  get untilMs(): number {
    return this.#frames.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Each frame once, in order; one that was there already is passed over. */
  add(endMs: number, scores: readonly NamedScore[]): void {
    if (endMs <= this.untilMs) return;
    this.#frames.push({ endMs, scores });
    if (this.#frames.length > KEPT_FRAMES) this.#frames.shift();
  }

  /** The highest score of a model in the frames about the end of a word, on the clock of {@link RecentScores.add}. */
  nearest(model: string, wordEndedAtMs: number): Nearest {
    let nearest = NOT_NEAR;
    for (const { endMs, scores } of this.#frames) {
      if (endMs < wordEndedAtMs - BEFORE_END_MS) continue;
      const named = scores.find((one) => one.model === model);
      const nearness = named === undefined ? 0 : named.score / named.threshold;
      if (named !== undefined && nearness > nearest.nearness) nearest = { score: named.score, nearness };
    }
    return nearest;
  }
}
