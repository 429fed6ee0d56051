import { expect, test } from "bun:test";
import { growthOf } from "../../../check/house/growth.ts";

const before = { rssMb: 300, descriptors: 60 };

test("a hub that leaves a file open with each round has grown", () => {
  const [found] = growthOf({ rounds: 400, before, after: { rssMb: 310, descriptors: 460 } });
  expect(found).toContain("400 more file descriptors");
});

test("so has one that keeps all it heard, and not one whose garbage was not collected yet", () => {
  expect(growthOf({ rounds: 400, before, after: { rssMb: 400, descriptors: 60 } })).toHaveLength(1);
  expect(growthOf({ rounds: 400, before, after: { rssMb: 330, descriptors: 62 } })).toEqual([]);
});
