import { describe, expect, test } from "bun:test";
import { writeAudioFrame } from "../../src/relay/audio-frame.ts";
import { DEAD_MS, RETRY_MS } from "../../src/relay/limits.ts";
import { type HubSocketEvents, RelayClient, type RelayClientOptions } from "../../src/relay/relay-client.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import { CLOCK_OFF_MS, IDENTITY, SmallRelay, sampleAt, smallNet } from "./small-wire.ts";

const WORD = [{ model: "alexa", confidence: 0.9 }];

function house(over: Partial<RelayClientOptions> = {}) {
  const net = smallNet();
  const relay = new SmallRelay(net, over);
  relay.client.start();
  return { net, relay, hub: net.hub, world: net.world };
}

/** In a house for 2 s. */
function settled(over: Partial<RelayClientOptions> = {}) {
  const all = house(over);
  all.world.pass(2000);
  expect(all.relay.client.connected).toBe(true);
  return all;
}

const newestClaim = ({ hub }: Pick<ReturnType<typeof house>, "hub">) => {
  const made = hub.claims.at(-1);
  if (made === undefined) throw new Error("no claim came");
  return made;
};

describe("a relay in a house", () => {
  test("is told what it is here, and beats four times a second", () => {
    const { relay, hub, world } = settled();
    expect(relay.events[0]).toMatchObject({
      type: "connected",
      welcome: { id: "kitchen", room: "Kitchen", zone: "house", connection: 1 },
    });
    hub.said.length = 0;
    world.pass(4000);
    expect(hub.said.every((line) => line === "1: beat false")).toBe(true);
    expect(hub.said.length).toBeWithin(12, 18);
  });

  test("says at once when it begins to hear something, and when it ends", () => {
    const { relay, hub, world } = settled();
    hub.said.length = 0;
    relay.rms = 0.1;
    world.pass(90);
    expect(hub.said).toEqual(["1: onset", "1: beat true"]);
    relay.rms = 0.001;
    world.pass(1000);
    expect(hub.said).toContain("1: beat false");
  });

  test("hears something as soon as a model is interested, however quiet it is", () => {
    const { relay, hub, world } = settled();
    relay.score = 0.2;
    world.pass(90);
    expect(hub.said).toContain("1: onset");
  });

  test("that has had no sound for a while does not say that there is nothing to hear", () => {
    const { relay, hub, world } = settled();
    relay.deaf = true;
    world.pass(1000);
    hub.said.length = 0;
    world.pass(20_000);
    expect(hub.said).toEqual([]);
    expect(relay.client.connected).toBe(true);
    relay.deaf = false;
    world.pass(300);
    expect(hub.said).toContain("1: beat false");
  });

  test("claims with when the word ended in the hub's time, and evidence", () => {
    const all = settled();
    const beganAtMs = all.world.nowMs;
    all.relay.next = WORD;
    all.world.pass(100);
    const { claim } = newestClaim(all);
    expect(claim).toMatchObject({ number: 1, model: "alexa", confidence: 0.9 });
    expect(claim.endedAtMs).toBeWithin(beganAtMs - 1500, beganAtMs + 90);
    expect(claim.evidence?.rms).toBeGreaterThan(0.2);
  });

  test("sends its sound from before the word on, before anybody has decided", () => {
    const all = settled();
    all.relay.next = WORD;
    all.world.pass(300);
    const { hub } = all;
    const heard = hub.audioHeard.flatMap(({ samples }) => [...samples]);
    const first = hub.audioHeard[0]?.firstSample ?? 0;
    expect(heard.length).toBeGreaterThan(16_000);
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => sampleAt(first + i)));
    expect(hub.audioHeard.every(({ fence, claim }) => fence === undefined && claim === 1)).toBe(true);
  });

  test("that is granted goes on with the fence until the hub has heard enough", () => {
    const all = settled();
    const { hub, relay, world } = all;
    hub.onClaim = (session, { number }) => session.tell({ type: "granted", claims: [number], round: 1, fence: 41 });
    relay.next = WORD;
    world.pass(1000);
    expect(relay.types()).toEqual(["connected", "claimed", "granted"]);
    expect(hub.audioHeard.at(-1)).toMatchObject({ claim: 1, fence: 41, last: false });
    newestClaim(all).session.tell({ type: "enough", fence: 41 });
    world.pass(300);
    expect(hub.audioHeard.at(-1)).toMatchObject({ last: true });
    const pieces = hub.audioHeard.length;
    world.pass(1000);
    expect(hub.audioHeard).toHaveLength(pieces);
    newestClaim(all).session.tell({ type: "over", round: 1, fence: 41, why: "finished" });
    world.pass(10);
    expect(relay.types().slice(3)).toEqual(["enough", "over"]);
    expect(hub.audioHeard.flatMap(({ samples }) => [...samples])).toEqual(
      hub.audioHeard.flatMap(({ firstSample, samples }) => [...samples].map((_, i) => sampleAt(firstSample + i))),
    );
  });

  test("that lost is told who won, and sends no more of it", () => {
    const all = settled();
    const { hub, relay, world } = all;
    const winner = { id: "hall", room: "Hall" };
    relay.next = WORD;
    world.pass(200);
    newestClaim(all).session.tell({ type: "cancelled", claims: [1], round: 1, why: "lost", winner });
    world.pass(10);
    const pieces = hub.audioHeard.length;
    world.pass(2000);
    expect(hub.audioHeard).toHaveLength(pieces);
    expect(relay.events.at(-1)).toEqual({ type: "lost", why: "lost", winner });
  });

  test("tells the coarse envelope when 400 ms behind the word were heard, winner or not", () => {
    const all = settled();
    const { hub, relay, world } = all;
    hub.onClaim = (session) => session.tell({ type: "cancelled", claims: [1], round: 1, why: "lost", winner: null });
    relay.next = WORD;
    world.pass(250);
    expect(hub.envelopes).toEqual([]);
    world.pass(500);
    expect(hub.envelopes).toMatchObject([{ claim: 1 }]);
    expect(hub.envelopes[0]?.levels).toBeGreaterThan(20);
  });

  test("that hears two words at once claims both, and sends its sound once", () => {
    const all = settled();
    const { hub, relay, world } = all;
    relay.next = [...WORD, { model: "hey_jarvis", confidence: 0.8 }];
    world.pass(200);
    expect(hub.claims.map(({ claim }) => [claim.number, claim.model])).toEqual([
      [1, "alexa"],
      [2, "hey_jarvis"],
    ]);
    expect(hub.audioHeard.every(({ claim }) => claim === 1)).toBe(true);
    newestClaim(all).session.tell({ type: "granted", claims: [1, 2], round: 1, fence: 5 });
    world.pass(100);
    expect(relay.types()).toEqual(["connected", "claimed", "claimed", "granted"]);
  });

  test("whose second claim alone is granted sends the sound of that one", () => {
    const all = settled();
    const { hub, relay, world } = all;
    relay.next = WORD;
    world.pass(1500);
    relay.next = WORD;
    world.pass(100);
    newestClaim(all).session.tell({ type: "granted", claims: [2], round: 2, fence: 5 });
    world.pass(200);
    const heard = hub.audioHeard.slice(hub.audioHeard.findIndex(({ claim }) => claim === 2));
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.every(({ claim, fence }) => claim === 2 && fence === 5)).toBe(true);
  });

  test("whose first claim of two is cancelled goes on with the other", () => {
    const all = settled();
    const { hub, relay, world } = all;
    relay.next = [...WORD, { model: "hey_jarvis", confidence: 0.8 }];
    world.pass(200);
    newestClaim(all).session.tell({ type: "cancelled", claims: [1], round: 1, why: "lost", winner: null });
    world.pass(200);
    expect(relay.types()).toEqual(["connected", "claimed", "claimed"]);
    expect(hub.audioHeard.at(-1)?.claim).toBe(2);
    newestClaim(all).session.tell({ type: "cancelled", claims: [2], round: 2, why: "lost", winner: null });
    world.pass(10);
    expect(relay.types().at(-1)).toBe("lost");
  });

  test("passes over what is said of a fence that is not its own", () => {
    const all = settled();
    const { hub, relay, world } = all;
    hub.onClaim = (session, { number }) => session.tell({ type: "granted", claims: [number], round: 1, fence: 41 });
    relay.next = WORD;
    world.pass(300);
    newestClaim(all).session.tell({ type: "enough", fence: 40 });
    newestClaim(all).session.tell({ type: "over", round: 1, fence: 40, why: "finished" });
    world.pass(200);
    expect(relay.types()).toEqual(["connected", "claimed", "granted"]);
    expect(hub.audioHeard.at(-1)).toMatchObject({ fence: 41, last: false });
  });

  test("gives up a claim that nobody decides", () => {
    const { relay, hub, world } = settled();
    relay.next = WORD;
    world.pass(5200);
    expect(relay.events.at(-1)).toMatchObject({ type: "lost", why: "no_verdict" });
    const pieces = hub.audioHeard.length;
    world.pass(1000);
    expect(hub.audioHeard).toHaveLength(pieces);
  });

  test("plays what the hub answers, and says when it has", () => {
    const all = settled();
    const { hub, relay, world } = all;
    hub.onClaim = (session, { number }) => session.tell({ type: "granted", claims: [number], round: 1, fence: 6 });
    relay.next = WORD;
    world.pass(300);
    newestClaim(all).session.reply(6, "It is noon.", { sampleRateHz: 16_000, pcm: Int16Array.of(1, 2, 3) });
    world.pass(100);
    expect(relay.events.slice(3)).toEqual([
      { type: "reply", reply: 1, kind: "answer", text: "It is noon.", sampleRateHz: 16_000 },
      { type: "speech", reply: 1, pcm: Int16Array.of(1, 2, 3) },
      { type: "reply_end", reply: 1 },
    ]);
    const said = relay.events.length;
    const old = { kind: "reply", connection: 2, number: 1, sequence: 0, fence: 6, firstSample: 0, atMs: 0 } as const;
    all.net.inject(writeAudioFrame({ ...old, pcm: Int16Array.of(1) }), "to relay");
    expect(relay.events).toHaveLength(said);
    relay.client.finish();
    world.pass(10);
    expect(hub.said.at(-1)).toBe("1: finished 6");
  });
});

