import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type Activation,
  type ActivationEvent,
  type ActivationState,
  INITIAL_ACTIVATION,
  isListening,
  STATE_LIMIT_MS,
  stepActivation,
} from "../../src/hub/activation.ts";

const HEARING: ActivationEvent = { type: "looked", hearing: true };
const DEAF: ActivationEvent = { type: "looked", hearing: false, reason: "muted" };
const RESET: ActivationEvent = { type: "reset" };
const detected = (holdMs = 2000, simulated = false): ActivationEvent => ({
  type: "detected",
  model: "alexa",
  source: "hall",
  confidence: 0.9,
  fence: 7,
  holdMs,
  simulated,
});

const OFF = stepActivation(INITIAL_ACTIVATION, DEAF, 100);
const ARMED = stepActivation(INITIAL_ACTIVATION, HEARING, 100);
const AWAKE = stepActivation(ARMED, detected(), 1000);
const later = (state: ActivationState, untilMs: number): Activation => ({ ...AWAKE, state, untilMs });

describe("an activation", () => {
  test("is off at first, because it has only begun", () => {
    expect(INITIAL_ACTIVATION).toMatchObject({ state: "off", reason: "starting", sequence: 0 });
    expect(isListening(INITIAL_ACTIVATION)).toBe(false);
  });

  test("is armed as soon as a wake word would be noticed, and off with the reason as soon as not", () => {
    expect(ARMED).toMatchObject({ state: "armed", reason: "", sinceMs: 100, sequence: 1 });
    expect(stepActivation(ARMED, DEAF, 200)).toMatchObject({
      state: "off",
      reason: "muted",
      sinceMs: 200,
      sequence: 2,
    });
  });

  test("is the same object while nothing changes", () => {
    expect(stepActivation(ARMED, HEARING, 5000)).toBe(ARMED);
    expect(stepActivation(OFF, DEAF, 5000)).toBe(OFF);
    expect(stepActivation(AWAKE, HEARING, 2999)).toBe(AWAKE);
    expect(stepActivation(ARMED, RESET, 5000)).toBe(ARMED);
    expect(stepActivation(OFF, RESET, 5000)).toBe(OFF);
  });

  test("that is off for another reason is no other state", () => {
    const other = stepActivation(OFF, { type: "looked", hearing: false, reason: "no microphone" }, 900);
    expect(other).toEqual({ ...OFF, reason: "no microphone" });
  });

  test("is awake from a detection on, whatever it was before", () => {
    for (const before of [INITIAL_ACTIVATION, OFF, ARMED, AWAKE, later("recording", 9000)]) {
      expect(stepActivation(before, detected(700), 1500)).toEqual({
        state: "awake",
        reason: "",
        model: "alexa",
        source: "hall",
        confidence: 0.9,
        fence: 7,
        wokeMs: 1500,
        sinceMs: 1500,
        untilMs: 2200,
        simulated: false,
        sequence: before.sequence + 1,
      });
    }
  });

  test("is over when its hold is, and still says which word it was", () => {
    expect(stepActivation(AWAKE, HEARING, 3000)).toMatchObject({
      state: "armed",
      model: "alexa",
      source: "hall",
      confidence: 0.9,
    });
    expect(stepActivation(AWAKE, DEAF, 3000)).toMatchObject({ state: "off", reason: "muted", model: "alexa" });
  });

  test("goes on when the microphone does not", () => {
    expect(stepActivation(AWAKE, DEAF, 2999)).toBe(AWAKE);
  });

  test.each(Object.entries(STATE_LIMIT_MS))(
    "that is %s ends by itself when its limit of %p ms is over",
    (state, limit) => {
      const before = later(state as ActivationState, 1000 + limit);
      expect(stepActivation(before, HEARING, 999 + limit)).toBe(before);
      expect(stepActivation(before, HEARING, 1000 + limit).state).toBe("armed");
    },
  );

  test("goes through a command, each of its states with a limit of its own, and ends with it", () => {
    let activation = stepActivation(AWAKE, { type: "recording", fence: 7 }, 1100);
    expect(activation).toMatchObject({ state: "recording", sinceMs: 1100, model: "alexa", source: "hall", fence: 7 });
    expect(activation.untilMs).toBe(1100 + STATE_LIMIT_MS.recording);
    activation = stepActivation(activation, { type: "processing", fence: 7 }, 4000);
    expect(activation).toMatchObject({ state: "processing", untilMs: 4000 + STATE_LIMIT_MS.processing });
    activation = stepActivation(activation, { type: "responding", fence: 7 }, 5000);
    expect(activation).toMatchObject({ state: "responding", untilMs: 5000 + STATE_LIMIT_MS.responding });
    activation = stepActivation(activation, { type: "ended", fence: 7 }, 8000);
    expect(activation).toMatchObject({ state: "armed", sinceMs: 8000, model: "alexa", fence: 0 });
    expect(activation.sequence).toBe(AWAKE.sequence + 4);
  });

  test("does not hear what a command does that is not its own, or is over", () => {
    for (const type of ["recording", "processing", "responding", "ended"] as const) {
      expect(stepActivation(AWAKE, { type, fence: 6 }, 1100)).toBe(AWAKE);
      expect(stepActivation(AWAKE, { type, fence: 7 }, 3000)).toBe(AWAKE);
      const reset = stepActivation(AWAKE, RESET, 1050);
      expect(stepActivation(reset, { type, fence: 7 }, 1100)).toBe(reset);
    }
  });

  test("does not begin its time anew when a state is told again", () => {
    const recording = stepActivation(AWAKE, { type: "recording", fence: 7 }, 1100);
    expect(stepActivation(recording, { type: "recording", fence: 7 }, 9000)).toBe(recording);
  });

  test("that is arbitrated ends when another answers; one that is awake is not asked", () => {
    const contended = { type: "contended", model: "alexa", source: "hall", confidence: 0.9 } as const;
    const arbitrating = stepActivation(ARMED, contended, 1000);
    expect(arbitrating).toMatchObject({ state: "arbitrating", wokeMs: 1000 });
    expect(stepActivation(arbitrating, { type: "not_granted" }, 1300)).toMatchObject({ state: "armed", sinceMs: 1300 });
    expect(stepActivation(AWAKE, { type: "not_granted" }, 1300)).toBe(AWAKE);
  });

  test("is ended by a reset", () => {
    for (const state of ["awake", "arbitrating", "recording", "processing", "responding"] as const) {
      expect(stepActivation(later(state, 99_000), RESET, 1200)).toMatchObject({ state: "armed", sequence: 3 });
    }
  });

  test("says that a person asked for it, and forgets that when it is over", () => {
    const simulated = stepActivation(ARMED, detected(1000, true), 0);
    expect(simulated.simulated).toBe(true);
    expect(stepActivation(simulated, HEARING, 1000).simulated).toBe(false);
    expect(stepActivation(simulated, detected(1000, false), 500).simulated).toBe(false);
  });

  test("listens from the detection until it is over", () => {
    const states = ["off", "armed", "awake", "arbitrating", "recording", "processing", "responding"] as const;
    expect(states.filter((state) => isListening({ state }))).toEqual(states.slice(2));
  });
});

