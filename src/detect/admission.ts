/**
 * The rules of the house for what the triggers let through: which of the words that fired in one frame count, and what
 * was wrong with the others. Pure; one for each stream.
 */
export interface AdmissionSettings {
  /** After any detection nothing counts for this long. */
  readonly cooldownMs: number;
  /** The least level that the last 1.5 s must have reached, linear 0..1. */
  readonly leastRms: number;
  /** Whether several words may count in one frame; else the surest. */
  readonly multiTrigger: boolean;
}

export interface Candidate {
  readonly confidence: number;
  readonly atMs: number;
}

/** Why a word that fired does not count. */
export type Refusal =
  /** The level did not reach `wake.rms_filter`. */
  | "too_quiet"
  /** A word shortly before it set off `wake.cooldown`. */
  | "cooling"
  /** Another word of the same frame was surer, and only one counts. */
  | "outdone";

export interface Judged<C extends Candidate> {
  readonly candidate: C;
  readonly verdict: "detection" | Refusal;
}

export class Admission {
  settings: AdmissionSettings;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(settings: AdmissionSettings) {
    this.settings = settings;
  }

  /** Until when nothing counts. */
  get coolsAtMs(): number {
    return this.#lastMs + this.settings.cooldownMs;
  }

  /**
   * @param candidates what fired in one frame
   * @param loudestRms the highest level of the last 1.5 s, linear 0..1
   */
  judge<C extends Candidate>(candidates: readonly C[], loudestRms: number): readonly Judged<C>[] {
    const [first] = candidates;
    if (first === undefined) return [];
    const { cooldownMs, leastRms, multiTrigger } = this.settings;
    const all = (verdict: Refusal) => candidates.map((candidate) => ({ candidate, verdict }));
    if (loudestRms < leastRms) return all("too_quiet");
    if (first.atMs < this.#lastMs + cooldownMs) return all("cooling");
    this.#lastMs = first.atMs;
    const surest = candidates.reduce((most, next) => (next.confidence > most.confidence ? next : most));
    return candidates.map((candidate) => ({
      candidate,
      verdict: multiTrigger || candidate === surest ? "detection" : "outdone",
    }));
  }
}
