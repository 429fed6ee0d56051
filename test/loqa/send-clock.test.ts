import { expect, test } from "bun:test";
import { SendClock } from "../../src/loqa/send-clock.ts";

const UNIX_MS = 1_763_800_000_000;
const ns = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

test("SendClock takes a message for as old as the network held it back", () => {
  const clock = new SendClock();
  expect(clock.sentAtMs(ns(UNIX_MS), 1000)).toBe(1000);
  expect(clock.sentAtMs(ns(UNIX_MS + 80), 1085)).toBeCloseTo(1080, 0);
  // 2 s of nothing, and then all at once.
  for (let n = 2; n < 27; n++) expect(clock.sentAtMs(ns(UNIX_MS + n * 80), 3160)).toBeCloseTo(1000 + n * 80, -1);
  expect(clock.sentAtMs(ns(UNIX_MS + 2160), 3161)).toBeCloseTo(3160, -1);
});

test("SendClock believes the fastest message, a clock that drifts, and one that was set", () => {
  const clock = new SendClock();
  clock.sentAtMs(ns(UNIX_MS), 1500);
  expect(clock.sentAtMs(ns(UNIX_MS + 1000), 2000)).toBe(2000);
  // A day later at 100 ppm.
  expect(clock.sentAtMs(ns(UNIX_MS + 86_400_000 - 8640), 86_401_000)).toBeCloseTo(86_401_000, -2);
  // Set back by an hour, and forth again.
  expect(clock.sentAtMs(ns(UNIX_MS + 86_400_000 - 3_600_000), 86_402_000)).toBe(86_402_000);
  expect(clock.sentAtMs(ns(UNIX_MS + 86_400_000), 86_403_000)).toBe(86_403_000);
});

test("SendClock takes the arrival where nothing is said, or nonsense", () => {
  const clock = new SendClock();
  expect(clock.sentAtMs(0n, 500)).toBe(500);
  expect(clock.sentAtMs(-5n, 600)).toBe(600);
  expect(clock.sentAtMs(2n ** 63n - 1n, 700)).toBe(700);
  expect(clock.sentAtMs(ns(UNIX_MS), 800)).toBe(800);
});
