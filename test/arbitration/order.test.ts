import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Claim } from "../../src/arbitration/claim.ts";
import { POLICIES } from "../../src/arbitration/policies/by-name.ts";
import type { Policy } from "../../src/arbitration/policy.ts";
import { evidence, facts, LEGACY, loudest } from "./small-house.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`order of claims: FUZZ_SEED=${seed}`);

const NOW_MS = 100_000;

interface Heard {
  readonly relayId: string;
  readonly claim: Claim;
}

const heard: fc.Arbitrary<Heard> = fc.record({
  relayId: fc.constantFrom("a", "b", "c", "d", "e"),
  claim: fc.record({
    number: fc.nat(8),
    model: fc.constantFrom("alexa", "jarvis"),
    confidence: fc.constantFrom(0.5, 0.7, 0.9),
    endedAtMs: fc.integer({ min: NOW_MS - 2600, max: NOW_MS }),
    evidence: fc.option(
      fc
        .record({ percent: fc.integer({ min: 1, max: 9 }), durationMs: fc.constantFrom(0, 200, 600) })
        .map(({ percent, durationMs }) => evidence(percent / 10, { durationMs })),
      { nil: undefined, freq: 5 },
    ),
  }),
});

/** Claims, the moments at which they come, and two orders. */
const claimsInTwoOrders = fc.array(heard, { minLength: 1, maxLength: 8 }).chain((claims) =>
  fc.record({
    claims: fc.constant(claims),
    afterMs: fc.array(fc.nat(299), { minLength: claims.length, maxLength: claims.length }),
    other: fc.shuffledSubarray(claims, { minLength: claims.length, maxLength: claims.length }),
  }),
);

/** The verdicts on claims that come in this order; somebody who cannot say anything keeps every round open to its bound. */
function verdicts(claims: readonly Heard[], afterMs: readonly number[], policy: Policy = loudest): string[] {
  const arbiter = new Arbiter({ policy });
  for (const id of ["a", "b", "c", "d", "e"]) arbiter.step({ type: "joined", facts: facts(id), connection: 1 }, NOW_MS);
  arbiter.step({ type: "joined", facts: facts("porch", LEGACY), connection: 1 }, NOW_MS);
  const times = afterMs.toSorted((a, b) => a - b);
  for (const [at, { relayId, claim }] of claims.entries()) {
    arbiter.step({ type: "claim", relayId, connection: 1, claim }, NOW_MS + (times[at] ?? 0));
  }
  arbiter.step({ type: "tick" }, NOW_MS + 600);
  return arbiter
    .records()
    .map(({ verdict }) => (verdict?.ranking ?? []).map(({ relayId, score }) => `${relayId} ${score}`).join(", "))
    .sort();
}

/** Who contended with whom and who won, by the rules alone: what overlaps is one, with all that overlaps with that. */
function byTheRules(claims: readonly Heard[]): string[] {
  const groups: Heard[][] = [];
  const gap = (a: Heard, b: Heard): number => {
    const [first, second] = a.claim.endedAtMs <= b.claim.endedAtMs ? [a, b] : [b, a];
    return second.claim.endedAtMs - (second.claim.evidence?.durationMs ?? 600) - first.claim.endedAtMs;
  };
  for (const one of claims) {
    const touched = groups.filter((group) => group.some((other) => gap(one, other) <= 1000));
    for (const group of touched) groups.splice(groups.indexOf(group), 1);
    groups.push([one, ...touched.flat()]);
  }
  return groups
    .map((group) => {
      const best = new Map<string, Heard>();
      for (const one of group) {
        const other = best.get(one.relayId);
        if (other === undefined || speaksFor(one, other)) best.set(one.relayId, one);
      }
      return [...best.values()]
        .sort(rank)
        .map(({ relayId }) => relayId)
        .join(" ");
    })
    .sort();
}

const level = ({ claim }: Heard): number => claim.evidence?.rms ?? -1;

/** Measured before not measured, surer before less sure, earlier before later. */
function speaksFor(a: Heard, b: Heard): boolean {
  if ((a.claim.evidence === undefined) !== (b.claim.evidence === undefined)) return a.claim.evidence !== undefined;
  if (a.claim.confidence !== b.claim.confidence) return a.claim.confidence > b.claim.confidence;
  return a.claim.endedAtMs < b.claim.endedAtMs;
}

function rank(a: Heard, b: Heard): number {
  if (level(a) !== level(b)) return level(b) - level(a);
  if (level(a) > 0) return a.relayId < b.relayId ? -1 : 1;
  return (
    b.claim.confidence - a.claim.confidence || a.claim.endedAtMs - b.claim.endedAtMs || (a.relayId < b.relayId ? -1 : 1)
  );
}

describe("claims received before closing", () => {
  test.each(Object.entries(POLICIES))("lead to the same rounds and verdicts whatever their order: %s", (_, policy) => {
    fc.assert(
      fc.property(claimsInTwoOrders, ({ claims, other, afterMs }) => {
        expect(verdicts(other, afterMs, policy)).toEqual(verdicts(claims, afterMs, policy));
      }),
      { seed, numRuns: 300 },
    );
  });

  test("lead to the verdicts that follow from the rules", () => {
    const distinct = (claims: readonly Heard[]): boolean =>
      new Set(claims.map(({ claim }) => claim.endedAtMs)).size === claims.length &&
      new Set(claims.map(({ relayId, claim }) => `${relayId} ${claim.number}`)).size === claims.length;
    fc.assert(
      fc.property(
        claimsInTwoOrders.filter(({ claims }) => distinct(claims)),
        ({ claims, afterMs }) => {
          const winners = verdicts(claims, afterMs).map((ranking) =>
            ranking.replaceAll(/ [-\w.]+(?=,|$)/g, "").replaceAll(",", ""),
          );
          expect(winners.sort()).toEqual(byTheRules(claims));
        },
      ),
      { seed, numRuns: 2000 },
    );
  });
});
