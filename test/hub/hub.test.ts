import { describe, expect, test } from "bun:test";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import { LOG_LINE } from "../../src/arbitration/effects.ts";
import { type Granted, Hub } from "../../src/hub/hub.ts";
import type { RelayVoice, Seat, SeatKind } from "../../src/hub/seat.ts";
import { evidence, facts, loudest } from "../arbitration/small-house.ts";

const CAN = { onset: true, ask: true };

function house({ maxRelays = 10, windowMs = 300, ownVoiceAt = "" } = {}) {
  const clock = { nowMs: 10_000 };
  const said: string[] = [];
  const happened: string[] = [];
  const granted: Granted[] = [];
  const logged: { readonly event: string; readonly fields: Record<string, unknown> }[] = [];
  const gains = new Map<string, number>();
  let sooner = 0;
  let changes = 0;
  const hub = new Hub({
    arbiter: new Arbiter({ policy: loudest, settings: { windowMs, maxRelays } }),
    monotonicMs: () => clock.nowMs,
    sooner: () => sooner++,
    changed: () => changes++,
    factsOf: ({ id, kind }, can) =>
      facts(id, {
        can,
        local: kind === "local",
        room: `${id} room`,
        gain: { db: gains.get(id) ?? 0, uncertaintyDb: 0 },
      }),
    events: {
      contended: ({ relayId, model }) => happened.push(`contended ${relayId} ${model}`),
      granted: (grant) => {
        granted.push(grant);
        happened.push(`granted ${grant.relayId} ${grant.model} ${grant.fence}`);
      },
      sound: ({ fence, pcm, last }) => happened.push(`sound ${fence} ${pcm}${last ? " last" : ""}`),
      over: (fence, why) => happened.push(`over ${fence} ${why}`),
    },
    isOwnVoice: (relayId) => relayId === ownVoiceAt,
    log: { info: (event, fields) => logged.push({ event, fields }) },
  });
  const voiceOf = (id: string, connection: number): RelayVoice => {
    const say = (what: string) => void said.push(`${id}${connection}: ${what}`);
    return {
      ask: ({ ask, untilMs, wordEndedAtMs, model }) =>
        say(`ask ${ask} until ${untilMs} of ${model} at ${wordEndedAtMs}`),
      granted: ({ claims, fence }) => say(`granted ${claims} ${fence}`),
      cancelled: ({ claims, why, winner }) => say(`cancelled ${claims} ${why} ${winner?.relayId} ${winner?.room}`),
      rejected: (claim, why) => say(`rejected ${claim} ${why}`),
      over: (_round, fence, why) => say(`over ${fence} ${why}`),
      enough: (fence) => say(`enough ${fence}`),
      reply: (fence, { text }) => say(`reply ${fence} ${text}`),
      displaced: () => say("displaced"),
    };
  };
  const join = (id: string, { kind = "relay" as SeatKind, can = CAN } = {}) => {
    const connection = hub.nextConnection();
    const seat: Seat = {
      ...{ id, connection, kind, address: "[::1]:5", software: "test", sinceMs: clock.nowMs, stream: undefined },
      voice: voiceOf(id, connection),
    };
    const refused = hub.join(seat, can);
    const sender = { relayId: id, connection };
    return {
      refused,
      sender,
      beat: (hears: boolean) => hub.tell({ type: "beat", ...sender, hears }),
      claim: (number: number, rms = 0.1, endedAtMs = clock.nowMs) =>
        hub.claim(sender, { number, model: "alexa", confidence: 0.9, endedAtMs, evidence: evidence(rms) }),
      sound: (claim: number, fence: number | undefined, samples: readonly number[] = [1], last = false) => {
        const pcm = Int16Array.from(samples);
        hub.sound(sender, { claim, fence, pcm, missingSamples: 0, last });
        return pcm;
      },
    };
  };
  return { hub, clock, said, happened, granted, logged, gains, join, sooner: () => sooner, changes: () => changes };
}

