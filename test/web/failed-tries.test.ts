// Who guesses is slowed down, and nobody else.
import { describe, expect, test } from "bun:test";
import { FailedTries } from "../../src/web/failed-tries.ts";

function failing(tries: FailedTries, address: string, times: number, nowMs: number): void {
  for (let i = 0; i < times; i++) tries.failed(address, nowMs);
}

test("twenty wrong tries are free, and after them each six seconds one", () => {
  const tries = new FailedTries();
  failing(tries, "192.0.2.1", 19, 0);
  expect(tries.waitMs("192.0.2.1", 0)).toBe(0);
  failing(tries, "192.0.2.1", 1, 0);
  expect(tries.waitMs("192.0.2.1", 0)).toBe(6000);
  expect(tries.waitMs("192.0.2.1", 5999)).toBe(1);
  expect(tries.waitMs("192.0.2.1", 6000)).toBe(0);
  tries.failed("192.0.2.1", 6000);
  expect(tries.waitMs("192.0.2.1", 6000)).toBe(6000);
});

test("a storm costs whoever made it no more than the last of its tries", () => {
  const tries = new FailedTries();
  failing(tries, "192.0.2.1", 100_000, 0);
  expect(tries.waitMs("192.0.2.1", 6000)).toBe(0);
});

test("another address is not slowed down", () => {
  const tries = new FailedTries();
  failing(tries, "192.0.2.1", 20, 0);
  expect(tries.waitMs("192.0.2.2", 0)).toBe(0);
  expect(tries.waitMs("::1", 0)).toBe(0);
});

test("an IPv4 address is the same in both of its spellings", () => {
  const tries = new FailedTries();
  failing(tries, "::ffff:192.0.2.1", 20, 0);
  expect(tries.waitMs("192.0.2.1", 0)).toBe(6000);
  expect(tries.waitMs("::ffff:192.0.2.2", 0)).toBe(0);
});

describe("an IPv6 network", () => {
  test("is not shut out by one device in it", () => {
    const tries = new FailedTries();
    failing(tries, "fd00::1", 100, 0);
    expect(tries.waitMs("fd00::1", 0)).toBe(6000);
    expect(tries.waitMs("fd00::2", 0)).toBe(0);
  });

  test.each([
    ["2001:db8:1:2:3:4:5:", "2001:db8:1:2:ffff::9", true],
    ["2001:db8:1:2::", "2001:db8:1:2:0:0:0:ffff", true],
    ["2001:db8::", "2001:db8:0:0:9::", true],
    ["2001:db8:1:2::", "2001:db8:1:3::1", false],
  ])("whose device guesses from all of its addresses, %s..., slows down %s: %p", (prefix, other, slowed) => {
    const tries = new FailedTries();
    for (let i = 0; i < 200; i++) tries.failed(`${prefix}${(i + 1).toString(16)}`, 0);
    expect(tries.waitMs(other, 0)).toBe(slowed ? 600 : 0);
  });
});

test("a thousand addresses are remembered, and no more", () => {
  const tries = new FailedTries();
  failing(tries, "192.0.2.1", 20, 0);
  failing(tries, "192.0.2.2", 20, 0);
  for (let i = 0; i < 999; i++) tries.failed(`198.51.${i >> 8}.${i & 255}`, 0);
  expect(tries.waitMs("192.0.2.1", 0)).toBe(0);
  expect(tries.waitMs("192.0.2.2", 0)).toBe(6000);
});
