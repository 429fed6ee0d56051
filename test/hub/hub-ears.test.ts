import { describe, expect, test } from "bun:test";
import { Arbiter } from "../../src/arbitration/arbiter.ts";
import { Hub } from "../../src/hub/hub.ts";
import { HubEars } from "../../src/hub/hub-ears.ts";
import { type RemoteStream, RemoteStreams } from "../../src/hub/remote-streams.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { facts, loudest } from "../arbitration/small-house.ts";
import { joined, noise, tone } from "../support/clips.ts";
import { NO_EVENTS, SILENT_VOICE } from "./silent-house.ts";

const CAN = { onset: true, ask: true };
const QUIET = 0.001;

/** A house in which the hub listens for "kitchen" (stream 1), and "hall" listens for itself. */
function house() {
  const clock = { nowMs: 10_000 };
  const passed: { readonly pcm: Int16Array; readonly last: boolean; readonly isCutOff?: boolean | undefined }[] = [];
  const wish = { muted: false, leastRms: 0 };
  const monotonicMs = () => clock.nowMs;
  const log = { info: () => {} };
  const memory = SharedMemory.create({ streams: 2, relays: 1 });
  const arbiter = new Arbiter({ policy: loudest });
  const hub = new Hub({
    ...{ arbiter, monotonicMs, log },
    sooner: () => {},
    changed: () => {},
    factsOf: ({ id }, can) => facts(id, { can }),
    events: { ...NO_EVENTS, sound: ({ pcm, last, isCutOff }) => void passed.push({ pcm, last, isCutOff }) },
  });
  const ears = new HubEars({ memory, hub, monotonicMs, muted: () => wish.muted, leastRms: () => wish.leastRms });
  const stream = new RemoteStreams({ memory, monotonicMs, log, muted: () => false }).open("kitchen", "[::1]:5");
  if ("code" in stream) throw new Error(stream.code);
  const seatOf = (id: string, connection: number) => ({
    ...{ id, connection, address: undefined, software: "", sinceMs: clock.nowMs },
  });
  ears.open(stream.stream, "kitchen", 1);
  hub.join({ ...seatOf("kitchen", 1), kind: "sender", voice: ears.voice(stream.stream), stream: 1 }, CAN);
  const model = memory.model(0).writer();
  Object.assign(model.value, { name: "alexa", state: "listening", threshold: 0.5 });
  model.publish();
  const table = memory.modelTable.writer();
  Object.assign(table.value, { generation: 1, count: 1 });
  table.publish();
  const score = memory.score(stream.stream).writer();
  /** Inference has listened up to now. */
  const scored = (over: Partial<typeof score.value> = {}, most = 0) => {
    Object.assign(score.value, { frameEndMs: clock.nowMs, armed: true, asleep: false, models: 1, ...over });
    score.value.scores[0] = most;
    score.publish();
  };
  /** Sound comes in real time, in pieces of 100 ms. */
  const hears = (sound: Int16Array, to: RemoteStream = stream) => {
    for (let at = 0; at < sound.length; at += 1600) {
      const piece = sound.slice(at, at + 1600);
      clock.nowMs += piece.length / 16;
      to.push(new Uint8Array(piece.buffer));
    }
  };
  const hallClaims = (model = "computer") => {
    hub.join({ ...seatOf("hall", 2), kind: "relay", voice: SILENT_VOICE, stream: undefined }, CAN);
    const claim = { number: 1, model, confidence: 0.9, endedAtMs: clock.nowMs, evidence: undefined };
    hub.claim({ relayId: "hall", connection: 2 }, claim);
  };
  const word = (frameEndMs = clock.nowMs) => ({
    ...{ stream: 1, source: "kitchen", model: "alexa", confidence: 0.8, frameEndMs },
  });
  const waited = () => hub.rounds[0]?.waitedFor.find(({ relayId }) => relayId === "kitchen")?.outcome;
  const hearing = () => arbiter.relays.get("kitchen")?.hearing.kind;
  return { clock, hub, ears, stream, scored, hears, hallClaims, word, waited, hearing, passed, memory, wish, seatOf };
}

