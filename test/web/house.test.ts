import { describe, expect, test } from "bun:test";
import { configSchema } from "../../src/config/schema.ts";
import { levelsSchema } from "../../src/web/schemas/live.ts";
import { stateSchema } from "../../src/web/schemas/state.ts";
import { relay, round } from "../public/states.ts";
import { EPOCH_MS, LivedInHouse, START_MS } from "./lived-in-house.ts";

const hold = configSchema.parse({}).activation.hold;

describe("the house", () => {
  test("is off and says why before anybody wrote anything", () => {
    const { house } = new LivedInHouse();
    house.look();
    const { activation, health, audio, models } = house.state();
    expect(activation).toMatchObject({ state: "off", armed: false, is_active: false, current_rms: 0, last_update: 0 });
    expect(activation.status).toStartWith("Not listening for wake word: ");
    expect(health.status).toBe("down");
    expect([audio.state, models]).toEqual(["starting", []]);
  });

  test("is armed once everything works, under the keys of both eras", () => {
    const lived = LivedInHouse.listening();
    const { activation } = lived.house.state();
    expect(activation).toMatchObject({
      state: "armed",
      armed: true,
      listening: true,
      is_active: true,
      active: true,
      is_listening: false,
      current_rms: 0.25,
      rms: 0.25,
      status: "Listening for wake word...",
      reason: null,
      model: null,
    });
    expect(activation.last_update).toBe((EPOCH_MS + lived.nowMs) / 1000);
    expect(lived.house.health()).toMatchObject({ status: "ok", uptimeMs: 80 });
  });

  test("answers in the shapes that it promises, at any time", () => {
    for (const lived of [new LivedInHouse(), LivedInHouse.listening()]) {
      lived.house.look();
      expect(stateSchema.parse(lived.house.state())).toEqual(lived.house.state());
      expect(levelsSchema.parse(lived.house.levels())).toEqual(lived.house.levels());
    }
  });

  test("shows who is connected, how loud each is that says so, and the newest ten rounds", () => {
    const lived = LivedInHouse.listening();
    lived.relays = [relay("hall", { kind: "local", rms: null }), relay("kitchen", { rms: 0.123456 })];
    lived.rounds = Array.from({ length: 12 }, (_, index) => round({ round: 12 - index }));
    const state = lived.house.state();
    expect(state.relays).toEqual(lived.relays);
    expect(state.rounds.map((round) => round.round)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(stateSchema.parse(state)).toEqual(state);
    expect(lived.house.levels().relays).toEqual([{ id: "kitchen", rms: 0.1235 }]);
  });

  test("wakes with a detection, tells it once, and is armed again after its hold", () => {
    const lived = LivedInHouse.listening();
    lived.detect("alexa", 0.934567);
    const [message, ...more] = lived.house.look();
    expect(more).toEqual([]);
    const { detection } = message?.type === "detection" ? message : {};
    expect(detection).toEqual({
      id: 0,
      stream: 0,
      source: null,
      model: "alexa",
      model_name: "alexa",
      label: "alexa",
      confidence: 0.9346,
      threshold: 0.5,
      timestamp: EPOCH_MS + lived.nowMs,
      simulated: false,
    });
    expect(lived.house.look()).toEqual([]);
    expect(lived.house.state().activation).toMatchObject({
      state: "awake",
      is_listening: true,
      status: "Heard alexa",
      model: "alexa",
    });
    for (let ms = 0; ms < hold; ms += 80) lived.hear(0.2, [0, 0]);
    lived.house.look();
    expect(lived.house.state().activation).toMatchObject({ state: "armed", is_listening: false, model: "alexa" });
  });

  test("holds a detection as long as the configuration says now", () => {
    const lived = LivedInHouse.listening();
    lived.config = configSchema.parse({ activation: { hold: 500 } });
    lived.detect("alexa");
    lived.house.look();
    for (let ms = 0; ms < 500; ms += 80) lived.hear(0.2, [0, 0]);
    lived.house.look();
    expect(lived.house.state().activation.state).toBe("armed");
  });

  test("is off within a second of the last sample, and shows no old level", () => {
    const lived = LivedInHouse.listening();
    lived.nowMs += 999;
    expect(lived.house.state().activation).toMatchObject({ is_active: true, current_rms: 0.25 });
    lived.nowMs += 2;
    lived.house.look();
    expect(lived.house.state().activation).toMatchObject({
      state: "off",
      is_active: false,
      current_rms: 0,
      reason: "no samples for 1 s",
    });
    expect(lived.house.levels()).toMatchObject({ rms: 0, peak: 0, scores: { alexa: 0, hey_jarvis: 0 } });
  });

  test("does not stay armed on what a dead inference worker left behind", () => {
    const lived = LivedInHouse.listening();
    lived.setWorkers("dead", "inference");
    lived.house.look();
    expect(lived.house.state().activation).toMatchObject({ state: "off", armed: false });
    lived.setWorkers("starting", "inference");
    lived.house.look();
    expect(lived.house.state().activation.armed).toBe(false);
    expect(lived.house.health().status).toBe("down");
  });

  test("mutes through the shared memory, and says so", () => {
    const lived = LivedInHouse.listening();
    lived.house.mute(true);
    lived.house.look();
    expect(lived.memory.requests.reader().read().muted).toBe(true);
    expect(lived.house.state()).toMatchObject({
      activation: { state: "off", is_active: false, reason: "muted" },
      audio: { muted: true },
      health: { status: "degraded" },
    });
  });

  test("without a microphone of its own listens to who sends from elsewhere", () => {
    const lived = LivedInHouse.listening();
    lived.setCapture("none");
    lived.house.look();
    expect(lived.house.state()).toMatchObject({
      activation: { state: "off", status: "Not listening for wake word: nobody listens in any room" },
      health: { status: "down", reasons: [{ code: "no_streams" }] },
    });
    const sender = lived.remote.open("hall", "10.0.0.7:1");
    if ("code" in sender) throw new Error(sender.code);
    const score = lived.memory.score(1).writer();
    lived.nowMs += 80;
    sender.push(new Uint8Array(2560));
    Object.assign(score.value, { armed: true, frameEndMs: lived.nowMs });
    score.publish();
    lived.house.look();
    expect(lived.house.state()).toMatchObject({
      activation: { state: "armed", armed: true, status: "Listening for wake word..." },
      health: { status: "ok" },
    });
    sender.close();
    lived.house.look();
    expect(lived.house.state().activation.armed).toBe(false);
    const healthWith = (change: Parameters<typeof relay>[1]) => {
      lived.relays = [relay("attic", change)];
      return lived.house.health().status;
    };
    expect(healthWith({})).toBe("ok");
    expect(healthWith({ kind: "loqa" })).toBe("ok");
    expect(healthWith({ kind: "sender", detects: false })).toBe("down");
    expect(healthWith({ connected: false })).toBe("down");
    expect(healthWith({ trouble: "its microphone is broken" })).toBe("down");
    lived.unnamed = 1;
    expect(healthWith({ connected: false })).toBe("ok");
  });

  test("simulates a word: it wakes, is listed, and is marked", () => {
    const lived = LivedInHouse.listening();
    const detection = lived.house.simulate("alexa", 1, 300);
    expect(detection).toMatchObject({ simulated: true, id: -1, model_name: "alexa" });
    expect(lived.house.simulate("alexa", 1, 300).id).toBe(-2);
    expect(lived.house.state()).toMatchObject({ activation: { state: "awake" }, detections: [{ id: -2 }, { id: -1 }] });
    lived.nowMs += 300;
    lived.house.look();
    expect(lived.house.state().activation.state).toBe("armed");
  });

  test("ends an activation at a reset, and asks inference to begin anew", () => {
    const lived = LivedInHouse.listening();
    lived.house.simulate("alexa", 1, 60_000);
    lived.house.reset();
    expect(lived.house.state().activation.state).toBe("armed");
    expect(lived.memory.requests.reader().read().resets).toBe(1);
  });

  test("goes on with the activation and the detections when the web worker is started again, and wakes nobody twice", () => {
    const lived = LivedInHouse.listening();
    lived.detect("alexa");
    lived.house.look();
    const before = lived.house.state().activation;
    const again = lived.newHouse();
    expect(again.look()).toEqual([]);
    expect(again.state().activation).toEqual(before);
    expect(again.detections(10)).toHaveLength(1);
  });

  test("keeps a mute over a new start of the web worker", () => {
    const lived = LivedInHouse.listening();
    lived.house.mute(true);
    expect(lived.newHouse().muted).toBe(true);
  });

  test("lists the newest detections first, and no more than it keeps", () => {
    const lived = LivedInHouse.listening();
    for (let n = 0; n < 120; n++) {
      lived.detect(`word_${n}`);
      lived.house.look();
    }
    expect(lived.house.detections(3).map(({ model }) => model)).toEqual(["word_119", "word_118", "word_117"]);
    expect(lived.house.detections(1000)).toHaveLength(100);
    expect(lived.house.state().detections).toHaveLength(20);
  });

  test("shows each model with its score and the settings that count for it", () => {
    const lived = LivedInHouse.listening();
    lived.config = configSchema.parse({ wake: { models: { alexa: { threshold: 0.7, patience: 3 }, hey_jarvis: {} } } });
    lived.hear(0.1, [0.123456, 0.9]);
    expect(lived.house.models()).toMatchObject([
      { name: "alexa", score: 0.1235, threshold: 0.7, sensitivity: 0.3, patience: 3, state: "listening", error: null },
      { name: "hey_jarvis", score: 0.9, threshold: 0.5, sensitivity: 0.5, patience: 2, refractoryMs: 2000 },
    ]);
    expect(lived.house.levels().scores).toEqual({ alexa: 0.1235, hey_jarvis: 0.9 });
  });

  test("does not put one model's score under another's name while the models change", () => {
    const lived = LivedInHouse.listening();
    lived.hear(0.1, [0.9, 0.1]);
    lived.setModels(["timer", "alexa"]);
    expect(lived.house.levels().scores).toEqual({ timer: 0, alexa: 0 });
    expect(lived.house.models().map(({ score }) => score)).toEqual([0, 0]);
    lived.hear(0.1, [0.2, 0.8]);
    expect(lived.house.levels().scores).toEqual({ timer: 0.2, alexa: 0.8 });
  });

  test("says which model failed and why", () => {
    const lived = LivedInHouse.listening();
    lived.setModels(["alexa"], ["hey_jarvis"]);
    lived.hear(0.1, [0]);
    lived.house.look();
    expect(lived.house.models()[1]).toMatchObject({ state: "failed", error: "model hey_jarvis is cut off" });
    expect(lived.house.health()).toMatchObject({ status: "down", reasons: [{ code: "model_failed" }] });
    expect(lived.house.state().activation.state).toBe("armed");
  });

  test("remembers each frame's scores with its own time, and nothing for a reset", () => {
    const lived = new LivedInHouse();
    lived.setModels(["alexa"]);
    // What inference publishes when a stream begins: no frame yet.
    lived.score.publish();
    lived.house.look();
    expect(lived.house.history.view().frames).toEqual([]);
    lived.hear(0.5, [0.25]);
    lived.house.look();
    lived.score.value.resets++;
    lived.score.publish();
    lived.house.look();
    expect(lived.house.history.view()).toEqual({
      models: ["alexa"],
      frames: [{ at: EPOCH_MS + START_MS + 80, rms: 0.5, scores: [0.25] }],
    });
  });

  test("is degraded by lost samples for a minute, not for ever", () => {
    const lived = LivedInHouse.listening();
    const lose = (lost: number) => {
      lived.score.value.lost = lost;
      lived.hear(0.2, [0, 0]);
      lived.house.look();
    };
    lose(640);
    expect(lived.house.health().reasons).toMatchObject([
      { code: "audio_lost", message: expect.stringContaining("640") },
    ]);
    lived.nowMs += 30_000;
    lose(1640);
    expect(lived.house.health().reasons[0]?.message).toContain("1640");
    lived.nowMs += 60_100;
    lose(1640);
    expect(lived.house.health()).toMatchObject({ status: "ok", reasons: [] });
    // An inference worker that was started again counts from 0.
    lose(0);
    expect(lived.house.health().status).toBe("ok");
    lose(80);
    expect(lived.house.health().reasons[0]?.message).toContain("80 samples");
  });

  test("is degraded by a minute of digital silence, until a sound comes", () => {
    const lived = LivedInHouse.listening();
    for (let ms = 0; ms < 61_000; ms += 80) {
      lived.hear(0, [0, 0]);
      lived.house.look();
    }
    expect(lived.house.health()).toMatchObject({ status: "degraded", reasons: [{ code: "digital_silence" }] });
    lived.hear(0.001, [0, 0]);
    lived.house.look();
    expect(lived.house.health().status).toBe("ok");
  });

  test("tells a near miss once with what was missing, keeps it, and wakes nobody for it", () => {
    const lived = LivedInHouse.listening();
    lived.detect("alexa", 0.41234, { kind: "below" });
    lived.detect("alexa", 0.9, { kind: "no_voice", voice: 0.12345, stream: 2, source: "hall" });
    expect(lived.house.look()).toMatchObject([
      { type: "near_miss", nearMiss: { missing: "below", confidence: 0.4123, voice: null, source: null } },
      { type: "near_miss", nearMiss: { missing: "no_voice", voice: 0.1235, stream: 2, source: "hall" } },
    ]);
    expect(lived.house.look()).toEqual([]);
    expect(lived.house.nearMisses(10).map(({ missing }) => missing)).toEqual(["no_voice", "below"]);
    expect(lived.house.state()).toMatchObject({
      activation: { state: "armed" },
      detections: [],
      nearMisses: [{ missing: "no_voice" }, { missing: "below" }],
    });
  });

  test("says whose word woke it when it came from elsewhere", () => {
    const lived = LivedInHouse.listening();
    lived.detect("alexa", 0.9, { stream: 1, source: "hall" });
    expect(lived.house.look()).toMatchObject([{ detection: { stream: 1, source: "hall" } }]);
    expect(lived.house.state().activation).toMatchObject({
      state: "awake",
      source: "hall",
      status: "Heard alexa (hall)",
    });
  });

  test("shows the streams that send from elsewhere, as fresh as they are, and forgets those that went", () => {
    const lived = LivedInHouse.listening();
    expect(lived.house.state().streams).toMatchObject([{ id: 0, name: "kitchen-pi", state: "listening", rms: 0.25 }]);
    const hall = lived.remote.open("hall", "10.0.0.7:5");
    if ("code" in hall) throw new Error(hall.code);
    const remote = () => lived.house.state().streams[1];
    expect(remote()).toMatchObject({
      id: 1,
      name: "hall",
      address: "10.0.0.7:5",
      state: "waiting",
      rms: 0,
      since: EPOCH_MS + lived.nowMs,
    });
    lived.nowMs += 100;
    hall.push(new Uint8Array(Int16Array.from({ length: 1600 }, (_, i) => (i % 2 === 0 ? 8192 : -8192)).buffer));
    expect(remote()).toMatchObject({ state: "arming", rms: 0.25 });
    const score = lived.memory.score(1).writer();
    Object.assign(score.value, { armed: true, asleep: true, frameEndMs: lived.nowMs, lagMs: 12.4, lost: 1280 });
    score.publish();
    expect(remote()).toMatchObject({ state: "listening", asleep: true, lagMs: 12, lostSamples: 1280 });
    expect(lived.house.levels().streams).toEqual([{ id: 1, rms: 0.25, asleep: true, lagMs: 12 }]);
    lived.nowMs += 1001;
    expect(remote()).toMatchObject({ state: "waiting", asleep: false, rms: 0 });
    hall.close();
    expect(lived.house.state().streams).toHaveLength(1);
    expect(lived.house.levels().streams).toEqual([]);
  });

  test("is degraded when a stream is too much for the machine, and says which", () => {
    const lived = LivedInHouse.listening();
    lived.remote.open("hall", "x");
    const score = lived.memory.score(1).writer();
    Object.assign(score.value, { lagMs: 2000, lost: 32_000, frameEndMs: lived.nowMs + 1 });
    score.publish();
    lived.house.look();
    const { status, reasons } = lived.house.health();
    expect(status).toBe("degraded");
    expect(reasons.map(({ code }) => code)).toEqual(["stream_lagging", "stream_lost"]);
  });

  test("names the workers that do not go by a configuration yet", () => {
    const lived = LivedInHouse.listening();
    const acknowledge = (name: string, generation: number) => {
      const worker = lived.workers.find((candidate) => candidate.name === name);
      if (worker === undefined) return;
      worker.heartbeat.value.configuration = generation;
      worker.heartbeat.publish();
    };
    expect(lived.house.unacknowledged(1)).toEqual(["capture", "inference"]);
    acknowledge("capture", 1);
    expect(lived.house.unacknowledged(1)).toEqual(["inference"]);
    acknowledge("inference", 2);
    expect(lived.house.unacknowledged(1)).toEqual([]);
  });

  test("has the name that it was given, else the host's", () => {
    const lived = LivedInHouse.listening();
    expect(lived.house.state().name).toBe("kitchen-pi");
    lived.config = configSchema.parse({ name: "Küche" });
    expect(lived.house.state().name).toBe("Küche");
  });
});
