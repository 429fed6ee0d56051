// What relays and senders are told, over real sockets: the state of the house, verdicts for those who only send sound, and who
// took their place.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { MessageToRelay } from "../../src/relay/messages-to-relay.ts";
import { PlainRelay, type PlainRelayOptions, type Told } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

type State = MessageToRelay<"state"> & Told;
const SOUND_ONLY: PlainRelayOptions = { capabilities: { detects: false, evidence: false } };

let hub: HubOverSockets;
let here: PlainRelay[];
beforeEach(() => {
  hub = new HubOverSockets();
  here = [];
});
afterEach(async () => {
  for (const relay of here) await relay.close();
  await hub.close();
});

async function come(id: string, options: PlainRelayOptions = {}): Promise<PlainRelay> {
  const relay = new PlainRelay(hub.url, id, options);
  here.push(relay);
  return relay.joined();
}

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const endMs = performance.now() + 5000; performance.now() < endMs; await Bun.sleep(1)) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`not within 5 s: ${what}`);
}

const placed = (zone: string) => ({ zone, preference: 0 });
const states = (relay: PlainRelay) => relay.messages.filter((message): message is State => message.type === "state");

/** A request whose body is written bit by bit. */
function sending(name: string) {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const answer = fetch(`${hub.url}/api/streams/${name}`, { method: "PUT", body: readable }).then(async (response) => ({
    status: response.status,
    body: (await response.json()) as { readonly error?: { readonly code: string } },
  }));
  return { send: () => writer.write(new Uint8Array(2560)), end: () => writer.close().catch(() => {}), answer };
}

describe("every relay", () => {
  test("is told of the house when it comes, and who else comes and goes", async () => {
    const kitchen = await come("kitchen");
    await until("it is told who is here", () => states(kitchen).at(-1)?.relays.length === 2);
    const attic = await come("attic");
    const told = await until("of the attic", () => states(kitchen).find(({ relays }) => relays.length === 3));
    expect(told.relays.map(({ id, status }) => [id, status])).toEqual([
      ["hall", 0],
      ["kitchen", 0],
      ["attic", 0],
    ]);
    await attic.close();
    await until("that it left", () => states(kitchen).at(-1)?.relays.length === 2);
  });

  test("is told who contends, who answers and that it is over, as it happens", async () => {
    const [kitchen, attic, cellar] = await Promise.all(["kitchen", "attic", "cellar"].map((id) => come(id)));
    if (kitchen === undefined || attic === undefined || cellar === undefined) throw new Error("three came");
    for (const relay of [kitchen, attic]) relay.beat(true);
    cellar.beat(false);
    await until("all are here", () => states(cellar).at(-1)?.relays.length === 4);
    kitchen.claim();
    const open = await until("a round is open", () => states(cellar).find(({ rounds }) => rounds.length > 0));
    expect(open.rounds).toMatchObject([{ phase: "open", contenders: ["kitchen"], winner: null, zone: "house" }]);
    expect(open.activation).toMatchObject({ state: "arbitrating", relay: "kitchen", model: "alexa" });
    attic.claim();
    const winner = (await Promise.race([kitchen, attic].map((one) => one.told("granted").then(() => one.id)))) ?? "";
    const serving = await until("it is served", () =>
      states(cellar).find(({ rounds }) => rounds[0]?.phase === "serving"),
    );
    expect(serving.rounds[0]).toMatchObject({ contenders: ["kitchen", "attic"], winner });
    expect(serving.activation).toMatchObject({ state: "awake", relay: winner, confidence: 0.9 });
    expect(serving.relays.find(({ id }) => id === winner)?.status).toBe(2);
    const speaking = [kitchen, attic].find(({ id }) => id === winner);
    const told = states(cellar).length;
    for (let piece = 0; piece < 5; piece++) speaking?.sound(1, (await speaking.told("granted")).fence);
    await Bun.sleep(100);
    // That it goes on speaking changes nothing.
    expect(states(cellar).length).toBe(told);
    hub.relays.reset();
    await until("it is over", () => states(cellar).at(-1)?.rounds.length === 0);
    await until("nothing is under way", () => states(cellar).at(-1)?.activation.state !== "awake");
  });

  test("hears of a claim within milliseconds, however many there are", async () => {
    const claimants = Array.from({ length: 10 }, (_, index) => `in zone ${index}`);
    hub.config = { ...hub.config, relays: Object.fromEntries(claimants.map((id) => [id, placed(id)])) };
    const others = await Promise.all(Array.from({ length: 30 }, (_, index) => come(`relay ${index}`)));
    const claiming = await Promise.all(claimants.map((id) => come(id)));
    await until("all are known to all", () => others.every((relay) => states(relay).at(-1)?.relays.length === 41));
    const delaysMs: number[] = [];
    for (const relay of claiming) {
      // What changes within 20 ms is told together.
      await Bun.sleep(30);
      const atMs = performance.now();
      relay.claim();
      for (const other of others) {
        const told = await until("of it", () =>
          states(other).find(({ rounds }) => rounds.some(({ contenders }) => contenders.includes(relay.id))),
        );
        delaysMs.push(told.atMs - atMs);
      }
    }
    delaysMs.sort((a, b) => a - b);
    const median = delaysMs[Math.floor(delaysMs.length / 2)] ?? Number.NaN;
    console.log(`told of a claim after ${median.toFixed(1)} ms (median), ${delaysMs.at(-1)?.toFixed(1)} ms at most`);
    expect(median).toBeLessThan(50);
  }, 30_000);
});

