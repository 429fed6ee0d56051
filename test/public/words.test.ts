import { describe, expect, test } from "bun:test";
import type { Connection } from "../../public/live.ts";
import {
  ago,
  describeActivation,
  describeAudio,
  describeConnection,
  describeHealth,
  describeLag,
  describeLoss,
  describeMiss,
  describeSpeaker,
  describeStream,
  describeWorker,
  duration,
  invitation,
  pageTitle,
  spokenName,
} from "../../public/words.ts";
import { ACTIVATION_STATES } from "../../src/web/schemas/activations.ts";
import type { NearMissView } from "../../src/web/schemas/detections.ts";
import { model, nearMiss, state } from "./states.ts";

const CONNECTED: Connection = { kind: "connected" };
const WAITING: Connection = { kind: "waiting", retryAtMs: 2500, why: "closed" };

describe("describeActivation()", () => {
  test("says what the seed said while it is armed, followed by the level", () => {
    const sentence = describeActivation(state(), "live", 0, CONNECTED);
    expect(sentence).toMatchObject({ mood: "armed", headline: "Listening for wake word...", withRms: true });
  });

  test("names the wake word and what is happening from awake to responding", () => {
    for (const name of ACTIVATION_STATES.filter((name) => name !== "off" && name !== "armed")) {
      const awake = state({ activation: { state: name, model: "alexa", confidence: 0.974 } });
      const sentence = describeActivation(awake, "live", 0, CONNECTED);
      expect(sentence).toMatchObject({ mood: "busy", headline: "Heard alexa", withRms: false });
      expect(sentence.detail).toEndWith("confidence 0.97");
      const elsewhere = state({ activation: { state: name, model: "alexa", source: "hall" } });
      expect(describeActivation(elsewhere, "live", 0, CONNECTED).headline).toBe("Heard alexa in hall");
    }
  });

  test("says that it is off, why, and what to do, and no level", () => {
    const off = state({
      activation: { state: "off", armed: false, reason: "no microphone" },
      health: {
        status: "down",
        reasons: [{ code: "x", severity: "down", message: "No microphone.", hint: "earshot devices lists them" }],
        workers: [],
        uptimeMs: 0,
      },
    });
    expect(describeActivation(off, "live", 0, CONNECTED)).toEqual({
      mood: "off",
      headline: "Not listening for wake word",
      withRms: false,
      detail: "No microphone.",
      hint: "earshot devices lists them",
    });
  });

  test("takes the reason from health where the activation gives none", () => {
    const reasons = [{ code: "x", severity: "down" as const, message: "Inference is dead" }];
    const off = state({ activation: { state: "off" }, health: { status: "down", reasons, workers: [], uptimeMs: 0 } });
    expect(describeActivation(off, "live", 0, CONNECTED).detail).toBe("Inference is dead.");
  });

  test("tells a muted ear's owner to unmute", () => {
    const muted = state({ activation: { state: "off", reason: "muted" }, audio: { muted: true, state: "muted" } });
    expect(describeActivation(muted, "live", 0, CONNECTED).hint).toBe("Unmute to listen again.");
  });

  test("never claims to listen, nor anything else, without fresh news", () => {
    for (const name of ACTIVATION_STATES) {
      const old = state({ activation: { state: name } });
      for (const fresh of ["stale", "gone"] as const) {
        const sentence = describeActivation(old, fresh, 7000, WAITING);
        expect(sentence).toMatchObject({ mood: "unknown", headline: "No news for 7 s", withRms: false });
      }
      expect(describeActivation(old, "gone", 7000, WAITING).detail).not.toContain("istening");
    }
  });

  test("says before the first news whether it is connecting or cannot", () => {
    expect(describeActivation(null, "gone", null, { kind: "connecting", again: false }).headline).toStartWith(
      "Connecting",
    );
    expect(describeActivation(null, "gone", null, WAITING).headline).toBe("Cannot reach Earshot");
  });
});

describe("spokenName()", () => {
  test("is the phrase, in the name's spelling where both are the same word", () => {
    const models = [model("alexa", { phrase: "Alexa" }), model("jarvis_v2", { phrase: "hey Jarvis" })];
    expect(spokenName(models, "alexa")).toBe("alexa");
    expect(spokenName(models, "jarvis_v2")).toBe("hey Jarvis");
  });

  test("is readable for a model that is not loaded any more", () => {
    expect(spokenName([], "hey_mycroft")).toBe("hey mycroft");
  });
});

test("invitation() names the models that listen, and is absent when none does", () => {
  expect(invitation([model("alexa")])).toBe("Say “alexa”");
  expect(invitation([model("alexa"), model("hey_jarvis"), model("computer")])).toBe(
    "Say “alexa”, “hey jarvis” or “computer”",
  );
  expect(invitation([model("alexa", { state: "disabled" }), model("b", { state: "failed" })])).toBeNull();
});

test("pageTitle() tells the states apart in a tab", () => {
  const titles = (["armed", "awake", "off"] as const).map((name) =>
    pageTitle(
      describeActivation(state({ activation: { state: name, model: "alexa" } }), "live", 0, CONNECTED),
      "kitchen",
    ),
  );
  expect(titles).toEqual([
    "Listening · kitchen · Earshot",
    "Heard alexa · kitchen · Earshot",
    "Not listening · kitchen · Earshot",
  ]);
  expect(pageTitle(describeActivation(state(), "stale", 2000, WAITING), null)).toBe("No news · Earshot");
});