describe("what the hub hears for others", () => {
  test("is claimed with evidence that was measured from the ring", () => {
    const { hub, ears, hears, word } = house();
    hears(joined(noise(3, QUIET, 1), tone(2000, 0.6, 0.2), noise(0.1, QUIET, 2)));
    ears.heard(word());
    const [claim] = hub.rounds[0]?.claims ?? [];
    expect(claim).toMatchObject({ relayId: "kitchen", model: "alexa", confidence: 0.8 });
    expect(claim?.evidence?.rms).toBeCloseTo(0.2 / Math.SQRT2, 1);
    expect(claim?.evidence?.durationMs).toBeWithin(560, 660);
    expect(claim?.evidence?.snrDb).toBeGreaterThan(30);
    // The word ended 100 ms before it was noticed.
    expect(claim?.endedAfterMs).toBeWithin(-115, -75);
  });

  test("is measured where the word was, however much has come since", () => {
    const { clock, hub, ears, hears, word } = house();
    hears(joined(noise(3, QUIET, 1), tone(2000, 0.6, 0.2), noise(0.1, QUIET, 2)));
    const firedAtMs = clock.nowMs;
    hears(joined(noise(0.4, QUIET, 3), tone(500, 0.5, 0.9)));
    ears.heard(word(firedAtMs));
    const [claim] = hub.rounds[0]?.claims ?? [];
    expect(claim?.evidence?.rms).toBeCloseTo(0.2 / Math.SQRT2, 1);
    expect(claim?.endedAfterMs).toBeWithin(-1015, -975);
  });

  test("wins as another's does, and nobody waits for its sound: it is here", () => {
    const { hub, ears, hears, word } = house();
    hears(joined(noise(1, QUIET, 1), tone(2000, 0.6, 0.2)));
    ears.heard(word());
    expect(hub.rounds[0]).toMatchObject({ phase: "serving", grants: [{ relayId: "kitchen" }], firstAudioAfterMs: 0 });
  });

  test("is nobody's where no relay has the stream any more, and stays with the connection that has it", () => {
    const { hub, ears, hears, word } = house();
    hears(tone(2000, 1, 0.2));
    ears.close(1, 7);
    ears.heard({ ...word(), stream: 2 });
    expect(hub.rounds).toEqual([]);
    ears.close(1, 1);
    ears.heard(word());
    expect(hub.rounds).toEqual([]);
  });
});

describe("the sound of what the hub heard for others", () => {
  const before = noise(2, QUIET, 1);
  const said = tone(2000, 0.6, 0.2);

  function granted() {
    const all = house();
    all.hears(joined(before, said));
    all.ears.heard(all.word());
    const samples = () => all.passed.flatMap(({ pcm }) => [...pcm]);
    return { ...all, samples };
  }

  test("is passed on from half a second before the word, as it comes, sample for sample", () => {
    const { ears, hears, samples } = granted();
    const behind = noise(0.5, QUIET, 3);
    hears(behind);
    ears.look();
    const all = [...joined(before, said, behind)];
    expect(samples()).toEqual(all.slice(-samples().length));
    const beforeTheWord = samples().length - behind.length - said.length;
    expect(beforeTheWord / 16).toBeWithin(450, 560);
  });

  test("ends when it is enough, when it is over, and when its sender goes", () => {
    const enough = granted();
    enough.hub.enough(1);
    expect(enough.passed.at(-1)?.last).toBe(true);
    enough.hears(noise(0.2, QUIET, 3));
    enough.ears.look();
    expect(enough.passed.at(-1)?.last).toBe(true);

    const over = granted();
    over.hub.finish(1);
    const { length } = over.passed;
    over.hears(noise(0.2, QUIET, 3));
    over.ears.look();
    expect([over.passed.length, over.ears.isSounding]).toEqual([length, false]);

    const gone = granted();
    const rest = noise(0.1, QUIET, 3);
    gone.hears(rest);
    gone.ears.close(1, 1);
    expect(gone.passed.at(-1)).toMatchObject({ last: true });
    expect(gone.samples().slice(-rest.length)).toEqual([...rest]);
  });
});

describe("the sound of this machine's microphone", () => {
  function granted() {
    const all = house();
    const { memory, clock, hub, ears, seatOf } = all;
    const ring = memory.audioWriter(0);
    const level = memory.level(0).writer();
    const local = (sound: Int16Array) => {
      for (let at = 0; at < sound.length; at += 1600) {
        const piece = sound.slice(at, at + 1600);
        clock.nowMs += piece.length / 16;
        ring.write(piece, piece.length);
        Object.assign(level.value, { written: ring.written, atMs: clock.nowMs });
        level.publish();
      }
    };
    ears.open(0, "here", 9);
    hub.join({ ...seatOf("here", 9), kind: "local", voice: ears.voice(0), stream: 0 }, CAN);
    local(joined(noise(2, QUIET, 1), tone(2000, 0.6, 0.2)));
    ears.heard({ ...all.word(), stream: 0, source: "" });
    // The kitchen hears nothing, and is not waited for.
    ears.look();
    return { ...all, ring, local };
  }

  test("is cut off at once when it is muted", () => {
    const { ears, wish, passed, local } = granted();
    local(noise(0.2, QUIET, 3));
    ears.look();
    expect(passed.at(-1)).toMatchObject({ last: false, isCutOff: false });
    wish.muted = true;
    ears.look();
    expect(passed.at(-1)).toMatchObject({ last: true, isCutOff: true });
    expect(ears.isSounding).toBe(false);
  });

  test("is cut off when no sample came for a second, and when it begins anew", () => {
    const gone = granted();
    gone.clock.nowMs += 999;
    gone.ears.look();
    expect(gone.passed.at(-1)?.last).toBe(false);
    gone.clock.nowMs += 1;
    gone.ears.look();
    expect(gone.passed.at(-1)).toMatchObject({ last: true, isCutOff: true });

    const anew = granted();
    anew.ring.startEpoch();
    anew.ears.look();
    expect(anew.passed.at(-1)).toMatchObject({ last: true, isCutOff: true });
  });

  test("is not cut off where it was enough", () => {
    const { hub, wish, passed } = granted();
    wish.muted = true;
    hub.enough(1);
    expect(passed.at(-1)).toMatchObject({ last: true, isCutOff: false });
  });
});

