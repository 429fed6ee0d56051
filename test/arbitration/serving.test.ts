import { describe, expect, test } from "bun:test";
import { SmallHouse } from "./small-house.ts";

/** Three who claimed, louder from a to c, and the verdict given: c has won. */
function decided(): { readonly house: SmallHouse; readonly claims: Record<"a" | "b" | "c", number> } {
  const house = new SmallHouse();
  for (const id of ["a", "b", "c"]) house.hearing(id);
  const claims = { a: house.claim("a"), b: house.claim("b", { rms: 0.2 }), c: house.claim("c", { rms: 0.3 }) };
  return { house, claims };
}

describe("audio", () => {
  test("is held until the verdict, then let through from the winner alone", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.hearing(id);
    const a = house.claim("a");
    expect(house.audio("a", a)).toMatchObject([{ type: "hold", relayId: "a", round: 1 }]);
    const b = house.claim("b", { rms: 0.9 });
    expect(house.audio("a", a)).toMatchObject([{ type: "hold" }]);
    expect(house.audio("b", b)[0]).toEqual({
      type: "accept",
      relayId: "b",
      connection: house.connection("b"),
      round: 1,
      fence: 1,
      first: true,
    });
    expect(house.audio("b", b, { fence: 1 })).toMatchObject([{ type: "accept", first: false }]);
    expect(house.audio("a", a)).toMatchObject([{ type: "drop", why: "lost" }]);
  });

  test("for no claim, or with a fence that was not granted, is dropped", () => {
    const { house, claims } = decided();
    expect(house.audio("c", 999)).toMatchObject([{ type: "drop", why: "no_claim" }]);
    expect(house.audio("c", claims.c, { fence: 0 })).toMatchObject([{ type: "drop", why: "old_fence" }]);
    expect(house.audio("b", claims.b, { fence: 1 })).toMatchObject([{ type: "drop", why: "old_fence" }]);
    expect(house.winners).toEqual(["c"]);
  });

  test("that was all held before the verdict is let through with it", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.hearing(id);
    const claim = house.claim("a", { rms: 0.9 });
    house.audio("a", claim, { last: true });
    house.claim("b");
    expect(house.told("accept")).toMatchObject([{ relayId: "a", first: true }]);
    expect(house.toldTo("b")).toEqual(["ask", "cancel lost"]);
    house.pass(20_000);
    expect(house.told("over")).toEqual([]);
    house.pass(40_000);
    expect(house.told("over")).toMatchObject([{ why: "finished" }]);
  });
});

describe("a winner's last audio", () => {
  test("is its last although some before it come later: the answer has a minute from then on", () => {
    const { house, claims } = decided();
    house.audio("c", claims.c);
    house.audio("c", claims.c, { last: true });
    house.audio("c", claims.c);
    house.pass(59_999);
    expect(house.told("over")).toEqual([]);
    house.pass(1);
    expect(house.told("over")).toMatchObject([{ why: "finished" }]);
  });
});

describe("losers", () => {
  test("are told once, when the winner is heard, who it is", () => {
    const { house, claims } = decided();
    expect(house.told("cancel")).toEqual([]);
    house.audio("c", claims.c);
    house.audio("c", claims.c);
    house.pass(10_000);
    expect(house.told("cancel").map(({ relayId, why, winner }) => [relayId, why, winner?.relayId])).toEqual([
      ["a", "lost", "c"],
      ["b", "lost", "c"],
    ]);
  });
});