describe("who only sends sound", () => {
  test("is told the verdict without claims of its own, that it is enough, and that it is over", async () => {
    const [kitchen, attic] = await Promise.all([come("kitchen", SOUND_ONLY), come("attic", SOUND_ONLY)]);
    hub.config = { ...hub.config, activation: { hold: 300 } };
    for (const relay of [kitchen, attic]) relay.stream();
    for (const id of ["kitchen", "attic"]) await until(`${id} is heard`, () => hub.samplesOf(hub.streamOf(id)) > 0);
    hub.hear(
      { stream: hub.streamOf("kitchen"), source: "kitchen" },
      { stream: hub.streamOf("attic"), source: "attic" },
    );
    const relays = [kitchen, attic];
    const told = await Promise.all(relays.map((relay) => relay.told("granted", "cancelled")));
    expect(told.map(({ type }) => type).sort()).toEqual(["cancelled", "granted"]);
    const winner = relays[told.findIndex(({ type }) => type === "granted")];
    expect(told.find(({ type }) => type === "granted")).toMatchObject({ claims: [] });
    expect(told.find(({ type }) => type === "cancelled")).toMatchObject({ claims: [], winner: { id: winner?.id } });
    const { fence } = (await winner?.told("granted")) ?? {};
    expect(await winner?.told("enough")).toMatchObject({ fence });
    expect(await winner?.told("over")).toMatchObject({ fence, why: "finished" });
  }, 10_000);

  test("by HTTP takes part too: a relay that heard it as well is told that it lost", async () => {
    const sender = sending("porch");
    await sender.send();
    const kitchen = await come("kitchen");
    kitchen.beat(false);
    await until("the porch is heard", () => hub.samplesOf(1) > 0);
    hub.hear({ stream: hub.streamOf("porch"), source: "porch" });
    await until("the porch has won", () => hub.relays.arbitration().now[0]?.phase === "serving");
    kitchen.claim();
    expect(await kitchen.told("granted", "cancelled")).toMatchObject({ why: "too_late", winner: { id: "porch" } });
    await until("the porch answers", () => hub.house.activations.house.source === "porch");
    await sender.end();
    expect((await sender.answer).status).toBe(200);
  });

  test("by HTTP is ended when a relay of its name comes, even while it sends nothing; the relay stays", async () => {
    for (const options of [{}, SOUND_ONLY]) {
      const sender = sending("kitchen");
      await sender.send();
      await until("it is heard", () =>
        hub.relays.relays().find(({ id, kind }) => id === "kitchen" && kind === "sender"),
      );
      const relay = await come("kitchen", options);
      const { status, body } = await sender.answer;
      expect([status, body.error?.code]).toEqual([409, "replaced"]);
      await Bun.sleep(1200);
      const seats = hub.relays.relays().filter(({ id }) => id === "kitchen");
      expect(seats).toMatchObject([{ kind: "relay", connected: true }]);
      expect(relay.messages.some(({ type }) => type === "bye")).toBe(false);
      await relay.close();
      await until("it left", () => hub.relays.relays().every(({ id, connected }) => id !== "kitchen" || !connected));
    }
  }, 15_000);

  test("takes the place of a relay of its name, which is told so; so does another request", async () => {
    for (const options of [{}, SOUND_ONLY]) {
      const relay = await come("kitchen", options);
      const sender = sending("kitchen");
      await sender.send();
      expect(await relay.told("bye")).toMatchObject({ code: "replaced" });
      await relay.closed;
      const again = sending("kitchen");
      await again.send();
      expect((await sender.answer).status).toBe(409);
      expect(hub.relays.relays().filter(({ connected }) => connected)).toMatchObject([
        { id: "hall" },
        { kind: "sender" },
      ]);
      await again.end();
      expect((await again.answer).status).toBe(200);
      await until("it is forgotten", () =>
        hub.relays.relays().every(({ id, connected }) => id !== "kitchen" || !connected),
      );
    }
  }, 15_000);
});

