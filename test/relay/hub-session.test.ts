import { describe, expect, test } from "bun:test";
import { type AudioFrame, readAudioFrame, writeAudioFrame } from "../../src/relay/audio-frame.ts";
import { HubSession } from "../../src/relay/hub-session.ts";
import * as limits from "../../src/relay/limits.ts";
import { readFromHub } from "../../src/relay/messages.ts";
import type { FromRelay } from "../../src/relay/messages-to-hub.ts";
import type { HouseState, ToRelay } from "../../src/relay/messages-to-relay.ts";
import { SmallHub } from "./small-hub.ts";

const DETECTS = { detects: true, evidence: true, onset: true, asks: true, plays: true };
const HELLO = { type: "hello", versions: [1], id: "kitchen", capabilities: DETECTS };
const HOUSE: HouseState = {
  activation: { state: "armed", model: "", confidence: 0, relay: null, forMs: 0 },
  rounds: [],
  relays: [{ id: "kitchen", room: "Kitchen", zone: "house", status: 0 }],
};

/** A hub with one connection, whose other end is this test. */
function connected({ tokenName, connection = 7 }: { readonly tokenName?: string; readonly connection?: number } = {}) {
  const hub = new SmallHub();
  const sent: ToRelay[] = [];
  const frames: AudioFrame[] = [];
  const closes: string[] = [];
  const world = { nowMs: 1000, bufferedBytes: 0, bytesPerSend: 0 };
  const session = new HubSession({
    handler: hub,
    monotonicMs: () => world.nowMs,
    connection,
    address: "192.0.2.7",
    tokenName,
    hubName: "hall",
    socket: {
      send: (data) => {
        world.bufferedBytes += world.bytesPerSend;
        if (typeof data === "string") sent.push(readFromHub(data));
        else frames.push(readAudioFrame(data));
      },
      close: (code, reason) => closes.push(`${code} ${reason}`),
      terminate: () => closes.push("terminated"),
      get bufferedBytes() {
        return world.bufferedBytes;
      },
    },
  });
  const say = (message: object) => session.receive(JSON.stringify(message));
  const answerPing = (relayAtMs: number) => {
    const ping = sent.findLast((message) => message.type === "ping");
    say({ type: "pong", ping: ping?.ping, atMs: relayAtMs });
  };
  /** Passes time as the owner's timer does. */
  const pass = (ms: number) => {
    const untilMs = world.nowMs + ms;
    while (world.nowMs < untilMs) {
      world.nowMs = Math.min(untilMs, world.nowMs + limits.TICK_MS);
      session.tick();
    }
  };
  const types = () => sent.map(({ type }) => type);
  const errors = () => sent.flatMap((message) => (message.type === "error" ? message.code : []));
  return { hub, session, sent, frames, closes, world, say, answerPing, pass, types, errors };
}

function joined(options: Parameters<typeof connected>[0] = {}) {
  const house = connected(options);
  house.say(HELLO);
  return house;
}

const claim = (over: Partial<Extract<FromRelay, { readonly type: "claim" }>> = {}) => ({
  type: "claim",
  claim: 1,
  model: "alexa",
  confidence: 0.9,
  endedAtMs: 400,
  sentAtMs: 430,
  ...over,
});

const frame = (over: Partial<AudioFrame> = {}) =>
  writeAudioFrame({
    ...{ kind: "claim", connection: 7, number: 1, sequence: 0, fence: undefined },
    ...{ firstSample: 0, atMs: 400, pcm: Int16Array.of(1, 2, 3) },
    ...over,
  });

