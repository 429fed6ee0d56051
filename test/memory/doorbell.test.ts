import { describe, expect, test } from "bun:test";
import { Doorbell } from "../../src/memory/doorbell.ts";

/** Longer than a test may take: one missed ring fails it. */
const LIMIT_MS = 60_000;

function openBell() {
  const words = new Int32Array(new SharedArrayBuffer(64));
  return { words, bell: new Doorbell(words, 0) };
}

describe("a doorbell", () => {
  test("that rang since it was looked at lets nobody wait", async () => {
    const { bell } = openBell();
    const seen = bell.rings;
    bell.ring();
    // Without a limit: if they slept, nobody would wake them.
    bell.wait(seen, Number.POSITIVE_INFINITY);
    await bell.rung(seen, Number.POSITIVE_INFINITY);
    expect(bell.rings).toBe(seen + 1);
  });

  test("that does not ring lets them go after their time", async () => {
    const { bell } = openBell();
    bell.wait(bell.rings, 1);
    await bell.rung(bell.rings, 1);
    expect(bell.rings).toBe(0);
  });

  test("wakes everybody who waits on an event loop, also for a ring of their own thread", async () => {
    const { bell } = openBell();
    const waiting = [1, 2, 3].map(() => bell.rung(bell.rings, LIMIT_MS));
    bell.ring();
    await Promise.all(waiting);
    expect(bell.rings).toBe(1);
  });

  test("goes on ringing when its counter wraps", async () => {
    const { words, bell } = openBell();
    Atomics.store(words, 0, 2 ** 31 - 1);
    const seen = bell.rings;
    bell.ring();
    expect(bell.rings).toBe(-(2 ** 31));
    bell.wait(seen, Number.POSITIVE_INFINITY);
    await bell.rung(seen, Number.POSITIVE_INFINITY);
  });
});
