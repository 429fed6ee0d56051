// Claims of relays that record a whole command first: seconds late, their word's end estimated.
import { describe, expect, test } from "bun:test";
import { LEGACY, SmallHouse } from "./small-house.ts";

const RECORDS = { can: { onset: false, ask: false, onlyAfterwards: true } };
const AFTERWARDS = { afterwards: { giveOrTakeMs: 500 } };

function withLegacy(...ids: readonly string[]) {
  const house = new SmallHouse();
  house.quiet("local");
  for (const id of ids) house.join(id, RECORDS);
  return house;
}

describe("a claim that comes when the whole command was recorded", () => {
  test("may be as old as a command is long", () => {
    const house = withLegacy("a");
    house.claim("a", { endedAtMs: house.nowMs - 30_001, ...AFTERWARDS });
    expect(house.toldTo("a")).toEqual(["reject"]);
    house.claim("a", { endedAtMs: house.nowMs - 15_000, ...AFTERWARDS });
    expect(house.winners).toEqual(["a"]);
  });

  test("is too late for a word that was granted when it was said, and while the command lasts", () => {
    const house = withLegacy("a");
    house.audio("local", house.claim("local"));
    const endedAtMs = house.nowMs;
    house.pass(2500);
    house.claim("a", { endedAtMs, rms: 0.9, ...AFTERWARDS });
    expect(house.winners).toEqual(["local"]);
    expect(house.toldTo("a")).toEqual(["cancel too_late"]);
  });

  test("is too late twenty seconds after, when that command is over long ago", () => {
    const house = withLegacy("a");
    house.audio("local", house.claim("local"));
    const endedAtMs = house.nowMs;
    house.pass(500);
    house.step({ type: "finished", relayId: "local", connection: house.connection("local"), fence: 1 });
    for (let n = 0; n < 3; n++) {
      house.pass(6000);
      house.audio("local", house.claim("local"), { last: true });
    }
    house.claim("a", { endedAtMs, ...AFTERWARDS });
    expect(house.toldTo("a")).toEqual(["cancel too_late"]);
  });

  test("is of that word even if the estimate is as far off as it says, besides what two clocks may be", () => {
    for (const [offMs, told] of [
      [2000, "cancel too_late"],
      [2300, "grant"],
    ] as const) {
      const house = withLegacy("a");
      house.audio("local", house.claim("local"));
      const endedAtMs = house.nowMs;
      house.pass(5000);
      house.beat("local", false);
      house.claim("a", { endedAtMs: endedAtMs + offMs, ...AFTERWARDS });
      // Its word of 600 ms began that much earlier.
      expect(`${offMs} ${house.toldTo("a")[0]}`).toStartWith(`${offMs} ${told}`);
    }
  });

  test("competes with its kind: the best of those that come within the window", () => {
    const house = withLegacy("a", "b");
    const endedAtMs = house.nowMs - 4000;
    const a = house.claim("a", { endedAtMs, rms: 0.1, ...AFTERWARDS });
    house.audio("a", a, { last: true });
    expect(house.winners).toEqual([]);
    house.pass(200);
    const b = house.claim("b", { endedAtMs: endedAtMs + 300, rms: 0.3, ...AFTERWARDS });
    house.audio("b", b, { last: true });
    expect(house.winners).toEqual(["b"]);
    expect(house.toldTo("a")).toEqual(["hold", "cancel lost"]);
  });

  test("waits for its kind alone: who hears a word as it is said has had its say", () => {
    const house = withLegacy("a", "b");
    house.join("live", { can: { onset: false, ask: false, onlyAfterwards: false } });
    house.join("unknown", LEGACY);
    house.claim("a", { endedAtMs: house.nowMs - 3500, ...AFTERWARDS });
    expect([...(house.arbiter.rounds[0]?.phase === "open" ? house.arbiter.rounds[0].waits.keys() : [])]).toEqual([
      "b",
      "unknown",
    ]);
  });

  test("is not waited for by those who hear a word as it is said", () => {
    const house = withLegacy("a", "b");
    house.claim("local");
    expect(house.winners).toEqual(["local"]);
  });

  test("of the same relay is another command, however near the words seem", () => {
    const house = withLegacy("a");
    const wide = { afterwards: { giveOrTakeMs: 1500 } };
    house.audio("a", house.claim("a", { endedAtMs: house.nowMs - 3000, ...wide }), { last: true });
    house.pass(2600);
    house.audio("a", house.claim("a", { endedAtMs: house.nowMs - 3000, ...wide }), { last: true });
    expect(house.winners).toEqual(["a", "a"]);
  });
});
