/**
 * One relay's activation: a state machine without a clock or a thread. Each event gives the next activation, or the
 * same object when nothing changed.
 */

/** How long a state may last before it ends by itself, ms: nothing that follows a wake word may leave it stuck. */
export const STATE_LIMIT_MS = {
  arbitrating: 2_000,
  recording: 20_000,
  processing: 30_000,
  responding: 60_000,
} as const;

export type ActivationState = "off" | "armed" | "awake" | keyof typeof STATE_LIMIT_MS;

export interface Activation {
  readonly state: ActivationState;
  /** Why it is off; empty otherwise. */
  readonly reason: string;
  /** Of the newest wake word; empty before the first. */
  readonly model: string;
  /** Where it was heard: the name of a stream from elsewhere; empty for the local microphone. */
  readonly source: string;
  readonly confidence: number;
  /** When this state began, monotonic ms. */
  readonly sinceMs: number;
  /** When it ends by itself; infinite for off and armed. */
  readonly untilMs: number;
  readonly simulated: boolean;
  /** Counts changes of state. */
  readonly sequence: number;
}

export type ActivationEvent =
  | {
      readonly type: "detected";
      readonly model: string;
      readonly source: string;
      readonly confidence: number;
      readonly holdMs: number;
      readonly simulated: boolean;
    }
  /** Several may have heard it: who answers is not decided yet. */
  | { readonly type: "contended"; readonly model: string; readonly source: string; readonly confidence: number }
  /** Comes with every look at the house: whether a wake word would be noticed now, and if not, why. */
  | { readonly type: "looked"; readonly hearing: true }
  | { readonly type: "looked"; readonly hearing: false; readonly reason: string }
  | { readonly type: "reset" };

export const INITIAL_ACTIVATION: Activation = {
  state: "off",
  reason: "starting",
  model: "",
  source: "",
  confidence: 0,
  sinceMs: 0,
  untilMs: Number.POSITIVE_INFINITY,
  simulated: false,
  sequence: 0,
};

/** The seed's flag: true from a detection until its activation is over. */
export function isListening({ state }: Pick<Activation, "state">): boolean {
  return state !== "off" && state !== "armed";
}

export function stepActivation(before: Activation, event: ActivationEvent, nowMs: number): Activation {
  switch (event.type) {
    case "detected":
      return {
        ...entered(before, "awake", nowMs),
        model: event.model,
        source: event.source,
        confidence: event.confidence,
        untilMs: nowMs + event.holdMs,
        simulated: event.simulated,
      };
    case "contended":
      // Whoever answers goes on: another word in another room is shown when it is answered.
      if (isListening(before) && nowMs < before.untilMs) return before;
      return {
        ...entered(before, "arbitrating", nowMs),
        model: event.model,
        source: event.source,
        confidence: event.confidence,
        untilMs: nowMs + STATE_LIMIT_MS.arbitrating,
      };
    case "reset":
      return isListening(before) ? entered(before, "armed", nowMs) : before;
    case "looked": {
      // An activation goes on when the microphone does not: what follows the word needs it no more, or ends by its limit.
      if (isListening(before) && nowMs < before.untilMs) return before;
      const state = event.hearing ? "armed" : "off";
      const reason = event.hearing ? "" : event.reason;
      if (state === before.state && reason === before.reason) return before;
      if (state === before.state) return { ...before, reason };
      return { ...entered(before, state, nowMs), reason };
    }
  }
}

function entered(before: Activation, state: ActivationState, nowMs: number): Activation {
  return {
    ...before,
    state,
    reason: "",
    sinceMs: nowMs,
    untilMs: Number.POSITIVE_INFINITY,
    simulated: false,
    sequence: before.sequence + 1,
  };
}