describe("a relay that is asked", () => {
  const ask = ({ net, world }: Pick<ReturnType<typeof settled>, "net" | "world">, inMs: number, model = "alexa") => {
    const { nowMs } = world;
    net.line().session.ask({ ask: 9, untilMs: nowMs + 300, wordEndedAtMs: nowMs + inMs, model });
  };
  /** By default about a word of which nothing was heard, whatever the score of another is. */
  const asked = (score: number, inMs: number, model = "computer") => {
    const all = settled();
    all.relay.score = score;
    all.world.pass(200);
    all.hub.said.length = 0;
    ask(all, inMs, model);
    return all;
  };
  const answers = ({ hub }: Pick<ReturnType<typeof house>, "hub">) =>
    hub.said.filter((line) => /pass|pending/.test(line));

  test("claims that word at once, and names the ask, where its score came near", () => {
    const all = asked(0.03, -50, "alexa");
    all.world.pass(100);
    expect(answers(all)).toEqual([]);
    expect(all.hub.claims).toMatchObject([{ claim: { model: "alexa", confidence: 0.03, seconds: 9 } }]);
    expect(all.hub.claims[0]?.claim.evidence).toBeDefined();
  });

  test("claims it where the score rises after the ask, and passes where it does not come so near", () => {
    const all = asked(0.009, 0, "alexa");
    all.world.pass(80);
    expect([all.hub.claims, answers(all)]).toEqual([[], []]);
    all.relay.score = 0.03;
    all.world.pass(100);
    expect(all.hub.claims).toMatchObject([{ claim: { confidence: 0.03, seconds: 9 } }]);
    const other = asked(0.009, 0, "alexa");
    other.world.pass(290);
    expect([other.hub.claims, answers(other)]).toEqual([[], ["1: pass 9"]]);
  });

  test("measures the word where the other relay heard it, however loud what has come since", () => {
    const all = settled();
    all.relay.score = 0.03;
    all.relay.gain = 0.1;
    all.world.pass(2000);
    all.relay.gain = 1;
    all.world.pass(600);
    ask(all, -800);
    all.world.pass(20);
    expect(all.hub.claims[0]?.claim).toMatchObject({ seconds: 9 });
    expect(all.hub.claims[0]?.claim.evidence?.rms).toBeWithin(0.02, 0.04);
  });

  test("does not claim what its own rules would not let it wake by", () => {
    const all = settled();
    all.relay.score = 0.4;
    all.relay.barred = true;
    all.world.pass(200);
    ask(all, -200);
    all.relay.score = 0;
    all.world.pass(290);
    expect([all.hub.claims, answers(all)]).toEqual([[], ["1: pending 9", "1: pass 9"]]);
  });

  test("passes at once where it has claimed the word itself", () => {
    const all = settled();
    all.relay.score = 0.4;
    all.relay.next = WORD;
    all.world.pass(200);
    ask(all, -50);
    all.world.pass(20);
    expect(all.hub.claims).toHaveLength(1);
    expect(answers(all)).toEqual(["1: pass 9"]);
  });

  test("goes on with the sound of what it was granted for that, when its own detector hears the word too", () => {
    const all = asked(0.03, -50, "alexa");
    const { hub, relay, world } = all;
    world.pass(20);
    newestClaim(all).session.tell({ type: "granted", claims: [1], round: 1, fence: 6 });
    hub.onClaim = (session, { number }) => session.tell({ type: "granted", claims: [number], round: 1, fence: 6 });
    relay.next = WORD;
    world.pass(1000);
    expect(hub.claims.map(({ claim }) => claim.number)).toEqual([1, 2]);
    const sent = hub.audioHeard.filter(({ claim, fence }) => claim === 1 && fence === 6);
    expect(sent.at(-1)?.firstSample).toBeGreaterThan(relay.samples - 3200);
    expect(relay.types().filter((type) => type === "granted")).toHaveLength(1);
  });

  test("passes at once when it has listened past the word's end", () => {
    const all = asked(0, -200);
    all.world.pass(10);
    expect(answers(all)).toEqual(["1: pass 9"]);
  });

  test("passes as soon as it has listened past the word's end", () => {
    const all = asked(0, 0);
    all.world.pass(20);
    expect(answers(all)).toEqual([]);
    all.world.pass(230);
    expect(answers(all)).toEqual(["1: pass 9"]);
  });

  test("says that its score is rising, once, and passes when it falls", () => {
    const all = asked(0.3, -50);
    all.world.pass(100);
    expect(answers(all)).toEqual(["1: pending 9"]);
    all.relay.score = 0;
    all.world.pass(100);
    expect(answers(all)).toEqual(["1: pending 9", "1: pass 9"]);
  });

  test("claims in place of an answer when it hears the word", () => {
    const all = asked(0.3, -50);
    all.relay.next = WORD;
    all.relay.score = 0;
    all.world.pass(300);
    expect(answers(all)).toEqual(["1: pending 9"]);
    expect(all.hub.said).toContain("1: claim 1");
  });

  test("says nothing when the time to answer is over", () => {
    const all = asked(0, 5000);
    all.world.pass(8000);
    expect(answers(all)).toEqual([]);
  });

  test("passes at once when it is muted, for it will hear nothing", () => {
    const all = settled();
    all.relay.client.muted = true;
    all.relay.score = 0.4;
    all.world.pass(200);
    ask(all, 0);
    all.world.pass(20);
    expect(answers(all)).toEqual(["1: pass 9"]);
  });
});

