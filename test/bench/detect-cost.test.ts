import { expect, test } from "bun:test";
import { aimLine, coreShare, costTable, cpuPerSecondMs, type Measured } from "../../bench/detect/cost.ts";

const way = (over: Partial<Measured>): Measured => ({
  name: "plain",
  streams: 1,
  asleep: 0,
  cpuMs: [4, 4, 40],
  wallMs: [4, 5, 50],
  ...over,
});

test("cpuPerSecondMs() is the median round, for one second of one of the streams", () => {
  expect(cpuPerSecondMs(way({}))).toBe(50);
  expect(cpuPerSecondMs(way({ streams: 8, cpuMs: [16] }))).toBe(25);
});

test("coreShare() is of all streams together: 1 is as fast as the sound comes", () => {
  expect(coreShare(way({ streams: 200, cpuMs: [80] }))).toBe(1);
});

test("costTable() compares a second of one stream with the first way's, and says who sleeps", () => {
  const house = way({ name: "house", streams: 200, asleep: 190, cpuMs: [40], wallMs: [41] });
  const [head = "", plain = "", last = ""] = costTable([way({}), house]).split("\n");
  expect(head).toContain("times real time");
  expect(plain.split(/ {2,}/)).toEqual(["plain", "50", "1x", "5 %", "20", "5", "50"]);
  expect(last.split(/ {2,}/)).toEqual(["house", "2.5", "0.05x", "50 %", "2", "41", "41", "190"]);
});

test("aimLine() says whether a bound is kept, from either side", () => {
  const aim = { what: "ten against one", figure: 1.5, bound: 1.4 } as const;
  expect(aimLine({ ...aim, rule: "at most" })).toBe("MISSED ten against one: 1.5 (at most 1.4)");
  expect(aimLine({ ...aim, rule: "at least" })).toBe("met    ten against one: 1.5 (at least 1.4)");
  expect(aimLine({ ...aim, figure: 1.4, rule: "at most" })).toStartWith("met");
});