test("a sender behind a network is waited for longer than a microphone", () => {
  const { clock, ears, hears, word, passed } = house();
  hears(joined(noise(2, QUIET, 1), tone(2000, 0.6, 0.2)));
  ears.heard(word());
  clock.nowMs += 2000;
  ears.look();
  expect(passed.at(-1)?.last).toBe(false);
});

describe("beats for others", () => {
  test("say when something is heard, and when it is quiet again", () => {
    const { ears, scored, hears, hearing } = house();
    const look = () => {
      scored();
      ears.look();
      return hearing();
    };
    hears(noise(2, QUIET, 1));
    expect(look()).toBe("quiet");
    hears(tone(1000, 0.2, 0.3));
    expect(look()).toBe("hears");
    hears(noise(0.4, QUIET, 2));
    expect(look()).toBe("quiet");
  });

  test.each(["no sound comes", "no word could fire"])(
    "say that nothing is heard while %s, so that nobody waits for it",
    (why) => {
      const { hub, clock, ears, scored, hears, hearing, hallClaims } = house();
      hears(joined(noise(1, QUIET, 1), tone(1000, 0.2, 0.3)));
      scored({ armed: why === "no sound comes" });
      if (why === "no sound comes") clock.nowMs += 5000;
      ears.look();
      expect(hearing()).toBe("quiet");
      clock.nowMs += 50;
      hallClaims();
      expect(hub.rounds[0]).toMatchObject({ outOfEarshot: ["kitchen"], grants: [{ relayId: "hall", afterMs: 0 }] });
    },
  );

  test("say that something is heard by a microphone whose sound comes late, as long as it comes", () => {
    const { clock, ears, scored, memory, hears, hearing } = house();
    const level = memory.level(1).writer();
    for (let i = 0; i < 5; i++) {
      hears(tone(1000, 0.2, 0.3));
      // Heard two seconds ago, behind a network that was slow.
      level.value.samples += 1;
      level.value.atMs = clock.nowMs - 2000;
      level.value.rms = 0.3;
      level.value.noiseFloor = 0.001;
      level.publish();
      scored({ frameEndMs: clock.nowMs - 2000 });
      ears.look();
    }
    expect(hearing()).toBe("hears");
  });

  test("are looked for sooner while something is heard: each frame's score is there for 80 ms only", () => {
    const { clock, ears, scored, hears } = house();
    hears(noise(0.5, QUIET, 1));
    scored();
    ears.look();
    expect(ears.isHearing).toBe(false);
    clock.nowMs += 80;
    scored({}, 0.2);
    ears.look();
    expect(ears.isHearing).toBe(true);
  });

  test("do not speak for what was said while the sound of it is still on its way", () => {
    const { clock, ears, scored, stream, hallClaims, waited } = house();
    for (let i = 0; i < 20; i++) {
      clock.nowMs += 100;
      stream.push(new Uint8Array(noise(0.1, QUIET, i).buffer), clock.nowMs - 400);
      scored({ frameEndMs: clock.nowMs - 400 });
      ears.look();
    }
    hallClaims();
    expect(waited()).toBe("waiting");
  });

  test("come again within 200 ms, so that a quiet stream is out of earshot and delays nobody", () => {
    const { hub, clock, ears, scored, hears, hallClaims } = house();
    for (let i = 0; i < 20; i++) {
      hears(noise(0.1, QUIET, i));
      scored();
      ears.look();
    }
    // The word lasted 600 ms: the newest beat came while it was said.
    clock.nowMs += 50;
    hallClaims();
    expect(hub.rounds[0]).toMatchObject({ outOfEarshot: ["kitchen"], grants: [{ relayId: "hall", afterMs: 0 }] });
  });
});