describe("the house", () => {
  test("waits no more for a relay whose word was that of an answer", () => {
    const { hub, join, said } = house({ ownVoiceAt: "hall" });
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    hall.beat(true);
    kitchen.claim(1);
    expect(hub.rounds[0]?.phase).toBe("open");
    hall.claim(1);
    expect(said.filter((line) => /rejected|granted/.test(line))).toEqual([
      "hall2: rejected 1 stale",
      "kitchen1: granted 1 1",
    ]);
    expect(hub.rounds[0]?.waitedFor).toMatchObject([{ relayId: "hall", outcome: "passed" }]);
  });

  test("tells of the claim that was compared, where a relay made several of one word", () => {
    const { hub, clock, join, granted } = house();
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    hall.beat(true);
    kitchen.claim(1);
    const said = { model: "alexa", endedAtMs: clock.nowMs };
    hub.claim(kitchen.sender, { ...said, number: 2, confidence: 0.95, evidence: evidence(0.8) });
    hub.claim(hall.sender, { ...said, number: 1, confidence: 0.2, evidence: evidence(0.2), seconds: 1 });
    expect(granted).toMatchObject([{ relayId: "kitchen", claim: 2, confidence: 0.95, evidence: { rms: 0.8 } }]);
  });

  test("gives everybody who comes a seat, and says so in the log", () => {
    const { hub, join, logged } = house();
    expect(join("kitchen").refused).toBeUndefined();
    expect([...hub.seats.keys()]).toEqual(["kitchen"]);
    expect(logged).toEqual([
      {
        event: "relay joined",
        fields: { relay: "kitchen", kind: "relay", address: "[::1]:5", software: "test" },
      },
    ]);
  });

  test("refuses one too many with how many there may be; its own microphone is not among them", () => {
    const { hub, join, logged } = house({ maxRelays: 1 });
    expect(join("hall", { kind: "local" }).refused).toBeUndefined();
    expect(join("kitchen").refused).toBeUndefined();
    expect(join("attic").refused).toEqual({ why: "too_many_relays", limit: 1 });
    expect(logged.at(-1)).toMatchObject({ event: "relay refused", fields: { relay: "attic", why: "too_many_relays" } });
    expect([...hub.seats.keys()]).toEqual(["hall", "kitchen"]);
  });

  test("gives the place of its own microphone to nobody", () => {
    const { hub, join, said, happened } = house();
    const local = join("hall", { kind: "local" });
    expect(join("hall").refused).toEqual({ why: "name_of_hub" });
    expect(hub.seats.get("hall")?.kind).toBe("local");
    local.claim(1);
    expect(said).toEqual(["hall1: granted 1 1"]);
    expect(happened).toEqual(["granted hall alexa 1"]);
  });

  test("answers a relay that is alone at once: nothing is contended, and nothing needs a tick sooner than its silence", () => {
    const { hub, clock, join, said, happened } = house();
    join("kitchen").claim(1);
    expect(said).toEqual(["kitchen1: granted 1 1"]);
    expect(happened).toEqual(["granted kitchen alexa 1"]);
    expect(hub.wakeAtMs).toBeGreaterThan(clock.nowMs);
  });

  test("lets several contend, grants the best, and tells the others who it is and in which room", () => {
    const { hub, clock, join, said, happened, logged } = house();
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    kitchen.beat(true);
    hall.beat(true);
    kitchen.claim(1, 0.05, clock.nowMs - 80);
    expect(happened).toEqual(["contended kitchen alexa"]);
    expect(said).toEqual([`hall2: ask 1 until ${clock.nowMs + 300} of alexa at ${clock.nowMs - 80}`]);
    clock.nowMs += 30;
    hall.claim(1, 0.2);
    expect(happened[1]).toBe("granted hall alexa 1");
    expect(said[1]).toBe("hall2: granted 1 1");
    hall.sound(1, 1);
    expect(said.slice(2)).toEqual(["kitchen1: cancelled 1 lost hall hall room"]);
    expect(hub.rounds[0]?.verdict?.afterMs).toBe(30);
    const lines = logged.map(({ event }) => event);
    expect(lines.slice(2)).toEqual([LOG_LINE.started, LOG_LINE.joined, LOG_LINE.completed, LOG_LINE.cancelled]);
  });

  test("asks for a tick sooner when a round begins to wait, and decides at the window's end", () => {
    const { hub, clock, join, happened, sooner } = house();
    const kitchen = join("kitchen");
    join("hall");
    const before = sooner();
    kitchen.claim(1);
    expect(sooner()).toBe(before + 1);
    expect(hub.wakeAtMs).toBe(clock.nowMs + 300);
    clock.nowMs += 299;
    hub.tell({ type: "tick" });
    expect(happened).toEqual(["contended kitchen alexa"]);
    clock.nowMs += 1;
    hub.tell({ type: "tick" });
    expect(happened[1]).toBe("granted kitchen alexa 1");
  });

  test("has one seat for a name: the newest has it, and what the old one still says counts for nothing", () => {
    const { hub, join, said, happened, logged } = house();
    const old = join("kitchen");
    const next = join("kitchen");
    expect(said).toEqual(["kitchen1: displaced"]);
    old.claim(1);
    old.beat(true);
    hub.leave(old.sender, "closed");
    expect(happened).toEqual([]);
    expect(hub.seats.get("kitchen")?.connection).toBe(next.sender.connection);
    next.claim(1);
    expect(said[1]).toBe("kitchen2: granted 1 1");
    expect(logged.filter(({ event }) => event === "relay left")).toEqual([]);
  });

  test("replaces a winner that sends nothing, and ends what a winner that leaves had begun", () => {
    const { hub, clock, join, said, happened } = house();
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    for (const relay of [kitchen, hall]) relay.beat(true);
    kitchen.claim(1, 0.3);
    hall.claim(1, 0.1);
    clock.nowMs += 1000;
    hub.tell({ type: "tick" });
    expect(happened.slice(1)).toEqual(["granted kitchen alexa 1", "over 1 silent", "granted hall alexa 2"]);
    expect(said).toContain("kitchen1: cancelled 1 silent hall hall room");
    hall.sound(1, 2);
    hub.leave(hall.sender, "closed");
    expect(happened.at(-1)).toBe("over 2 left");
    expect([...hub.seats.keys()]).toEqual(["kitchen"]);
  });

  test("ends everything when somebody wants it to be over, and begins anew with the next word", () => {
    const { hub, clock, join, said, happened } = house();
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    for (const relay of [kitchen, hall]) relay.beat(true);
    kitchen.claim(1, 0.3);
    hub.tell({ type: "reset", zone: undefined });
    expect(said.at(-1)).toBe("kitchen1: cancelled 1 reset undefined undefined");
    clock.nowMs += 3000;
    kitchen.claim(2, 0.3);
    hall.claim(1, 0.1);
    hub.tell({ type: "reset", zone: undefined });
    expect(said.at(-1)).toBe("hall2: cancelled 1 reset kitchen kitchen room");
    expect(happened.slice(-2)).toEqual(["granted kitchen alexa 1", "over 1 reset"]);
  });

  test("shows no contention for a claim that is none", () => {
    const { clock, join, said, happened } = house();
    const kitchen = join("kitchen");
    kitchen.claim(1, 0.1, clock.nowMs - 60_000);
    expect(said).toEqual(["kitchen1: rejected 1 stale"]);
    expect(happened).toEqual([]);
  });

  test("goes by what is configured now, without anybody having to come again", () => {
    const { hub, clock, join, said, gains } = house();
    const [kitchen, hall] = [join("kitchen"), join("hall")];
    gains.set("kitchen", 20);
    hub.refreshFacts();
    for (const relay of [kitchen, hall]) relay.beat(true);
    clock.nowMs += 10;
    kitchen.claim(1, 0.3);
    hall.claim(1, 0.1);
    expect(said.filter((line) => line.includes("granted"))).toEqual(["hall2: granted 1 1"]);
  });

  test("tells once that something is configured otherwise, however many it is about", () => {
    const { hub, join, changes } = house({ maxRelays: 100 });
    for (let i = 0; i < 100; i++) join(`relay-${i}`);
    const before = changes();
    hub.refreshFacts();
    expect(changes() - before).toBe(1);
  });
});