describe("a relay that is muted", () => {
  test("claims nothing, beats as one that hears nothing, and keeps nothing of what is said", () => {
    const { relay, hub, world } = settled();
    relay.client.muted = true;
    relay.rms = 0.5;
    relay.next = WORD;
    hub.said.length = 0;
    world.pass(1000);
    expect(new Set(hub.said)).toEqual(new Set(["1: beat false"]));
    relay.client.muted = false;
    const unmutedAt = relay.samples;
    relay.next = WORD;
    world.pass(200);
    expect(hub.audioHeard[0]?.firstSample).toBe(unmutedAt);
  });
});

describe("a relay for which the hub listens", () => {
  const STREAMS = { identity: { ...IDENTITY, capabilities: { ...IDENTITY.capabilities, detects: false } } };

  test("sends all that it hears from the welcome on, and claims nothing", () => {
    const { relay, hub, world } = settled(STREAMS);
    relay.next = WORD;
    world.pass(1000);
    expect(hub.claims).toEqual([]);
    const heard = hub.streams.flatMap(({ samples }) => [...samples]);
    const first = relay.samples - heard.length;
    expect(heard.length).toBeGreaterThan(2 * 16_000);
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => sampleAt(first + i)));
  });

  test("is told when what it sent has won", () => {
    const { relay, net, world } = settled(STREAMS);
    net.line().session.tell({ type: "granted", claims: [], round: 1, fence: 3 });
    world.pass(10);
    net.line().session.tell({ type: "over", round: 1, fence: 3, why: "finished" });
    world.pass(10);
    expect(relay.types()).toEqual(["connected", "granted", "over"]);
  });
});

