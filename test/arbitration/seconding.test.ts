import { describe, expect, test } from "bun:test";
import { SmallHouse } from "./small-house.ts";

/** The kitchen claims; the hall and the den hear something and are asked. */
function asked() {
  const house = new SmallHouse();
  house.quiet("kitchen");
  house.hearing("hall");
  house.hearing("den");
  house.claim("kitchen", { rms: 0.1 });
  const ask = house.told("ask")[0]?.ask ?? -1;
  return { house, ask };
}

describe("a claim of a relay that was not sure by itself", () => {
  test("counts like any other in the round that asked it, and says so", () => {
    const { house, ask } = asked();
    house.pass(20);
    house.claim("hall", { rms: 0.5, confidence: 0.1, seconds: ask });
    house.answer("den", "pass");
    expect(house.winners).toEqual(["hall"]);
    const [record] = house.arbiter.records();
    expect(record?.claims).toMatchObject([
      { relayId: "kitchen", seconded: false },
      { relayId: "hall", seconded: true },
    ]);
    expect(record?.verdict).toMatchObject({ because: "all_spoke", afterMs: 20 });
  });

  test("opens no round: nobody was sure", () => {
    const { house } = asked();
    house.pass(5000);
    house.forget();
    house.claim("hall", { rms: 0.5, seconds: 77 });
    expect(house.toldTo("hall")).toEqual(["reject"]);
    expect(house.arbiter.records()).toHaveLength(1);
  });

  test("is not taken from a relay that was not asked", () => {
    const { house, ask } = asked();
    house.quiet("attic");
    house.claim("attic", { rms: 0.9, seconds: ask });
    expect(house.toldTo("attic")).toEqual(["reject"]);
    expect(house.arbiter.records()[0]?.claims).toHaveLength(1);
  });

  test("is not taken from a connection that came after the ask, though its relay was asked", () => {
    const { house, ask } = asked();
    house.quiet("hall");
    house.claim("hall", { rms: 0.9, seconds: ask });
    expect(house.told("reject")).toMatchObject([{ relayId: "hall", why: "stale" }]);
  });

  test("is none below the relay's least level, and nobody waits for it any more", () => {
    const house = new SmallHouse();
    house.quiet("kitchen");
    house.hearing("hall", { leastLevelDb: -30 });
    house.claim("kitchen", { rms: 0.01 });
    house.claim("hall", { rms: 0.02, seconds: house.told("ask")[0]?.ask });
    expect(house.told("reject")).toMatchObject([{ relayId: "hall", why: "too_quiet" }]);
    expect(house.winners).toEqual(["kitchen"]);
  });

  test("is too late behind the verdict, and told who won", () => {
    const { house, ask } = asked();
    house.answer("hall", "pass");
    house.answer("den", "pass");
    house.audio("kitchen", 1);
    house.claim("den", { rms: 0.9, seconds: ask });
    expect(house.told("cancel")).toMatchObject([{ relayId: "den", why: "too_late", winner: { relayId: "kitchen" } }]);
  });

  test("may stand in for a winner that sends nothing", () => {
    const { house, ask } = asked();
    house.answer("hall", "pass");
    house.answer("den", "pass");
    house.claim("den", { rms: 0.9, seconds: ask });
    house.pass(501);
    expect(house.winners).toEqual(["kitchen", "den"]);
  });

  test("wins where the relay that was sure goes away before the verdict", () => {
    const { house, ask } = asked();
    house.claim("hall", { rms: 0.01, seconds: ask });
    house.leave("kitchen");
    house.answer("den", "pass");
    expect(house.winners).toEqual(["hall"]);
  });

  test("is heard where the relay that was sure is gone, and the round with it", () => {
    const { house, ask } = asked();
    house.leave("kitchen");
    expect(house.arbiter.rounds).toEqual([]);
    house.claim("hall", { rms: 0.01, seconds: ask });
    expect(house.winners).toEqual([]);
    house.answer("den", "pass");
    expect(house.winners).toEqual(["hall"]);
  });

  test("is spoken for by what the relay's own detector says of the word, when that is surer", () => {
    const { house, ask } = asked();
    house.claim("hall", { confidence: 0.1, seconds: ask });
    house.pass(60);
    house.claim("hall", { confidence: 0.9 });
    house.answer("den", "pass");
    const hall = house.arbiter.records()[0]?.claims.find(({ relayId }) => relayId === "hall");
    expect(hall).toMatchObject({ confidence: 0.9, seconded: false });
    expect(house.told("grant")).toHaveLength(1);
  });

  test("stays what its relay lost with, whatever its own detector says behind the verdict", () => {
    const { house, ask } = asked();
    house.claim("hall", { rms: 0.05, confidence: 0.1, seconds: ask });
    house.answer("den", "pass");
    house.audio("kitchen", 1);
    house.forget();
    house.pass(80);
    const late = house.claim("hall", { rms: 0.9, confidence: 0.9 });
    expect(house.told("cancel")).toMatchObject([
      { relayId: "hall", claims: [late], why: "lost", winner: { relayId: "kitchen" } },
    ]);
    const hall = house.arbiter.records()[0]?.claims.find(({ relayId }) => relayId === "hall");
    expect(hall).toMatchObject({ confidence: 0.1, seconded: true, late: false, standing: "lost" });
    // Its sound is nobody's.
    house.audio("hall", late);
    expect(house.toldTo("hall")).toEqual(["cancel lost", "drop"]);
  });

  test("stays what its relay won with", () => {
    const { house, ask } = asked();
    house.claim("hall", { rms: 0.5, confidence: 0.1, seconds: ask });
    house.answer("den", "pass");
    house.pass(80);
    const again = house.claim("hall", { rms: 0.9, confidence: 0.9 });
    const [first, second] = house.told("grant");
    expect(second).toMatchObject({ relayId: "hall", claims: [again], fence: first?.fence });
    const hall = house.arbiter.records()[0]?.claims.find(({ relayId }) => relayId === "hall");
    expect(hall).toMatchObject({ confidence: 0.1, seconded: true, standing: "granted" });
  });

  test("does not move the time of the word, however far its clock is off", () => {
    const { house, ask } = asked();
    house.claim("hall", { endedAtMs: house.nowMs - 900, seconds: ask });
    house.answer("den", "pass");
    expect(house.arbiter.rounds[0]?.span.beginMs).toBe(house.nowMs - 600);
  });

  test("of a round that became one with another is still the answer to what it was asked", () => {
    const house = new SmallHouse();
    house.join("porch");
    house.hearing("kitchen");
    house.hearing("hall");
    house.claim("kitchen", { endedAtMs: house.nowMs - 1500 });
    house.claim("porch", { endedAtMs: house.nowMs });
    const asks = house.told("ask").filter(({ relayId }) => relayId === "hall");
    house.claim("kitchen", { endedAtMs: house.nowMs - 700 });
    expect(house.arbiter.rounds).toHaveLength(1);
    for (const { ask } of asks) house.claim("hall", { seconds: ask });
    const [record] = house.arbiter.records();
    expect(record?.claims.map(({ relayId }) => relayId).sort()).toEqual(["hall", "kitchen", "porch"]);
  });
});
