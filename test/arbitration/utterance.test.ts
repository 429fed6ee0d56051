import { describe, expect, test } from "bun:test";
import type { Policy } from "../../src/arbitration/policy.ts";
import { evidence, LEGACY, loudest, SmallHouse } from "./small-house.ts";

/** Two relays, and one that keeps every round open to the bound. */
function undecided(policy?: Policy): SmallHouse {
  const house = new SmallHouse({}, policy);
  for (const id of ["a", "b", "c"]) house.quiet(id);
  house.join("legacy", LEGACY);
  return house;
}

describe("claims that overlap in time", () => {
  test("are one utterance, whatever the word", () => {
    const house = undecided();
    house.claim("a", { model: "alexa", rms: 0.1 });
    house.pass(40);
    house.claim("b", { model: "hey_jarvis", rms: 0.2 });
    house.pass(300);
    expect(house.winners).toEqual(["b"]);
  });

  test("are two in two zones: a voice between them is answered once in each", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.quiet("b", { zone: "garden" });
    house.claim("a");
    house.claim("b");
    expect(house.winners).toEqual(["a", "b"]);
  });

  test("are one although clocks are off by 500 ms in opposite ways and one comes 2 s late", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    const wordEndedAtMs = house.nowMs;
    const claim = house.claim("a", { endedAtMs: wordEndedAtMs - 500 });
    house.audio("a", claim);
    for (let n = 0; n < 20; n++) {
      house.pass(100);
      house.audio("a", claim);
    }
    house.claim("b", { endedAtMs: wordEndedAtMs + 500, rms: 0.9 });
    expect(house.winners).toEqual(["a"]);
    expect(house.told("cancel")).toMatchObject([{ relayId: "b", why: "too_late", winner: { relayId: "a" }, round: 1 }]);
  });

  test("are one when a third shows that two rounds are about the same words", () => {
    const house = undecided();
    house.claim("a", { endedAtMs: house.nowMs - 2600, rms: 0.1 });
    house.pass(50);
    house.join("newcomer", LEGACY);
    house.claim("b", { endedAtMs: house.nowMs, rms: 0.3 });
    expect(house.arbiter.rounds).toHaveLength(2);
    house.pass(50);
    house.claim("c", { endedAtMs: house.nowMs - 1400, rms: 0.2 });
    expect(house.arbiter.rounds).toHaveLength(1);
    house.pass(199);
    expect(house.winners).toEqual([]);
    house.pass(1);
    expect(house.winners).toEqual(["b"]);
    expect(house.arbiter.rounds[0]?.entrants.size).toBe(3);
  });
});

describe("a second utterance", () => {
  test("has a round of its own, while the first command goes on", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    const first = house.claim("a");
    house.audio("a", first);
    house.pass(2000);
    for (const id of ["a", "b"]) house.beat(id, false);
    const second = house.claim("b");
    expect(house.winners).toEqual(["a", "b"]);
    house.forget();
    house.audio("a", first);
    house.audio("b", second);
    expect(house.told("accept")).toMatchObject([
      { relayId: "a", fence: 1 },
      { relayId: "b", fence: 2 },
    ]);
  });

  test("that the same relay wins ends its first command", () => {
    const house = new SmallHouse();
    house.quiet("a");
    const first = house.claim("a");
    house.audio("a", first);
    house.pass(2500);
    const second = house.claim("a");
    expect(house.told("over")).toMatchObject([{ relayId: "a", fence: 1, why: "superseded" }]);
    expect(house.audio("a", first)).toMatchObject([{ type: "drop", why: "over" }]);
    expect(house.audio("a", second, { fence: 1 })).toMatchObject([{ type: "drop", why: "old_fence" }]);
    expect(house.audio("a", second, { fence: 2 })).toMatchObject([{ type: "accept", fence: 2, first: true }]);
  });

  test.each([
    [1600, 1],
    [1601, 2],
  ])("of a word of 600 ms begins %d ms after the first at the earliest", (apartMs, rounds) => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    const first = house.claim("a");
    house.audio("a", first);
    house.pass(apartMs);
    house.beat("a", false);
    house.claim("b");
    expect(house.winners).toHaveLength(rounds);
  });
});

