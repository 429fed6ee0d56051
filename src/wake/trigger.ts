/** When the scores of one model become a detection. Pure: time is handed in. */

/** How far a score must fall before the same word can be heard again, as a share of {@link leastScore}. */
export const RELEASE_RATIO = 0.8;

export interface TriggerSettings {
  /** A score at or above it counts, 0..1. */
  readonly threshold: number;
  /** How many frames in a row must count before it fires. */
  readonly patience: number;
  /** How long after a hit nothing fires. */
  readonly refractoryMs: number;
  /** A score from which one frame is enough, whatever threshold and patience say; undefined or above 1: none is. */
  readonly sure: number | undefined;
  /** The probability of speech, 0..1, that a hit must come with, or it is none; 0: nobody asks. */
  readonly vadThreshold: number;
}

// Chosen by what they cost in misses and save in false accepts: docs/accuracy.md.
export const DEFAULT_PATIENCE_FRAMES = 2;
export const DEFAULT_REFRACTORY_MS = 2000;
export const DEFAULT_SURE = 0.95;
export const DEFAULT_VAD_THRESHOLD = 0.8;

/** Of a model of which nothing is said: a threshold above {@link DEFAULT_SURE} is not undercut by it. */
export function defaultSure(threshold: number): number {
  return Math.max(DEFAULT_SURE, threshold);
}

/** The least score that may be a hit: the threshold, or `sure` where that is lower. */
export function leastScore({ threshold, sure }: TriggerSettings): number {
  return sure === undefined ? threshold : Math.min(threshold, sure);
}

/** Where a trigger stands. */
export type TriggerState =
  /** Would notice. */
  | { readonly kind: "armed" }
  /** The score counts, for fewer frames than patience asks. */
  | { readonly kind: "counting"; readonly frames: number }
  /** Fired at `hitAtMs`; deaf until `untilMs`. */
  | { readonly kind: "refractory"; readonly hitAtMs: number; readonly untilMs: number; readonly fallen: boolean }
  /** A live stream that has just begun; deaf until `untilMs`. */
  | { readonly kind: "held"; readonly untilMs: number; readonly fallen: boolean }
  /** The score was high when a deaf time ended, or was not seen: it must fall first. */
  | { readonly kind: "falling" };

const ARMED: TriggerState = { kind: "armed" };
const FALLING: TriggerState = { kind: "falling" };

/**
 * The state after one frame. It fired in that frame if {@link firedIn} says so.
 *
 * A score has fallen when it is below {@link RELEASE_RATIO} times {@link leastScore}. A crossing that begins in a deaf time
 * belongs to that time: it never fires, however long it lasts. The first crossing after it fires, even in the first
 * frame, provided that the score had fallen in the frame before.
 *
 * @param frameEndMs grows from frame to frame
 */
export function advance(
  state: TriggerState,
  settings: TriggerSettings,
  score: number,
  frameEndMs: number,
): TriggerState {
  const fallen = score < leastScore(settings) * RELEASE_RATIO;
  switch (state.kind) {
    case "refractory":
    case "held":
      if (frameEndMs < state.untilMs) return state.fallen === fallen ? state : { ...state, fallen };
      return advance(state.fallen ? ARMED : FALLING, settings, score, frameEndMs);
    case "falling":
      return fallen ? ARMED : FALLING;
    case "armed":
    case "counting": {
      const sure = settings.sure !== undefined && score >= settings.sure;
      if (!(score >= settings.threshold || sure)) return ARMED;
      const frames = state.kind === "counting" ? state.frames + 1 : 1;
      if (frames < settings.patience && !sure) return { kind: "counting", frames };
      return { kind: "refractory", hitAtMs: frameEndMs, untilMs: frameEndMs + settings.refractoryMs, fallen: false };
    }
  }
}

/** Whether the frame that ended at `frameEndMs` and led to `state` was a hit. */
export function firedIn(state: TriggerState, frameEndMs: number): boolean {
  return state.kind === "refractory" && state.hitAtMs === frameEndMs;
}

/** The scores and settings of one model on one stream. */
export class Trigger {
  #state: TriggerState = ARMED;
  #settings: TriggerSettings;

  constructor(settings: TriggerSettings) {
    this.#settings = settings;
  }

  get state(): TriggerState {
    return this.#state;
  }

  get settings(): TriggerSettings {
    return this.#settings;
  }

  /** Takes the score of the next frame and says whether it is a hit, whose confidence is that score. */
  step(score: number, frameEndMs: number): boolean {
    this.#state = advance(this.#state, this.#settings, score, frameEndMs);
    return firedIn(this.#state, frameEndMs);
  }

  /** New settings from the next frame on. The state stays; a refractory time that runs keeps its end. */
  configure(settings: TriggerSettings): void {
    this.#settings = settings;
  }

  /** Armed at once: for a recording that begins. */
  arm(): void {
    this.#state = ARMED;
  }

  /**
   * Deaf until `untilMs`, or until the end of a deaf time that was set before, if that is later. A score that nobody
   * watched up to then must be seen low before anything fires.
   */
  hold(untilMs: number): void {
    const running = this.#state.kind === "refractory" || this.#state.kind === "held" ? this.#state.untilMs : untilMs;
    this.#state = { kind: "held", untilMs: Math.max(untilMs, running), fallen: false };
  }

  /** A deaf time that was set ends sooner. */
  shorten(byMs: number): void {
    if (this.#state.kind === "held") this.#state = { ...this.#state, untilMs: this.#state.untilMs - byMs };
  }
}