describe("the first words of a relay", () => {
  test("are answered with a welcome that says what it is here, and a ping", () => {
    const { sent, hub } = joined();
    expect(sent).toEqual([
      {
        type: "welcome",
        version: 1,
        hub: "hall",
        id: "kitchen",
        connection: 7,
        room: "Kitchen",
        zone: "house",
        capabilities: { ...DETECTS, calibrates: false },
      },
      { type: "ping", ping: 1 },
    ]);
    expect(hub.said).toEqual(["7: admitted kitchen"]);
  });

  test("must come within 3 s", () => {
    const { pass, sent, closes, hub } = connected();
    pass(limits.HELLO_MS - 1);
    expect(sent).toEqual([]);
    pass(limits.TICK_MS);
    expect(sent).toMatchObject([{ type: "refused", code: "no_hello" }]);
    expect(closes).toEqual(["4000 no_hello"]);
    expect(hub.said).toEqual([]);
  });

  test.each<[string, string | Uint8Array]>([
    ["no_hello", '{"type":"beat","hears":false,"atMs":1}'],
    ["no_hello", frame()],
    ["not_json", "GET / HTTP/1.1"],
    ["bad_message", '{"type":"hello","versions":"1"}'],
    ["unsupported_version", JSON.stringify({ ...HELLO, versions: [2, 3] })],
    ["no_id", JSON.stringify({ ...HELLO, id: undefined })],
  ])("are refused with %s, and nobody is told of it", (code, first) => {
    const { session, sent, closes, hub } = connected();
    session.receive(first);
    expect(sent).toMatchObject([{ type: "refused", code }]);
    expect(closes).toEqual([`4000 ${code}`]);
    session.receive(JSON.stringify(HELLO));
    expect(hub.said).toEqual([]);
  });

  test("may leave the id out where a token names it, and may not name another", () => {
    const nameless = connected({ tokenName: "kitchen" });
    nameless.say({ ...HELLO, id: undefined });
    expect(nameless.sent[0]).toMatchObject({ type: "welcome", id: "kitchen" });
    const thief = connected({ tokenName: "kitchen" });
    thief.say({ ...HELLO, id: "bedroom" });
    expect(thief.sent).toMatchObject([{ type: "refused", code: "wrong_id" }]);
  });

  test("may be refused by the house, with when to come again", () => {
    const { hub, say, sent, closes, session } = connected();
    const farewell = { code: "too_many_relays", message: "10 are here", hint: "", retryAfterMs: 5000 };
    hub.admission = () => ({ kind: "refused", farewell });
    say(HELLO);
    expect(sent).toEqual([{ type: "refused", ...farewell }]);
    expect(closes).toEqual(["4000 too_many_relays"]);
    session.closed();
    expect(hub.said).toEqual(["7: refused kitchen"]);
  });

  test("may be the last, when the house sends it away while it asks", () => {
    const { hub, say, types, closes } = connected();
    hub.admission = (session) => {
      session.dismiss({ code: "replaced", message: "", hint: "", retryAfterMs: 0 });
      return { kind: "refused", farewell: { code: "other", message: "", hint: "", retryAfterMs: 0 } };
    };
    say(HELLO);
    expect(types()).toEqual(["refused"]);
    expect(closes).toEqual(["4000 replaced"]);
  });

  test("that are said while it is admitted follow the welcome", () => {
    const { hub, say, types } = connected();
    hub.admission = (session) => {
      session.show(JSON.stringify({ type: "state", ...HOUSE }));
      return { kind: "admitted", room: undefined, zone: "house" };
    };
    say(HELLO);
    expect(types()).toEqual(["welcome", "state", "ping"]);
  });

  test("claim no more than it can do: who does not detect cannot measure or answer", () => {
    const { say, sent } = connected();
    say({ ...HELLO, capabilities: { ...DETECTS, detects: false } });
    const none = { detects: false, evidence: false, asks: false };
    expect(sent[0]).toMatchObject({ capabilities: { ...none, onset: true, plays: true } });
  });
});

