import { describe, expect, test } from "bun:test";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import type { Policy } from "../../src/arbitration/policy.ts";
import { facts, LEGACY, loudest, SmallHouse } from "./small-house.ts";

describe("relays", () => {
  test("may join up to the limit; the next is refused with the reason, and what it says is dropped", () => {
    const house = new SmallHouse({ maxRelays: 2 });
    house.quiet("a");
    house.quiet("b");
    expect(house.join("c")).toEqual([
      { type: "refuse", relayId: "c", connection: house.connection("c"), why: "too_many_relays", limit: 2 },
    ]);
    const claim = house.claim("c");
    expect(house.audio("c", claim)).toMatchObject([{ type: "drop", why: "not_connected" }]);
    expect(house.winners).toEqual([]);
  });

  test("are refused from the eleventh on by default", () => {
    const house = new SmallHouse();
    for (let n = 1; n <= 11; n++) house.join(`relay-${n}`);
    expect(house.told("refuse")).toMatchObject([{ relayId: "relay-11", limit: 10 }]);
  });

  test("leave room for others when they go", () => {
    const house = new SmallHouse({ maxRelays: 1 });
    house.join("a");
    house.leave("a");
    expect(house.join("b")).toEqual([]);
  });

  test("do not count the hub's own microphone, which joins a full house and takes part", () => {
    const house = new SmallHouse({ maxRelays: 1 });
    house.quiet("a");
    expect(house.join("hub", { local: true })).toEqual([]);
    house.beat("hub", false);
    house.claim("hub");
    expect(house.winners).toEqual(["hub"]);
  });

  test("that are there already do not count twice when they connect again", () => {
    const house = new SmallHouse({ maxRelays: 1 });
    house.join("a");
    house.join("a");
    expect(house.told("refuse")).toEqual([]);
    expect(house.arbiter.relays.size).toBe(1);
  });

  test("with an id that is taken replace the old connection, which is told and heard no more", () => {
    const house = new SmallHouse();
    house.join("a");
    const old = house.connection("a");
    expect(house.join("a")).toEqual([{ type: "displace", relayId: "a", connection: old }]);
    const claim = { number: 1, model: "alexa", confidence: 1, endedAtMs: house.nowMs, evidence: undefined };
    expect(house.step({ type: "claim", relayId: "a", connection: old, claim })).toEqual([]);
    expect(house.step({ type: "left", relayId: "a", connection: old, why: "closed" })).toEqual([]);
    expect(house.arbiter.relays.get("a")?.connection).toBe(house.connection("a"));
  });

  test("on a connection older than the one that is there are told so and change nothing", () => {
    const house = new SmallHouse();
    house.join("a");
    house.join("a");
    const newest = house.connection("a");
    const late = { type: "joined", facts: facts("a"), connection: newest - 1 } as const;
    expect(house.step(late)).toEqual([{ type: "displace", relayId: "a", connection: newest - 1 }]);
    expect(house.arbiter.relays.get("a")?.connection).toBe(newest);
  });

  test("keep what they were doing when their facts change", () => {
    const house = new SmallHouse();
    house.hearing("a");
    house.hearing("b");
    house.claim("a", { rms: 0.2 });
    const connection = house.connection("a");
    house.step({ type: "joined", facts: facts("a", { gain: { db: 20, uncertaintyDb: 1 } }), connection });
    expect(house.status("a")).toBe(1);
    house.claim("b", { rms: 0.1 });
    expect(house.winners).toEqual(["b"]);
  });

  test("move to another zone with their facts", () => {
    const house = new SmallHouse();
    house.join("legacy", LEGACY);
    house.quiet("a");
    house.step({
      type: "joined",
      facts: facts("legacy", { ...LEGACY, zone: "garden" }),
      connection: house.connection("legacy"),
    });
    house.claim("a");
    expect(house.winners).toEqual(["a"]);
  });
});

describe("a configuration that changes", () => {
  test("holds from the next round and verdict on, and sends nobody away", () => {
    const house = new SmallHouse({ maxRelays: 2 });
    for (const id of ["a", "b"]) house.join(id, LEGACY);
    const quietest: Policy = (contenders) => loudest(contenders).toReversed();
    house.claim("a", { rms: 0.9 });
    house.arbiter.configure({ policy: quietest, settings: { windowMs: 100, maxRelays: 1 } });
    expect(house.arbiter.relays.size).toBe(2);
    expect(house.join("c")).toMatchObject([{ type: "refuse", limit: 1 }]);
    house.pass(150);
    expect(house.winners).toEqual([]);
    house.audio("b", house.claim("b"));
    expect(house.winners).toEqual(["b"]);
    house.pass(5000);
    house.claim("a");
    house.pass(100);
    expect(house.winners).toEqual(["b", "a"]);
  });
});

describe("a hub that starts again", () => {
  test("grants with fences above those it gave before, and accepts no audio with an old one", () => {
    const arbiter = new Arbiter({ policy: loudest, firstFence: 1000 });
    const sender = { relayId: "a", connection: 1 };
    arbiter.step({ type: "joined", facts: facts("a"), connection: 1 }, 0);
    const claim = { number: 1, model: "alexa", confidence: 1, endedAtMs: 0, evidence: undefined };
    expect(arbiter.step({ type: "claim", ...sender, claim }, 0)).toContainEqual(
      expect.objectContaining({ type: "grant", fence: 1000 }),
    );
    const audio = { type: "audio", ...sender, claim: 1, last: false } as const;
    expect(arbiter.step({ ...audio, fence: 7 }, 0)).toMatchObject([{ type: "drop", why: "old_fence" }]);
    expect(arbiter.step({ ...audio, fence: 1000 }, 0)).toMatchObject([{ type: "accept" }]);
  });
});

describe("statuses", () => {
  test("go from connected over contending to winner and cancelled, and back when the command is over", () => {
    const house = new SmallHouse();
    house.hearing("a");
    house.hearing("b");
    expect([house.status("a"), house.status("b")]).toEqual([0, 0]);
    const claim = house.claim("a", { rms: 0.2 });
    expect([house.status("a"), house.status("b")]).toEqual([1, 0]);
    house.claim("b");
    expect([house.status("a"), house.status("b")]).toEqual([2, 1]);
    house.audio("a", claim);
    expect([house.status("a"), house.status("b")]).toEqual([2, 3]);
    house.step({ type: "finished", relayId: "a", connection: house.connection("a"), fence: 1 });
    expect([house.status("a"), house.status("b")]).toEqual([0, 0]);
    expect(house.told("status").map(({ relayId, status }) => `${relayId} ${status}`)).toEqual([
      "a 1",
      "a 2",
      "b 1",
      "b 3",
      "a 0",
      "b 0",
    ]);
  });
});
