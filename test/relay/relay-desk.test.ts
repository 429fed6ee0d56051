import { describe, expect, test } from "bun:test";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import { Hub } from "../../src/hub/hub.ts";
import { HubEars } from "../../src/hub/hub-ears.ts";
import { RemoteStreams } from "../../src/hub/remote-streams.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { RelayDesk } from "../../src/relay/relay-desk.ts";
import { facts, loudest } from "../arbitration/small-house.ts";
import { NO_EVENTS, SILENT_VOICE } from "../hub/silent-house.ts";
import { CALM, IDENTITY, netOf, SmallRelay } from "./small-wire.ts";

/** The hub as it is, with relays on a wire whose clock the test turns. */
function house({ maxRelays = 10, streams = 2 } = {}) {
  let nowMs = () => 0;
  const monotonicMs = () => nowMs();
  const log = { info: () => {} };
  const memory = SharedMemory.create({ streams: streams + 1, relays: 1 });
  const remote = new RemoteStreams({ memory, monotonicMs, log, muted: () => false });
  const hub = new Hub({
    arbiter: new Arbiter({ policy: loudest, settings: { windowMs: 300, maxRelays } }),
    ...{ monotonicMs, log },
    sooner: () => {},
    changed: () => {},
    factsOf: ({ id }, can) => facts(id, { can }),
    events: NO_EVENTS,
  });
  const ears = new HubEars({ memory, hub, monotonicMs });
  const desk = new RelayDesk({
    ...{ hub, ears, monotonicMs },
    placeOf: (id) => ({ room: `${id} room`, zone: "house" }),
    openStream: (name, address) => remote.open(name, address),
  });
  const net = netOf(desk);
  nowMs = () => net.world.nowMs;
  net.world.every(20, () => {
    ears.look();
    desk.look();
    if (net.world.nowMs >= hub.wakeAtMs) hub.tell({ type: "tick" });
  });
  const come = (id: string, detects = true, evidence = detects) => {
    const capabilities = { ...IDENTITY.capabilities, detects, evidence, asks: detects };
    const relay = new SmallRelay(net, { identity: { ...IDENTITY, id, capabilities } });
    relay.client.start();
    net.world.pass(500);
    return relay;
  };
  const streamOf = (stream: number) => memory.stream(stream).reader().read();
  const fires = (stream: number) =>
    ears.heard({ stream, source: "", model: "alexa", confidence: 0.9, frameEndMs: net.world.nowMs });
  return { net, memory, hub, desk, come, streamOf, fires };
}

const away = ({ events }: SmallRelay) => events.findLast((event) => event.type === "away");