describe("time", () => {
  test("of a claim becomes the hub's, by the ping with the least delay", () => {
    const { hub, say, world, answerPing } = joined();
    // 40 ms for the first, 4 ms for the second; the relay's clock is 600 ms behind.
    world.nowMs += 40;
    answerPing(435);
    world.nowMs += 4;
    answerPing(442);
    say(claim({ endedAtMs: 400 }));
    expect(hub.claims[0]?.claim.endedAtMs).toBe(1000);
  });

  test("of a claim before the first pong is when it came, less what the relay says has passed", () => {
    const { hub, say } = joined();
    say(claim({ endedAtMs: 9400, sentAtMs: 9430 }));
    expect(hub.claims[0]?.claim.endedAtMs).toBe(970);
  });

  test("is known to within half of the round trip", () => {
    const { session, world, answerPing } = joined();
    world.nowMs += 10;
    answerPing(405);
    expect(session.clock).toEqual({ offsetMs: 600, uncertaintyMs: 5 });
  });

  test("is learned anew when the relay slept", () => {
    const { session, world, answerPing, pass } = joined();
    world.nowMs += 2;
    answerPing(401);
    pass(limits.PING_MS);
    world.nowMs += 4;
    answerPing(5000);
    expect(session.clock?.offsetMs).toBe(world.nowMs - 2 - 5000);
  });

  test("of a pong that nobody asked for, or that comes twice, changes nothing", () => {
    const { session, say, world } = joined();
    world.nowMs += 10;
    say({ type: "pong", ping: 99, atMs: 1 });
    expect(session.clock).toBeUndefined();
    say({ type: "pong", ping: 1, atMs: 405 });
    say({ type: "pong", ping: 1, atMs: 9000 });
    expect(session.clock?.offsetMs).toBe(600);
  });

  test("of an ask becomes the relay's, where it is known", () => {
    const { session, sent, world, answerPing } = joined();
    session.ask({ ask: 4, untilMs: 1150, wordEndedAtMs: 950, model: "alexa" });
    world.nowMs += 10;
    answerPing(405);
    session.ask({ ask: 5, untilMs: 1160, wordEndedAtMs: 950, model: "alexa" });
    const asks = sent.filter(({ type }) => type === "ask");
    expect(asks).toEqual([
      { type: "ask", ask: 4, withinMs: 150, wordEndedAtMs: null, model: "alexa" },
      { type: "ask", ask: 5, withinMs: 150, wordEndedAtMs: 350, model: "alexa" },
    ]);
  });

  test("is asked for five times in a row, then every second", () => {
    const { types, answerPing, pass } = joined();
    const pings = () => types().filter((type) => type === "ping").length;
    for (let i = 0; i < 8; i++) answerPing(400);
    expect(pings()).toBe(5);
    pass(limits.PING_MS);
    expect(pings()).toBe(6);
  });
});

describe("a relay that is not there any more", () => {
  test("is noticed within 5 s, told so, and given up", () => {
    const { pass, hub, closes, types } = joined();
    pass(4250);
    expect(hub.said).toEqual(["7: admitted kitchen"]);
    pass(700);
    expect(hub.said.at(-1)).toBe("7: left silent");
    expect(types().at(-1)).toBe("bye");
    expect(closes).toEqual(["4002 silent"]);
    pass(limits.CLOSE_MS + limits.TICK_MS);
    expect(closes).toContain("terminated");
  });

  test("is not a relay that says anything at all", () => {
    const { pass, hub, say } = joined();
    for (let i = 0; i < 10; i++) {
      pass(4000);
      say({ type: "beat", hears: false, atMs: 1 });
    }
    expect(hub.said.filter((line) => line.includes("left"))).toEqual([]);
  });

  test("is not taken for gone because the hub itself stood still", () => {
    const { world, session, hub, pass } = joined();
    world.nowMs += 60_000;
    session.tick();
    expect(hub.said.at(-1)).toBe("7: admitted kitchen");
    pass(5000);
    expect(hub.said.at(-1)).toBe("7: left silent");
  });

  test("is told of once, however it went", () => {
    const { session, hub } = joined();
    session.dismiss({ code: "replaced", message: "", hint: "", retryAfterMs: 0 });
    session.dismiss({ code: "replaced", message: "", hint: "", retryAfterMs: 0 });
    session.closed();
    expect(hub.said).toEqual(["7: admitted kitchen", "7: left dismissed"]);
  });

  test("is not listened to", () => {
    const { session, hub, say } = joined();
    session.closed();
    say(claim());
    session.receive(frame());
    session.ask({ ask: 1, untilMs: 2000, wordEndedAtMs: 1000, model: "alexa" });
    expect(hub.said).toEqual(["7: admitted kitchen", "7: left closed"]);
  });
});

