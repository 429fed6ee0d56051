// What the house learns of its relays, over real sockets: gains from words and from a sound that everybody hears, who
// overstates, and all of it over a restart.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicMs } from "../../ffi/clock.ts";
import type { CoarseEnvelope, Evidence } from "../../src/arbitration/evidence.ts";
import { measureEnvelope, measureWord } from "../../src/arbitration/measure.ts";
import { configSchema } from "../../src/config/schema.ts";
import { GainsFile, gainsFilePath, type Learned } from "../../src/hub/gains-file.ts";
import { describeCalibration } from "../../src/web/gain-words.ts";
import { wordSound } from "../arbitration/sounds.ts";
import { PlainRelay, type PlainRelayOptions } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

const OFF_DB = 6;
/** The numbers of two words, and how long ago they ended: far enough apart to be two, and neither too old. */
const TWO_WORDS = [
  [1, 2700],
  [2, 500],
] as const;

interface Heard {
  readonly pcm: Int16Array;
  readonly from: number;
  readonly evidence: Evidence;
  readonly envelope: CoarseEnvelope;
}

/** What a microphone in the room hears of the word with this number. */
function heard(seed: number, gainDb: number, level = 0.05): Heard {
  const sound = wordSound({ leadMs: 1200, level, late: 0.5, gainDb, seed });
  const { evidence, word } = measureWord(sound.pcm, sound.to + 1600, 0.9);
  return { pcm: sound.pcm, from: word.from, evidence, envelope: measureEnvelope(sound.pcm, word) };
}

let folder: string;
let file: GainsFile;
/** What the hub last wanted to be kept. */
let kept: Learned;
let hub: HubOverSockets;
let here: PlainRelay[];

async function startHub(): Promise<void> {
  file = new GainsFile(gainsFilePath(join(folder, "earshot.yaml")), monotonicMs);
  const learned = await file.read(Date.now());
  const keep = (what: Learned, soon: boolean) => {
    kept = what;
    file.keep(what, soon);
  };
  hub = new HubOverSockets({ learned, keep });
  const room = { room: "den", zone: "house", preference: 0 };
  const { name, audio } = hub.config;
  hub.config = configSchema.parse({ name, audio, relays: { loud: room, soft: room, new: room } });
}

async function stopHub(): Promise<void> {
  for (const relay of here.splice(0)) await relay.close();
  await hub.close();
  await file.end();
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "earshot-gains-"));
  here = [];
  await startHub();
});
afterEach(async () => {
  await stopHub();
  rmSync(folder, { recursive: true });
});

async function come(id: string, options: PlainRelayOptions = {}): Promise<PlainRelay> {
  const relay = new PlainRelay(hub.url, id, { answers: "pending", speaks: false, ...options });
  here.push(relay);
  await relay.joined();
  // A clock is known when pings were answered: sound can be held against the word then.
  await until("its clock is known", () => {
    const view = hub.relays.relays().find((one) => one.id === id);
    return view !== undefined && view.delayMs !== null;
  });
  return relay;
}

async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const endMs = performance.now() + 8000; performance.now() < endMs; await Bun.sleep(5)) {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
  }
  throw new Error(`not within 8 s: ${what}`);
}

const viewOf = (id: string) => {
  const view = hub.relays.relays().find((relay) => relay.id === id);
  if (view === undefined) throw new Error(`no relay ${id}`);
  return view;
};

/** Everybody hears a word that ended `agoMs` before; whoever wins says that its command is over. */
async function say(seed: number, agoMs: number, relays: readonly (readonly [PlainRelay, number])[]): Promise<void> {
  const before = relays.map(([relay]) => relay.messages.length);
  for (const [relay, gainDb] of relays) {
    const { evidence, envelope } = heard(seed, gainDb);
    const claim = relay.claim(evidence, agoMs);
    relay.say({ type: "envelope", claim, ...envelope, levelsDb: [...envelope.levelsDb] });
  }
  const [winner, grant] = await until("somebody is granted", () => {
    for (const [i, [relay]] of relays.entries()) {
      const grant = relay.messages.slice(before[i]).find(({ type }) => type === "granted");
      if (grant?.type === "granted") return [relay, grant] as const;
    }
    return undefined;
  });
  winner.sound(grant.claims[0] ?? 0, grant.fence);
  winner.say({ type: "finished", fence: grant.fence });
  await until("its round is over", () => hub.relays.rounds().every(({ phase }) => phase === "over"));
}

