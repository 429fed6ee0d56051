import { expect, test } from "bun:test";
import { HOP_MEL_FRAMES, MEL_BANDS } from "../../src/wake/features.ts";
import { MelRing } from "../../src/wake/mel-ring.ts";

const framesOf = (hop: number): Float32Array => new Float32Array(HOP_MEL_FRAMES * MEL_BANDS).fill(hop);

test("a mel ring gives back each of its last hops, however often it came round", () => {
  const ring = new MelRing(3);
  for (let hop = 0; hop < 11; hop++) {
    ring.put(framesOf(hop));
    for (let ago = 0; ago <= Math.min(2, hop); ago++) expect(ring.before(ago)).toEqual(framesOf(hop - ago));
  }
});

test("a mel ring refuses what it has forgotten", () => {
  const ring = new MelRing(3);
  ring.put(framesOf(1));
  expect(() => ring.before(3)).toThrow("a ring of 3 hops does not know 3 hops ago");
  expect(() => ring.before(-1)).toThrow(RangeError);
});