describe("a relay that detects", () => {
  test("joins under its name, with its room, and its levels are known while it is there", () => {
    const { hub, desk, come, streamOf } = house();
    const relay = come("kitchen");
    expect(relay.events[0]).toMatchObject({ type: "connected", welcome: { room: "kitchen room", zone: "house" } });
    const seat = hub.seats.get("kitchen");
    expect(seat).toMatchObject({ kind: "relay", software: "test", stream: undefined });
    expect(desk.reportsOf(seat?.connection ?? 0)?.telemetry?.rms).toBe(0.001);
    expect(streamOf(1).open).toBe(false);
    relay.client.stop();
    expect(desk.reportsOf(77)?.telemetry).toBeUndefined();
  });

  test("claims, and is granted by the number of its claim; its sound begins the command, its end ends it", () => {
    const { net, hub, come } = house();
    const relay = come("kitchen");
    relay.next = [{ model: "alexa", confidence: 0.9 }];
    net.world.pass(300);
    expect(relay.events.find(({ type }) => type === "granted")).toMatchObject({ claim: 1 });
    expect(hub.rounds[0]?.phase).toBe("serving");
    relay.client.finish();
    net.world.pass(50);
    expect(hub.rounds[0]).toMatchObject({ phase: "over", ended: { why: "finished" } });
  });

  test("answers what it is asked: one that heard nothing of a word passes", () => {
    const { net, hub, come } = house();
    const [kitchen, hall] = [come("kitchen"), come("hall")];
    hall.rms = 0.1;
    net.world.pass(500);
    kitchen.next = [{ model: "alexa", confidence: 0.9 }];
    net.world.pass(600);
    expect(hub.rounds[0]?.waitedFor).toMatchObject([{ relayId: "hall", asked: true, outcome: "passed" }]);
    expect(kitchen.types()).toContain("granted");
  });

  test("and measures is held up by nothing, sound that is lost included", () => {
    const { net, come } = house();
    const relay = come("kitchen");
    net.weather = (data) => (typeof data === "string" ? [2] : []);
    relay.next = [{ model: "alexa", confidence: 0.9 }];
    net.world.pass(85);
    expect(relay.types()).toContain("granted");
  });

  test("and does not measure is measured by its sound, and wins where that is the louder", () => {
    const { net, hub, come } = house();
    const [kitchen, hall] = [come("kitchen"), come("hall", true, false)];
    for (const relay of [kitchen, hall]) {
      relay.gain = relay === hall ? 1 : 0.3;
      relay.rms = 0.1;
    }
    net.world.pass(2000);
    for (const relay of [kitchen, hall]) relay.next = [{ model: "alexa", confidence: 0.9 }];
    net.world.pass(400);
    const rmsOf = (id: string) => hub.rounds[0]?.claims.find(({ relayId }) => relayId === id)?.evidence?.rms ?? 0;
    expect(rmsOf("hall") / rmsOf("kitchen")).toBeWithin(3, 3.7);
    expect(hub.rounds[0]?.grants).toMatchObject([{ relayId: "hall" }]);
  });

  test("and does not measure is waited for while its claim waits for its sound, whatever it answers", () => {
    const { net, hub, come } = house();
    const [kitchen, hall] = [come("kitchen"), come("hall", true, false)];
    hall.rms = 0.1;
    net.world.pass(2000);
    net.weather = (data) => (typeof data === "string" ? [2] : []);
    const WORD = [{ model: "alexa", confidence: 0.9 }];
    hall.next = WORD;
    while (!hall.types().includes("claimed")) net.world.pass(5);
    // The hall is asked before its claim is let through.
    kitchen.next = WORD;
    net.world.pass(400);
    expect(hub.rounds[0]?.waitedFor).toMatchObject([{ relayId: "hall", asked: true, outcome: "claimed" }]);
    expect(hub.rounds[0]?.claims.find(({ relayId }) => relayId === "hall")?.evidence).toBeUndefined();
  });

  test("whose name another connection takes is told so, and the other has it", () => {
    const { hub, come } = house();
    const old = come("kitchen");
    const connection = hub.seats.get("kitchen")?.connection ?? 0;
    come("kitchen");
    expect(away(old)).toMatchObject({ code: "replaced" });
    expect(hub.seats.get("kitchen")?.connection).toBeGreaterThan(connection);
    expect(hub.seats.size).toBe(1);
  });

  test("is refused where the house is full, and taken in when somebody has gone", () => {
    const { net, hub, come } = house({ maxRelays: 1 });
    const first = come("kitchen");
    const second = come("hall");
    expect(away(second)).toMatchObject({ code: "too_many_relays", message: "1 relays are connected already" });
    first.client.stop();
    net.world.pass(60_000);
    expect([...hub.seats.keys()]).toEqual(["hall"]);
  });

  test("is refused under the name of the hub's own microphone", () => {
    const { hub, come } = house();
    const seat = { id: "hall", connection: 0, kind: "local", address: undefined, software: "", sinceMs: 0 } as const;
    hub.join({ ...seat, voice: SILENT_VOICE, stream: 0 }, { onset: true, ask: true });
    expect(away(come("hall"))).toMatchObject({ code: "name_of_hub" });
    expect(away(come("hall", false))).toMatchObject({ code: "name_of_hub" });
    expect(hub.seats.get("hall")?.kind).toBe("local");
  });
});