describe("a relay whose hub goes away", () => {
  test("notices within 5 s when nothing is said about it", () => {
    const { relay, net, world } = settled();
    net.line().dead = true;
    net.reachable = false;
    world.pass(DEAD_MS - 1100);
    expect(relay.client.connected).toBe(true);
    world.pass(1600);
    expect(relay.client.connected).toBe(false);
    expect(relay.events.at(-1)).toMatchObject({ type: "away" });
  });

  test("comes again at times that are its own, further and further apart", () => {
    const times = (random: number) => {
      const { relay, net, world } = house({ random: () => random });
      net.reachable = false;
      net.restartHub();
      world.pass(60_000);
      const away = relay.events.flatMap((event) => (event.type === "away" ? event.retryAtMs - CLOCK_OFF_MS : []));
      return away.slice(1).map((atMs, i) => atMs - (away[i] ?? 0));
    };
    const early = times(0);
    const late = times(1);
    expect(late[0]).toBeGreaterThan(1.5 * (early[0] ?? 0));
    expect(early.at(-1)).toBeWithin(3900, 4200);
    expect(late.at(-1)).toBeWithin(7900, 8200);
  });

  test("is back in the house soon after the hub is", () => {
    const { relay, net, world } = settled();
    net.reachable = false;
    net.restartHub();
    world.pass(120_000);
    net.reachable = true;
    world.pass(8000);
    expect(relay.client.connected).toBe(true);
  });

  test("stays silent meanwhile, or answers alone, as it is configured", () => {
    for (const whileAway of ["alone", "silent"] as const) {
      const { relay, net, world } = settled({ whileAway });
      net.reachable = false;
      net.restartHub();
      relay.events.length = 0;
      relay.next = WORD;
      world.pass(100);
      expect(relay.types().filter((type) => type === "alone")).toHaveLength(whileAway === "alone" ? 1 : 0);
    }
  });

  test("answers alone only to words that it did not claim: the hub may have granted those to another", () => {
    const { relay, net, world } = settled({ whileAway: "alone" });
    relay.next = WORD;
    world.pass(100);
    net.restartHub();
    world.pass(100);
    expect(relay.types()).toEqual(["connected", "claimed", "lost", "away"]);
    expect(relay.events.at(-2)).toMatchObject({ why: "hub_gone" });
  });

  test("brings nothing of an old round along: no claim, no sound, no envelope, no answer", () => {
    const all = settled();
    const { relay, net, hub, world } = all;
    relay.next = WORD;
    relay.score = 0.3;
    world.pass(100);
    net.line().session.ask({ ask: 4, untilMs: world.nowMs + 5000, wordEndedAtMs: world.nowMs - 50, model: "alexa" });
    world.pass(5);
    net.restartHub();
    hub.said.length = 0;
    hub.audioHeard.length = 0;
    world.pass(3000);
    expect(relay.client.connected).toBe(true);
    expect(hub.audioHeard).toEqual([]);
    expect(hub.said.filter((line) => !/beat|onset/.test(line))).toEqual(["1: admitted kitchen"]);
  });

  test("takes no verdict of the old hub for one of the new: its claims have other numbers", () => {
    const all = settled();
    const { relay, net, world } = all;
    relay.next = WORD;
    world.pass(100);
    net.restartHub();
    world.pass(2000);
    net.line().session.tell({ type: "granted", claims: [1], round: 1, fence: 8 });
    world.pass(100);
    expect(relay.types()).not.toContain("granted");
    relay.next = WORD;
    world.pass(100);
    expect(newestClaim(all).claim.number).toBe(2);
  });
});