describe("a claim between a decided utterance and one that is not", () => {
  test.each([
    [900, "a", "cancel too_late"],
    [1500, "c", "grant"],
  ])("belongs to the nearer: %d ms after the first it is %s who answers", (afterFirstMs, winner, told) => {
    const house = new SmallHouse();
    for (const id of ["a", "b", "c"]) house.quiet(id);
    const firstEndedAtMs = house.nowMs;
    house.audio("a", house.claim("a"));
    house.join("legacy", LEGACY);
    house.pass(2400);
    house.claim("b");
    house.claim("c", { rms: 0.9, endedAtMs: firstEndedAtMs + afterFirstMs });
    house.pass(300);
    expect(house.toldTo("c").filter((said) => said !== "ask")).toEqual([told]);
    expect(house.winners).toEqual(["a", winner === "a" ? "b" : winner]);
  });
});

describe("a late claim", () => {
  test("is told that it is too late and who won, where", () => {
    const house = new SmallHouse();
    house.quiet("a", { room: "kitchen" });
    house.quiet("b");
    house.audio("a", house.claim("a"));
    house.pass(350);
    const late = house.claim("b", { rms: 0.9 });
    expect(house.told("cancel")).toEqual([
      {
        type: "cancel",
        relayId: "b",
        connection: house.connection("b"),
        claims: [late],
        round: 1,
        why: "too_late",
        winner: { relayId: "a", room: "kitchen" },
      },
    ]);
  });

  test("is too late after the command is over too, as long as it is about the same words", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    house.audio("a", house.claim("a"));
    house.step({ type: "finished", relayId: "a", connection: house.connection("a"), fence: 1 });
    house.claim("b", { endedAtMs: house.nowMs + 100 });
    expect(house.winners).toEqual(["a"]);
    expect(house.toldTo("b")).toEqual(["cancel too_late"]);
  });

  test("of a word more than 3 s ago is stale, and opens no round", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.claim("a", { endedAtMs: house.nowMs - 3001 });
    expect(house.told("reject")).toMatchObject([{ relayId: "a", why: "stale" }]);
    expect(house.arbiter.rounds).toEqual([]);
    house.claim("a", { endedAtMs: house.nowMs - 3000 });
    expect(house.winners).toEqual(["a"]);
  });

  test("of a relay that has just restarted does not win again what was decided", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    house.audio("a", house.claim("a"));
    const wordEndedAtMs = house.nowMs;
    house.pass(400);
    house.join("b");
    house.pass(400);
    house.claim("b", { endedAtMs: wordEndedAtMs });
    expect(house.winners).toEqual(["a"]);
    expect(house.toldTo("b").at(-1)).toBe("cancel too_late");
  });

  test("of a relay that restarted after its claim counts in the round that is still open", () => {
    const house = undecided();
    house.claim("a");
    house.claim("b", { rms: 0.9, number: 7 });
    house.leave("b");
    house.pass(100);
    house.join("b");
    house.claim("b", { rms: 0.9, number: 7 });
    house.pass(200);
    expect(house.winners).toEqual(["b"]);
  });
});

describe("a repeated claim", () => {
  test("counts once", () => {
    const house = undecided();
    const claim = house.claim("a");
    house.claim("a", { number: claim });
    house.claim("a", { number: claim });
    house.pass(300);
    expect(house.winners).toEqual(["a"]);
    expect(house.arbiter.records()[0]?.claims).toMatchObject([{ relayId: "a", repeats: 2 }]);
  });

  test("of the winner is granted again with the same fence: the answer may have been lost", () => {
    const house = new SmallHouse();
    house.quiet("a");
    const claim = house.claim("a");
    house.claim("a", { number: claim });
    expect(house.told("grant").map(({ fence }) => fence)).toEqual([1, 1]);
    house.audio("a", claim);
    house.claim("a", { number: claim });
    expect(house.told("grant").map(({ fence }) => fence)).toEqual([1, 1, 1]);
  });

  test("of a loser is answered again, and without one nobody is told twice", () => {
    const house = undecided();
    const winner = house.claim("a", { rms: 0.9 });
    const loser = house.claim("b");
    house.pass(300);
    house.audio("a", winner);
    house.audio("a", winner);
    house.pass(200);
    expect(house.toldTo("b")).toEqual(["cancel lost"]);
    house.claim("b", { number: loser });
    expect(house.toldTo("b")).toEqual(["cancel lost", "cancel lost"]);
  });

  test("of the same words by a second model of the same relay is one contender, and both are answered", () => {
    const house = undecided();
    const first = house.claim("a", { model: "alexa", confidence: 0.6 });
    const second = house.claim("a", { model: "jarvis", confidence: 0.8 });
    house.pass(300);
    expect(house.told("grant")).toMatchObject([{ claims: [first, second] }]);
    expect(house.arbiter.records()[0]?.claims).toMatchObject([{ model: "jarvis", confidence: 0.8 }]);
    expect(house.audio("a", first)).toMatchObject([{ type: "accept" }]);
  });

  test("by a second model after the verdict belongs to what the relay has won", () => {
    const house = new SmallHouse();
    house.quiet("a");
    const first = house.claim("a");
    house.audio("a", first);
    house.pass(300);
    const second = house.claim("a", { model: "jarvis" });
    expect(house.told("grant")).toMatchObject([
      { claims: [first], fence: 1 },
      { claims: [second], fence: 1 },
    ]);
  });
});