test("no activation is ever stuck: left alone, it ends within its limit, and every change is counted", () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`activations: FUZZ_SEED=${seed}`);
  const event = fc.oneof(
    fc.constantFrom(HEARING, DEAF, RESET),
    fc.integer({ min: 1, max: 60_000 }).map((holdMs) => detected(holdMs)),
    fc
      .constantFrom("recording", "processing", "responding", "ended")
      .chain((type) => fc.constantFrom(7, 8).map((fence) => ({ type, fence }) as const)),
  );
  const steps = fc.array(fc.tuple(event, fc.integer({ min: 0, max: 10_000 })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (events) => {
      let activation = INITIAL_ACTIVATION;
      let nowMs = 0;
      for (const [next, pauseMs] of events) {
        nowMs += pauseMs;
        const before = activation;
        activation = stepActivation(before, next, nowMs);
        const moved = activation.state !== before.state || activation.sinceMs !== before.sinceMs;
        if (moved) expect(activation.sequence).toBe(before.sequence + 1);
        else expect(activation.sequence - before.sequence).toBeLessThanOrEqual(1);
        expect(activation.sinceMs).toBeLessThanOrEqual(nowMs);
        expect(activation.reason !== "").toBe(activation.state === "off");
        expect(Number.isFinite(activation.untilMs)).toBe(isListening(activation));
        if (next.type === "looked") expect(activation.state === "armed" && !next.hearing).toBe(false);
      }
      expect(stepActivation(activation, HEARING, nowMs + 60_000).state).toBe("armed");
      expect(stepActivation(activation, DEAF, nowMs + 60_000).state).toBe("off");
    }),
    { seed, numRuns: 200 },
  );
});