describe("claims", () => {
  test("of a relay that measures carry its evidence, of another none", () => {
    const evidence = {
      ...{ rms: 0.1, bandDb: -31, floorDb: -58, snrDb: 22 },
      ...{ envelopeVariance: 0.4, confidence: 0.9, durationMs: 640 },
    };
    const honest = joined();
    honest.say(claim({ evidence }));
    expect(honest.hub.claims[0]?.claim.evidence).toEqual(evidence);
    const other = connected();
    other.say({ ...HELLO, capabilities: { ...DETECTS, evidence: false } });
    other.say(claim({ evidence }));
    expect(other.hub.claims[0]?.claim.evidence).toBeUndefined();
  });

  test("may be repeated, and have numbers that rise", () => {
    const { say, hub, errors } = joined();
    for (const number of [3, 3, 7, 3]) say(claim({ claim: number }));
    expect(hub.claims.map((made) => made.claim.number)).toEqual([3, 3, 7, 3]);
    say(claim({ claim: 5 }));
    expect(errors()).toEqual(["no_claim"]);
  });

  test("are remembered, 32 of them", () => {
    const { say, session, errors } = joined();
    for (let number = 1; number <= limits.KNOWN_CLAIMS + 1; number++) say(claim({ claim: number }));
    session.receive(frame({ number: 2 }));
    expect(errors()).toEqual([]);
    session.receive(frame({ number: 1 }));
    expect(errors()).toEqual(["no_claim"]);
  });

  test("of a relay that does not detect are an error", () => {
    const { say, hub, errors } = connected();
    say({ ...HELLO, capabilities: {} });
    say(claim());
    expect(errors()).toEqual(["cannot_claim"]);
    expect(hub.claims).toEqual([]);
  });

  test("must be made before anything is sent for them", () => {
    const { say, session, hub, errors } = joined();
    session.receive(frame());
    say({ type: "envelope", claim: 1, levelsDb: [-30], endsAt: 1, floorDb: -60 });
    say({ type: "audio_end", claim: 1 });
    expect(errors()).toEqual(["no_claim", "no_claim", "no_claim"]);
    expect(hub.audioHeard).toEqual([]);
  });
});

describe("sound", () => {
  const claiming = () => {
    const house = joined();
    house.say(claim());
    return house;
  };

  test("of a claim is handed on with its fence, and its end is told once", () => {
    const { session, say, hub } = claiming();
    session.receive(frame());
    session.receive(frame({ sequence: 1, firstSample: 3, fence: 12, pcm: Int16Array.of(4) }));
    say({ type: "audio_end", claim: 1 });
    say({ type: "audio_end", claim: 1 });
    expect(hub.audioHeard).toEqual([
      { session, claim: 1, fence: undefined, firstSample: 0, samples: Int16Array.of(1, 2, 3), last: false },
      { session, claim: 1, fence: 12, firstSample: 3, samples: Int16Array.of(4), last: false },
      { session, claim: 1, fence: undefined, firstSample: 4, samples: Int16Array.of(), last: true },
    ]);
  });

  test("may end before it began, when a relay has nothing to send", () => {
    const { say, hub } = claiming();
    say({ type: "audio_end", claim: 1 });
    expect(hub.audioHeard).toMatchObject([{ claim: 1, samples: Int16Array.of(), last: true }]);
  });

  test("that comes twice is heard once, and what is missing is counted", () => {
    const { session, hub, errors } = connected();
    session.receive(JSON.stringify({ ...HELLO, capabilities: {} }));
    const piece = (sequence: number, firstSample: number) =>
      frame({ kind: "stream", number: 0, sequence, firstSample, pcm: Int16Array.of(5) });
    for (const next of [piece(0, 0), piece(0, 0), piece(1, 1), piece(4, 9)]) session.receive(next);
    expect(hub.streams.map(({ missing }) => missing)).toEqual([0, 0, 7]);
    expect(session.lostFrames).toBe(2);
    expect(errors()).toEqual([]);
  });

  test.each<[string, Partial<AudioFrame>]>([
    ["old_connection", { connection: 6 }],
    ["goes_back", { sequence: 1, firstSample: 2 }],
    ["no_stream", { kind: "stream", number: 0 }],
    ["wrong_way", { kind: "reply" }],
    ["no_claim", { number: 2 }],
  ])("is dropped with the error %s", (code, over) => {
    const { session, hub, errors } = claiming();
    session.receive(frame());
    session.receive(frame(over));
    expect(errors()).toEqual([code]);
    expect(hub.audioHeard).toHaveLength(1);
  });

  test("behind its end is an error", () => {
    const { session, say, errors } = claiming();
    say({ type: "audio_end", claim: 1 });
    session.receive(frame());
    expect(errors()).toEqual(["after_end"]);
  });

  test("that comes faster than it can be heard ends the connection; a pre-roll does not", () => {
    const { session, hub } = claiming();
    const second = (sequence: number) =>
      frame({ sequence, firstSample: sequence * 16_000, pcm: new Int16Array(limits.FRAME_SAMPLES) });
    for (let i = 0; i < limits.SOUND_AT_ONCE_S; i++) session.receive(second(i));
    expect(hub.members.size).toBe(1);
    session.receive(second(limits.SOUND_AT_ONCE_S));
    expect(hub.said.at(-1)).toBe("7: left too_fast");
  });
});