describe("the sound of a command", () => {
  /** Two relays have claimed one word, the kitchen's louder, and both send what they recorded. */
  function claimed() {
    const all = house();
    const [kitchen, hall] = [all.join("kitchen"), all.join("hall")];
    for (const relay of [kitchen, hall]) relay.beat(true);
    kitchen.claim(1, 0.3);
    return { ...all, kitchen, hall };
  }

  test("is kept until the verdict, and passed on from its first sample; the loser's is overwritten", () => {
    const { kitchen, hall, happened } = claimed();
    kitchen.sound(1, undefined, [1, 2]);
    kitchen.sound(1, undefined, [3]);
    hall.claim(1, 0.1);
    const lost = hall.sound(1, undefined, [7, 8]);
    expect(happened.filter((line) => line.startsWith("sound"))).toEqual([]);
    kitchen.sound(1, 1, [4, 5]);
    expect(happened.slice(1)).toEqual(["granted kitchen alexa 1", "sound 1 1,2", "sound 1 3", "sound 1 4,5"]);
    expect([...lost]).toEqual([0, 0]);
    const late = hall.sound(1, undefined, [9]);
    expect([...late]).toEqual([0]);
    kitchen.sound(1, 1, [6], true);
    expect(happened.slice(5)).toEqual(["sound 1 6 last"]);
  });

  test("is passed on at the grant where all of it came before", () => {
    const { kitchen, hall, happened } = claimed();
    kitchen.sound(1, undefined, [1, 2], true);
    hall.claim(1, 0.1);
    expect(happened.slice(1)).toEqual(["granted kitchen alexa 1", "sound 1 1,2 last"]);
  });

  test("is that of one claim, where a relay heard two models in one utterance", () => {
    const { kitchen, hall, happened } = claimed();
    kitchen.claim(2, 0.3);
    kitchen.sound(1, undefined, [1]);
    const other = kitchen.sound(2, undefined, [7]);
    hall.claim(1, 0.1);
    kitchen.sound(1, 1, [2]);
    kitchen.sound(2, 1, [8]);
    expect(happened.filter((line) => line.startsWith("sound"))).toEqual(["sound 1 1", "sound 1 2"]);
    expect([...other]).toEqual([0]);
  });

  test("is the runner-up's, from its first sample, where the winner sends nothing", () => {
    const { hub, clock, kitchen, hall, happened } = claimed();
    hall.claim(1, 0.1);
    hall.sound(1, undefined, [1, 2]);
    clock.nowMs += 1000;
    hub.tell({ type: "tick" });
    kitchen.sound(1, 1, [7]);
    hall.sound(1, 2, [3]);
    expect(happened.slice(1)).toEqual([
      "granted kitchen alexa 1",
      "over 1 silent",
      "granted hall alexa 2",
      "sound 2 1,2",
      "sound 2 3",
    ]);
  });

  test("and nothing of it is left when its relay goes, or somebody ends everything", () => {
    const { hub, join, kitchen, hall, happened } = claimed();
    join("attic").beat(true);
    hall.claim(1, 0.1);
    const ofLeaver = hall.sound(1, undefined, [1]);
    hub.leave(hall.sender, "closed");
    const kept = kitchen.sound(1, undefined, [2]);
    hub.tell({ type: "reset", zone: undefined });
    expect([[...ofLeaver], [...kept]]).toEqual([[0], [0]]);
    expect(happened.filter((line) => line.startsWith("sound"))).toEqual([]);
  });

  test("is enough, answered and over for the one who was granted it, and for nobody once it is over", () => {
    const { hub, kitchen, said, happened } = claimed();
    kitchen.sound(1, undefined, [1]);
    const reply = { kind: "answer", text: "it is ten", transcription: "", command: "", speech: undefined } as const;
    hub.tell({ type: "reset", zone: undefined });
    expect(hub.reply(1, reply)).toBe(false);
    const again = claimed();
    again.hall.claim(1, 0.1);
    again.kitchen.sound(1, 1);
    again.hub.enough(1);
    expect(again.hub.reply(1, reply)).toBe(true);
    again.hub.finish(1);
    expect(again.hub.reply(1, reply)).toBe(false);
    expect(again.said.slice(-3)).toEqual([
      "kitchen1: enough 1",
      "kitchen1: reply 1 it is ten",
      "kitchen1: over 1 finished",
    ]);
    expect(again.happened.at(-1)).toBe("over 1 finished");
    expect([said.filter((line) => line.includes("reply")), happened.includes("over 1 reset")]).toEqual([[], false]);
  });
});