test("describeConnection() counts down to the next try and says when the device is offline", () => {
  expect(describeConnection(WAITING, 0)).toBe("Reconnecting in 3 s");
  expect(describeConnection(WAITING, 2400)).toBe("Reconnecting in 1 s");
  expect(describeConnection({ ...WAITING, why: "offline" }, 1000)).toBe("This device is offline, reconnecting in 2 s");
  expect(describeConnection({ kind: "connecting", again: true }, 0)).toBe("Reconnecting");
  expect(describeConnection(CONNECTED, 0)).toBe("Connected");
});

test("describeHealth() is red when a wake word would go unnoticed and unknown when nothing is known", () => {
  expect(describeHealth({ status: "down", reasons: [], workers: [], uptimeMs: 0 }).mood).toBe("bad");
  expect(describeHealth({ status: "degraded", reasons: [], workers: [], uptimeMs: 0 }).mood).toBe("warn");
  expect(describeHealth(null).mood).toBe("unknown");
});

test("describeAudio() shows why it waits", () => {
  const waiting = state({ audio: { state: "waiting", device: "", error: "no device named USB" } }).audio;
  expect(describeAudio(waiting)).toEqual({ mood: "bad", word: "Waiting", detail: "no device named USB" });
  expect(describeAudio(state({ audio: { demo: true } }).audio).mood).toBe("warn");
  expect(describeAudio(state({ audio: { state: "none" } }).audio).mood).toBe("ok");
});

test("describeSpeaker() warns only of what was not heard", () => {
  const speaker = (state: "none" | "closed" | "playing" | "failed") =>
    describeSpeaker({ speaker: { state, device: "", error: state === "failed" ? "no playback device" : null } });
  expect(speaker("failed")).toEqual({ mood: "warn", word: "Not heard", detail: "no playback device" });
  expect((["none", "closed", "playing"] as const).map((state) => speaker(state).mood)).toEqual(["ok", "ok", "ok"]);
});

test("describeWorker() tells how long a worker has been silent, or what it died of", () => {
  const worker = { name: "inference", state: "late", beatAgeMs: 4200, restarts: 0, lastError: null } as const;
  expect(describeWorker(worker).detail).toBe("no sign of life for 4 s");
  expect(describeWorker({ ...worker, state: "dead", lastError: "out of memory" }).detail).toBe("out of memory");
  expect(describeWorker({ ...worker, state: "alive", restarts: 1 })).toEqual({
    mood: "ok",
    word: "Alive",
    detail: "restarted once",
  });
});

test("describeStream() shows sleep as no fault, and a stream without sound as one whatever it did before", () => {
  expect(describeStream({ state: "listening", asleep: false })).toEqual({
    mood: "ok",
    word: "Listening",
    detail: null,
  });
  const asleep = describeStream({ state: "listening", asleep: true });
  expect(asleep).toMatchObject({ mood: "ok", word: "Asleep" });
  expect(asleep.detail).toContain("still noticed");
  expect(describeStream({ state: "waiting", asleep: true })).toMatchObject({ mood: "warn", word: "Waiting for sound" });
  expect(describeStream({ state: "arming", asleep: false }).word).toBe("Arming");
});

test("describeLag() is silent up to 200 ms, and then says how far", () => {
  expect([0, 200, 201, 999.4, 999.6, 1234, 12_345].map(describeLag)).toEqual([
    null,
    null,
    "201 ms behind",
    "999 ms behind",
    "1.0 s behind",
    "1.2 s behind",
    "12 s behind",
  ]);
});

test("describeLoss() says as a time what was passed over", () => {
  expect([0, 1280, 19_200, 16_000 * 90].map(describeLoss)).toEqual([
    null,
    "80 ms passed over",
    "1.2 s passed over",
    "1 min passed over",
  ]);
});

describe("describeMiss()", () => {
  test("says the score, what was missing, and which setting decided it", () => {
    const fired = (change: Partial<NearMissView>) => describeMiss(nearMiss(1, { confidence: 0.7, ...change }));
    expect(describeMiss(nearMiss(1, { missing: "below" }))).toBe("0.41 of 0.50, score too low");
    expect(fired({ missing: "no_voice", voice: 0.123 })).toBe("0.70, but nobody spoke (voice 0.12)");
    expect(fired({ missing: "no_voice", voice: 0.79 })).toBe("0.70, but perhaps nobody spoke (voice 0.79)");
    expect(fired({ missing: "no_voice", voice: null })).toBe("0.70, but nobody spoke");
    expect(fired({ missing: "too_quiet" })).toBe("0.70, but too quiet (rms_filter)");
    expect(fired({ missing: "cooling" })).toBe("0.70, but within the cooldown");
    expect(fired({ missing: "outdone" })).toBe("0.70, but another word was surer");
  });

  test("blames no score that was high enough: it was not so for long enough", () => {
    expect(describeMiss(nearMiss(1, { missing: "below", confidence: 0.6 }))).toBe(
      "0.60, but not for long enough (patience)",
    );
  });
});

test("ago() and duration() use the largest unit, and a clock that runs ahead is now", () => {
  expect([-50, 999, 1000, 59_999, 60_000, 3_600_000, 86_400_000, 200_000_000].map(ago)).toEqual([
    "now",
    "now",
    "1 s ago",
    "59 s ago",
    "1 min ago",
    "1 h ago",
    "1 day ago",
    "2 days ago",
  ]);
  expect(duration(-1)).toBe("0 s");
});