describe("the detections of the house", () => {
  test("name a word that a relay heard itself once it answers, and not that of a relay that lost", async () => {
    const before = hub.house.detections(100).length;
    const [kitchen, attic] = await Promise.all([come("kitchen"), come("attic", { answers: "pending" })]);
    await until("both are here", () => states(attic).at(-1)?.relays.length === 3);
    kitchen.claim();
    attic.claim();
    const told = await Promise.all([kitchen, attic].map((relay) => relay.told("granted", "cancelled")));
    const winner = told[0]?.type === "granted" ? "kitchen" : "attic";
    const fresh = hub.house.detections(100).slice(0, -before || undefined);
    expect(fresh).toMatchObject([{ source: winner, stream: -1, model: "alexa", simulated: false }]);
    expect(Math.abs(Date.now() - (fresh[0]?.timestamp ?? 0))).toBeLessThan(5000);
  });
});

describe("the shared memory", () => {
  test("says who is in the newest round, who is waited for and who won, and this machine's part in it", async () => {
    const record = hub.memory.arbitration.reader();
    const [kitchen, attic] = await Promise.all([come("kitchen"), come("attic", { answers: "pending" })]);
    attic.beat(true);
    kitchen.beat(true);
    await until("both are here", () => states(attic).at(-1)?.relays.length === 3);
    expect(record.read()).toMatchObject({ phase: "none", underWay: 0, round: 0, winner: "", fence: 0 });
    kitchen.claim();
    await until("it is open", () => record.read().phase === "open");
    expect(record.read()).toMatchObject({ underWay: 1, contenders: 1, winner: "", zone: "house", status: "connected" });
    expect(record.value.waiting).toBeGreaterThan(0);
    expect(record.value.closesMs - record.value.openedMs).toBeWithin(1, 301);
    const [now] = hub.relays.arbitration().now;
    expect(now).toMatchObject({ phase: "open", contenders: ["kitchen"], winner: null });
    expect(now?.waitingFor.map(({ relayId }) => relayId)).toContain("attic");
    const { fence, round } = await kitchen.told("granted");
    await until("it is served", () => record.read().phase === "serving");
    expect(record.value).toMatchObject({ winner: "kitchen", fence, round, waiting: 0, underWay: 1 });
    hub.relays.reset();
    expect(record.read()).toMatchObject({ phase: "over", underWay: 0, winner: "kitchen", round });
    expect(hub.house.state().arbitration).toMatchObject({ phase: "over", winner: "kitchen", fence });
  });
});
