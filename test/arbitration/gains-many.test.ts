// A large house costs what its words tell of, and knows the same.
import { describe, expect, test } from "bun:test";
import { GainMemory, type RelayInRoom } from "../../src/arbitration/gains.ts";
import type { KeptWord } from "../../src/arbitration/gains-words.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { seededRandom } from "../support/clips.ts";

const seed = fuzzSeed("gains of many relays");

/** Words that `perWord` neighbours hear, in a row of rooms. */
function words(relays: readonly RelayInRoom[], count: number, perWord: number): readonly KeptWord[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (): KeptWord => {
    const first = Math.floor(random() * (relays.length - perWord + 1));
    const shares = relays.slice(first, first + perWord).map(({ relayId }) => ({
      ...{ relayId, levelDb: -45 + 10 * random(), clue: 3 * random() },
      ...{ tailDb: -60 + 4 * random(), tailUncertaintyDb: 0.5 },
    }));
    return { shares, calibration: false };
  });
}

const house = (relays: number, perRoom: number, name = "r"): readonly RelayInRoom[] =>
  Array.from({ length: relays }, (_, i) => ({ relayId: `${name}${i}`, room: `${name}oom ${Math.floor(i / perRoom)}` }));

describe("the gains of a large house", () => {
  test("are the same for those who heard words, however many others are there", () => {
    const few = house(6, 2);
    const memory = new GainMemory(words(few, 30, 3));
    const ids = few.map(({ relayId }) => relayId);
    const alone = memory.gains(ids, few);
    const crowded = memory.gains(ids, [...house(300, 3, "idle"), ...few, ...house(300, 1, "other")]);
    for (const id of ids) {
      expect(crowded.get(id)?.db).toBeCloseTo(alone.get(id)?.db ?? Number.NaN, 9);
      expect(crowded.get(id)?.uncertaintyDb).toBeCloseTo(alone.get(id)?.uncertaintyDb ?? Number.NaN, 9);
    }
  });

  test("of those of whom no word tells are unknown, each by itself", () => {
    const few = house(4, 2);
    const memory = new GainMemory(words(few, 30, 3));
    const all = [...few, ...house(2, 1, "idle")];
    const gains = memory.gains(["r0", "idle0", "idle1"], all);
    expect(gains.get("idle0")).toEqual(gains.get("idle1"));
    expect(gains.get("idle0")?.uncertaintyDb).toBeGreaterThan(gains.get("r0")?.uncertaintyDb ?? 9);
    const nothing = new GainMemory().gains(["idle0", "idle1"], all);
    expect(nothing.get("idle0")?.db).toBe(0);
    expect(nothing.get("idle0")?.uncertaintyDb).toBeWithin(2, 5);
  });

  test("of a hundred rooms are estimated within seconds, not minutes", () => {
    const relays = house(100, 1);
    const beganMs = performance.now();
    new GainMemory(words(relays, 60, 6)).gains(["r0", "r1"], relays);
    expect(performance.now() - beganMs).toBeLessThan(15_000);
  }, 60_000);
});