describe("answers for others", () => {
  /** Something is heard in the kitchen, and the hall claims a word. */
  function asked(model?: string, { score = 0, leastRms = 0 } = {}) {
    const all = house();
    all.wish.leastRms = leastRms;
    all.hears(joined(noise(1, QUIET, 1), tone(1000, 0.6, 0.2)));
    all.scored({}, score);
    all.ears.look();
    all.hallClaims(model);
    return all;
  }

  test("are a claim where the word came near to firing here too, however far its score has fallen since", () => {
    const { hub, clock, ears, scored, waited } = asked("alexa", { score: 0.04 });
    clock.nowMs += 20;
    scored();
    ears.look();
    expect(waited()).toBe("claimed");
    const [hall, kitchen] = hub.rounds[0]?.claims ?? [];
    expect([hall, kitchen]).toMatchObject([{ seconded: false }, { model: "alexa", confidence: 0.04, seconded: true }]);
    expect(kitchen?.evidence?.rms).toBeCloseTo(0.2 / Math.SQRT2, 1);
    // Only the kitchen has evidence.
    expect(hub.rounds[0]?.grants.map(({ relayId }) => relayId)).toEqual(["kitchen"]);
    expect(ears.isAsked).toBe(false);
  });

  test("are no claim of a word that may not wake anybody here: too quiet, too soon after another, beside a loudspeaker", () => {
    const outcomeOf = (house: ReturnType<typeof asked>, over: Parameters<typeof house.scored>[0] = {}) => {
      house.clock.nowMs += 170;
      house.scored(over, 0.02);
      house.ears.look();
      return house.waited();
    };
    const near = { score: 0.04 };
    expect(outcomeOf(asked("alexa", near))).toBe("claimed");
    expect(outcomeOf(asked("alexa", { ...near, leastRms: 0.3 }))).toBe("passed");
    const cooling = asked("alexa", near);
    expect(outcomeOf(cooling, { coolsAtMs: cooling.clock.nowMs + 5000 })).toBe("passed");
    const guarded = asked("alexa", near);
    const guards = guarded.memory.guards.writer();
    guards.value.guarded[1] = 1;
    guards.publish();
    expect(outcomeOf(guarded)).toBe("passed");
  });

  test("measure the word where the other relay heard it, however loud what has come since", () => {
    const { hub, ears, hears, scored, waited } = asked("alexa", { score: 0.04 });
    hears(joined(noise(0.17, QUIET, 2), tone(500, 0.1, 0.9)));
    scored();
    ears.look();
    expect(waited()).toBe("claimed");
    const kitchen = hub.rounds[0]?.claims.find(({ relayId }) => relayId === "kitchen");
    expect(kitchen?.evidence?.rms).toBeCloseTo(0.2 / Math.SQRT2, 1);
  });

  test("are none any more once the word has fired here too", () => {
    const { hub, ears, scored, word } = asked("alexa", { score: 0.04 });
    ears.heard(word());
    expect(ears.isAsked).toBe(false);
    scored();
    ears.look();
    expect(hub.rounds[0]?.claims.filter(({ relayId }) => relayId === "kitchen")).toMatchObject([
      { confidence: 0.8, seconded: false, repeats: 0 },
    ]);
    expect(hub.rounds[0]?.grants).toHaveLength(1);
  });

  test("are a pass as soon as every frame in which the word could have fired was scored", () => {
    const { clock, ears, scored, waited } = asked();
    expect(ears.isAsked).toBe(true);
    clock.nowMs += 150;
    scored({}, 0.05);
    ears.look();
    expect(waited()).toBe("waiting");
    clock.nowMs += 10;
    scored({}, 0.05);
    ears.look();
    expect(waited()).toBe("passed");
    expect(ears.isAsked).toBe(false);
  });

  test("are a pass at once from a network that slept over the word", () => {
    const { clock, ears, scored, waited } = asked();
    clock.nowMs += 5;
    scored({ asleep: true });
    ears.look();
    expect(waited()).toBe("passed");
  });

  test("are pending while a score rises, and a claim if it was the word", () => {
    const { hub, clock, ears, scored, hears, word, waited } = asked();
    clock.nowMs += 20;
    scored({}, 0.3);
    ears.look();
    expect(waited()).toBe("pending");
    hears(noise(0.1, QUIET, 2));
    ears.heard(word());
    expect(waited()).toBe("claimed");
    // Only the kitchen has evidence.
    expect(hub.rounds[0]?.grants.map(({ relayId }) => relayId)).toEqual(["kitchen"]);
  });

  test("are given up when they would be of no use any more", () => {
    const { hub, clock, ears, waited } = asked();
    clock.nowMs += 301;
    hub.tell({ type: "tick" });
    ears.look();
    expect(waited()).toBe("no_answer");
    expect(ears.isAsked).toBe(false);
  });
});
