import { expect, test } from "bun:test";
import { NEAR_RATIO, NearMissWatch } from "../../src/wake/near-miss.ts";

const THRESHOLD = 0.6;
const NEAR = THRESHOLD * NEAR_RATIO;

/** Plays scores, one per 80 ms, and answers what was told, with the frame in which it was. */
function told(watch: NearMissWatch, scores: readonly number[], spoiledFrames: readonly number[] = []) {
  return scores.flatMap((score, frame) => {
    const miss = watch.step(score, THRESHOLD, spoiledFrames.includes(frame), (frame + 1) * 80, frame);
    return miss ? [{ frame, ...miss }] : [];
  });
}

test("an episode of scores near the threshold is told once, when it is over, with its highest score", () => {
  expect(told(new NearMissWatch(), [0, NEAR, 0.5, 0.4, 0, 0])).toEqual([
    { frame: 4, confidence: 0.5, atMs: 240, classIndex: 2 },
  ]);
});

test("each episode is told by itself", () => {
  expect(told(new NearMissWatch(), [0.4, 0, 0.5, 0]).map(({ confidence }) => confidence)).toEqual([0.4, 0.5]);
});

test("scores further below are not worth telling", () => {
  expect(told(new NearMissWatch(), [NEAR - 0.001, 0, NEAR - 0.001, 0])).toEqual([]);
});

test("one above the threshold that patience kept from firing is told", () => {
  expect(told(new NearMissWatch(), [0.9, 0])).toMatchObject([{ confidence: 0.9 }]);
});

test("an episode that fired, or touched a deaf time, is not told", () => {
  for (const spoiled of [0, 1, 2]) expect(told(new NearMissWatch(), [0.4, 0.5, 0.4, 0], [spoiled])).toEqual([]);
  expect(told(new NearMissWatch(), [0.4, 0, 0.4, 0], [0])).toMatchObject([{ frame: 3 }]);
});

test("an episode that a reset cut off is not told", () => {
  const watch = new NearMissWatch();
  told(watch, [0.5]);
  watch.reset();
  expect(told(watch, [0, 0])).toEqual([]);
});

test("a score that is not a number ends an episode and is none", () => {
  expect(told(new NearMissWatch(), [0.5, Number.NaN, Number.NaN])).toMatchObject([{ frame: 1, confidence: 0.5 }]);
});
