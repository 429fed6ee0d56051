import { describe, expect, test } from "bun:test";
import {
  fallenPeak,
  isClipping,
  levelDb,
  raisePeak,
  SEGMENTS,
  scalePosition,
  segmentsLit,
} from "../../public/meter.ts";

const raw = (rms: number): number => rms / 32767;

describe("segmentsLit()", () => {
  test("is dark for silence, for a raw RMS of 1 and for what is no number", () => {
    for (const level of [0, raw(1), -1, Number.NaN]) expect(segmentsLit(level)).toBe(0);
  });

  test("lights the first segment just above a raw RMS of 1 and all of them at 5000", () => {
    expect(segmentsLit(raw(1.01))).toBe(1);
    expect(segmentsLit(raw(5000))).toBe(SEGMENTS);
    expect(segmentsLit(1)).toBe(SEGMENTS);
  });

  test("spends the same ratio of loudness on every segment", () => {
    const ratio = 5000 ** (1 / SEGMENTS);
    for (let segment = 1; segment <= SEGMENTS; segment++) {
      expect(segmentsLit(raw(ratio ** (segment - 0.01)))).toBe(segment);
    }
  });
});

test("scalePosition() never falls while the level rises and stays within 0..1", () => {
  let before = 0;
  for (let level = 0; level <= 1; level += 0.0007) {
    const position = scalePosition(level);
    expect(position).toBeGreaterThanOrEqual(before);
    expect(position).toBeLessThanOrEqual(1);
    before = position;
  }
});

test("levelDb() is 0 at full scale, about -6 at half and nothing for silence", () => {
  expect(levelDb(1)).toBe(0);
  expect(levelDb(0.5)).toBeCloseTo(-6.02, 2);
  expect(levelDb(0)).toBeNull();
});

test("isClipping() is true only close to full scale", () => {
  expect(isClipping(0.98)).toBe(false);
  expect(isClipping(1)).toBe(true);
});

describe("the peak's mark", () => {
  test("stays where it was for 1.2 s, then falls to nothing", () => {
    const hold = raisePeak(null, 8, 0);
    expect(fallenPeak(hold, 1200)).toBe(8);
    expect(fallenPeak(hold, 1700)).toBeCloseTo(4);
    expect(fallenPeak(hold, 60_000)).toBe(0);
  });

  test("is raised by a louder moment and not moved by a quieter one", () => {
    const hold = raisePeak(null, 8, 0);
    expect(raisePeak(hold, 3, 500)).toBe(hold);
    expect(raisePeak(hold, 10, 500)).toEqual({ segments: 10, reachedAtMs: 500 });
  });

  test("is caught by the level it falls upon", () => {
    const hold = raisePeak(raisePeak(null, 8, 0), 5, 1700);
    expect(hold).toEqual({ segments: 5, reachedAtMs: 1700 });
  });
});