describe("a socket that was given up", () => {
  /** Every socket that is dialled opens, and goes on telling whatever a test makes it tell. */
  function dialling() {
    const sockets: HubSocketEvents[] = [];
    const sent: string[][] = [];
    const events: RelayEvent[] = [];
    const world = { nowMs: 0 };
    const client = new RelayClient({
      identity: IDENTITY,
      dial: (told) => {
        const mine: string[] = [];
        sockets.push(told);
        sent.push(mine);
        return { send: (data) => mine.push(String(data)), close: () => {}, bufferedBytes: 0 };
      },
      monotonicMs: () => world.nowMs,
      random: () => 0.5,
      whileAway: "silent",
      tell: (event) => events.push(event),
    });
    client.start();
    sockets[0]?.opened();
    world.nowMs = 5000;
    client.tick();
    world.nowMs = 9000;
    client.tick();
    sockets[1]?.opened();
    expect(sent.map((mine) => mine.length)).toEqual([1, 1]);
    return { sockets, sent, events, client };
  }
  const WELCOME = JSON.stringify({
    ...{ type: "welcome", version: 1, hub: "hall", id: "kitchen", connection: 3, room: null, zone: "house" },
    capabilities: {},
  });

  test("is not listened to: its welcome is not that of the new one", () => {
    const { sockets, client } = dialling();
    sockets[0]?.message(WELCOME);
    expect(client.connected).toBe(false);
    sockets[1]?.message(WELCOME);
    expect(client.connected).toBe(true);
  });

  test("does not take the new one with it when it is closed at last, or opens at last", () => {
    const { sockets, sent, client } = dialling();
    sockets[1]?.message(WELCOME);
    sockets[0]?.closed("timed out");
    sockets[0]?.opened();
    expect(client.connected).toBe(true);
    expect(sent).toHaveLength(2);
  });
});

