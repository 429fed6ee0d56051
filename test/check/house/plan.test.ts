import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../../bench/accuracy/seeded.ts";
import { isDone } from "../../../check/house/house-play.ts";
import { planRound } from "../../../check/house/plan.ts";

const relays = ["r0", "r1", "r2", "r3"];
const plans = Array.from({ length: 500 }, (_, batch) =>
  planRound({ zone: "hall", relays, random: seededRandom(1, `batch ${batch}`), hubDiesAt: undefined }),
);

describe("a plan", () => {
  test("is the same for the same seed, and another for another", () => {
    const again = (seed: number) =>
      planRound({ zone: "hall", relays, random: seededRandom(seed, "batch 0"), hubDiesAt: undefined });
    expect(again(1)).toEqual(plans[0]);
    expect(again(2)).not.toEqual(plans[0]);
  });

  test("always has somebody who claims; without relays there is none", () => {
    for (const plan of plans) expect(plan?.parts[0]?.claimsAfterMs.length).toBeGreaterThan(0);
    expect(planRound({ zone: "hall", relays: [], random: Math.random, hubDiesAt: undefined })).toBeUndefined();
  });

  test("claims at the window's end, doubles, pauses and kills in many of 500 rounds", () => {
    const parts = plans.flatMap((plan) => plan?.parts ?? []);
    const atEdge = plans.filter((plan) => {
      const [first, ...others] = plan?.parts ?? [];
      const firstMs = first?.claimsAfterMs[0] ?? 0;
      return others.some(({ claimsAfterMs: [at] }) => at !== undefined && Math.abs(at - firstMs - 300) <= 5);
    });
    expect(atEdge.length).toBeGreaterThan(100);
    expect(parts.filter(({ doubled }) => doubled).length).toBeGreaterThan(50);
    expect(parts.filter(({ pause }) => pause !== undefined).length).toBeGreaterThan(30);
    expect(new Set(plans.map((plan) => plan?.fault?.at)).size).toBe(7);
  });
});

describe("the part of a relay is over", () => {
  const part = plans[0]?.parts[0];
  const one = { ...part, claimsAfterMs: [90] } as NonNullable<typeof part>;
  const at = { atMs: 0, round: 1 };
  const claimed = { ...at, type: "claimed", claim: 1, model: "alexa", confidence: 1 } as const;
  const granted = { ...at, type: "granted", claim: 1, fence: 1 } as const;

  test("when it has claimed, was told, and its command has ended", () => {
    expect(isDone(one, [])).toBe(false);
    expect(isDone(one, [claimed])).toBe(false);
    expect(isDone(one, [claimed, granted])).toBe(false);
    expect(isDone(one, [claimed, granted, { ...at, type: "over", fence: 1, why: "finished" }])).toBe(true);
    expect(isDone(one, [claimed, { ...at, type: "lost", why: "lost", winner: undefined }])).toBe(true);
  });

  test("when it died", () => expect(isDone(one, [{ ...at, type: "died" }])).toBe(true));
});
