import { describe, expect, test } from "bun:test";
import type { RoundRecord } from "../../src/arbitration/round-record.ts";
import { roundView } from "../../src/web/round-view.ts";
import { roundSchema } from "../../src/web/schemas/rounds.ts";
import { evidence } from "../arbitration/small-house.ts";

const OPEN: RoundRecord = {
  round: 7,
  zone: "house",
  phase: "open",
  openedAtMs: 5000,
  claims: [
    {
      relayId: "kitchen",
      connection: 3,
      number: 1,
      model: "alexa",
      confidence: 0.912345678,
      evidence: undefined,
      endedAfterMs: -81.4,
      arrivedAfterMs: 0,
      repeats: 0,
      late: false,
      seconded: false,
      standing: "contending",
    },
  ],
  waitedFor: [{ relayId: "hall", because: "hears", asked: true, outcome: "waiting", waitedMs: undefined }],
  outOfEarshot: ["attic"],
  verdict: undefined,
  grants: [],
  firstAudioAfterMs: undefined,
  ended: undefined,
};

const OVER: RoundRecord = {
  ...OPEN,
  phase: "over",
  waitedFor: [{ relayId: "hall", because: "hears", asked: true, outcome: "passed", waitedMs: 12.345678 }],
  verdict: {
    because: "all_spoke",
    afterMs: 12.345678,
    ranking: [
      { relayId: "kitchen", score: 3.25, terms: [{ name: "level", value: 3.25, because: "rms 0.1" }] },
      {
        relayId: "hall",
        score: Number.NEGATIVE_INFINITY,
        terms: [{ name: "level", value: Number.NaN, because: "nothing was measured" }],
      },
    ],
  },
  grants: [{ relayId: "kitchen", fence: 9, because: "best", afterMs: 12.5 }],
  firstAudioAfterMs: 40,
  ended: { why: "finished", afterMs: 2100 },
};

describe("a round as it is shown", () => {
  test("says of what has not happened yet that it is nothing", () => {
    const view = roundView(OPEN, 1_800_000_000_000);
    expect(view).toMatchObject({ round: 7, phase: "open", openedAt: 1_800_000_000_000, outOfEarshot: ["attic"] });
    expect(view).toMatchObject({ verdict: null, grants: [], firstAudioAfterMs: null, ended: null });
    expect(view.waitedFor).toEqual([
      { relayId: "hall", because: "hears", asked: true, outcome: "waiting", waitedMs: null },
    ]);
    expect(view.claims[0]).toMatchObject({ confidence: 0.9123, evidence: null, endedAfterMs: -81 });
  });

  test("explains a verdict with every term, and how it ended", () => {
    const view = roundView(OVER, 0);
    expect(view.verdict).toMatchObject({ because: "all_spoke", afterMs: 12.3457 });
    expect(view.verdict?.ranking[0]).toEqual({
      relayId: "kitchen",
      score: 3.25,
      terms: [{ name: "level", value: 3.25, because: "rms 0.1" }],
    });
    expect(view).toMatchObject({ firstAudioAfterMs: 40, ended: { why: "finished", afterMs: 2100 } });
  });

  test("has null for what JSON cannot say: no number, and infinity", () => {
    const [, hall] = roundView(OVER, 0).verdict?.ranking ?? [];
    expect(hall).toMatchObject({ score: null, terms: [{ name: "level", value: null }] });
  });

  test("shows evidence, and null for what a relay does not measure", () => {
    const claimed = (over: object) => ({
      ...OPEN,
      claims: OPEN.claims.map((claim) => ({ ...claim, evidence: evidence(0.1, over) })),
    });
    expect(roundView(claimed({ evenDb: -41 }), 0).claims[0]?.evidence).toMatchObject({ rms: 0.1, evenDb: -41 });
    for (const evenDb of [undefined, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(roundView(claimed({ evenDb }), 0).claims[0]?.evidence?.evenDb).toBeNull();
    }
  });

  test("is what the API promises, before and after JSON", () => {
    for (const record of [OPEN, OVER, { ...OPEN, claims: [] }]) {
      const view = roundView(record, 1_800_000_000_000);
      expect(roundSchema.parse(view)).toEqual(view);
      expect(JSON.parse(JSON.stringify(view))).toEqual(view);
    }
  });
});
