import { describe, expect, test } from "bun:test";
import { FrameClock } from "../../src/detect/frame-clock.ts";

describe("a frame's time", () => {
  test("is when it came, and 80 ms more for each that follows", () => {
    const clock = new FrameClock();
    expect([1000, 1080, 1160].map((ms) => clock.next(ms))).toEqual([1000, 1080, 1160]);
  });

  test("rises steadily through bursts, at most a hop late", () => {
    const clock = new FrameClock();
    let beforeMs = clock.next(80);
    for (let frame = 2; frame < 1000; frame++) {
      const trueMs = frame * 80;
      // Half a second comes at once, again and again: all its frames seem to come with its last.
      const endMs = clock.next(frame % 50 < 6 ? trueMs + 80 * (5 - (frame % 50)) : trueMs);
      expect(endMs).toBeGreaterThan(beforeMs);
      expect(endMs - trueMs).toBeLessThan(80);
      expect(endMs).toBeGreaterThanOrEqual(trueMs - 1);
      beforeMs = endMs;
    }
  });

  test("comes back from a beginning that seemed late as soon as a frame says so, and never falls", () => {
    const clock = new FrameClock();
    expect(clock.next(1400)).toBe(1400);
    const later = [1080, 1160, 1240, 1320, 1400, 1480].map((ms) => clock.next(ms));
    expect(later).toEqual([1401, 1402, 1403, 1404, 1405, 1480]);
  });

  test("follows a device whose clock is slow or fast by 0.1 %", () => {
    for (const hopMs of [80.08, 79.92]) {
      const clock = new FrameClock();
      for (let frame = 0; frame < 10_000; frame++) {
        expect(Math.abs(clock.next(frame * hopMs) - frame * hopMs)).toBeLessThan(3);
      }
    }
  });

  test("makes up within seconds for samples that the device dropped", () => {
    const clock = new FrameClock();
    for (let frame = 0; frame < 10; frame++) clock.next(frame * 80);
    let endMs = 0;
    for (let frame = 10; frame < 150; frame++) endMs = clock.next(frame * 80 + 300);
    expect(Math.abs(endMs - (149 * 80 + 300))).toBeLessThan(40);
  });

  test("begins anew after a gap and after a pause of the source", () => {
    const clock = new FrameClock();
    clock.next(1000);
    clock.beginAnew();
    expect(clock.next(1500)).toBe(1500);
    expect(clock.next(9000)).toBe(9000);
  });
});
