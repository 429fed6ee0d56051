import { expect, test } from "bun:test";
import { RecentPcm } from "../../src/wake/recent-pcm.ts";

const count = (from: number, to: number): Int16Array => Int16Array.from({ length: to - from }, (_, i) => from + i);

test("gives back the newest samples, oldest first, and never more than came", () => {
  for (const size of [1280, 3000, 33_792]) {
    const recent = new RecentPcm(size);
    expect(recent.read()).toHaveLength(0);
    for (let end = 1280; end <= 60 * 1280; end += 1280) {
      // Values wrap at 16 bits on both sides alike.
      recent.push(count(end - 1280, end));
      expect(recent.read()).toEqual(count(Math.max(0, end - size), end));
    }
  }
});

test("holds nothing after it was cleared", () => {
  const recent = new RecentPcm(3000);
  recent.push(count(0, 1280));
  recent.clear();
  expect(recent.read()).toHaveLength(0);
  recent.push(count(5, 10));
  expect(recent.read()).toEqual(count(5, 10));
});
