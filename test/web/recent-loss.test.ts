import { expect, test } from "bun:test";
import { RecentLoss } from "../../src/web/recent-loss.ts";

test("what was lost is of interest for a minute, and what was lost before it is looked at, never", () => {
  const loss = new RecentLoss(500);
  loss.look(500, 1000);
  expect(loss.samples).toBe(0);
  loss.look(580, 2000);
  loss.look(600, 3000);
  expect(loss.samples).toBe(100);
  loss.look(600, 63_000);
  expect(loss.samples).toBe(100);
  loss.look(600, 63_001);
  expect(loss.samples).toBe(0);
});

test("a counter that begins anew takes nothing back", () => {
  const loss = new RecentLoss();
  loss.look(80, 1000);
  loss.look(30, 2000);
  expect(loss.samples).toBe(110);
});