describe("a relay that the hub sends away", () => {
  test("is told why, and comes again no sooner than it may", () => {
    const { relay, net, world } = settled();
    const farewell = { code: "replaced", message: "another calls itself kitchen", hint: "rename it" };
    net.line().session.dismiss({ ...farewell, retryAfterMs: RETRY_MS.muchLater });
    world.pass(100);
    expect(relay.events.at(-1)).toMatchObject({ type: "away", code: "replaced", message: farewell.message });
    world.pass(RETRY_MS.muchLater - 1000);
    expect(relay.client.connected).toBe(false);
    world.pass(RETRY_MS.muchLater / 2 + 2000);
    expect(relay.client.connected).toBe(true);
  });

  test("when it asks to join does the same", () => {
    const { relay, net, hub, world } = house();
    const farewell = { code: "too_many_relays", message: "10 are here", hint: "", retryAfterMs: 20_000 };
    hub.admission = () => ({ kind: "refused", farewell });
    world.pass(1000);
    expect(relay.events).toMatchObject([{ type: "away", code: "too_many_relays" }]);
    hub.admission = () => ({ kind: "admitted", room: undefined, zone: "house" });
    world.pass(18_000);
    expect(net.lines).toHaveLength(1);
    world.pass(13_000);
    expect(relay.client.connected).toBe(true);
  });
});