describe("the gains of a room's microphones", () => {
  test("are known after some words, over a restart, and forgotten when somebody says so", async () => {
    const [loud, soft] = [await come("loud"), await come("soft")];
    const both = [
      [loud, OFF_DB],
      [soft, 0],
    ] as const;
    expect(viewOf("loud").gain).toEqual({
      ...{ db: 0, uncertaintyDb: 4, from: "unknown", words: 0, calibrations: 0, movedAt: null },
    });
    for (const [seed, agoMs] of TWO_WORDS) await say(seed, agoMs, both);
    await until("two words", () => viewOf("loud").gain.words === 2);
    const { gain } = viewOf("loud");
    expect(gain.from).toBe("learned");
    expect(gain.db - viewOf("soft").gain.db).toBeWithin(4, 7);
    expect(gain.uncertaintyDb).toBeLessThan(3);

    await stopHub();
    await startHub();
    await come("loud");
    await until("it is known again", () => Bun.deepEquals(viewOf("loud").gain, gain));

    hub.relays.knowledge.forgetGain("loud");
    expect(viewOf("loud").gain).toMatchObject({ from: "unknown", words: 0 });
  }, 30_000);

  test("let the nearer one win whose microphone is softer", async () => {
    const [loud, soft] = [await come("loud"), await come("soft")];
    for (const [seed, agoMs] of TWO_WORDS)
      await say(seed, agoMs, [
        [loud, OFF_DB],
        [soft, 0],
      ]);
    await until("two words", () => viewOf("loud").gain.words === 2);
    // By its level at the microphone the loud one is 3 dB ahead, by what it is worth 3 dB behind.
    const before = soft.messages.length;
    loud.claim(heard(9, OFF_DB - 3).evidence);
    soft.claim(heard(9, 0).evidence);
    await until("the soft one", () => soft.messages.slice(before).some(({ type }) => type === "granted"));
    expect(hub.relays.rounds()[0]?.verdict?.ranking[0]?.relayId).toBe("soft");
  }, 30_000);
});

describe("the gains of those who only send their sound", () => {
  test("are learned from what the hub measures of it, the sound behind the word too", async () => {
    const soundOnly: PlainRelayOptions = { capabilities: { detects: false, evidence: false } };
    const both = [
      [await come("loud", soundOnly), OFF_DB],
      [await come("soft", soundOnly), 0],
    ] as const;
    expect(viewOf("loud").evidence.state).toBe("measured_here");
    const { pcm, to } = wordSound({ leadMs: 3200, level: 0.05, late: 0.5, seed: 4 });
    const hear = (from: number, end: number) => {
      for (const [relay, gainDb] of both) {
        const heard = pcm.subarray(from, end).map((sample) => Math.round(sample * 10 ** (gainDb / 20)));
        for (let at = 0; at < heard.length; at += 1280) relay.stream(heard.slice(at, at + 1280));
      }
    };
    const fired = Math.ceil((to + 800) / 1280) * 1280;
    hear(0, fired);
    const streams = both.map(([{ id }]) => ({ stream: hub.streamOf(id), source: id }));
    await until("it has come", () => streams.every(({ stream }) => hub.samplesOf(stream) === fired));
    hub.hear(...streams);
    await until("it is claimed", () => hub.relays.rounds()[0]?.claims.length === 2);
    // What comes faster than it can be heard is refused.
    await Bun.sleep(400);
    hear(fired, pcm.length);
    await until("it is learned", () => viewOf("loud").gain.words === 1);
    expect(viewOf("loud").gain.db - viewOf("soft").gain.db).toBeWithin(2, 7);
    expect(kept.words[0]?.shares.every(({ tailDb }) => tailDb !== undefined)).toBe(true);
  }, 15_000);
});

