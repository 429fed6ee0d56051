import { describe, expect, test } from "bun:test";
import { evidence, LEGACY, SmallHouse } from "./small-house.ts";

function aRound(): SmallHouse {
  const house = new SmallHouse();
  for (const id of ["kitchen", "hall", "office"]) house.hearing(id, { room: id });
  house.join("porch", LEGACY);
  house.quiet("attic");
  const winner = house.claim("kitchen", { rms: 0.5, endedAtMs: house.nowMs - 90 });
  house.pass(40);
  house.claim("hall", { rms: 0.1, confidence: 0.7 });
  house.answer("office", "pass");
  house.pass(260);
  house.audio("kitchen", winner);
  return house;
}

describe("the log", () => {
  test("has the seed's four lines with what they are about", () => {
    const lines = aRound()
      .told("log")
      .map(({ line, fields }) => [line, fields]);
    expect(lines).toEqual([
      [
        "Started arbitration window for relay",
        {
          relay: "kitchen",
          round: 1,
          zone: "house",
          model: "alexa",
          confidence: 0.9,
          waitingFor: 3,
          windowMs: 300,
        },
      ],
      [
        "Relay joined arbitration window",
        { relay: "hall", round: 1, model: "alexa", confidence: 0.7, contenders: 2, afterMs: 40 },
      ],
      [
        "Arbitration completed, winner selected",
        { relay: "kitchen", round: 1, fence: 1, contenders: 2, because: "time", afterMs: 300 },
      ],
      ["Cancelled losing relay", { relay: "hall", round: 1, winner: "kitchen", why: "lost" }],
    ]);
  });
});

describe("a record", () => {
  test("says who claimed what when, who was waited for how long, what the policy said and how it ended", () => {
    const house = aRound();
    house.pass(4000);
    expect(house.arbiter.records()).toEqual([
      {
        round: 1,
        zone: "house",
        phase: "over",
        openedAtMs: 10_000,
        claims: [
          {
            relayId: "kitchen",
            connection: 1,
            number: 1,
            model: "alexa",
            confidence: 0.9,
            evidence: evidence(0.5),
            endedAfterMs: -90,
            arrivedAfterMs: 0,
            repeats: 0,
            late: false,
            seconded: false,
            standing: "granted",
          },
          {
            relayId: "hall",
            connection: 2,
            number: 2,
            model: "alexa",
            confidence: 0.7,
            evidence: evidence(0.1),
            endedAfterMs: 40,
            arrivedAfterMs: 40,
            repeats: 0,
            late: false,
            seconded: false,
            standing: "lost",
          },
        ],
        waitedFor: [
          { relayId: "hall", because: "hears", asked: true, outcome: "claimed", waitedMs: 40 },
          { relayId: "office", because: "hears", asked: true, outcome: "passed", waitedMs: 40 },
          { relayId: "porch", because: "cannot_say", asked: false, outcome: "no_answer", waitedMs: 300 },
        ],
        outOfEarshot: ["attic"],
        verdict: {
          because: "time",
          afterMs: 300,
          ranking: [
            { relayId: "kitchen", score: 20 * Math.log10(0.5), terms: [expect.objectContaining({ because: "0.5" })] },
            { relayId: "hall", score: -20, terms: [expect.objectContaining({ because: "0.1" })] },
          ],
        },
        grants: [{ relayId: "kitchen", fence: 1, because: "best", afterMs: 300 }],
        firstAudioAfterMs: 300,
        ended: { why: "stalled", afterMs: 3300 },
      },
    ]);
  });

  test("is kept of the last rounds, and of no more than fifty that nothing can happen to any more", () => {
    const house = new SmallHouse();
    house.quiet("a");
    for (let n = 0; n < 80; n++) {
      house.audio("a", house.claim("a"), { last: true });
      house.pass(40_000);
    }
    const records = house.arbiter.records();
    expect(records.length).toBeGreaterThanOrEqual(50);
    expect(records.length).toBeLessThanOrEqual(53);
    expect(records.at(-1)?.round).toBe(80);
    expect(records[0]?.round).toBe(80 - records.length + 1);
  });
});
