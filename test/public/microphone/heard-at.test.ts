// When sound was heard, from what browsers say and what they do not.
import { describe, expect, test } from "bun:test";
import { HeardAt, type ToldLatency } from "../../../public/microphone/heard-at.ts";

const NOTHING: ToldLatency = { track: undefined, settings: undefined };
const heardAt = (told: ToldLatency = NOTHING, onTheWayMs = 0) => new HeardAt({ onTheWayMs, told: () => told });

describe("sound was heard", () => {
  test("when its stamp says, however long it was held up on its way", () => {
    const clock = heardAt({ track: 90, settings: 90 });
    expect(clock.of(970, 1000)).toBe(970);
    expect(clock.of(990, 1150)).toBe(990);
    expect(clock.of(1010, 2900)).toBe(1010);
    expect(clock.by).toBe("stamps");
  });

  test("not in the future: stamps that are ahead by a buffer are all taken back by as much", () => {
    const clock = heardAt();
    expect(clock.of(1010, 1000)).toBe(1000);
    expect(clock.of(1020, 1015)).toBe(1010);
    expect(clock.by).toBe("stamps");
  });

  test.each([
    ["another clock's, long ago", 33_000_000],
    ["another clock's, far ahead", -33_000_000],
    ["too old to be true", 501],
    ["too far ahead", -21],
    ["no number", Number.NaN],
  ])("as the track measures it, where the stamp is %s", (_, lateMs) => {
    const clock = heardAt({ track: 30, settings: 10 });
    expect(clock.of(1000 - lateMs, 1000)).toBe(970);
    expect(clock.by).toBe("track");
  });

  test.each<[string, ToldLatency, number, string]>([
    ["the track", { track: 30, settings: 10 }, 930, "track"],
    ["the settings, where the track says nothing", { track: undefined, settings: 10 }, 950, "settings"],
    ["the settings, where the track says what cannot be", { track: 501, settings: 10 }, 950, "settings"],
    ["the settings, where the track says zero", { track: 0, settings: 10 }, 950, "settings"],
    ["the settings, where the track says no number", { track: Number.NaN, settings: 10 }, 950, "settings"],
    ["nobody", NOTHING, 935, "guess"],
    ["nobody, where all of it cannot be", { track: -5, settings: Number.POSITIVE_INFINITY }, 935, "guess"],
  ])("as long before it came as %s says, and what lies between", (_, told, atMs, by) => {
    const clock = heardAt(told, 40);
    expect(clock.of(undefined, 1000)).toBe(atMs);
    expect(clock.by).toBe(by as typeof clock.by);
  });

  test("half a second before it came, and no more", () => {
    expect(heardAt({ track: 480, settings: undefined }, 50).of(undefined, 1000)).toBe(500);
  });

  test("by stamps again, once they can be true: a device that was opened anew", () => {
    const clock = heardAt();
    for (let ms = 0; ms < 3000; ms += 20) clock.of(ms - 9000, ms);
    expect(clock.by).toBe("guess");
    expect(clock.of(2970, 3000)).toBe(2970);
    expect(clock.by).toBe("stamps");
  });

  test("not by stamps that were true once: what was least is forgotten", () => {
    const clock = heardAt();
    clock.of(990, 1000);
    for (let ms = 1020; ms < 12_000; ms += 20) clock.of(ms - 4000, ms);
    expect(clock.by).toBe("guess");
  });
});
