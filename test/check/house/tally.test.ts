import { expect, test } from "bun:test";
import type { RoundHistory } from "../../../check/house/judge.ts";
import type { Seen } from "../../../check/house/orders.ts";
import { Tally } from "../../../check/house/tally.ts";
import { Withheld } from "../../../check/house/withheld.ts";

const at = { round: 1 };
const claimed = (atMs: number): Seen => ({ ...at, type: "claimed", atMs, claim: 1, model: "alexa", confidence: 0.9 });

test("kills, pauses and waits are counted; who was disturbed has no wait that counts", () => {
  const tally = new Tally();
  const seen = new Map<string, readonly Seen[]>([
    [
      "r0",
      [
        claimed(10),
        { ...at, type: "granted", atMs: 30, claim: 1, fence: 2 },
        { ...at, type: "over", atMs: 90, fence: 2, why: "finished" },
      ],
    ],
    [
      "r1",
      [
        claimed(11),
        { ...at, type: "strikes", atMs: 12, at: "claimed", victim: "relay" },
        { ...at, type: "died", atMs: 13 },
      ],
    ],
    [
      "r2",
      [
        { ...at, type: "stopped", atMs: 1 },
        claimed(20),
        { ...at, type: "lost", atMs: 900, why: "too_late", winner: undefined },
      ],
    ],
  ]);
  const plan = { zone: "house", parts: [], fault: undefined, striker: undefined };
  const none = { hubDied: false, hub: [], stuck: [], withheldMs: 7, highestFence: 1 };
  tally.count({ number: 1, plan, seen, ...none } satisfies RoundHistory);
  expect(tally).toMatchObject({ rounds: 1, claims: 3, grants: 1, tooLate: 1, pauses: 1, waitsMs: [20], withheldMs: 7 });
  expect(tally.kills("relay", "claimed")).toBe(1);
  expect(tally.kills("hub", "claimed")).toBe(0);
});

test("a process that is not there was kept waiting by nobody", () => {
  expect(new Withheld([2 ** 30]).mostMs).toBe(0);
});
