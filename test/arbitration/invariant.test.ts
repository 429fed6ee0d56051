import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RELAY_STATUS } from "../../src/arbitration/relay.ts";
import type { Aftermath, Hearing, RelayPlan, Storm } from "./storm.ts";
import { weather } from "./weather.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
/** How many rounds to try: 100,000 take a minute. */
const ROUNDS = Number(process.env.ARBITRATION_ROUNDS ?? 2000);
console.log(`arbitration: FUZZ_SEED=${seed} ARBITRATION_ROUNDS=${ROUNDS}`);

const PATIENCE_MS = 3_600_000;
const MOST_RELAYS = 6;
/** Words of one zone so far apart are two utterances whatever clocks say. */
const APART_MS = 3000;

const zone = fc.constantFrom<RelayPlan["zone"][]>("ground", "ground", "upper");
const sometimes = (percent: number) => fc.nat(99).map((n) => n >= 100 - percent);
/** Now and then, in as many of a hundred. */
const perhaps = <T>(percent: number, value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 100 - percent, arbitrary: fc.constant(undefined) }, { weight: percent, arbitrary: value });

const relay: fc.Arbitrary<RelayPlan> = fc.record({
  zone,
  can: fc.constantFrom({ onset: true, ask: true }, { onset: true, ask: false }, { onset: false, ask: false }),
  clockOffMs: fc.integer({ min: -500, max: 500 }),
  lagMs: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2000 })),
  jitterMs: fc.constantFrom(0, 5, 5, 200, 200, 900),
  lossPercent: fc.constantFrom(0, 0, 0, 0, 0, 10, 50),
  doublePercent: fc.constantFrom(0, 10, 50),
  delayKnown: fc.boolean(),
  talkative: sometimes(20),
  restart: perhaps(
    20,
    fc.record({
      atMs: fc.integer({ min: 1500, max: 12_000 }),
      gapMs: fc.integer({ min: 0, max: 2500 }),
      lingers: fc.boolean(),
      reclaims: fc.boolean(),
    }),
  ),
});

const hearing: fc.Arbitrary<Hearing> = fc.record({
  hears: sometimes(70),
  noticesAfterMs: fc.integer({ min: 0, max: 150 }),
  rms: fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100),
  wordMs: fc.integer({ min: 400, max: 800 }),
  evidence: fc.constantFrom("measured", "measured", "measured", "missing", "nonsense"),
  twice: sometimes(20),
  repeatsAfterMs: fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 3 }),
  answers: fc.constantFrom("honestly", "honestly", "honestly", "never", "pass", "pending", "second", "second"),
  audio: fc.constantFrom(
    "streams",
    "streams",
    "streams",
    "streams",
    "streams",
    "none",
    "stalls",
    "at once",
    "gives up",
  ),
  lies: sometimes(15),
});

const utterance = (least: number) =>
  fc.record({
    afterMs: fc.integer({ min: least, max: least + 2500 }),
    zone,
    hearings: fc.array(hearing, { minLength: MOST_RELAYS, maxLength: MOST_RELAYS }),
  });

const storm = (leastApartMs: number): fc.Arbitrary<Storm> =>
  fc.record({
    relays: fc.array(relay, { minLength: 1, maxLength: MOST_RELAYS }),
    utterances: fc.array(utterance(leastApartMs), { minLength: 1, maxLength: 3 }),
    wokenLateMs: fc.constantFrom(0, 0, 0, 30, 800),
    resetAtMs: perhaps(5, fc.integer({ min: 0, max: 10_000 })),
    salt: fc.nat(),
  });

/** Tries storms until as many rounds were had as asked for. */
function tried(storms: fc.Arbitrary<Storm>, rounds: number, check: (storm: Storm, after: Aftermath) => void): number {
  let had = 0;
  for (let batch = 0; had < rounds; batch++) {
    fc.assert(
      fc.property(storms, (plan) => {
        const after = weather(plan);
        had += after.records.length;
        check(plan, after);
      }),
      { seed: seed + batch, includeErrorInReport: true, numRuns: Math.max(50, Math.ceil((rounds - had) / 2)) },
    );
  }
  return had;
}

/** It claimed the utterance, goes on sending until it is told to stop, and all of that gets through. */
function isHeard(plan: Storm, after: Aftermath, index: number, relayIndex: number): boolean {
  const relayPlan = plan.relays[relayIndex];
  const hears = plan.utterances[index]?.hearings[relayIndex];
  if (relayPlan === undefined || hears === undefined || !hears.hears) return false;
  if (relayPlan.zone !== plan.utterances[index]?.zone) return false;
  // Audio that comes less than every 500 ms does not get through.
  if (relayPlan.jitterMs > 200 || relayPlan.lossPercent > 0 || relayPlan.restart !== undefined) return false;
  if (hears.lies || after.superseded.has(`${relayIndex} ${index}`)) return false;
  return hears.audio === "streams" || (hears.audio === "at once" && relayPlan.jitterMs === 0);
}

/** What holds whatever was said when. */
function expectOrder(plan: Storm, after: Aftermath): void {
  expect(after.offences).toEqual([]);
  expect(after.openRounds).toBe(0);
  expect(after.statuses.filter((status) => status !== RELAY_STATUS.connected)).toEqual([]);
  for (const claim of after.claims) {
    if (claim.received === 0 || !after.connected.has(claim.connection)) continue;
    const told = claim.granted + claim.cancelled + claim.rejected > 0;
    expect({ ...claim, told }).toMatchObject({ told: true });
    expect(claim.cancelled).toBeLessThanOrEqual(claim.received);
  }
  for (const { verdict } of after.records) {
    expect(verdict?.afterMs ?? 0).toBeLessThanOrEqual(300 + plan.wokenLateMs);
  }
}

describe("the invariant", () => {
  test(
    "holds in any storm: one relay is heard per utterance if one lives, and every other is told",
    () => {
      let lively = 0;
      const rounds = tried(storm(APART_MS), ROUNDS, (plan, after) => {
        expectOrder(plan, after);
        for (const [index, accepted] of after.acceptedOf.entries()) {
          expect(accepted.size).toBeLessThanOrEqual(1);
          const lives = plan.relays.some((_, relayIndex) => isHeard(plan, after, index, relayIndex));
          if (!lives || plan.resetAtMs !== undefined) continue;
          expect([index, accepted.size]).toEqual([index, 1]);
          lively++;
        }
      });
      console.log(`arbitration: ${rounds} rounds in storms, ${lively} utterances with a claimant that lived`);
      expect(lively).toBeGreaterThan(ROUNDS / 10);
    },
    PATIENCE_MS,
  );

  test(
    "leaves one relay per round and somebody to answer where people speak so close that nobody can tell their words apart",
    () => {
      tried(storm(0), ROUNDS / 4, (plan, after) => {
        expectOrder(plan, after);
        // The hub may take two of its words for one: then what it does about one of them it does about both.
        const lives = plan.relays.some((_, at) => {
          const heard = plan.utterances.flatMap(({ zone, hearings }, index) =>
            zone === plan.relays[at]?.zone && hearings[at]?.hears ? [isHeard(plan, after, index, at)] : [],
          );
          return heard.length > 0 && heard.every(Boolean);
        });
        if (!lives || plan.resetAtMs !== undefined) return;
        expect(after.acceptedOf.some((accepted) => accepted.size > 0)).toBe(true);
      });
    },
    PATIENCE_MS,
  );
});
