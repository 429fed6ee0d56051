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
  /** What it was granted; 0 while nobody is, and for one that a person asked for. */
  readonly fence: number;
  /** When the newest wake word came, monotonic ms; 0 before the first. */
  readonly wokeMs: number;
  /** When this state began, monotonic ms. */
  readonly sinceMs: number;
  /** When it ends by itself; infinite for off and armed. */
  readonly untilMs: number;
  readonly simulated: boolean;
  /** Counts changes of state. */
  readonly sequence: number;
}

/** What the command is doing that was granted with this fence. What comes of one that is over counts no more. */
export interface CommandEvent {
  readonly type: "recording" | "processing" | "responding" | "ended";
  readonly fence: number;
}

export type ActivationEvent =
  | {
      readonly type: "detected";
      readonly model: string;
      readonly source: string;
      readonly confidence: number;
      /** 0 for one that a person asked for. */
      readonly fence: number;
      readonly holdMs: number;
      readonly simulated: boolean;
    }
  /** Several may have heard it: who answers is not decided yet. */
  | { readonly type: "contended"; readonly model: string; readonly source: string; readonly confidence: number }
  /** Another answers, or nobody does. */
  | { readonly type: "not_granted" }
  | CommandEvent
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
  fence: 0,
  wokeMs: 0,
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
        fence: event.fence,
        wokeMs: nowMs,
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
        fence: 0,
        wokeMs: nowMs,
        untilMs: nowMs + STATE_LIMIT_MS.arbitrating,
      };
    case "not_granted":
      return before.state === "arbitrating" ? over(before, nowMs) : before;
    case "recording":
    case "processing":
    case "responding":
      if (!serves(before, event.fence, nowMs)) return before;
      if (before.state === event.type) return before;
      return {
        ...entered(before, event.type, nowMs),
        simulated: before.simulated,
        untilMs: nowMs + STATE_LIMIT_MS[event.type],
      };
    case "ended":
      return serves(before, event.fence, nowMs) ? over(before, nowMs) : before;
    case "reset":
      return isListening(before) ? over(before, nowMs) : before;
    case "looked": {
      // An activation goes on when the microphone does not: what follows the word needs it no more, or ends by its limit.
      if (isListening(before) && nowMs < before.untilMs) return before;
      const state = event.hearing ? "armed" : "off";
      const reason = event.hearing ? "" : event.reason;
      if (state === before.state && reason === before.reason) return before;
      if (state === before.state) return { ...before, reason };
      return { ...entered(before, state, nowMs), fence: 0, reason };
    }
  }
}

/** Whether this is the command that is under way: what ended, by its limit or by a reset, does not come back. */
function serves(before: Activation, fence: number, nowMs: number): boolean {
  return isListening(before) && nowMs < before.untilMs && before.fence === fence;
}

/** Armed until the next look says otherwise. */
function over(before: Activation, nowMs: number): Activation {
  return { ...entered(before, "armed", nowMs), fence: 0 };
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