describe("what a relay claims is held against its sound", () => {
  /** Claims a word that is `overDb` louder than its sound, and sends that. @returns once it was checked, or cannot be */
  async function answer(relay: PlainRelay, overDb: number, over: { readonly lateMs?: number } = {}): Promise<void> {
    const { pcm, from, evidence } = heard(5, 0);
    const before = relay.messages.length;
    const { rms, bandDb, evenDb } = evidence;
    const agoMs = 1000;
    const claim = relay.claim(
      {
        ...evidence,
        rms: Math.min(1, rms * 10 ** (overDb / 20)),
        bandDb: bandDb + overDb,
        evenDb: (evenDb ?? 0) + overDb,
      },
      agoMs,
    );
    const begunAtMs = relay.nowMs() - agoMs - evidence.durationMs - 500 + (over.lateMs ?? 0);
    const grant = await until("it is granted", () => {
      const found = relay.messages.slice(before).find(({ type }) => type === "granted");
      return found?.type === "granted" && found;
    });
    const sound = new Int16Array(40_000);
    sound.set(pcm.subarray(Math.max(0, from - 8000)));
    for (let at = 0; at < sound.length; at += 8000) {
      relay.sound(claim, grant.fence, sound.slice(at, at + 8000), begunAtMs + at / 16);
    }
    relay.say({ type: "finished", fence: grant.fence });
    await until("its round is over", () => hub.relays.rounds().every(({ phase }) => phase === "over"));
  }

  test("an honest one is believed", async () => {
    const soft = await come("soft");
    await answer(soft, 0);
    expect(viewOf("soft").evidence).toEqual({ state: "honest", because: null, since: null });
  }, 15_000);

  test("one that overstates is not believed from then on, over a restart, until somebody trusts it", async () => {
    await answer(await come("loud"), 12);
    expect(hub.relays.rounds()[0]?.ended?.why).toBe("finished");
    const { evidence } = viewOf("loud");
    expect(evidence.state).toBe("disbelieved");
    expect(evidence.because).toContain("12.0 dB higher than its audio shows");
    expect(hub.logged).toContain("relay overstates, and is not believed");

    await stopHub();
    await startHub();
    const [loud, soft] = [await come("loud"), await come("soft")];
    expect(viewOf("loud").evidence).toEqual(evidence);
    // However loud it says it was, another wins.
    await say(7, 0, [
      [loud, 20],
      [soft, 0],
    ]);
    expect(soft.messages.some(({ type }) => type === "granted")).toBe(true);
    expect(viewOf("loud").gain.words).toBe(0);

    expect(hub.relays.knowledge.trust("loud")).toBe(true);
    expect(viewOf("loud").evidence.state).toBe("unchecked");
    expect(hub.relays.knowledge.trust("loud")).toBe(false);
  }, 30_000);

  test("one whose sound begins behind the word cannot be checked, and nothing changes", async () => {
    const loud = await come("loud");
    await answer(loud, 12, { lateMs: 800 });
    expect(viewOf("loud").evidence).toEqual({
      state: "unchecked",
      because: "its sound begins behind the word",
      since: null,
    });
  }, 15_000);
});

describe("a relay that detects and does not measure", () => {
  test("is measured by the sound that it sends, and wins where that is the louder", async () => {
    hub.config = configSchema.parse({ ...hub.config, arbitration: { policy: "rms" } });
    const soft = await come("soft");
    const plain = await come("loud", { capabilities: { evidence: false } });
    for (const relay of [soft, plain]) relay.beat(true);
    const far = heard(3, 0);
    const near = heard(3, 10);
    soft.claim(far.evidence, 100);
    const { endedAtMs, claim } = { endedAtMs: plain.nowMs() - 100, claim: plain.claim(undefined, 100) };
    // The hub has not taken what it says of that.
    const from = near.from - 8000;
    const beginsAtMs = endedAtMs - near.evidence.durationMs - 500;
    for (let at = from; at + 4000 <= near.pcm.length; at += 4000) {
      plain.sound(claim, undefined, near.pcm.slice(at, at + 4000), beginsAtMs + (at - from) / 16);
    }
    await plain.told("granted");
    const [round] = hub.relays.rounds();
    const levelDb = (id: string) =>
      20 * Math.log10(round?.claims.find(({ relayId }) => relayId === id)?.evidence?.rms ?? 0);
    expect(levelDb("loud") - levelDb("soft")).toBeWithin(9, 11);
    expect(round?.verdict?.because).toBe("all_spoke");
  }, 15_000);

  test("is answered without its sound too, a moment later", async () => {
    const plain = await come("loud", { capabilities: { evidence: false } });
    plain.claim();
    await plain.told("granted");
    expect(hub.relays.rounds()[0]?.claims[0]?.evidence).toBeNull();
  }, 15_000);
});

