import { describe, expect, test } from "bun:test";
import { RecentScores } from "../../src/arbitration/recent-scores.ts";

const frame = (alexa: number, computer = 0) => [
  { model: "alexa", score: alexa, threshold: 0.5 },
  { model: "computer", score: computer, threshold: 0.8 },
];

describe("the nearest that a word came", () => {
  test("is the highest score of that model about the word's end, and that over its threshold", () => {
    const recent = new RecentScores();
    recent.add(1000, frame(0.1, 0.4));
    recent.add(1080, frame(0.3, 0.2));
    recent.add(1160, frame(0.2));
    expect(recent.nearest("alexa", 1100)).toEqual({ score: 0.3, nearness: 0.6 });
    expect(recent.nearest("computer", 1100)).toEqual({ score: 0.4, nearness: 0.5 });
    expect(recent.nearest("jarvis", 1100)).toEqual({ score: 0, nearness: 0 });
  });

  test("is nothing that was heard long before the word's end", () => {
    const recent = new RecentScores();
    recent.add(1000, frame(0.9));
    recent.add(1080, frame(0.1));
    expect(recent.nearest("alexa", 1240).score).toBe(0.9);
    expect(recent.nearest("alexa", 1241).score).toBe(0.1);
    expect(recent.nearest("alexa", 1321).score).toBe(0);
  });

  test("counts a frame once, and forgets what is more than a second old", () => {
    const recent = new RecentScores();
    recent.add(1000, frame(0.1));
    recent.add(1000, frame(0.9));
    expect(recent.nearest("alexa", 1000).score).toBe(0.1);
    for (let n = 1; n <= 16; n++) recent.add(1000 + 80 * n, frame(0));
    expect(recent.nearest("alexa", 1000).score).toBe(0);
  });
});
