import { describe, expect, test } from "bun:test";
import { Ear } from "../../public/ear.ts";
import type { DetectionView, LevelsView } from "../../src/web/schemas.ts";
import { NOW_MS, type StateChange, state } from "./states.ts";

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
  return { at: NOW_MS + frame * 80, rms, peak: 0.5, noiseFloor: 0.01, scores: { alexa: 0.3 }, frame };
}

function detection(id: number): DetectionView {
  const common = { stream: 0, confidence: 0.9, threshold: 0.5, timestamp: NOW_MS, simulated: false };
  return { id, model: "alexa", model_name: "alexa", ...common };
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
