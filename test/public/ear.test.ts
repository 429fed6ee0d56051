import { describe, expect, test } from "bun:test";
import { Ear } from "../../public/ear.ts";
import type { DetectionView } from "../../src/web/schemas/detections.ts";
import type { LevelsView } from "../../src/web/schemas/live.ts";
import { NOW_MS, nearMiss, type StateChange, state } from "./states.ts";

function lab(change: StateChange = {}) {
  let nowMs = 0;
  const ear = new Ear({ nowMs: () => nowMs, wallMs: () => nowMs });
  const advance = (byMs: number): void => {
    nowMs += byMs;
    ear.tick();
  };
  const hello = (): void =>
    ear.receive({ type: "hello", state: state(change), history: { models: ["alexa"], frames: [] } });
  return { ear, advance, hello };
}

function levels(frame: number, rms = 0.25): LevelsView {
  const heard = { rms, peak: 0.5, noiseFloor: 0.01, scores: { alexa: 0.3 }, asleep: false, streams: [], relays: [] };
  return { at: NOW_MS + frame * 80, frame, ...heard };
}

function detection(id: number): DetectionView {
  const common = { stream: 0, source: null, confidence: 0.9, threshold: 0.5, timestamp: NOW_MS, simulated: false };
  return { id, model: "alexa", model_name: "alexa", label: "alexa", ...common };
}

describe("Ear", () => {
  test("knows nothing before the first news", () => {
    const { ear } = lab();
    expect(ear.freshness.value).toBe("gone");
    expect(ear.rms.value).toBeNull();
    expect(ear.sentence.value.mood).toBe("unknown");
  });

  test("shows the newest level", () => {
    const { ear, hello } = lab();
    hello();
    ear.receive({ type: "levels", levels: levels(1, 0.07) });
    expect(ear.rms.value).toBe(0.07);
    expect(ear.sentence.value.headline).toBe("Listening for wake word...");
  });

  test("shows no level and no score a second after the last news, and counts the silence", () => {
    const { ear, hello, advance } = lab();
    hello();
    ear.receive({ type: "levels", levels: levels(1) });
    advance(1001);
    expect(ear.rms.value).toBeNull();
    expect(ear.scoresLive.value).toBe(false);
    advance(6000);
    expect(ear.freshness.value).toBe("gone");
    expect(ear.sentence.value.headline).toBe("No news for 7 s");
  });

  test("shows no level while it is off", () => {
    const { ear, hello } = lab({ activation: { state: "off" } });
    hello();
    ear.receive({ type: "levels", levels: levels(1) });
    expect(ear.rms.value).toBeNull();
  });

  test("takes scores for dead when levels come but no new frame", () => {
    const { ear, hello, advance } = lab();
    hello();
    for (let round = 0; round < 12; round++) {
      ear.receive({ type: "levels", levels: levels(7) });
      advance(100);
    }
    expect(ear.freshness.value).toBe("live");
    expect(ear.scoresLive.value).toBe(false);
    ear.receive({ type: "levels", levels: levels(8) });
    expect(ear.scoresLive.value).toBe(true);
  });

  test("puts a detection first at once, and only once", () => {
    const { ear, hello } = lab({ detections: [detection(1)] });
    hello();
    ear.receive({ type: "detection", detection: detection(2) });
    ear.receive({ type: "detection", detection: detection(2) });
    expect(ear.state.value?.detections.map((each) => each.id)).toEqual([2, 1]);
  });

  test("keeps twenty detections", () => {
    const { ear, hello } = lab();
    hello();
    for (let id = 0; id < 50; id++) ear.receive({ type: "detection", detection: detection(id) });
    expect(ear.state.value?.detections).toHaveLength(20);
    expect(ear.state.value?.detections[0]?.id).toBe(49);
  });

  test("puts a near miss first at once, and only once, and keeps twenty", () => {
    const { ear, hello } = lab({ nearMisses: [nearMiss(1)] });
    hello();
    ear.receive({ type: "near_miss", nearMiss: nearMiss(2) });
    ear.receive({ type: "near_miss", nearMiss: nearMiss(2) });
    expect(ear.state.value?.nearMisses.map((each) => each.id)).toEqual([2, 1]);
    for (let id = 3; id < 50; id++) ear.receive({ type: "near_miss", nearMiss: nearMiss(id) });
    expect(ear.state.value?.nearMisses).toHaveLength(20);
    expect(ear.state.value?.nearMisses[0]?.id).toBe(49);
    expect(ear.state.value?.detections).toEqual([]);
  });

  test("says that it sleeps only while it knows and listens", () => {
    const { ear, hello, advance } = lab();
    hello();
    expect(ear.asleep.value).toBe(false);
    ear.receive({ type: "levels", levels: { ...levels(1), asleep: true } });
    expect(ear.asleep.value).toBe(true);
    ear.receive({ type: "state", state: state({ activation: { state: "off" } }) });
    expect(ear.asleep.value).toBe(false);
    ear.receive({ type: "state", state: state() });
    advance(1001);
    expect(ear.asleep.value).toBe(false);
  });

  test("knows the level of each stream and relay from elsewhere until a second after the last news", () => {
    const { ear, hello, advance } = lab();
    hello();
    const kitchen = { id: 3, rms: 0.02, asleep: true, lagMs: 0 };
    ear.receive({ type: "levels", levels: { ...levels(1), streams: [kitchen], relays: [{ id: "den", rms: 0.3 }] } });
    expect(ear.streamLevels.value.get(3)).toEqual(kitchen);
    expect(ear.relayLevels.value.get("den")).toBe(0.3);
    advance(1001);
    expect(ear.streamLevels.value.size).toBe(0);
    expect(ear.relayLevels.value.size).toBe(0);
  });

  test("reckons in the server's time, whatever the browser's clock says", () => {
    const { ear, hello, advance } = lab();
    hello();
    advance(500);
    expect(ear.serverNowMs()).toBe(NOW_MS + 500);
  });

  test("keeps the newest three notices until they are put away", () => {
    const { ear } = lab();
    for (const title of ["a", "b", "c", "d"]) ear.notify({ title, hint: null });
    expect(ear.notices.value.map((notice) => notice.title)).toEqual(["b", "c", "d"]);
    ear.dismiss(ear.notices.value[1]?.id ?? -1);
    expect(ear.notices.value.map((notice) => notice.title)).toEqual(["b", "d"]);
  });
});
