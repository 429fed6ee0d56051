/**
 * The rules of the house for what the triggers let through: which of the words that fired in one frame count. Pure.
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

  /** @param loudestRms the highest level of the last 1.5 s, linear 0..1 */
  admit<C extends Candidate>(candidates: readonly C[], loudestRms: number): readonly C[] {
    const [first] = candidates;
    if (first === undefined) return candidates;
    const { cooldownMs, leastRms, multiTrigger } = this.settings;
    if (loudestRms < leastRms || first.atMs < this.#lastMs + cooldownMs) return [];
    this.#lastMs = first.atMs;
    if (multiTrigger || candidates.length === 1) return candidates;
    return [candidates.reduce((surest, next) => (next.confidence > surest.confidence ? next : surest))];
  }
}
