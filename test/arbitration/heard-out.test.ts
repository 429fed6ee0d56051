import { describe, expect, test } from "bun:test";
import {
  HEARD_OUT_MS,
  heardOut,
  LITTLE,
  LITTLE_OUT_MS,
  NOTHING,
  RISES_UNTIL_MS,
  RISING,
  SECONDS,
} from "../../src/arbitration/heard-out.ts";

const ENDED_MS = 5000;
const heard = (afterMs: number, nearness: number, nearest = 0, askedAfterMs = 0) =>
  heardOut({ untilMs: ENDED_MS + afterMs, nearness, nearest }, ENDED_MS, ENDED_MS + askedAfterMs);

describe("heardOut()", () => {
  test("is nobody's to say before the word has ended", () => {
    expect(heard(-1, 0)).toBeUndefined();
  });

  test("is a pass at the word's end where no model is interested at all", () => {
    expect(heard(0, 0)).toBe("pass");
    expect(heard(0, NOTHING)).toBeUndefined();
  });

  test("is nobody's to say before as much was heard as by whoever fired, however late its sound comes", () => {
    expect(heard(99, 0, 0, 200)).toBeUndefined();
    expect(heard(100, 0, 0, 200)).toBe("pass");
    expect(heard(0, 0, SECONDS, 200)).toBe("second");
  });

  test("is a pass a frame later where one hardly was", () => {
    expect(heard(LITTLE_OUT_MS - 1, NOTHING)).toBeUndefined();
    expect(heard(LITTLE_OUT_MS, NOTHING)).toBe("pass");
  });

  test("is a pass two frames later where one was, a little", () => {
    expect(heard(HEARD_OUT_MS - 1, LITTLE)).toBeUndefined();
    expect(heard(HEARD_OUT_MS, LITTLE)).toBe("pass");
    expect(heard(HEARD_OUT_MS, RISING - 0.01)).toBe("pass");
  });

  test("is a second as soon as the word has ended where its score came near, though it has fallen since", () => {
    expect(heard(-1, 0, SECONDS)).toBeUndefined();
    expect(heard(0, 0, SECONDS)).toBe("second");
    expect(heard(HEARD_OUT_MS, RISING, SECONDS)).toBe("second");
    expect(heard(HEARD_OUT_MS, 0, SECONDS - 0.001)).toBe("pass");
  });

  test("is pending while a score may still rise to a word, and a pass when that takes too long", () => {
    expect(heard(-200, RISING)).toBe("pending");
    expect(heard(RISES_UNTIL_MS - 1, RISING)).toBe("pending");
    expect(heard(RISES_UNTIL_MS, 2)).toBe("pass");
  });

  test("is a pass at once where no word will be heard, whatever the last score was", () => {
    expect(heard(Number.POSITIVE_INFINITY, 2, 2)).toBe("pass");
  });
});