describe("a sound that everybody hears", () => {
  test("is waited for by nobody where no microphone is connected, and it is said so", async () => {
    hub.relays.knowledge.calibrate(1000);
    const done = await until("it is done", () => {
      const view = hub.relays.knowledge.calibration();
      return view.phase === "done" && view;
    });
    expect(done).toMatchObject({ set: false, relays: [] });
    expect(describeCalibration(done)).toContain("No microphone is connected");
  });

  const answering = (gainDb: number | undefined, lateMs = 0): PlainRelayOptions => ({
    capabilities: { calibrates: true },
    told: (message) => {
      if (message.type !== "calibrate") return;
      const { calibration } = message;
      queueMicrotask(() => {
        const teller = here.find((one) => one.messages.includes(message));
        if (gainDb === undefined) teller?.say({ type: "calibrated", calibration, why: "too_quiet" });
        else {
          const { evidence, envelope } = heard(1, gainDb);
          const { levelsDb } = envelope;
          teller?.say({
            ...{ type: "calibrated", calibration, atMs: message.atMs + lateMs, evidence },
            envelope: { ...envelope, levelsDb: [...levelsDb] },
          });
        }
      });
    },
  });

  test("sets gains at once, and says who heard it and who did not", async () => {
    await come("loud", answering(OFF_DB));
    await come("soft", answering(0));
    await come("new", answering(0, 2000));
    await come("deaf", answering(undefined));
    await come("old");
    expect(hub.relays.knowledge.calibrate(1000)).toMatchObject({ calibration: 1, phase: "listening", set: false });
    const done = await until("it is done", () => {
      const view = hub.relays.knowledge.calibration();
      return view.phase === "done" && view;
    });
    expect(done).toMatchObject({ set: true, why: null });
    expect(Object.fromEntries(done.relays.map(({ id, outcome }) => [id, outcome]))).toEqual({
      ...{ loud: "heard", soft: "heard", new: "other_sound", deaf: "too_quiet", old: "cannot" },
    });
    const loud = done.relays.find(({ id }) => id === "loud");
    expect(loud?.gainBeforeDb).toBe(0);
    expect((loud?.gainDb ?? 0) - viewOf("soft").gain.db).toBeWithin(3, 7);
  }, 15_000);

  test("sets nothing where no room is known and says what to do, until somebody says that there is but one", async () => {
    const { name, audio } = hub.config;
    hub.config = configSchema.parse({ name, audio });
    await come("loud", answering(OFF_DB));
    await come("soft", answering(0));
    const calibrated = async (oneRoom: boolean) => {
      hub.relays.knowledge.calibrate(1000, oneRoom);
      return until("it is done", () => {
        const view = hub.relays.knowledge.calibration();
        return view.phase === "done" && view;
      });
    };
    const unknown = await calibrated(false);
    expect(unknown).toMatchObject({ set: false, why: "rooms_unknown" });
    expect(unknown.relays).toMatchObject([
      { outcome: "room_unknown", gainDb: null, uncertaintyDb: null },
      { outcome: "room_unknown", gainDb: null, uncertaintyDb: null },
    ]);
    expect(viewOf("loud").gain).toMatchObject({ from: "unknown", db: 0, calibrations: 1 });

    const set = await calibrated(true);
    expect(set).toMatchObject({ set: true, why: null });
    const loud = set.relays.find(({ id }) => id === "loud");
    expect(loud?.gainDb).toBeWithin(1.5, 4);
    expect(loud?.uncertaintyDb).toBeLessThan(1.5);
    expect(kept.words.at(-1)).toMatchObject({ calibration: true, together: true });
  }, 15_000);

  test("is not judged by what a relay says that is not believed", async () => {
    file.keep({ words: [], disbelieved: [{ relayId: "loud", because: "12 dB", sinceUnixMs: Date.now() }] }, true);
    await stopHub();
    await startHub();
    await come("loud", answering(20));
    await come("soft", answering(0));
    await come("new", answering(0));
    hub.relays.knowledge.calibrate(1000);
    const done = await until("it is done", () => {
      const view = hub.relays.knowledge.calibration();
      return view.phase === "done" && view;
    });
    expect(done.set).toBe(true);
    const of = (id: string) => done.relays.find((relay) => relay.id === id);
    expect(of("loud")).toMatchObject({ outcome: "disbelieved", gainDb: null });
    for (const id of ["soft", "new"]) expect(of(id)?.gainDb).toBeWithin(-1, 1);
  }, 15_000);

  test("that only one heard, or nobody, sets nothing and says so", async () => {
    await come("soft", answering(0));
    hub.relays.knowledge.calibrate(1000);
    const over = () => hub.relays.knowledge.calibration().phase === "done";
    await until("it is done", over);
    expect(hub.relays.knowledge.calibration()).toMatchObject({ set: false, why: "only_one_heard_it" });
    expect(viewOf("soft").gain.from).toBe("unknown");
  }, 15_000);
});
