import { expect, test } from "bun:test";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import { evidence, facts, loudest } from "./small-house.ts";

test("the generation rises with whatever can be seen of the house, and not with beats or sound that goes on", () => {
  const arbiter = new Arbiter({ policy: loudest });
  let nowMs = 1000;
  let generation = arbiter.generation;
  const rises = (event: Parameters<Arbiter["step"]>[0]): boolean => {
    nowMs += 10;
    arbiter.step(event, nowMs);
    const rose = arbiter.generation > generation;
    generation = arbiter.generation;
    return rose;
  };
  const kitchen = { relayId: "kitchen", connection: 1 };
  const attic = { relayId: "attic", connection: 2 };
  expect(rises({ type: "joined", facts: facts("kitchen"), connection: 1 })).toBe(true);
  expect(rises({ type: "joined", facts: facts("attic"), connection: 2 })).toBe(true);
  expect(rises({ type: "tick" })).toBe(false);
  expect(rises({ type: "beat", ...kitchen, hears: true })).toBe(false);
  expect(rises({ type: "beat", ...attic, hears: true })).toBe(false);
  expect(rises({ type: "delay", ...attic, delayMs: 5 })).toBe(false);
  const claim = { number: 1, model: "alexa", confidence: 0.9, endedAtMs: nowMs, evidence: evidence(0.1) };
  expect(rises({ type: "claim", ...kitchen, claim })).toBe(true);
  expect(rises({ type: "beat", ...attic, hears: true })).toBe(false);
  const ask = arbiter.rounds[0]?.id ?? 0;
  expect(rises({ type: "pending", ...attic, ask })).toBe(true);
  expect(rises({ type: "pending", ...attic, ask })).toBe(false);
  expect(rises({ type: "pass", ...attic, ask })).toBe(true);
  const fence = arbiter.records()[0]?.grants[0]?.fence;
  const sound = { type: "audio", ...kitchen, claim: 1, fence, last: false } as const;
  expect(rises(sound)).toBe(true);
  const [before] = arbiter.rounds;
  for (let piece = 0; piece < 10; piece++) expect(rises(sound)).toBe(false);
  // It is waited for longer all the same.
  expect(arbiter.rounds[0]?.phase !== "open" && arbiter.rounds[0]?.untilMs).toBe(
    (before?.phase === "serving" ? before.untilMs : 0) + 100,
  );
  expect(rises({ ...sound, last: true })).toBe(true);
  expect(rises({ type: "finished", ...kitchen, fence: fence ?? 0 })).toBe(true);
  expect(rises({ type: "left", ...attic, why: "closed" })).toBe(true);
});