describe("a winner", () => {
  test("that sends nothing for 500 ms is replaced by the runner-up with a higher fence, and told", () => {
    const { house, claims } = decided();
    house.pass(499);
    expect(house.winners).toEqual(["c"]);
    house.pass(1);
    expect(house.told("grant").map(({ relayId, fence }) => [relayId, fence])).toEqual([
      ["c", 1],
      ["b", 2],
    ]);
    expect(house.told("cancel")).toMatchObject([{ relayId: "c", why: "silent", winner: { relayId: "b" } }]);
    expect(house.audio("c", claims.c, { fence: 1 })).toMatchObject([{ type: "drop", why: "lost" }]);
    expect(house.audio("b", claims.b)).toMatchObject([
      { type: "accept", fence: 2, first: true },
      { type: "cancel", relayId: "a", why: "lost", winner: { relayId: "b" } },
      { type: "log" },
      { type: "status", relayId: "a" },
    ]);
    expect(house.arbiter.records()[0]?.grants).toMatchObject([
      { relayId: "c", because: "best", afterMs: 0 },
      { relayId: "b", because: "runner_up", afterMs: 500 },
    ]);
  });

  test("that goes away before it was heard is replaced at once, one after the other", () => {
    const { house } = decided();
    house.leave("c");
    expect(house.winners).toEqual(["c", "b"]);
    house.leave("b");
    expect(house.winners).toEqual(["c", "b", "a"]);
    house.leave("a");
    expect(house.arbiter.rounds).toEqual([]);
    expect(house.told("over")).toMatchObject([{ relayId: "a", why: "left" }]);
  });

  test("whose connection is replaced before it was heard is replaced as if it had gone", () => {
    const { house } = decided();
    house.join("c");
    expect(house.winners).toEqual(["c", "b"]);
  });

  test("that says it cannot serve is replaced", () => {
    const { house } = decided();
    house.step({ type: "finished", relayId: "c", connection: house.connection("c"), fence: 1 });
    expect(house.winners).toEqual(["c", "b"]);
  });

  test("that nobody can replace is waited for 3 s", () => {
    const house = new SmallHouse();
    house.quiet("a");
    const claim = house.claim("a");
    house.pass(2999);
    expect(house.audio("a", claim)).toMatchObject([{ type: "accept", fence: 1 }]);
  });

  test("that nobody can replace loses the round after 3 s, and is told", () => {
    const house = new SmallHouse();
    house.quiet("a");
    house.claim("a");
    house.pass(3000);
    expect(house.toldTo("a")).toEqual(["grant", "over", "cancel silent"]);
    expect(house.arbiter.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("that is silent gives way to a late claim, which waits while the winner has time", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    const wordEndedAtMs = house.nowMs;
    house.claim("a");
    house.pass(300);
    house.claim("b", { endedAtMs: wordEndedAtMs });
    expect(house.winners).toEqual(["a"]);
    expect(house.status("b")).toBe(1);
    house.pass(200);
    expect(house.winners).toEqual(["a", "b"]);
    expect(house.toldTo("a")).toEqual(["grant", "cancel silent"]);
  });

  test("that has been silent for too long gives way to a late claim at once", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.quiet(id);
    const wordEndedAtMs = house.nowMs;
    house.claim("a");
    house.pass(1200);
    const late = house.claim("b", { endedAtMs: wordEndedAtMs });
    expect(house.winners).toEqual(["a", "b"]);
    expect(house.audio("b", late)).toMatchObject([{ type: "accept", relayId: "b", fence: 2 }]);
  });

  test("that stalls after it was heard is waited for 3 s and not replaced", () => {
    const { house, claims } = decided();
    house.audio("c", claims.c);
    house.pass(2999);
    expect(house.audio("c", claims.c)).toMatchObject([{ type: "accept", first: false }]);
    house.pass(3000);
    expect(house.told("over")).toMatchObject([{ relayId: "c", fence: 1, why: "stalled" }]);
    expect(house.winners).toEqual(["c"]);
  });

  test("that goes away after it was heard is not replaced, and its words are nobody else's any more", () => {
    const { house, claims } = decided();
    house.audio("c", claims.c);
    house.leave("c");
    expect(house.told("over")).toMatchObject([{ relayId: "c", why: "left" }]);
    house.claim("b");
    expect(house.winners).toEqual(["c"]);
  });

  test("ends its command with the fence it was granted, and with no other", () => {
    const { house, claims } = decided();
    house.audio("c", claims.c);
    const connection = house.connection("c");
    expect(house.step({ type: "finished", relayId: "c", connection, fence: 7 })).toEqual([]);
    expect(house.step({ type: "finished", relayId: "a", connection: house.connection("a"), fence: 1 })).toEqual([]);
    expect(house.step({ type: "finished", relayId: "c", connection, fence: 1 })).toMatchObject([
      { type: "over", relayId: "c", fence: 1, why: "finished" },
      { type: "status" },
      { type: "status" },
      { type: "status" },
    ]);
    expect(house.audio("c", claims.c)).toMatchObject([{ type: "drop", why: "over" }]);
  });
});

describe("a claimant that goes away", () => {
  test("before the verdict does not win, however loud it was", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b", "c"]) house.hearing(id);
    house.claim("a");
    house.claim("b", { rms: 0.9 });
    house.leave("b");
    expect(house.winners).toEqual([]);
    house.answer("c", "pass");
    expect(house.winners).toEqual(["a"]);
  });

  test("and was the only one leaves the words to whoever claims them next", () => {
    const house = new SmallHouse();
    for (const id of ["a", "b"]) house.hearing(id);
    house.claim("a");
    house.leave("a");
    expect(house.arbiter.rounds).toEqual([]);
    house.claim("b");
    expect(house.winners).toEqual(["b"]);
  });

  test("as runner-up is passed over", () => {
    const { house } = decided();
    house.leave("b");
    house.pass(500);
    expect(house.winners).toEqual(["c", "a"]);
  });
});

describe("a reset", () => {
  test("ends commands and rounds, tells everybody in them, and leaves nothing to win", () => {
    const { house, claims } = decided();
    house.audio("c", claims.c);
    house.quiet("d", { zone: "garden" });
    house.hearing("e", { zone: "garden" });
    house.claim("d");
    house.forget();
    house.step({ type: "reset", zone: undefined });
    expect(house.toldTo("c")).toEqual(["over", "cancel reset"]);
    expect(house.toldTo("a")).toEqual([]);
    expect(house.toldTo("d")).toEqual(["cancel reset"]);
    expect(["a", "b", "c", "d", "e"].map((id) => house.status(id))).toEqual([0, 0, 0, 0, 0]);
    house.claim("e");
    expect(house.winners).toEqual([]);
    house.pass(5000);
    for (const id of ["b", "c"]) house.leave(id);
    house.claim("a");
    expect(house.told("grant")).toMatchObject([{ relayId: "a", fence: 2 }]);
  });

  test("of a zone leaves the others alone", () => {
    const { house, claims } = decided();
    house.step({ type: "reset", zone: "garden" });
    expect(house.audio("c", claims.c)).toMatchObject([{ type: "accept" }, {}, {}, {}, {}, {}, {}]);
  });
});