describe("a relay that", () => {
  test("talks nonsense is told what is wrong each time, and in the end sent away", () => {
    const { say, errors, hub, closes, sent } = joined();
    for (let i = 0; i < limits.FAULTS_AT_ONCE; i++) say({ type: "sing" });
    expect(errors()).toHaveLength(limits.FAULTS_AT_ONCE);
    expect(hub.members.size).toBe(1);
    say({ type: "sing" });
    expect(sent.at(-1)).toMatchObject({ type: "bye", code: "too_many_errors" });
    expect(closes).toEqual(["4001 too_many_errors"]);
    expect(hub.said.at(-1)).toBe("7: left too_many_errors");
  });

  test("talks too much is sent away", () => {
    const { say, hub } = joined();
    for (let i = 0; i < limits.MESSAGES_AT_ONCE; i++) say({ type: "beat", hears: false, atMs: i });
    expect(hub.said.at(-1)).toBe("7: left too_fast");
  });

  test("beats and tells its level as fast as it should is not", () => {
    const { say, hub, world } = joined();
    for (let i = 0; i < 5000; i++) {
      world.nowMs += 1000 / 30;
      say({ type: "beat", hears: false, atMs: i });
    }
    expect(hub.members.size).toBe(1);
  });

  test("does not read gets only the newest state, and is cut loose and told when even that is too much", () => {
    const { session, world, types, sent, hub, closes } = joined();
    world.bufferedBytes = limits.SLOW_BYTES + 1;
    for (let i = 0; i < 5; i++) {
      const activation = { ...HOUSE.activation, confidence: i / 10 };
      session.show(JSON.stringify({ type: "state", ...HOUSE, activation }));
    }
    expect(types()).not.toContain("state");
    world.bufferedBytes = 0;
    session.drained();
    expect(sent.filter(({ type }) => type === "state")).toMatchObject([{ activation: { confidence: 0.4 } }]);
    world.bufferedBytes = limits.TOO_SLOW_BYTES + 1;
    session.tell({ type: "over", round: 1, fence: 1, why: "finished" });
    expect(hub.said.at(-1)).toBe("7: left too_slow");
    expect(closes).toEqual(["4001 too_slow"]);
  });

  test("is answered hears the reply at the speed at which it reads", () => {
    const { session, world, frames, sent } = joined();
    world.bytesPerSend = 20_000;
    const pcm = Int16Array.from({ length: 22_050 }, (_, i) => i % 1000);
    session.reply(9, "It is noon.", { sampleRateHz: 22_050, pcm });
    expect(frames.length).toBeLessThan(5);
    while (sent.at(-1)?.type !== "reply_end") {
      world.bufferedBytes = 0;
      session.drained();
    }
    expect(frames.flatMap((piece) => [...piece.pcm])).toEqual([...pcm]);
    expect(frames[0]).toMatchObject({ kind: "reply", connection: 7, number: 1, sequence: 0, fence: 9 });
    expect(sent.filter(({ type }) => type.startsWith("reply"))).toEqual([
      { type: "reply", reply: 1, fence: 9, text: "It is noon.", sampleRateHz: 22_050 },
      { type: "reply_end", reply: 1 },
    ]);
  });
});
