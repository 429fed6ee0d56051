// Every setting of the schema, and what turning it changes: shown by the very worker that goes by it. A setting without
// an entry fails the first test.
import { afterAll, afterEach, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLogger, reset } from "@logtape/logtape";
import type { z } from "zod";
import { monotonicMs } from "../../ffi/clock.ts";
import type { Evidence } from "../../src/arbitration/evidence.ts";
import { readAudioFile } from "../../src/audio/decode.ts";
import { wavOf } from "../../src/audio/wav-write.ts";
import { certificateNames } from "../../src/cli/certificate-request.ts";
import { CERTIFICATE_FILES, makeCertificate } from "../../src/cli/make-certificate.ts";
import { configSchema } from "../../src/config/schema.ts";
import { SharedConfig } from "../../src/config/shared-config.ts";
import { SpeechEnds } from "../../src/detect/speech-ends.ts";
import { wantedModels } from "../../src/detect/wanted-models.ts";
import { Guards } from "../../src/hub/guards.ts";
import { saltFor } from "../../src/log/pseudonyms.ts";
import { setUpLogging } from "../../src/log/set-up.ts";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import type { ArbitrationView, LiveMessage, RelayView, StateView } from "../../src/web/schemas.ts";
import { HttpServer } from "../command/http-server.ts";
import { LOUD_IS_VOICE, sound } from "../command/small-commands.ts";
import { SECRET, type SmallHubOptions, serveSmallHub } from "../relay/serve-small-hub.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { NEAR, PlainRelay } from "../support/plain-relay.ts";
import { startEarshot } from "../support/running-earshot.ts";
import { SpokenHouse } from "../web/spoken-house.ts";
import { LOQA_SETTINGS_SHOWN, showLoqaSettings } from "./loqa-settings-shown.ts";
import { PLAYBACK_SETTINGS_SHOWN, showPlaybackSettings } from "./playback-settings-shown.ts";
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
  "wake.models.*.webhook_url": "that URL is told of the word",
  "wake.models.*.topic": "ORAC-STT takes the command under it",
  "command.sink": "a command is taken, and understood there",
  "command.intent": "what was understood is acted on",
  "command.speech": "the answer is spoken",
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
  "relays.*.expected": "something is wrong while it is away, or it is not",
  "relays.*.zone": "relays of one zone share a word, those of two do not",
  "relays.*.gain": "a loud microphone does not win by its loudness",
  "relays.*.preference": "the favoured one wins",
  "relays.*.least_level": "a quiet word is not taken from it",
  "relay.hub": "that hub takes it in",
  "relay.id": "the hub is told that name",
  "relay.token": "a hub that asks for one takes it in",
  "relay.token_file": "the token that is in it counts, and one that is put there later",
  "relay.ca_file": "the hub's certificate is believed",
  "relay.while_away": "a word wakes it without the hub, or does not",
  "relay.audio_only": "it hears no words, and says so",
  "streams.max": "so many may send their sound",
  "activation.hold": "a detection is over sooner",
  "command.silence": "a command ends after more of it",
  "command.no_speech": "who says nothing has more time to begin",
  "command.longest": "a command is cut off sooner",
  "command.pre_roll": "a command has more sound from before its word",
  "privacy.keep_recordings": "there is a file of each command",
  "privacy.keep_for": "files that are older are gone",
  "privacy.log_transcripts": "the log says what was understood",
  "privacy.show_transcripts": "the newest commands have their words",
  "privacy.anonymous_ids": "the log does not name relays",
  "activation_system.method": "the state is in a file",
  "activation_system.update_rate": "levels come faster",
  "activation_system.file": "the file is elsewhere",
  "web.host": "another address answers",
  "web.port": "another port answers",
  "web.password": "who does not know it stays outside",
  "web.tls.cert": "https answers, with this certificate",
  "web.tls.key": "a key that is not the certificate's is refused",
  "web.loopback_needs_token": "a relay of this machine needs a token too",
  "web.origins": "a page of another origin may act",
  "log.level": "less is logged",
  "log.format": "lines are JSON",
  "audio.output": "sounds go to another device, or to none",
  "playback.while_playing": "a word near a loudspeaker that plays counts, or does not",
  "playback.raised_threshold": "a word there must be surer",
  ...PLAYBACK_SETTINGS_SHOWN,
  ...LOQA_SETTINGS_SHOWN,
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

  /** What is noticed while a loudspeaker near the microphone plays. */
  async function noticedWhilePlaying(playback: string): Promise<readonly string[]> {
    const guards = new Guards(rig.memory.guards.writer());
    guards.look([0], 0);
    try {
      return await noticed(`wake: {models: {alexa: {}}}\nplayback: {${playback}}`);
    } finally {
      guards.look([], Number.MAX_VALUE);
    }
  }

  turning("playback.while_playing", async () => {
    const sure = "raised_threshold: 1";
    expect(await noticedWhilePlaying(`while_playing: raise, ${sure}`)).toEqual([]);
    expect(await noticedWhilePlaying("while_playing: mute, raised_threshold: 0.1")).toEqual([]);
    expect(await noticedWhilePlaying(`while_playing: listen, ${sure}`)).toEqual(["alexa"]);
  });

  turning("playback.raised_threshold", async () => {
    expect(await noticedWhilePlaying("")).toEqual(["alexa"]);
    expect(await noticedWhilePlaying("raised_threshold: 1")).toEqual([]);
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

  turning("audio.output", async () => {
    const { memory } = rig;
    const speaker = memory.speaker.reader();
    const ring = memory.playbackWriter();
    const output = (name: string) => rig.configure(`${yaml("one.wav", 0)}  output: "${name}"\n`);
    await output("a gong");
    ring.write(new Int16Array(480), 480);
    await until("the device is looked for", () => speaker.read().state === "failed");
    expect(speaker.value.error).toContain('"a gong"');
    await output("none");
    await until("none is wanted", () => speaker.read().state === "none");
    ring.write(new Int16Array(480), 480);
    await until("it is passed over", () => speaker.read().taken === ring.written);
    expect(speaker.value).toMatchObject({ state: "none", error: "" });
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

    const relays = async (): Promise<readonly RelayView[]> => {
      const { relays }: { relays: RelayView[] } = await get("/api/relays");
      return relays.filter(({ connected }) => connected);
    };
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

    turning("relays.*.expected", async () => {
      const away = async () =>
        (await get("/api/relays")).relays.find(({ id }: RelayView) => id === "nowhere")?.expected;
      await house({ nowhere: { room: "Nowhere" } });
      expect(await away()).toBe(true);
      await house({ nowhere: { expected: false } });
      expect(await away()).toBeUndefined();
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

  describe("of a relay:", () => {
    const ends: (() => unknown)[] = [];
    afterEach(async () => {
      for (const end of ends.splice(0)) await end();
    });

    const hub = (options: SmallHubOptions = {}) => {
      const served = serveSmallHub(options);
      ends.push(served.end);
      return served;
    };
    const relay = async (settings: object) => {
      const own = freePort();
      const rig = await started(`log: {level: error}\nweb: {port: ${own}}\nrelay: ${JSON.stringify(settings)}\n`);
      ends.push(() => rig.close());
      const state = async () => (await fetch(`http://127.0.0.1:${own}/api/state`)).json() as Promise<StateView>;
      return { rig, state };
    };
    const joined = ({ hub }: ReturnType<typeof serveSmallHub>, as: string) =>
      until(`${as} is taken in`, () => hub.said.includes(`1: admitted ${as}`));

    turning("relay.hub", async () => {
      const taking = hub();
      const { state } = await relay({ hub: `localhost:${taking.port}`, id: "attic" });
      await joined(taking, "attic");
      await until("it knows", async () => (await state()).satellite?.connected === true);
      expect((await change({ relay: { hub: "elsewhere" } })).needsRestart).toEqual(["relay.hub"]);
      await change({ relay: null });
    });

    turning("relay.id", async () => {
      const taking = hub();
      await relay({ hub: taking.url, id: "loft" });
      await joined(taking, "loft");
    });

    turning("relay.token", async () => {
      const asking = hub({ needsToken: true });
      const { state } = await relay({ hub: asking.url });
      await until("it is refused", async () => (await state()).satellite?.code === "no_token");
      await relay({ hub: asking.url, token: SECRET });
      await joined(asking, "kitchen");
    });

    turning("relay.token_file", async () => {
      const asking = hub({ needsToken: true });
      const token_file = join(folder, "kitchen.token");
      const { state } = await relay({ hub: asking.url, token_file });
      await until("it is missed", async () => (await state()).satellite?.why?.includes("kitchen.token") === true);
      await Bun.write(token_file, `${SECRET}\n`);
      await joined(asking, "kitchen");
    });

    turning("relay.ca_file", async () => {
      const { authority, cert, key } = await hubCertificate(join(folder, "tls"));
      const secure = hub({ tls: { cert, key } });
      const hubUrl = `wss://localhost:${secure.port}`;
      const { state } = await relay({ hub: hubUrl, id: "stranger" });
      await until("it does not believe", async () => (await state()).satellite?.code === "untrusted_certificate");
      const ca_file = join(folder, "hub.crt");
      await Bun.write(ca_file, authority);
      await relay({ hub: hubUrl, id: "guest", ca_file });
      await joined(secure, "guest");
    });

    turning("relay.while_away", async () => {
      const word = async (while_away: string) => {
        const { rig, state } = await relay({ hub: "localhost:1", id: "attic", while_away });
        rig.memory.detectionWriter().append((event) => {
          Object.assign(event, { kind: "detection", stream: 0, model: "alexa", label: "alexa", confidence: 0.9 });
        });
        rig.memory.webBell.ring();
        await until("it is seen", async () => (await state()).detections.length === 1);
        return (await state()).activation.state;
      };
      expect(await word("alone")).toBe("awake");
      expect(await word("silent")).toBe("off");
    });

    turning("relay.audio_only", async () => {
      const taking = hub();
      await relay({ hub: taking.url, id: "ears" });
      await joined(taking, "ears");
      const { state } = await relay({ hub: taking.url, id: "mouthless", audio_only: true });
      await until("both are there", () => taking.hub.members.size === 2);
      const detects = [...taking.hub.members.values()].map(({ introduction }) => introduction?.capabilities.detects);
      expect(detects).toEqual([true, false]);
      expect((await state()).satellite?.audioOnly).toBe(true);
      expect(wantedModels(configOf("relay: {hub: hall, audio_only: true}"), []).entries).toEqual([]);
    });
  });

  turning("command.pre_roll", async () => {
    const heardSeconds = async (pre_roll: string) => {
      const file = join(await mkdtemp(join(folder, "pre-roll-")), "heard.wav");
      const args = JSON.stringify(["-c", 'cat > "$0.part"; mv "$0.part" "$0"', file]);
      const command = `command: {pre_roll: ${pre_roll}, sink: {kind: program, program: sh, args: ${args}}}\n`;
      const rig = await started(`log: {level: error}\nweb: {port: ${freePort()}}\n${command}`);
      const { memory } = rig;
      const ring = memory.audioWriter(0);
      const says = (pcm: Int16Array) => {
        for (let at = 0; at < pcm.length; at += 1600) ring.write(pcm.subarray(at, at + 1600), 1600);
      };
      says(sound(-3, 0.6));
      const frameEndMs = monotonicMs();
      const level = memory.level(0).writer();
      Object.assign(level.value, { atMs: frameEndMs, written: ring.written });
      level.publish();
      const word = { model: "alexa", confidence: 0.9, stream: 0, frameEndMs };
      memory.detectionWriter().append((event) => Object.assign(event, word));
      memory.webBell.ring();
      await until("it records", () => memory.activation(0).reader().read().state === "recording");
      says(sound(1, -2));
      const ends = new SpeechEnds({ memory, voice: LOUD_IS_VOICE });
      await until("it was heard", async () => {
        while (await ends.step());
        return Bun.file(file).exists();
      });
      await rig.close();
      return (Bun.file(file).size - 44) / 32_000;
    };
    expect((await heardSeconds("1s")) - (await heardSeconds("0ms"))).toBeWithin(0.96, 1.04);
  });

  turning("web.password", async () => {
    const known = { authorization: `Basic ${btoa("earshot:long enough")}` };
    await change({ web: { password: "long enough" } });
    expect((await fetch(`http://127.0.0.1:${port}/api/state`)).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${port}/api/state`, { headers: known })).status).toBe(200);
    await change({ web: { password: null } }, known);
    expect((await fetch(`http://127.0.0.1:${port}/api/state`)).status).toBe(200);
  });

  turning("web.loopback_needs_token", async () => {
    // Behind the guard this is told that it is no WebSocket.
    const letIn = async () => (await fetch(`http://127.0.0.1:${port}/relay`)).status === 426;
    expect(await letIn()).toBe(true);
    await change({ web: { loopback_needs_token: true } });
    expect(await letIn()).toBe(false);
    await change({ web: { loopback_needs_token: null } });
    expect(await letIn()).toBe(true);
  });

  turning("web.origins", async () => {
    const headers = { origin: "https://panel.local", "content-type": "application/json" };
    const act = async () =>
      (await fetch(`http://127.0.0.1:${port}/api/mute`, { method: "POST", headers, body: '{"muted":false}' })).status;
    expect(await act()).toBe(403);
    await change({ web: { origins: ["https://panel.local"] } });
    expect(await act()).toBe(200);
    await change({ web: { origins: null } });
    expect(await act()).toBe(403);
  });

  const tls = async () => {
    const made = await mkdtemp(join(folder, "tls-"));
    await makeCertificate(made, certificateNames("hall", [], []), { force: false, unixMs: Date.now() });
    return made;
  };

  turning("web.tls.cert", async () => {
    if (Bun.which("openssl") === null) return console.log("skipped: openssl is not here");
    const [other, made] = [freePort(), await tls()];
    const files = `cert: ${made}/earshot-tls.crt, key: ${made}/earshot-tls.key`;
    const second = await started(`log: {level: error}\nweb: {port: ${other}, tls: {${files}}}\n`);
    const ca = await readFile(join(made, "earshot-ca.crt"), "utf8");
    expect((await fetch(`https://127.0.0.1:${other}/api/activation`, { tls: { ca } })).status).toBe(200);
    await expect(fetch(`http://127.0.0.1:${other}/api/activation`)).rejects.toThrow();
    await second.close();
  });

  turning("web.tls.key", async () => {
    if (Bun.which("openssl") === null) return console.log("skipped: openssl is not here");
    const made = await tls();
    const files = `cert: ${made}/earshot-tls.crt, key: ${made}/earshot-ca.key`;
    await using earshot = await startEarshot({ config: `audio: {source: none}\nweb: {tls: {${files}}}\n` });
    expect(await earshot.exited).toBe(1);
    expect(earshot.log()).toContain("earshot-ca.key is not the key of");
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

describe("after a verdict", () => {
  const SAYS = 'sink: {kind: program, program: sh, args: ["-c", "cat > /dev/null; echo light on"]}';

  /** @returns how the command of this sound ended: with what, after how many seconds of it */
  async function heard(command: string, pcm: Int16Array, privacy = "") {
    const house = new SpokenHouse(`command: {${SAYS}, ${command}}\nprivacy: {${privacy}}`);
    house.grant();
    await house.say(pcm);
    await house.until("an answer", () => house.replies.length > 0);
    const { fields } = house.logged.find(({ event }) => event === "command heard") ?? {};
    return { house, kind: house.replies[0]?.kind, seconds: Number(fields?.lengthMs) / 1000 };
  }

  turning("command.silence", async () => {
    const spoken = sound(-0.5, 2, -0.7, 1, -3);
    expect((await heard("silence: 500ms", spoken)).seconds).toBeWithin(2.95, 3.05);
    expect((await heard("silence: 2s", spoken)).seconds).toBeWithin(6.15, 6.25);
  });

  turning("command.no_speech", async () => {
    const late = sound(-0.5, 0.6, -2, 1, -4);
    expect(await heard("no_speech: 1s", late)).toMatchObject({ kind: "no_speech", seconds: 2.1 });
    expect((await heard("no_speech: 3s", late)).kind).toBe("answer");
  });

  turning("command.longest", async () => {
    expect((await heard("longest: 5s", sound(-0.5, 8))).seconds).toBe(5);
    expect((await heard("longest: 7s", sound(-0.5, 8))).seconds).toBe(7);
  });

  describe("of those who understand and answer:", () => {
    /** Every server of the house in one. */
    const server = () =>
      new HttpServer(({ path }) => {
        if (path === "/v1/audio/transcriptions") return Response.json({ text: "light on" });
        if (path === "/v1/audio/speech") return new Response(wavOf(new Int16Array(1600)));
        return Response.json(path === "/intent" ? { text: "Done.", command: "light.on" } : {});
      });

    async function answered(command: object, models = "{}") {
      using house = server();
      const yaml = JSON.stringify(command).replaceAll("URL", house.url);
      const spoken = new SpokenHouse(`command: ${yaml}\nwake: {models: ${models.replaceAll("URL", house.url)}}`);
      const taken = spoken.grant({ model: "alexa" });
      if (taken) {
        await spoken.say(sound(-0.5, 2, -1));
        await spoken.until("an answer", () => spoken.replies.length > 0);
      }
      return { spoken, taken, asked: house.asked, reply: spoken.replies[0] };
    }
    const TRANSCRIBED = { kind: "openai", url: "URL" };
    const HANDLED = { kind: "webhook", url: "URL/intent" };

    turning("command.sink", async () => {
      expect((await answered({})).taken).toBe(false);
      expect((await answered({ sink: TRANSCRIBED })).reply?.transcription).toBe("light on");
    });

    turning("command.intent", async () => {
      expect((await answered({ sink: TRANSCRIBED })).reply).toMatchObject({ text: "", command: "" });
      const { reply } = await answered({ sink: TRANSCRIBED, intent: HANDLED });
      expect(reply).toMatchObject({ text: "Done.", command: "light.on", speech: undefined });
    });

    turning("command.speech", async () => {
      const speech = { kind: "openai", url: "URL" };
      const { reply } = await answered({ sink: TRANSCRIBED, intent: HANDLED, speech });
      expect(reply?.speech?.pcm).toHaveLength(1600);
    });

    turning("wake.models.*.topic", async () => {
      const topicOf = async (models: string) => {
        const { asked } = await answered({ sink: { kind: "orac", url: "URL", transport: "multipart" } }, models);
        return asked.map(({ path }) => path).find((path) => path.startsWith("/stt/v1/stream/"));
      };
      expect(await topicOf("{alexa: {}}")).toBe("/stt/v1/stream/general");
      expect(await topicOf("{alexa: {topic: lights}}")).toBe("/stt/v1/stream/lights");
    });

    turning("wake.models.*.webhook_url", async () => {
      using told = new HttpServer(() => new Response("ok"));
      await answered({}, "{alexa: {}}");
      const { spoken } = await answered({}, `{alexa: {webhook_url: "${told.url}/hook"}}`);
      await spoken.until("it is told", () => told.asked.length === 1);
      expect(told.asked[0]?.path).toBe("/hook");
    });
  });

  turning("privacy.keep_recordings", async () => {
    const kept = join(folder, "kept");
    await heard("", sound(-0.5, 2, -1));
    expect(await Array.fromAsync(new Bun.Glob("**/earshot-*.wav").scan(folder))).toEqual([]);
    const { house } = await heard("", sound(-0.5, 2, -1), `keep_recordings: ${kept}`);
    await house.until("a recording", async () => (await readdir(kept).catch(() => [])).length === 1);
  });

  turning("privacy.keep_for", async () => {
    const kept = join(folder, "kept-for");
    const { house } = await heard("", sound(-0.5, 2, -1), `keep_recordings: ${kept}`);
    await house.until("a recording", async () => (await readdir(kept).catch(() => [])).length === 1);
    house.clock.unixMs += 600_000;
    house.configure(`privacy: {keep_recordings: ${kept}, keep_for: 11m}`);
    await Bun.sleep(20);
    expect(await readdir(kept)).toHaveLength(1);
    house.configure(`privacy: {keep_recordings: ${kept}, keep_for: 9m}`);
    await house.until("it is gone", async () => (await readdir(kept)).length === 0);
  });

  turning("privacy.log_transcripts", async () => {
    const log = async (privacy: string) => JSON.stringify((await heard("", sound(-0.5, 2, -1), privacy)).house.logged);
    expect(await log("")).not.toContain("light on");
    expect(await log("log_transcripts: true")).toContain("light on");
  });
});

turning("privacy.show_transcripts", async () => {
  const recent = async (privacy: string) => {
    const house = new SpokenHouse(
      `command: {sink: {kind: program, program: echo, args: [light on]}}\nprivacy: {${privacy}}`,
    );
    house.grant();
    await house.say(sound(-0.5, 2, -1));
    await house.until("an answer", () => house.replies.length > 0);
    return house.commands.recent[0];
  };
  expect(await recent("")).toMatchObject({ sink: "program", transcript: undefined });
  expect(await recent("show_transcripts: true")).toMatchObject({ transcript: "light on" });
});

describe("of what is heard from this machine", () => showPlaybackSettings(turning));

describe("of Loqa's relays", () => showLoqaSettings(turning));

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
      const config = configOf(yaml);
      await setUpLogging(config.log, "main", saltFor(config.privacy, 42));
      const log = getLogger(["earshot", "main"]);
      log.info("an event", { count: 1, relay: "kitchen" });
      log.error("a failure", { count: 2 });
    } finally {
      terminal.mockRestore();
    }
    return lines;
  }

  turning("privacy.anonymous_ids", async () => {
    expect((await logged("privacy: {anonymous_ids: false}"))[0]).toContain("relay=kitchen");
    expect((await logged("privacy: {anonymous_ids: true}"))[0]).toMatch(/relay=~[0-9a-f]{8}/);
  });

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

/** Of a hub at localhost, made as `earshot tls init` does. */
async function hubCertificate(folder: string) {
  await mkdir(folder);
  await makeCertificate(folder, { host: "localhost", names: ["localhost"] }, { force: false, unixMs: Date.now() });
  const text = (name: string) => readFile(join(folder, name), "utf8");
  const { authority, cert, key } = CERTIFICATE_FILES;
  return { authority: await text(authority), cert: await text(cert), key: await text(key) };
}

function freePort(): number {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port = 0 } = server;
  server.stop(true);
  return port;
}
