import { describe, expect, test } from "bun:test";
import { LEVEL_SHARE, ScoreHistory } from "../../public/history.ts";
import type { LevelsView } from "../../src/web/schemas/live.ts";

const START_MS = 1_700_000_000_000;

function levels(frame: number, scores: Record<string, number>, atMs = START_MS + frame * 80): LevelsView {
  return { at: atMs, rms: 0.1, peak: 0.2, noiseFloor: 0.001, scores, frame, asleep: false, streams: [], relays: [] };
}

function filled(models: string[], frames: number): ScoreHistory {
  const history = new ScoreHistory();
  history.fill({
    models,
    frames: Array.from({ length: frames }, (_, index) => ({
      at: START_MS + index * 80,
      rms: 0.1,
      scores: models.map((_, model) => model / 10),
    })),
  });
  return history;
}

describe("ScoreHistory", () => {
  test("gives back what the server remembered, as columns in seconds", () => {
    const [times, level, alexa, jarvis] = filled(["alexa", "hey_jarvis"], 3).columns(START_MS + 200);
    expect(times).toEqual([START_MS / 1000, (START_MS + 80) / 1000, (START_MS + 160) / 1000]);
    expect(alexa).toEqual([0, 0, 0]);
    expect(jarvis).toEqual([0.1, 0.1, 0.1]);
    expect(level?.every((value) => value !== null && value > 0 && value <= LEVEL_SHARE)).toBe(true);
  });

  test("takes a frame once, however often levels come", () => {
    const history = filled(["alexa"], 0);
    expect(history.add(levels(1, { alexa: 0.5 }))).toBe(true);
    expect(history.add(levels(1, { alexa: 0.5 }))).toBe(false);
    expect(history.add(levels(2, { alexa: 0.6 }))).toBe(true);
    expect(history.length).toBe(2);
  });

  test("takes frames that count from 0 again after a restart", () => {
    const history = filled(["alexa"], 0);
    history.add(levels(500, { alexa: 0.5 }, START_MS));
    expect(history.add(levels(0, { alexa: 0.1 }, START_MS + 900))).toBe(true);
    expect(history.columns(START_MS + 1000)[2]).toEqual([0.5, 0.1]);
  });

  test("leaves out what is older than a minute", () => {
    const history = filled(["alexa"], 750);
    expect(history.columns(START_MS + 59_920)[0]).toHaveLength(750);
    expect(history.columns(START_MS + 200_000)[0]).toHaveLength(0);
  });

  test("keeps the newest frames in order when its ring is full", () => {
    const history = filled(["alexa"], 0);
    for (let frame = 0; frame < 5000; frame++) history.add(levels(frame, { alexa: frame }));
    const [times, , alexa] = history.columns(START_MS + 4999 * 80);
    expect(alexa?.at(-1)).toBe(4999);
    expect(times.length).toBeGreaterThan(750);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
  });

  test("draws no line across a time of which nothing is known", () => {
    const history = filled(["alexa"], 0);
    history.add(levels(1, { alexa: 0.5 }, START_MS));
    history.add(levels(2, { alexa: 0.6 }, START_MS + 5000));
    expect(history.columns(START_MS + 5000)[2]).toEqual([0.5, null, 0.6]);
  });

  test("begins anew when the server's clock was set back, because uPlot needs rising times", () => {
    const history = filled(["alexa"], 10);
    history.add(levels(11, { alexa: 0.7 }, START_MS - 60_000));
    expect(history.columns(START_MS - 60_000)[2]).toEqual([0.7]);
    expect(history.add(levels(11, { alexa: 0.7 }, START_MS - 60_000))).toBe(false);
  });

  test("keeps what it has when times step back by little, live or remembered, and its own times rise", () => {
    const history = new ScoreHistory();
    const offsets = [0, 80, 60, 40, 160];
    history.fill({
      models: ["alexa"],
      frames: offsets.map((offset) => ({ at: START_MS + offset, rms: 0.1, scores: [0.5] })),
    });
    history.add(levels(11, { alexa: 0.7 }, START_MS - 800));
    history.add(levels(12, { alexa: 0.8 }, START_MS + 400));
    const [times, , alexa] = history.columns(START_MS + 500);
    expect(alexa).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.7, 0.8]);
    expect(times.map((time) => Math.round(time * 1000) - START_MS)).toEqual([0, 80, 81, 82, 160, 161, 400]);
  });

  test("keeps the scores of a model that stays when another comes or goes", () => {
    const history = filled(["alexa", "hey_jarvis"], 2);
    history.setModels(["computer", "hey_jarvis"]);
    const [, , computer, jarvis] = history.columns(START_MS + 160);
    expect(computer).toEqual([null, null]);
    expect(jarvis).toEqual([0.1, 0.1]);
  });

  test("shows a model without a score as missing, not as 0", () => {
    const history = filled(["alexa", "hey_jarvis"], 0);
    history.add(levels(1, { alexa: 0 }));
    expect(history.columns(START_MS + 80).slice(2)).toEqual([[0], [null]]);
  });
});
