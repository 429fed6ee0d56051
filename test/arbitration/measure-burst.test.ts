import { describe, expect, test } from "bun:test";
import { BEFORE_BURST_SAMPLES, BEHIND_BURST_SAMPLES, findBurst } from "../../src/arbitration/measure-burst.ts";
import { joined, noise } from "../support/clips.ts";

const QUIET = 0.002;

/** Five seconds in which a burst of so many ms begins after so many. */
function listened(atMs: number, lengthMs: number, level: number): Int16Array {
  const all = noise((BEFORE_BURST_SAMPLES + 80_000 + BEHIND_BURST_SAMPLES) / 16_000, QUIET, 1);
  const burst = noise(lengthMs / 1000, level, 2);
  burst.forEach((sample, i) => {
    const at = BEFORE_BURST_SAMPLES + atMs * 16 + i;
    all[at] = Math.max(-32_768, Math.min(32_767, (all[at] ?? 0) + sample));
  });
  return all;
}

describe("the loudest sound", () => {
  test.each([
    [0, 600],
    [2000, 600],
    [4990, 600],
    [2000, 60],
  ])("is found with its level and its tail, wherever it begins (after %d ms, %d ms long)", (atMs, lengthMs) => {
    const burst = findBurst(listened(atMs, lengthMs, 0.3), BEFORE_BURST_SAMPLES);
    if (burst.kind !== "heard") throw new Error(burst.kind);
    expect(burst.loudestAt / 16 - 1000).toBeWithin(atMs - 21, Math.min(atMs + lengthMs, 5000) + 1);
    expect(burst.evidence.durationMs).toBeWithin(lengthMs - 10, lengthMs + 60);
    // White noise of amplitude A has a root mean square of A / sqrt(3).
    expect(20 * Math.log10(burst.evidence.rms)).toBeWithin(-17, -14);
    expect(burst.evidence.snrDb).toBeGreaterThan(30);
    const { levelsDb, endsAt, floorDb } = burst.envelope;
    expect(levelsDb.length - endsAt).toBe(20);
    expect((levelsDb[endsAt + 2] ?? 0) - floorDb).toBeLessThan(6);
  });

  test("before and behind the time of listening is not the one that is looked for", () => {
    const all = joined(noise(0.9, 0.9, 5), listened(2000, 300, 0.1));
    const burst = findBurst(all, BEFORE_BURST_SAMPLES + 14_400);
    expect(burst.kind === "heard" && burst.evidence.durationMs).toBeWithin(280, 360);
  });

  test("is too quiet where it hardly stands above the noise, and where there is nothing at all", () => {
    expect(findBurst(listened(2000, 600, 2 * QUIET), BEFORE_BURST_SAMPLES).kind).toBe("too_quiet");
    expect(findBurst(new Int16Array(120_000), BEFORE_BURST_SAMPLES).kind).toBe("too_quiet");
  });
});
