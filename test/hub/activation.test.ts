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