describe("a relay that only sends its sound", () => {
  test("is heard at the time at which it heard, however late its sound comes", () => {
    const { net, memory, come } = house();
    net.weather = () => [250];
    come("kitchen", false);
    net.world.pass(3000);
    const { atMs } = memory.level(1).reader().read();
    expect(net.world.nowMs - atMs).toBeWithin(240, 360);
  });

  test("has a stream that the hub listens to, sample for sample, and gives it back", () => {
    const { net, memory, hub, come, streamOf } = house();
    const ring = memory.audioReader(1, "oldest");
    const relay = come("kitchen", false);
    expect(streamOf(1)).toMatchObject({ open: true, name: "kitchen", address: "192.0.2.7" });
    expect(hub.seats.get("kitchen")?.stream).toBe(1);
    const pcm = new Int16Array(3200);
    expect([ring.read(pcm), ring.read(pcm)]).toEqual(["gap", "block"]);
    expect([...pcm].every((sample, i) => i === 0 || (sample - (pcm[i - 1] ?? 0) - 7919) % 32_003 === 0)).toBe(true);
    relay.client.stop();
    net.world.pass(100);
    expect(streamOf(1).open).toBe(false);
    expect(hub.seats.size).toBe(0);
  });

  test("is told that it was granted without having claimed, and wins at once", () => {
    const { net, hub, come, fires } = house();
    const relay = come("kitchen", false);
    fires(1);
    net.world.pass(20);
    expect(relay.events.find(({ type }) => type === "granted")).toMatchObject({ claim: 0 });
    expect(relay.types()).not.toContain("claimed");
    expect(hub.rounds[0]).toMatchObject({ phase: "serving", grants: [{ relayId: "kitchen" }] });
  });

  test("is told so once, however often the hub hears the word", () => {
    const { net, hub, come, fires } = house();
    const relay = come("kitchen", false);
    net.world.pass(2000);
    fires(1);
    net.world.pass(80);
    fires(1);
    net.world.pass(80);
    expect(hub.rounds[0]?.grants).toHaveLength(1);
    expect(relay.types().filter((type) => type === "granted")).toHaveLength(1);
  });

  test("is told who was better, of claims that are not its own by no number", () => {
    const { net, come, fires } = house();
    const told: string[] = [];
    net.weather = (data, direction) => {
      if (direction === "to relay" && typeof data === "string" && /granted|cancelled/.test(data)) told.push(data);
      return CALM(data, direction);
    };
    const [quiet, loud] = [come("quiet", false), come("loud", false)];
    quiet.gain = 0.1;
    quiet.rms = 0.1;
    loud.rms = 0.1;
    net.world.pass(4000);
    fires(1);
    fires(2);
    net.world.pass(50);
    expect(told.map((text) => JSON.parse(text))).toMatchObject([
      { type: "granted", claims: [] },
      { type: "cancelled", claims: [], why: "lost", winner: { id: "loud", room: null } },
    ]);
    expect(loud.types()).toContain("granted");
    expect(quiet.types()).not.toContain("granted");
    expect(quiet.types()).not.toContain("error");
  });

  test("is refused where there are no more streams; one that detects needs none", () => {
    const { hub, come } = house({ streams: 1 });
    come("kitchen", false);
    expect(away(come("hall", false))).toMatchObject({ code: "streams_full", message: "the hub listens for no more" });
    come("attic");
    expect([...hub.seats.keys()]).toEqual(["kitchen", "attic"]);
  });

  test("is refused where the house is full, and leaves no stream behind", () => {
    const { come, streamOf } = house({ maxRelays: 1 });
    come("kitchen");
    expect(away(come("hall", false))).toMatchObject({ code: "too_many_relays" });
    expect(streamOf(1).open).toBe(false);
  });

  test("whose name another takes loses its stream to it, and what the old one sends is not heard", () => {
    const { hub, come, streamOf } = house();
    const old = come("kitchen", false);
    const next = come("kitchen", false);
    expect(away(old)).toMatchObject({ code: "replaced" });
    expect(hub.seats.get("kitchen")?.stream).toBe(1);
    expect([streamOf(1).open, streamOf(2).open]).toEqual([true, false]);
    expect(next.client.connected).toBe(true);
  });
});
