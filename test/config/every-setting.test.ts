// Every setting of the schema, and what turning it changes: shown by the very worker that goes by it. A setting without
// an entry fails the first test.
import { afterAll, afterEach, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLogger, reset } from "@logtape/logtape";
import type { z } from "zod";
import { monotonicMs } from "../../ffi/clock.ts";
import type { Evidence } from "../../src/arbitration/evidence.ts";
import { readAudioFile } from "../../src/audio/decode.ts";
import { configSchema } from "../../src/config/schema.ts";
import { SharedConfig } from "../../src/config/shared-config.ts";
import { setUpLogging } from "../../src/log/set-up.ts";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import type { ArbitrationView, LiveMessage, RelayView } from "../../src/web/schemas.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { NEAR, PlainRelay } from "../support/plain-relay.ts";
import { startEarshot } from "../support/running-earshot.ts";
import { configOf, FILE, sourcesOf } from "./sources.ts";
import { ThreadRig, until } from "./thread-rig.ts";

/** A schema as far as this test looks into it. */
interface Def {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly valueType?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

function leavesOf(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  const def = schema._zod.def as unknown as Def;
  if (def.shape !== undefined)
    return Object.entries(def.shape).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
  if (def.valueType !== undefined) return leavesOf(def.valueType, [...path, "*"]);
  const inner = def.innerType ?? def.in;
  return inner === undefined ? [path.join(".")] : leavesOf(inner, path);
}

/** Each setting, and the test below that turns it. */
const SHOWN: Readonly<Record<string, string>> = {
  name: "the page and the API show it",
  "audio.source": "the ring holds another file's samples",
  "audio.gain": "the ring's samples are larger",
  "audio.muted": "capture is told to let no sample in",
  "wake.models.*.enabled": "the model stops and starts listening",
  "wake.models.*.threshold": "a word does not reach a higher one",
  "wake.models.*.patience": "a word does not last for that many frames",
  "wake.models.*.refractory": "a word said twice counts once",
  "wake.models.*.sure": "a word that does not last for that many frames counts nevertheless",
  "wake.models.*.vad_threshold": "this word needs no speech around it, or more than there is",
  "wake.models.*.input_scale": "the model hears other samples, and is another bit sure",
  "wake.models.*.file": "the model is another file's",
  "wake.rms_filter": "a word in a quiet room does not count",
  "wake.cooldown": "a word after a word does not count",
  "wake.multi_trigger": "one of two words in a frame counts",
  "wake.vad_threshold": "a word counts as it is, or needs more speech than there is",
  "wake.energy_gate": "the network sleeps in silence, or does not",
  "wake.models_folder": "the heads of another folder are known",
  "arbitration.window": "who does not answer is waited for that long",
  "arbitration.max_relays": "so many may be connected",
  "arbitration.policy": "another relay is the best",
  "relays.*.room": "the relay and others are told where it is",
  "relays.*.zone": "relays of one zone share a word, those of two do not",
  "relays.*.gain": "a loud microphone does not win by its loudness",
  "relays.*.preference": "the favoured one wins",
  "relays.*.least_level": "a quiet word is not taken from it",
  "streams.max": "so many may send their sound",
  "activation.hold": "a detection is over sooner",
  "activation_system.method": "the state is in a file",
  "activation_system.update_rate": "levels come faster",
  "activation_system.file": "the file is elsewhere",
  "web.host": "another address answers",
  "web.port": "another port answers",
  "web.password": "who does not know it stays outside",
  "log.level": "less is logged",
  "log.format": "lines are JSON",
};

const turned = new Set<string>();
/** A test of what turning a setting changes, under the words of the table. */
function turning(setting: string, work: () => Promise<void>): void {
  turned.add(setting);
  test(`${setting}: ${SHOWN[setting] ?? "an unknown setting"}`, work, 20_000);
}

test("every setting of the schema is in the table, and the table has no other", () => {
  expect(Object.keys(SHOWN).sort()).toEqual(leavesOf(configSchema).sort());
});

test("every setting of the table is turned by a test", () => {
  expect([...turned].sort()).toEqual(Object.keys(SHOWN).sort());
});

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-setting-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("in the inference worker", () => {
  const BLOCK = 320;
  let rig: ThreadRig;
  let spoken: Int16Array = new Int16Array(0);
  let nowMs = 1_000_000;

  beforeAll(async () => {
    spoken = await readAudioFile(join(import.meta.dir, "../../demo/alexa.wav"));
    rig = new ThreadRig("inference", {}, "log: {level: error}\nwake: {models: {alexa: {}}}\n");
    await rig.alive();
  });
  afterAll(() => rig.close());

  /** Says the word as often as asked, 1.5 s apart, to a stream that begins; @returns the models that noticed it */
  async function noticed(yaml: string, options: { times?: number; loudest?: number } = {}): Promise<readonly string[]> {
    return (await heard(yaml, options)).map(({ model }) => model);
  }

  async function heard(yaml: string, { times = 1, loudest = 0.1 } = {}) {
    const { memory } = rig;
    await rig.configure(`log: {level: error}\n${yaml}`);
    const detections = memory.detectionReader("newest");
    const capture = memory.capture.writer();
    capture.value.live = false;
    capture.publish();
    const ring = memory.audioWriter(0);
    const level = memory.level(0).writer();
    const score = memory.score(0).reader();
    // Long after all that was heard before.
    nowMs += 700_000;
    ring.startEpoch();
    const pause = new Int16Array(24_000);
    // A model that was switched on while running is deaf for its first 2 s.
    const pieces = [pause, pause, ...Array.from({ length: times }, () => [spoken, pause]).flat()];
    for (const piece of pieces) {
      const before = score.read().frame;
      for (let at = 0; at + BLOCK <= piece.length; at += BLOCK) {
        nowMs += 20;
        Object.assign(level.value, { atMs: nowMs, written: (ring.written + BLOCK) | 0, loudest, rms: 0.1 });
        level.publish();
        ring.write(piece.subarray(at, at + BLOCK), BLOCK);
      }
      const frames = Math.floor(piece.length / 1280) - 1;
      await until("the word is scored", () => score.read().frame >= before + frames);
    }
    const heard: { readonly model: string; readonly confidence: number }[] = [];
    for (let event = detections.next(); event !== undefined; event = detections.next()) {
      const { kind, model, confidence } = event;
      if (kind === "detection") heard.push({ model, confidence });
    }
    return heard;
  }

  /** The head for "alexa" in a file of the user's. */
  async function copied(name: string): Promise<string> {
    const file = join(folder, name);
    await Bun.write(file, Bun.file(await modelPath("alexa_v0.1.onnx")));
    return file;
  }

  const rows = () => {
    const { count } = rig.memory.modelTable.reader().read();
    return Array.from({ length: count }, (_, index) => {
      const { name, state, source } = rig.memory.model(index).reader().read();
      return { name, state, source };
    });
  };

  turning("wake.models.*.enabled", async () => {
    expect(await noticed("wake: {models: {alexa: {}, timer: {enabled: false}}}")).toEqual(["alexa"]);
    expect(rows().map(({ name, state }) => [name, state])).toEqual([
      ["alexa", "listening"],
      ["timer", "disabled"],
    ]);
    const timer = CATALOGUE.find(({ name }) => name === "timer");
    const { threshold, licence } = rig.memory.model(1).reader().read();
    expect({ threshold, licence }).toEqual({ threshold: timer?.threshold ?? 0, licence: timer?.licence ?? "" });
    expect(await noticed("wake: {models: {alexa: {enabled: false}, timer: {}}}")).toEqual([]);
    expect(rows()[0]).toMatchObject({ name: "timer", state: "listening" });
  });

  turning("wake.models.*.threshold", async () => {
    expect(await noticed("wake: {models: {alexa: {threshold: 0.5}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {threshold: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.patience", async () => {
    expect(await noticed("wake: {models: {alexa: {patience: 2, sure: 1}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.refractory", async () => {
    expect(await noticed("wake: {models: {alexa: {refractory: 0}}}", { times: 2 })).toEqual(["alexa", "alexa"]);
    expect(await noticed("wake: {models: {alexa: {refractory: 60s}}}", { times: 2 })).toEqual(["alexa"]);
  });

  turning("wake.models.*.sure", async () => {
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 0.5}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {models: {alexa: {patience: 25, sure: 1}}}")).toEqual([]);
  });

  turning("wake.models.*.vad_threshold", async () => {
    expect(await noticed("wake: {vad_threshold: 1, models: {alexa: {vad_threshold: 0}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {vad_threshold: 0, models: {alexa: {vad_threshold: 1}}}")).toEqual([]);
  });

  turning("wake.vad_threshold", async () => {
    expect(await noticed("wake: {vad_threshold: 0, models: {alexa: {}}}")).toEqual(["alexa"]);
    expect(await noticed("wake: {vad_threshold: 1, models: {alexa: {}}}")).toEqual([]);
  });

  turning("wake.models.*.input_scale", async () => {
    const file = await copied("scaled.onnx");
    const confidence = async (scale: string) =>
      (await heard(`wake: {models: {scaled: {file: "${file}", threshold: 0.01${scale}}}}`))[0]?.confidence ?? 0;
    const unsaid = await confidence("");
    expect(await confidence(", input_scale: int16")).toBeCloseTo(unsaid, 6);
    expect(await confidence(", input_scale: unit")).not.toBeCloseTo(unsaid, 6);
  });

  turning("wake.energy_gate", async () => {
    const score = rig.memory.score(0).reader();
    const yaml = (gate: boolean) => `wake: {energy_gate: ${gate}, models: {alexa: {}}}`;
    await noticed(yaml(true), { times: 0 });
    expect(score.read().asleep).toBe(true);
    await noticed(yaml(false), { times: 0 });
    expect(score.read().asleep).toBe(false);
    expect(await noticed(yaml(true))).toEqual(["alexa"]);
  });

  turning("wake.models.*.file", async () => {
    expect(await noticed(`wake: {models: {my_word: {file: "${await copied("my_word.onnx")}"}}}`)).toEqual(["my_word"]);
    expect(rows()).toMatchObject([{ name: "my_word", state: "listening" }]);
    expect(await noticed(`wake: {models: {my_word: {file: "${await modelPath("weather_v0.1.onnx")}"}}}`)).toEqual([]);
  });

  turning("wake.rms_filter", async () => {
    const yaml = (filter: number) => `wake: {rms_filter: ${filter}, models: {alexa: {}}}`;
    expect(await noticed(yaml(3000), { loudest: 0.1 })).toEqual(["alexa"]);
    expect(await noticed(yaml(3500), { loudest: 0.1 })).toEqual([]);
  });

  turning("wake.cooldown", async () => {
    const yaml = (cooldown: string) => `wake: {cooldown: ${cooldown}, models: {alexa: {refractory: 0}}}`;
    expect(await noticed(yaml("0s"), { times: 2 })).toEqual(["alexa", "alexa"]);
    expect(await noticed(yaml("10m"), { times: 2 })).toEqual(["alexa"]);
  });

  turning("wake.multi_trigger", async () => {
    const twin = `twin: {file: "${await copied("twin.onnx")}"}`;
    const yaml = (multi: boolean) => `wake: {multi_trigger: ${multi}, models: {alexa: {}, ${twin}}}`;
    expect(await noticed(yaml(true))).toEqual(["alexa", "twin"]);
    expect(await noticed(yaml(false))).toHaveLength(1);
  });
});

describe("in the capture worker", () => {
  let rig: ThreadRig;
  const yaml = (file: string, gain: number) =>
    `log: {level: error}\naudio:\n  gain: ${gain}\n  source: "file:${join(folder, file)}?loop"\n`;

  beforeAll(async () => {
    for (const [file, amplitude] of [
      ["one.wav", 1000],
      ["two.wav", 2000],
    ] as const) {
      await Bun.write(join(folder, file), encodeWav(new Int16Array(16_000).fill(amplitude)));
    }
    rig = new ThreadRig("capture", {}, yaml("one.wav", 0));
    await rig.alive();
  });
  afterAll(() => rig.close());

  /** A sample of what comes into the ring from now on. */
  async function sample(): Promise<number> {
    const reader = rig.memory.audioReader(0, "newest");
    const block = new Int16Array(320);
    let blocks = 0;
    await until("three whole blocks are written", () => {
      if (reader.read(block) === "block") blocks++;
      return blocks === 3;
    });
    return block[160] ?? 0;
  }

  turning("audio.gain", async () => {
    await rig.configure(yaml("one.wav", 0));
    expect(await sample()).toBe(1000);
    await rig.configure(yaml("one.wav", 20));
    expect(await sample()).toBe(10_000);
  });

  turning("audio.source", async () => {
    await rig.configure(yaml("one.wav", 0));
    expect(await sample()).toBe(1000);
    await rig.configure(yaml("two.wav", 0));
    await until("the other file plays", async () => (await sample()) === 2000);
    expect(rig.memory.capture.reader().read().source).toContain("two.wav");
  });
});

describe("in the web worker", () => {
  let port = 0;
  let rig: ThreadRig;

  const base = () => `log: {level: error}\nweb: {port: ${port}}\n`;
  /** A web worker whose configuration stands in a file of its own. */
  const started = async (yaml: string) => {
    const file = join(await mkdtemp(join(folder, "web-")), FILE);
    await Bun.write(file, yaml);
    const rig = new ThreadRig("web", { sources: { ...sourcesOf(yaml), file }, version: "0" }, yaml);
    return rig.alive();
  };
  const get = async (path: string, init: RequestInit = {}) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, init)).json();
  const change = async (patch: unknown, headers: Record<string, string> = {}) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(patch),
    };
    const report = await get("/api/config", init);
    expect(report.error).toBeUndefined();
    return report;
  };

  beforeAll(async () => {
    port = freePort();
    rig = await started(base());
    // Nobody else is there to go by changes: their acknowledgement would be waited for.
    for (const name of ["capture", "inference"] as const) {
      const heartbeat = rig.memory.heartbeat(name).writer();
      heartbeat.value.configuration = 1_000_000;
      heartbeat.publish();
    }
  });
  afterAll(() => rig.close());

  turning("name", async () => {
    await change({ name: "Küche" });
    expect((await get("/api/state")).name).toBe("Küche");
    await change({ name: null });
    expect((await get("/api/state")).name).not.toBe("Küche");
  });

  turning("audio.muted", async () => {
    const requests = rig.memory.requests.reader();
    await change({ audio: { muted: true } });
    await until("it is muted", () => requests.read().muted);
    await change({ audio: { muted: false } });
    await until("it is not muted", () => !requests.read().muted);
  });

  turning("activation.hold", async () => {
    const detections = rig.memory.detectionWriter();
    const heldMs = async (hold: string, agoMs: number) => {
      await change({ activation: { hold } });
      const frameEndMs = monotonicMs() - agoMs;
      detections.append((event) => Object.assign(event, { model: "alexa", confidence: 0.9, stream: 0, frameEndMs }));
      rig.memory.webBell.ring();
      const activation = rig.memory.activation(0).reader();
      await until("it is awake", () => activation.read().state === "awake");
      const { sinceMs, untilMs } = activation.value;
      await change({ activation: { hold: "1s" } });
      await fetch(`http://127.0.0.1:${port}/api/reset`, { method: "POST" });
      return Math.round(untilMs - sinceMs);
    };
    // Far enough apart to be two words, and not so old that nobody waits for an answer any more.
    expect(await heldMs("100ms", 2700)).toBe(100);
    expect(await heldMs("20s", 0)).toBe(20_000);
  });

  turning("activation_system.method", async () => {
    const file = join(folder, "method/state.json");
    await change({ activation_system: { file } });
    expect(await Bun.file(file).exists()).toBe(false);
    await change({ activation_system: { method: "file" } });
    await until("the file is there", () => Bun.file(file).exists());
    expect(JSON.parse(await readFile(file, "utf8")).state.method).toBe("file");
    expect((await get("/api/state")).method).toBe("file");
    await change({ activation_system: { method: null } });
    expect((await get("/api/state")).method).toBe("shared_memory");
  });

  turning("activation_system.file", async () => {
    const [one, two] = [join(folder, "one.json"), join(folder, "two.json")];
    await change({ activation_system: { method: "file", file: one } });
    await until("the one is there", () => Bun.file(one).exists());
    expect(await Bun.file(two).exists()).toBe(false);
    await change({ activation_system: { file: two } });
    await until("the other is there", () => Bun.file(two).exists());
    await change({ activation_system: null });
  });

  turning("activation_system.update_rate", async () => {
    const times: number[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.addEventListener("message", ({ data }) => {
      if ((JSON.parse(String(data)) as LiveMessage).type === "levels") times.push(performance.now());
    });
    const within = async (ms: number) => {
      times.length = 0;
      await Bun.sleep(ms);
      return times.length;
    };
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    await change({ activation_system: { update_rate: "20ms" } });
    expect(await within(500)).toBeGreaterThan(12);
    await change({ activation_system: { update_rate: "60s" } });
    expect(await within(500)).toBeLessThan(3);
    // A shorter one counts at once, not when the long one is over.
    await change({ activation_system: { update_rate: "50ms" } });
    expect(await within(500)).toBeGreaterThan(4);
    socket.close();
  });

  turning("wake.models_folder", async () => {
    const shared = new SharedConfig(rig.memory.configuration.reader());
    const [one, two] = [join(folder, "heads one"), join(folder, "heads two")];
    await Bun.write(join(one, "computer.onnx"), "of one");
    await Bun.write(join(two, "marvin.onnx"), "of two");
    const found = () => {
      shared.changed();
      return shared.found.map(({ name }) => name).join();
    };
    await change({ wake: { models_folder: one } });
    await until("the one's heads are known", () => found() === "computer");
    await change({ wake: { models_folder: two } });
    await until("the other's heads are known", () => found() === "marvin");
    await change({ wake: { models_folder: null } });
  });

  describe("of relays:", () => {
    const here: PlainRelay[] = [];
    afterEach(async () => {
      await closeAll();
      await change({ arbitration: null, relays: null });
    });

    const relays = async (): Promise<readonly RelayView[]> => (await get("/api/relays")).relays;
    /** Settings of relays, and of arbitration; the worker goes by them afterwards. */
    const house = async (relays: Record<string, unknown>, arbitration: unknown = null) => {
      await change({ relays, arbitration });
      await get("/api/state");
    };
    const relay = (id: string, options: ConstructorParameters<typeof PlainRelay>[2] = {}) => {
      const made = new PlainRelay(`http://127.0.0.1:${port}`, id, options);
      here.push(made);
      return made;
    };
    /** Both hear one word. @returns what became of each */
    const bothClaim = async (one: readonly [string, Evidence], other: readonly [string, Evidence]) => {
      const claiming = [one, other].map(([id, evidence]) => ({ relay: relay(id), evidence }));
      for (const { relay } of claiming) (await relay.joined()).beat(true);
      await until("both are heard to hear", async () => (await relays()).length === 3);
      for (const { relay, evidence } of claiming) relay.claim(evidence);
      return Promise.all(
        claiming.map(async ({ relay }) => (await relay.told("granted", "cancelled", "rejected")).type),
      );
    };
    const LOUD = { ...NEAR, rms: 0.2, snrDb: 10 };
    const CLEAR = { ...NEAR, rms: 0.1, snrDb: 30 };
    const inZone = (zone: string, a: object = {}, b: object = {}) => ({
      [`${zone} a`]: { zone, ...a },
      [`${zone} b`]: { zone, ...b },
    });

    turning("arbitration.window", async () => {
      const waitedMs = async (zone: string, window: string) => {
        await house(inZone(zone), { window });
        const claims = await relay(`${zone} a`).joined();
        // It is not known what the other hears, and it does not answer.
        await relay(`${zone} b`).joined();
        claims.claim();
        await claims.told("granted");
        const { rounds }: ArbitrationView = await get("/api/arbitration");
        return rounds.find((round) => round.zone === zone)?.verdict?.afterMs ?? Number.NaN;
      };
      expect(await waitedMs("short", "10ms")).toBeWithin(10, 120);
      expect(await waitedMs("long", "130ms")).toBeWithin(120, 1000);
    });

    turning("arbitration.max_relays", async () => {
      await house({}, { max_relays: 1 });
      await relay("one").joined();
      expect(await relay("two").told("refused", "welcome")).toMatchObject({ code: "too_many_relays" });
      await house({}, { max_relays: 2 });
      expect((await relay("two").told("refused", "welcome")).type).toBe("welcome");
    });

    turning("arbitration.policy", async () => {
      await house(inZone("rms"), { policy: "rms" });
      expect(await bothClaim(["rms a", LOUD], ["rms b", CLEAR])).toEqual(["granted", "cancelled"]);
      await closeAll();
      await house(inZone("snr"), { policy: "snr" });
      expect(await bothClaim(["snr a", LOUD], ["snr b", CLEAR])).toEqual(["cancelled", "granted"]);
    });

    turning("relays.*.room", async () => {
      const roomOf = async () => {
        const { room } = await relay("one").told("welcome");
        return [room, (await relays()).find(({ id }) => id === "one")?.room];
      };
      await house({ one: { room: "Küche" } });
      expect(await roomOf()).toEqual(["Küche", "Küche"]);
      await closeAll();
      await house({ one: null });
      expect(await roomOf()).toEqual([null, null]);
    });

    turning("relays.*.zone", async () => {
      await house(inZone("cellar"), { policy: "rms" });
      expect(await bothClaim(["cellar a", LOUD], ["cellar b", CLEAR])).toEqual(["granted", "cancelled"]);
      await closeAll();
      await house({ up: { zone: "upstairs" }, down: { zone: "downstairs" } });
      expect(await bothClaim(["up", LOUD], ["down", CLEAR])).toEqual(["granted", "granted"]);
    });

    turning("relays.*.gain", async () => {
      await house(inZone("equal"), { policy: "rms" });
      expect(await bothClaim(["equal a", LOUD], ["equal b", CLEAR])).toEqual(["granted", "cancelled"]);
      await closeAll();
      await house(inZone("louder", { gain: 10 }, { gain: 0 }), { policy: "rms" });
      expect(await bothClaim(["louder a", LOUD], ["louder b", CLEAR])).toEqual(["cancelled", "granted"]);
    });

    turning("relays.*.preference", async () => {
      await house(inZone("fair"), { policy: "rms" });
      expect(await bothClaim(["fair a", LOUD], ["fair b", CLEAR])).toEqual(["granted", "cancelled"]);
      await closeAll();
      await house(inZone("favour", {}, { preference: 10 }), { policy: "rms" });
      expect(await bothClaim(["favour a", LOUD], ["favour b", CLEAR])).toEqual(["cancelled", "granted"]);
    });

    turning("relays.*.least_level", async () => {
      await house({ quiet: { zone: "q", least_level: -30 } });
      const quiet = await relay("quiet").joined();
      quiet.claim({ ...NEAR, rms: 0.01 });
      expect(await quiet.told("granted", "rejected")).toMatchObject({ type: "rejected", why: "too_quiet" });
      await closeAll();
      await house({ quiet: { zone: "q", least_level: -50 } });
      const heard = await relay("quiet").joined();
      heard.claim({ ...NEAR, rms: 0.01 });
      expect((await heard.told("granted", "rejected")).type).toBe("granted");
    });

    async function closeAll(): Promise<void> {
      for (const relay of here.splice(0)) await relay.close();
      await until("they are gone", async () => (await relays()).length === 1);
    }
  });

  turning("web.password", async () => {
    const known = { authorization: `Basic ${btoa("earshot:long enough")}` };
    await change({ web: { password: "long enough" } });
    expect((await fetch(`http://127.0.0.1:${port}/api/state`)).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${port}/api/state`, { headers: known })).status).toBe(200);
    await change({ web: { password: null } }, known);
    expect((await fetch(`http://127.0.0.1:${port}/api/state`)).status).toBe(200);
  });

  turning("web.port", async () => {
    const other = freePort();
    expect((await change({ web: { port: other } })).needsRestart).toEqual(["web.port"]);
    await change({ web: { port } });
    const yaml = `log: {level: error}\nweb: {port: ${other}}\n`;
    const second = await started(yaml);
    expect((await fetch(`http://127.0.0.1:${other}/api/activation`)).status).toBe(200);
    await second.close();
  });

  turning("web.host", async () => {
    const other = freePort();
    const yaml = `log: {level: error}\nweb: {host: 127.0.0.2, port: ${other}}\n`;
    const second = await started(yaml);
    expect((await fetch(`http://127.0.0.2:${other}/api/activation`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${other}/api/activation`)).rejects.toThrow();
    await second.close();
  });
});

describe("in the whole program", () => {
  turning("streams.max", async () => {
    await using earshot = await startEarshot({ args: ["--source", "file:none.wav"], config: "streams: {max: 1}\n" });
    await earshot.until("it answers", () => true);
    const end = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(new Uint8Array(640));
        void end.promise.then(() => controller.close());
      },
    });
    const send = (name: string, body: BodyInit) =>
      fetch(`${earshot.url}/api/streams/${name}`, { method: "PUT", body }).then(({ status }) => status);
    const first = send("kitchen", endless);
    await earshot.until("it is listened to", ({ streams }) => streams.some(({ name }) => name === "kitchen"));
    expect(await send("attic", new Uint8Array(640))).toBe(503);
    end.resolve();
    expect(await first).toBe(200);
    await until("there is room again", async () => (await send("attic", new Uint8Array(640))) === 200);
  });
});

describe("in every thread", () => {
  afterAll(() => reset());

  async function logged(yaml: string): Promise<readonly string[]> {
    const lines: string[] = [];
    const terminal = spyOn(process.stderr, "write").mockImplementation(
      ((text: string) => lines.push(text) > 0) as never,
    );
    try {
      await setUpLogging(configOf(yaml).log, "main");
      const log = getLogger(["earshot", "main"]);
      log.info("an event", { count: 1 });
      log.error("a failure", { count: 2 });
    } finally {
      terminal.mockRestore();
    }
    return lines;
  }

  turning("log.level", async () => {
    expect(await logged("log: {level: info}")).toHaveLength(2);
    expect(await logged("log: {level: error}")).toHaveLength(1);
  });

  turning("log.format", async () => {
    expect((await logged("log: {format: text}"))[1]).toContain("a failure  count=2");
    expect(JSON.parse((await logged("log: {format: json}"))[1] ?? "")).toMatchObject({
      message: "a failure",
      count: 2,
    });
  });
});

function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = server;
  server.stop(true);
  return port;
}
