import { describe, expect, test } from "bun:test";
import { evidence, LEGACY, SmallHouse } from "./small-house.ts";

describe("a claim with nobody else in earshot", () => {
  test("is granted at once", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.claim("a");
    expect(house.winners).toEqual(["a"]);
    expect(house.arbiter.records()).toMatchObject([{ verdict: { because: "alone", afterMs: 0 } }]);
  });

  test("is granted at once among nine that hear nothing", () => {
    const house = new SmallHouse();
    for (let n = 0; n < 10; n++) house.quiet(`relay-${n}`);
    house.pass(700);
    for (let n = 0; n < 10; n++) house.beat(`relay-${n}`, false);
    house.claim("relay-3");
    expect(house.winners).toEqual(["relay-3"]);
    expect(house.arbiter.records()[0]?.outOfEarshot).toHaveLength(9);
  });

  test("does not wait for relays of another zone", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b", { zone: "garden" });
    house.join("c", { ...LEGACY, zone: "garden" });
    house.claim("a");
    expect(house.winners).toEqual(["a"]);
  });
});

describe("a round", () => {
  const withBeatAge = (ageMs: number, delayMs?: number): SmallHouse => {
    const house = new SmallHouse();
    house.quiet("a");
    house.join("b");
    const connection = house.connection("b");
    if (delayMs !== undefined) house.step({ type: "delay", relayId: "b", connection, delayMs });
    house.beat("b", false);
    house.nowMs += ageMs;
    house.claim("a");
    return house;
  };

  test("asks who hears something, and closes when the last of them has claimed", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.hearing("c");
    house.claim("a");
    expect(house.toldTo("b")).toEqual(["ask"]);
    expect(house.toldTo("c")).toEqual(["ask"]);
    house.pass(20);
    house.claim("b");
    expect(house.winners).toEqual([]);
    house.pass(15);
    house.claim("c", { rms: 0.5 });
    expect(house.winners).toEqual(["c"]);
    expect(house.arbiter.records()[0]?.verdict).toMatchObject({ because: "all_spoke", afterMs: 35 });
  });

  test("closes as soon as a television in another room has passed", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("television");
    house.claim("a");
    house.pass(30);
    house.answer("television", "pass");
    expect(house.winners).toEqual(["a"]);
    expect(house.arbiter.records()[0]?.waitedFor).toEqual([
      { relayId: "television", because: "hears", asked: true, outcome: "passed", waitedMs: 30 },
    ]);
  });

  test("goes on when a relay's score is rising, and closes with its claim", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.step({ type: "delay", relayId: "b", connection: house.connection("b"), delayMs: 2 });
    house.claim("a");
    house.answer("b", "pending");
    house.pass(280);
    expect(house.winners).toEqual([]);
    house.claim("b", { rms: 0.5 });
    expect(house.winners).toEqual(["b"]);
  });

  test("waits for a rising score to the bound and no longer", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.claim("a");
    house.answer("b", "pending");
    house.pass(299);
    expect(house.winners).toEqual([]);
    house.pass(1);
    expect(house.winners).toEqual(["a"]);
    expect(house.arbiter.records()[0]).toMatchObject({
      verdict: { because: "time", afterMs: 300 },
      waitedFor: [{ outcome: "no_answer", waitedMs: 300 }],
    });
  });

  test("takes no answer to another ask for one to its own", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.claim("a");
    house.step({ type: "pass", relayId: "b", connection: house.connection("b"), ask: 99 });
    expect(house.winners).toEqual([]);
  });

  test("counts a claim after a pass, and no pass after a claim", () => {
    const house = new SmallHouse();
    house.quiet("a");
    for (const id of ["b", "c"]) house.hearing(id);
    house.claim("a");
    house.answer("b", "pass");
    house.claim("b", { rms: 0.9 });
    house.answer("b", "pass");
    house.answer("c", "pass");
    expect(house.winners).toEqual(["b"]);
  });

  test("runs to the bound for a relay that cannot say what it hears", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.join("legacy", LEGACY);
    house.claim("a");
    expect(house.toldTo("legacy")).toEqual([]);
    house.pass(299);
    expect(house.winners).toEqual([]);
    house.pass(1);
    expect(house.winners).toEqual(["a"]);
  });

  test("runs to the bound for one that has not said anything yet", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.join("new");
    house.claim("a");
    expect(house.toldTo("new")).toEqual(["ask"]);
    house.pass(300);
    expect(house.winners).toEqual(["a"]);
  });

  test.each([
    [100, [200, 300], []],
    [200, [200], ["a"]],
  ])("has another bound where it is configured: after %d ms", (afterMs, [windowMs = 0], winners) => {
    const house = new SmallHouse({ windowMs });
    house.quiet("a");
    house.join("legacy", LEGACY);
    house.claim("a");
    house.pass(afterMs);
    expect(house.winners).toEqual(winners);
  });

  test("believes a relay to be out of earshot if its beat was sent after the word had begun", () => {
    expect(withBeatAge(400).winners).toEqual(["a"]);
    expect(withBeatAge(460).winners).toEqual([]);
  });

  test("asks for a younger beat where messages take longer, and allows an older one where they are quick", () => {
    expect(withBeatAge(490, 2).winners).toEqual(["a"]);
    expect(withBeatAge(490, 20).winners).toEqual([]);
    expect(withBeatAge(300, 60).winners).toEqual(["a"]);
    expect(withBeatAge(300, 100).winners).toEqual([]);
  });

  test("waits for a relay that has just fallen silent: it may have heard the word", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.pass(200);
    house.beat("b", false);
    house.pass(300);
    house.beat("b", false);
    house.claim("a");
    expect(house.toldTo("b")).toEqual(["ask"]);
  });

  test("waits no longer for a relay of which nothing was known, once it says that it hears nothing", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.join("b");
    house.claim("a");
    house.pass(100);
    house.beat("b", false);
    expect(house.winners).toEqual(["a"]);
    expect(house.arbiter.records()[0]?.waitedFor).toMatchObject([{ outcome: "out_of_earshot", waitedMs: 100 }]);
  });

  test("asks a relay that begins to hear something while it is open", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.quiet("b");
    house.join("legacy", LEGACY);
    house.claim("a");
    house.pass(50);
    house.step({ type: "onset", relayId: "b", connection: house.connection("b") });
    expect(house.toldTo("b")).toEqual(["ask"]);
    house.pass(249);
    expect(house.winners).toEqual([]);
    house.pass(1);
    expect(house.winners).toEqual(["a"]);
  });

  test.each([
    [5, 211],
    [20, 241],
    [1000, 300],
  ])("gives up a relay whose messages take %d ms after %d ms, which is never above the bound", (delayMs, gaveUpMs) => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    const connection = house.connection("b");
    for (let n = 0; n < 40; n++) house.step({ type: "delay", relayId: "b", connection, delayMs });
    house.claim("a");
    house.pass(gaveUpMs - 2);
    expect(house.winners).toEqual([]);
    house.pass(2);
    expect(house.winners).toEqual(["a"]);
  });

  test("counts the claim of a relay that it had given up, if another keeps it open", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.join("legacy", LEGACY);
    house.step({ type: "delay", relayId: "b", connection: house.connection("b"), delayMs: 0 });
    house.claim("a");
    house.pass(250);
    house.claim("b", { rms: 0.9 });
    house.pass(50);
    expect(house.winners).toEqual(["b"]);
    expect(house.arbiter.records()[0]?.waitedFor).toMatchObject([
      { relayId: "b", outcome: "no_answer", waitedMs: 200 },
      { relayId: "legacy", outcome: "no_answer", waitedMs: 300 },
    ]);
  });

  test("waits longer for a relay whose sound comes late, until it says otherwise", () => {
    const waitedMs = (lateMs: readonly (number | undefined)[]): number | undefined => {
      const house = new SmallHouse({ windowMs: 1000 });
      house.quiet("a");
      house.hearing("b");
      const sender = { relayId: "b", connection: house.connection("b") };
      for (let n = 0; n < 40; n++) house.step({ type: "delay", ...sender, delayMs: 0 });
      for (const late of lateMs) {
        house.step({ type: "beat", ...sender, hears: true, ...(late !== undefined && { lateMs: late }) });
      }
      house.claim("a");
      house.pass(1000);
      return house.arbiter.records()[0]?.waitedFor[0]?.waitedMs;
    };
    expect(waitedMs([0])).toBeCloseTo(200, 0);
    expect(waitedMs([150])).toBeCloseTo(350, 0);
    expect(waitedMs([150, undefined])).toBeCloseTo(350, 0);
    expect(waitedMs([150, 0])).toBeCloseTo(200, 0);
  });

  test("waits longer for a relay whose delay varies", () => {
    const gaveUpAfterMs = (delays: readonly number[]): number | undefined => {
      const house = new SmallHouse();
      house.quiet("a");
      house.hearing("b");
      for (const delayMs of delays) {
        house.step({ type: "delay", relayId: "b", connection: house.connection("b"), delayMs });
      }
      house.claim("a");
      house.pass(300);
      return house.arbiter.records()[0]?.verdict?.afterMs;
    };
    const steady = gaveUpAfterMs(Array(40).fill(6));
    const varying = gaveUpAfterMs(Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? 1 : 11)));
    expect(steady).toBeLessThan(220);
    expect(varying).toBeGreaterThan(240);
  });

  test("does not wait for a relay that goes away", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b");
    house.claim("a");
    house.leave("b");
    expect(house.winners).toEqual(["a"]);
  });

  test.each([
    [-5, ["late"]],
    [0, ["first"]],
    [5, ["first"]],
  ])("that is claimed %d ms from its end is won by %p", (fromEndMs, winners) => {
    const house = new SmallHouse();
    for (const id of ["first", "late"]) house.quiet(id);
    house.join("legacy", LEGACY);
    const claims = { first: house.claim("first"), late: 0 };
    house.nowMs += 300 + fromEndMs;
    claims.late = house.claim("late", { rms: 0.9 });
    house.pass(10);
    expect(house.winners).toEqual([...winners]);
    const [winner, loser, why] =
      fromEndMs < 0 ? (["late", "first", "lost"] as const) : (["first", "late", "too_late"] as const);
    house.audio(winner, claims[winner]);
    expect(house.toldTo(loser)).toEqual([`cancel ${why}`]);
  });

  test("ends although ten relays join it in the very moment of its end", () => {
    const house = new SmallHouse({ maxRelays: 20 });
    for (let n = 0; n < 12; n++) house.join(`relay-${n}`, LEGACY);
    house.claim("relay-0");
    house.nowMs += 292;
    for (let n = 1; n <= 10; n++) {
      house.claim(`relay-${n}`, { rms: 0.1 + n / 100 });
      house.nowMs++;
    }
    expect(house.winners).toEqual(["relay-8"]);
    expect(house.arbiter.rounds).toHaveLength(1);
  });

  test("is decided although nobody woke the arbiter in time", () => {
    const house = new SmallHouse();
    house.join("a", LEGACY);
    house.join("b", LEGACY);
    house.claim("a");
    house.nowMs += 2000;
    house.claim("b", { rms: 0.9, endedAtMs: house.nowMs - 2000 });
    expect(house.winners).toEqual(["a"]);
  });

  test("does not end before its time because a clock went back", () => {
    const house = new SmallHouse();
    house.join("a", LEGACY);
    house.join("b", LEGACY);
    house.claim("a");
    house.nowMs -= 5000;
    house.step({ type: "tick" });
    expect(house.winners).toEqual([]);
    house.nowMs += 5300;
    house.step({ type: "tick" });
    expect(house.winners).toEqual(["a"]);
  });
});

describe("a relay with a least level", () => {
  const claiming = (rms: number): SmallHouse => {
    const house = new SmallHouse();
    house.quiet("a", { leastLevelDb: -40 });
    house.claim("a", { evidence: evidence(rms) });
    return house;
  };

  test("may claim what is as loud, and nothing quieter", () => {
    expect(claiming(0.0101).winners).toEqual(["a"]);
    const refused = claiming(0.0099);
    expect(refused.winners).toEqual([]);
    expect(refused.told("reject")).toMatchObject([{ relayId: "a", why: "too_quiet" }]);
    expect(claiming(0).told("reject")).toHaveLength(1);
    expect(refused.arbiter.rounds).toEqual([]);
  });

  test("keeps nobody waiting once its claim was refused", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.hearing("b", { leastLevelDb: -20 });
    house.claim("a");
    house.claim("b", { rms: 0.05 });
    expect(house.winners).toEqual(["a"]);
  });
});