describe("the verdict", () => {
  const ofTwo = (a: Parameters<SmallHouse["claim"]>[1], b: Parameters<SmallHouse["claim"]>[1], policy?: Policy) =>
    [
      ["a", "b"],
      ["b", "a"],
    ].map((order) => {
      const house = undecided(policy);
      for (const id of order) house.claim(id, id === "a" ? a : b);
      house.pass(300);
      return house.winners[0];
    });

  test("is the policy's, who is handed gain, preference and disbelief", () => {
    const house = new SmallHouse();
    house.hearing("a", { gain: { db: 12, uncertaintyDb: 1 } });
    house.hearing("b");
    house.hearing("c", { disbelieved: true });
    house.claim("a", { rms: 0.2 });
    house.claim("b", { rms: 0.1 });
    house.claim("c", { rms: 0.9 });
    expect(house.winners).toEqual(["b"]);
    expect(house.arbiter.records()[0]?.verdict?.ranking.map(({ relayId }) => relayId)).toEqual(["b", "a", "c"]);
  });

  test("of a tie is the same in whatever order the claims came", () => {
    expect(ofTwo({}, {})).toEqual(["a", "a"]);
  });

  test("is the same for a policy that breaks no ties itself", () => {
    const shrugging: Policy = (contenders) => contenders.map(({ relayId }) => ({ relayId, score: 0, terms: [] }));
    expect(ofTwo({}, {}, shrugging)).toEqual(["a", "a"]);
  });

  test("prefers any evidence to none", () => {
    expect(ofTwo({ evidence: undefined, confidence: 1 }, { rms: 0.001 })).toEqual(["b", "b"]);
  });

  test("takes evidence that is no number for none", () => {
    expect(ofTwo({ evidence: evidence(Number.NaN) }, { rms: 0.001 })).toEqual(["b", "b"]);
    expect(ofTwo({ evidence: evidence(Number.POSITIVE_INFINITY) }, { rms: 0.001 })).toEqual(["b", "b"]);
  });

  test("compares evidence that lacks what not every relay measures", () => {
    expect(ofTwo({ evidence: evidence(0.5, { evenDb: Number.NaN }) }, { rms: 0.1 })).toEqual(["a", "a"]);
  });

  test("without any evidence goes by confidence, then by the earlier word, then by the id", () => {
    const evidence = undefined;
    expect(ofTwo({ evidence, confidence: 0.5 }, { evidence, confidence: 0.6 })).toEqual(["b", "b"]);
    expect(ofTwo({ evidence, endedAtMs: 9_999 }, { evidence, endedAtMs: 9_990 })).toEqual(["b", "b"]);
    expect(ofTwo({ evidence, endedAtMs: 9_999 }, { evidence, endedAtMs: 9_999 })).toEqual(["a", "a"]);
  });

  test("is given although a policy forgets a claimant, names one twice or knows strangers", () => {
    const muddled: Policy = (contenders) => {
      const [first] = loudest(contenders);
      const stranger = { relayId: "stranger", score: 9, terms: [] };
      return first === undefined ? [stranger] : [stranger, first, first];
    };
    const house = undecided(muddled);
    for (const id of ["a", "b", "c"]) house.claim(id, { rms: id === "b" ? 0.5 : 0.1 });
    house.pass(300);
    expect(house.arbiter.records()[0]?.verdict?.ranking.map(({ relayId }) => relayId)).toEqual(["b", "a", "c"]);
  });

  test("does not believe a word that ends after its claim has come", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.claim("a", { endedAtMs: house.nowMs + 60_000 });
    expect(house.arbiter.records()[0]?.claims).toMatchObject([{ endedAfterMs: 0 }]);
    house.pass(5000);
    house.claim("a", { endedAtMs: Number.NaN });
    expect(house.winners).toEqual(["a", "a"]);
  });
});
