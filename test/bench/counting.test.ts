import { expect, test } from "bun:test";
import {
  columnOf,
  countFalseAccepts,
  countMisses,
  delaysOf,
  firesOf,
  type Track,
} from "../../bench/accuracy/counting.ts";
import { halfOf } from "../../bench/accuracy/seeded.ts";

const PLAIN = { threshold: 0.5, patience: 1, refractoryMs: 2000, sure: undefined, vadThreshold: 0 };
const HOP_MS = 80;

/** A minute in which the score is 1 in the frames that end at these times. */
function track(highAtMs: readonly number[], clips: Track["clips"]): Track {
  const scores = new Float32Array(60_000 / HOP_MS);
  for (const atMs of highAtMs) scores[atMs / HOP_MS - 1] = 1;
  return { scores, clips };
}

const clip = (id: string, beginMs: number, endMs: number) => ({ id, beginMs, endMs });

test("firesOf() is deaf for the first 2 s and after a hit, as a live stream is", () => {
  expect(firesOf(track([800, 4000, 4800, 8000], []), PLAIN)).toEqual([4000, 8000]);
});

test("firesOf() leaves out what is vetoed, which is followed by the refractory time all the same", () => {
  const { scores } = track([4000, 4800, 8000], []);
  const voices = new Map([
    [49, 0.2],
    [99, 0.8],
  ]);
  expect(firesOf({ scores, voices }, { ...PLAIN, vadThreshold: 0.8 })).toEqual([8000]);
  expect(() => firesOf({ scores }, { ...PLAIN, vadThreshold: 0.8 })).toThrow("nobody asked for a voice in frame 49");
});

test("delaysOf() tells how much later words are noticed that both notice", () => {
  const words = [clip("a", 3000, 4000), clip("b", 10_000, 11_000), clip("c", 20_000, 21_000)];
  const heard = track([4000, 4080, 10_960, 20_800, 20_880, 20_960], words);
  expect(delaysOf([heard], { ...PLAIN, patience: 2 }, PLAIN)).toEqual([80, 80]);
  expect(delaysOf([heard], { ...PLAIN, patience: 3 }, PLAIN)).toEqual([160]);
  expect(delaysOf([heard], PLAIN, { ...PLAIN, patience: 2 })).toEqual([-80, -80]);
});

test("countMisses() takes a word as heard until a second after its clip, and no longer", () => {
  const words = [
    clip("a", 3000, 4000),
    clip("b", 10_000, 11_000),
    clip("c", 20_000, 21_000),
    clip("d", 30_000, 31_000),
  ];
  expect(countMisses([track([4000, 12_000, 22_080], words)], PLAIN)).toEqual({ clips: 4, missed: 2 });
});

test("countMisses() hears a word once, and not by what fired before it", () => {
  const words = [clip("a", 10_000, 14_000)];
  expect(countMisses([track([9920], words)], PLAIN)).toEqual({ clips: 1, missed: 1 });
  expect(countMisses([track([10_400, 13_600], words)], PLAIN)).toEqual({ clips: 1, missed: 0 });
});

test("countFalseAccepts() counts whatever fires, per hour of the clips without the gaps", () => {
  const speech = [clip("a", 6000, 24_000), clip("b", 30_000, 48_000)];
  const { count, hours } = countFalseAccepts([track([4000, 8000, 26_000, 40_000], speech)], PLAIN);
  expect(count).toBe(4);
  expect(hours).toBeCloseTo(0.01, 6);
});

test("two halves are together the whole", () => {
  const ids = Array.from({ length: 8 }, (_, index) => `speech/${index}`);
  expect(new Set(ids.map(halfOf)).size).toBe(2);
  const speech = ids.map((id, index) => clip(id, 3000 + index * 6000, 7000 + index * 6000));
  const tracks = [track([4000, 10_000, 16_000, 22_000, 28_000], speech)];
  const [whole, tuning, proof] = [undefined, "tuning" as const, "test" as const].map((half) => ({
    ...countFalseAccepts(tracks, PLAIN, half),
    ...countMisses(tracks, PLAIN, half),
  }));
  expect((tuning?.count ?? 0) + (proof?.count ?? 0)).toBe(whole?.count ?? 0);
  expect((tuning?.missed ?? 0) + (proof?.missed ?? 0)).toBe(whole?.missed ?? 0);
  expect((tuning?.hours ?? 0) + (proof?.hours ?? 0)).toBeCloseTo(whole?.hours ?? 0, 9);
});

test("columnOf() takes one model's scores out of all", () => {
  expect(columnOf(Float32Array.of(1, 2, 3, 4, 5, 6), 3, 1)).toEqual(Float32Array.of(2, 5));
});
