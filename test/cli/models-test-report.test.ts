import { describe, expect, test } from "bun:test";
import { type OtherScale, recommend, reportLines, reportOn, THRESHOLDS } from "../../src/cli/models-test-report.ts";
import type { Hit, Judged } from "../../src/cli/models-test-scores.ts";

const HOUR_MS = 3_600_000;

/** A recording whose one peak has this score, tried at 0.5 and then at every threshold. */
function peaked(file: string, score: number, { durationMs = 2000, vetoed = false, atMs = 800 } = {}): Judged {
  const hits = [0.5, ...THRESHOLDS].map((threshold): Hit[] =>
    score >= threshold ? [{ atMs, confidence: score, voice: vetoed ? 0.1 : 0.9, vetoed }] : [],
  );
  return { file, durationMs, highest: score, hits };
}

const words = (count: number, score: number) => Array.from({ length: count }, (_, i) => peaked(`${i}.wav`, score));
const report = (positives: readonly Judged[], negatives: readonly Judged[], otherScale?: OtherScale) =>
  reportOn({ positives, negatives, otherScale }, 0.5);

describe("what a head would do", () => {
  test("is told clip by clip: heard, missed, or fired with nobody speaking", () => {
    const { positives, asItIs } = report(
      [peaked("a.wav", 0.9), peaked("b.wav", 0.3), peaked("c.wav", 0.8, { vetoed: true })],
      [peaked("n.wav", 0, { durationMs: HOUR_MS })],
    );
    expect(positives).toEqual([
      { file: "a.wav", heard: true, confidence: 0.9, atMs: 800, noVoice: false },
      { file: "b.wav", heard: false, confidence: 0.3, atMs: undefined, noVoice: false },
      { file: "c.wav", heard: false, confidence: 0.8, atMs: undefined, noVoice: true },
    ]);
    expect(asItIs).toEqual({ threshold: 0.5, heard: 1, missed: 2, falseAccepts: 0, perHour: 0 });
  });

  test("counts false accepts per hour, with the file and the time, and none that is vetoed", () => {
    const { asItIs, falseAccepts, hours } = report(words(1, 0.9), [
      peaked("tv.flac", 0.7, { durationMs: HOUR_MS, atMs: 3_723_400 }),
      peaked("music.ogg", 0.8, { durationMs: HOUR_MS, vetoed: true }),
    ]);
    expect([hours, asItIs.falseAccepts, asItIs.perHour]).toEqual([2, 1, 0.5]);
    expect(falseAccepts).toEqual([{ file: "tv.flac", atMs: 3_723_400, confidence: 0.7 }]);
  });

  test("has a row for each threshold from 0.1 to 0.95", () => {
    const { thresholds } = report(
      [peaked("a.wav", 0.9), peaked("b.wav", 0.3)],
      [peaked("n.wav", 0.4, { durationMs: HOUR_MS / 2 })],
    );
    expect(thresholds.map(({ threshold }) => threshold)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95]);
    expect(thresholds.map(({ heard }) => heard)).toEqual([2, 2, 2, 1, 1, 1, 1, 1, 1, 0]);
    expect(thresholds.map(({ perHour }) => perHour)).toEqual([2, 2, 2, 2, 0, 0, 0, 0, 0, 0]);
  });

  test("says to set the other scale only when more is heard with it", () => {
    const told = (heard: number) => report(words(3, 0.2), [peaked("n.wav", 0)], { inputScale: "unit", heard }).advice;
    expect(told(2)).toBe("with input_scale unit it hears 2 instead of 0: set input_scale: unit");
    expect(told(0)).toBeUndefined();
  });

  test("reads as lines, with a time as people write it and the recommendation last", () => {
    const lines = reportLines(
      report(
        [...words(2, 0.9), peaked("c.wav", 0.6, { vetoed: true })],
        [peaked("tv.flac", 0.7, { durationMs: 2 * HOUR_MS, atMs: 3_723_400 })],
      ),
    );
    expect(lines[0]).toBe("heard   0.900  0.wav");
    expect(lines[2]).toBe("MISSED  0.600  c.wav  (it fired, but no speech was found)");
    expect(lines[3]).toBe("FALSE   0.700  tv.flac at 1:02:03.4");
    expect(lines).toContain("threshold 0.5: 2 of 3 clips heard, 1 missed; 1 false accept in 2.00 h, 0.50 per hour");
    expect(lines.at(-1)).toStartWith("recommended: nothing: too little to say: 3 clips and 120 minutes");
  });
});

describe("the recommended threshold", () => {
  const rows = (heard: readonly number[], perHour: readonly number[]) =>
    THRESHOLDS.map((threshold, index) => {
      const [h = 0, p = 0] = [heard[index], perHour[index]];
      return { threshold, heard: h, missed: 40 - h, falseAccepts: p * 2, perHour: p };
    });

  test("hears most among those with at most one false accept in two hours", () => {
    const { threshold, reason } = recommend(rows([40, 40, 39, 37, 30], [9, 4, 1, 0.5, 0]), 40, 2);
    expect(threshold).toBe(0.4);
    expect(reason).toBe("it hears 37 of 40 clips, with 0.50 false accepts per hour");
  });

  test("is in the middle of those that hear alike, away from both edges", () => {
    const { threshold, reason } = recommend(rows([40, 39, 39, 39, 39, 39, 20], [9, 0]), 40, 2);
    expect(threshold).toBe(0.4);
    expect(reason).toContain("as 0.2 to 0.6 do");
  });

  test("is none where there is too little to say, and that says how much is enough", () => {
    expect(recommend(rows([5], []), 19, 2)).toEqual({
      threshold: undefined,
      reason:
        "too little to say: 19 clips and 120 minutes; 20 clips of the word and 30 minutes without it are the least",
    });
    expect(recommend(rows([5], []), 40, 0.05).reason).toContain("40 clips and 3.0 minutes");
  });

  test("is none where every one is bad, and that says why", () => {
    expect(
      recommend(
        rows(
          [40, 40, 40],
          THRESHOLDS.map(() => 3),
        ),
        40,
        2,
      ),
    ).toMatchObject({ threshold: undefined });
    const deaf = recommend(rows([10, 8, 3], []), 40, 2);
    expect(deaf).toEqual({
      threshold: undefined,
      reason: "no threshold is good: with at most 0.5 false accepts per hour it hears 10 of 40 clips at best",
    });
  });
});
