import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Effect } from "../../src/arbitration/effects.ts";
import type { ArbitrationEvent } from "../../src/arbitration/events.ts";
import { evidence, facts, loudest } from "./small-house.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`nonsense: FUZZ_SEED=${seed}`);

const NOW_MS = 1_000_000;

const relayId = fc.constantFrom("a", "b", "c");
const connection = fc.integer({ min: 1, max: 3 });
const small = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300) },
);
const time = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: NOW_MS - 3500, max: NOW_MS + 6000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY) },
);
const sender = { relayId, connection };

const event: fc.Arbitrary<ArbitrationEvent> = fc.oneof(
  fc.record({ id: relayId, zone: fc.constantFrom("x", "y"), onset: fc.boolean(), local: fc.boolean(), connection }).map(
    ({ id, zone, onset, local, connection }): ArbitrationEvent => ({
      type: "joined",
      facts: facts(id, { zone, local, can: { onset, ask: onset }, leastLevelDb: -50 }),
      connection,
    }),
  ),
  fc.record({ type: fc.constant("left" as const), ...sender, why: fc.constant("closed") }),
  fc.record({ type: fc.constant("onset" as const), ...sender }),
  fc.record({ type: fc.constant("beat" as const), ...sender, hears: fc.boolean() }),
  fc.record({ type: fc.constant("delay" as const), ...sender, delayMs: small }),
  fc.record({
    type: fc.constant("claim" as const),
    ...sender,
    claim: fc.record({
      number: small,
      model: fc.constantFrom("alexa", ""),
      confidence: small,
      endedAtMs: time,
      evidence: fc.option(
        fc.record({ rms: small, durationMs: small }).map(({ rms, durationMs }) => evidence(rms, { durationMs })),
        { nil: undefined },
      ),
    }),
  }),
  fc.record({ type: fc.constantFrom("pass" as const, "pending" as const), ...sender, ask: small }),
  fc.record({
    type: fc.constant("audio" as const),
    ...sender,
    claim: small,
    fence: fc.option(small, { nil: undefined }),
    last: fc.boolean(),
  }),
  fc.record({ type: fc.constant("finished" as const), ...sender, fence: small }),
  fc.record({ type: fc.constant("reset" as const), zone: fc.constantFrom("x", undefined) }),
);

describe("whatever comes in", () => {
  test("the arbiter goes on, is never due at once, and lets one connection through per round and fence", () => {
    const steps = fc.array(fc.record({ event, afterMs: fc.constantFrom(0, 1, 50, 250, 600, 3000) }), {
      maxLength: 60,
      size: "max",
    });
    fc.assert(
      fc.property(steps, (plan) => {
        const arbiter = new Arbiter({ policy: loudest, settings: { windowMs: 300, maxRelays: 2 } });
        const heard = new Map<number, string>();
        let nowMs = NOW_MS;
        let newestFence = 0;
        const watch = (effect: Effect): void => {
          if (effect.type === "grant" && effect.fence > newestFence) expect(effect.fence).toBe(++newestFence);
          if (effect.type !== "accept") return;
          const by = `${effect.relayId}/${effect.connection}`;
          expect(heard.get(effect.round) ?? by).toBe(by);
          expect(effect.fence).toBeLessThanOrEqual(newestFence);
          heard.set(effect.round, by);
        };
        for (const { event, afterMs } of plan) {
          nowMs += afterMs;
          for (const effect of arbiter.step(event, nowMs)) watch(effect);
          expect(arbiter.wakeAtMs).toBeGreaterThan(nowMs);
        }
        for (let wakings = 0; arbiter.wakeAtMs < Number.POSITIVE_INFINITY; wakings++) {
          for (const effect of arbiter.step({ type: "tick" }, arbiter.wakeAtMs)) watch(effect);
          expect(wakings).toBeLessThan(200);
        }
        expect(arbiter.rounds).toEqual([]);
        expect([...arbiter.relays.values()].filter(({ status }) => status !== 0)).toEqual([]);
        expect([...arbiter.relays.values()].filter(({ facts }) => !facts.local).length).toBeLessThanOrEqual(2);
      }),
      { seed, numRuns: Number(process.env.ARBITRATION_ROUNDS ?? 1000), includeErrorInReport: true },
    );
  }, 600_000);
});
