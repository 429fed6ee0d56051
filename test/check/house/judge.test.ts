import { describe, expect, test } from "bun:test";
import { type HubRound, judge, type RoundHistory } from "../../../check/house/judge.ts";
import type { Seen } from "../../../check/house/orders.ts";
import type { Part } from "../../../check/house/plan.ts";

type Event = Seen extends infer Each ? (Each extends Seen ? Omit<Each, "round"> : never) : never;

const claimed = (atMs: number): Event => ({ type: "claimed", atMs, claim: 1, model: "alexa", confidence: 0.9 });
const granted = (atMs: number, fence: number): Event => ({ type: "granted", atMs, claim: 1, fence });
const lost = (atMs: number, why: "lost" | "silent" | "no_verdict" = "lost"): Event => ({
  type: "lost",
  atMs,
  why,
  winner: undefined,
});
const HEARD: HubRound = {
  round: 1,
  zone: "house",
  openedAt: 0,
  claims: [],
  verdict: { afterMs: 100 },
  grants: [{ relayId: "r0", fence: 7 }],
  firstAudioAfterMs: 101,
  ended: { why: "finished" },
};

function round(events: Readonly<Record<string, readonly Event[]>>, around: Partial<RoundHistory> = {}): RoundHistory {
  const parts = Object.keys(events).map(
    (id): Part => ({
      id,
      level: 0.1,
      claimsAfterMs: [100],
      doubled: false,
      rises: true,
      seconds: false,
      soundMs: 1,
      pause: undefined,
    }),
  );
  return {
    number: 1,
    plan: { zone: "house", parts, fault: undefined, striker: undefined },
    seen: new Map(Object.entries(events).map(([id, own]) => [id, own.map((one) => ({ ...one, round: 1 }) as Seen)])),
    hubDied: false,
    hub: [HEARD],
    stuck: [],
    withheldMs: 0,
    highestFence: 6,
    ...around,
  };
}

const won = [claimed(0), granted(100, 7)];

describe("a round is as it must be", () => {
  test("when one answers and the other is told", () => {
    expect(judge(round({ r0: won, r1: [claimed(10), lost(101)] }))).toEqual([]);
  });

  test("when the winner was killed and the runner-up answers", () => {
    const hub = [{ ...HEARD, grants: [...HEARD.grants, { relayId: "r1", fence: 8 }] }];
    const r0: Event[] = [...won, { type: "died", atMs: 100 }];
    expect(judge(round({ r0, r1: [claimed(10), granted(400, 8)] }, { hub }))).toEqual([]);
  });

  test("when the hub was killed and everybody noticed", () => {
    const r0: Event[] = [
      claimed(0),
      lost(20),
      { type: "away", atMs: 20, code: "closed", message: "", hint: "", retryAtMs: 300 },
    ];
    expect(judge(round({ r0 }, { hub: [], hubDied: true }))).toEqual([]);
  });
});

test("what a busy machine withheld nobody answers for", () => {
  const slow = { r0: won, r1: [claimed(10), lost(1500)] };
  expect(judge(round(slow, { withheldMs: 1000 }))).toEqual([]);
});

describe("it is found out", () => {
  const findings: readonly (readonly [string, RoundHistory, string])[] = [
    ["that two believe they answer", round({ r0: won, r1: [claimed(10), granted(110, 8)] }), "r0 and r1 believe"],
    ["that a fence was given twice", round({ r0: won, r1: [claimed(10), granted(110, 7), lost(120)] }), "both granted"],
    [
      "that sound was accepted twice",
      round({ r0: won }, { hub: [HEARD, { ...HEARD, round: 2 }] }),
      "accepted in 2 rounds",
    ],
    [
      "that the hub hears somebody else than was told",
      round({ r0: won }, { hub: [{ ...HEARD, grants: [{ relayId: "r1", fence: 7 }] }] }),
      "is r1's for the hub",
    ],
    [
      "that nobody was heard although a claimant lived",
      round({ r0: [claimed(0), lost(10)] }, { hub: [] }),
      "nobody was heard, although r0",
    ],
    ["that a loser was not told", round({ r0: won, r1: [claimed(10)] }), "r1 claimed and was told nothing"],
    ["that a relay gave up", round({ r0: won, r1: [claimed(10), lost(5010, "no_verdict")] }), "it gave up"],
    ["that somebody waited too long", round({ r0: won, r1: [claimed(10), lost(1500)] }), "r1 waited 1490 ms"],
    [
      "that a round was open beyond its window",
      round({ r0: won }, { hub: [{ ...HEARD, verdict: { afterMs: 900 } }] }),
      "was open for 900 ms",
    ],
    ["that a grant is of an older round", round({ r0: won }, { highestFence: 7 }), "the old fence 7"],
    [
      "that a grant outlived its hub",
      round({
        r0: [
          claimed(0),
          { type: "away", atMs: 1, code: "closed", message: "", hint: "", retryAtMs: 2 },
          { type: "connected", atMs: 3 },
          granted(4, 7),
        ],
      }),
      "without a claim",
    ],
    [
      "that the hub knows of a claim that was never made",
      round({ r0: won, r1: [] }, { hub: [{ ...HEARD, claims: [{ relayId: "r1", standing: "lost" }] }] }),
      "r1 never made",
    ],
    [
      "that sound goes out for a fence of another",
      round({ r0: [...won, { type: "sent", atMs: 1, fence: 9 }] }),
      "fence 9",
    ],
    ["that a round does not end", round({ r0: won }, { stuck: [4] }), "not over: hub rounds 4"],
  ];
  for (const [what, history, words] of findings) {
    test(what, () => expect(judge(history).join("\n")).toContain(words));
  }
});
