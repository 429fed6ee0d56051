import { describe, expect, test } from "bun:test";
import { POLICIES } from "../../src/arbitration/policies/by-name.ts";
import { ArbiterHub } from "./arbiter-hub.ts";
import { IDENTITY, netOf, SmallRelay, sampleAt } from "./small-wire.ts";

const WORD = [{ model: "alexa", confidence: 0.9 }];

/** Relays in a house for 2 s, with an arbiter that goes by RMS. */
function house(names: readonly string[], settings?: { readonly windowMs: number; readonly maxRelays: number }) {
  const hub = new ArbiterHub(POLICIES.rms, settings);
  const net = netOf(hub);
  hub.relays = () => net.relays;
  hub.nowMs = () => net.world.nowMs;
  net.world.every(5, () => hub.tick());
  const relays = names.map((id) => {
    const relay = new SmallRelay(net, { identity: { ...IDENTITY, id } });
    relay.client.start();
    return relay;
  });
  net.world.pass(2000);
  return { hub, net, world: net.world, relays };
}

const relayAt = (relays: readonly SmallRelay[], index: number): SmallRelay => {
  const relay = relays[index];
  if (relay === undefined) throw new Error("there are not so many");
  return relay;
};

describe("relays and an arbiter", () => {
  test("with one in earshot of four: granted in the time that its messages take", () => {
    const { hub, world, relays } = house(["attic", "bath", "cellar", "den"]);
    relayAt(relays, 2).next = WORD;
    world.pass(90);
    expect(hub.grants).toEqual([{ relayId: "cellar", afterMs: 0 }]);
    expect(hub.passes).toEqual([]);
    expect(relayAt(relays, 2).types()).toEqual(["connected", "claimed", "granted"]);
  });

  test("with two that hear the word: the louder answers, the other is told who, and only one is heard", () => {
    const { hub, world, relays } = house(["far", "near"]);
    const [far, near] = [relayAt(relays, 0), relayAt(relays, 1)];
    far.gain = 0.2;
    world.pass(2000);
    for (const relay of relays) relay.rms = 0.1;
    world.pass(320);
    for (const relay of relays) relay.next = WORD;
    world.pass(1000);
    expect(hub.grants.map(({ relayId }) => relayId)).toEqual(["near"]);
    expect(near.types()).toEqual(["connected", "claimed", "granted"]);
    expect(far.events.at(-1)).toEqual({ type: "lost", why: "lost", winner: { id: "near", room: "near room" } });
    expect(new Set(hub.accepted.map(({ relayId }) => relayId))).toEqual(new Set(["near"]));
    // From before the word on, and every sample once.
    const heard = hub.accepted.flatMap(({ samples }) => [...samples]);
    const all = Array.from({ length: near.samples }, (_, i) => sampleAt(i));
    const first = all.findIndex((_, i) => heard.slice(0, 50).every((sample, k) => sample === all[i + k]));
    expect(heard.length).toBeGreaterThan(16_000);
    expect(heard).toEqual(all.slice(first, first + heard.length));
  });

  test("with one that hears a television: it passes, and the round does not run to its bound", () => {
    const { hub, world, relays } = house(["den", "kitchen"]);
    relayAt(relays, 0).rms = 0.3;
    world.pass(1000);
    relayAt(relays, 1).next = WORD;
    world.pass(400);
    expect(hub.passes).toEqual(["den"]);
    expect(hub.grants[0]?.relayId).toBe("kitchen");
    expect(hub.grants[0]?.afterMs).toBeLessThan(200);
  });

  test("with one that hears it later than the verdict: too late, and told who won", () => {
    const { world, relays } = house(["late", "near"]);
    relayAt(relays, 1).next = WORD;
    world.pass(700);
    relayAt(relays, 0).next = WORD;
    world.pass(100);
    expect(relayAt(relays, 0).events.at(-1)).toEqual({
      type: "lost",
      why: "too_late",
      winner: { id: "near", room: "near room" },
    });
  });

  test("with a winner whose network dies before it was heard: the next answers with the whole word", () => {
    const { hub, net, world, relays } = house(["far", "near"]);
    relayAt(relays, 0).gain = 0.2;
    world.pass(2000);
    for (const relay of relays) relay.rms = 0.1;
    world.pass(320);
    const [far, near] = [relayAt(relays, 0), relayAt(relays, 1)];
    const lineOf = (id: string) => net.lines.findLast(({ session }) => session.introduction?.id === id);
    const nearLine = lineOf("near");
    net.weather = (data, direction) => (direction === "to hub" && typeof data !== "string" ? [60] : [2]);
    for (const relay of relays) relay.next = WORD;
    world.pass(85);
    if (nearLine === undefined) throw new Error("near is not there");
    nearLine.dead = true;
    world.pass(1200);
    expect(hub.grants.map(({ relayId }) => relayId)).toEqual(["near", "far"]);
    expect(far.types()).toContain("granted");
    expect(new Set(hub.accepted.map(({ relayId }) => relayId))).toEqual(new Set(["far"]));
    expect(hub.accepted.reduce((sum, { samples }) => sum + samples.length, 0)).toBeGreaterThan(16_000);
    expect(near.client.connected).toBe(true);
    world.pass(5000);
    expect(near.types()).toContain("away");
  });

  test("with the same id twice: the newest stays, the old one is told", () => {
    const { net, world, relays } = house(["kitchen"]);
    const twin = new SmallRelay(net, { identity: { ...IDENTITY, id: "kitchen" } });
    twin.client.start();
    world.pass(1000);
    expect(relayAt(relays, 0).events.at(-1)).toMatchObject({ type: "away", code: "replaced" });
    expect(twin.client.connected).toBe(true);
  });

  test("with one too many: it is refused with the reason, and comes when there is room", () => {
    const { world, relays } = house(["attic", "bath", "cellar"], { windowMs: 300, maxRelays: 2 });
    expect(relayAt(relays, 2).events).toMatchObject([{ type: "away", code: "too_many_relays" }]);
    relayAt(relays, 0).client.stop();
    world.pass(60_000);
    expect(relayAt(relays, 2).client.connected).toBe(true);
  });

  test("a finished command frees the relay for the next word", () => {
    const { hub, world, relays } = house(["kitchen"]);
    const kitchen = relayAt(relays, 0);
    for (let round = 0; round < 3; round++) {
      kitchen.next = WORD;
      world.pass(500);
      kitchen.client.endSound();
      kitchen.client.finish();
      world.pass(4000);
    }
    expect(hub.grants).toHaveLength(3);
    expect(new Set(hub.accepted.map(({ fence }) => fence)).size).toBe(3);
  });
});
