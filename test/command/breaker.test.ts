import { expect, test } from "bun:test";
import { Breaker, OPENS_AFTER } from "../../src/command/breaker.ts";

function small(random = 0) {
  const clock = { ms: 0 };
  return { clock, breaker: new Breaker({ monotonicMs: () => clock.ms, random: () => random }) };
}

function fail(breaker: Breaker, times: number): void {
  for (let i = 0; i < times; i++) {
    expect(breaker.mayTry()).toBe(true);
    breaker.failed();
  }
}

test("stays closed while something works in between", () => {
  const { breaker } = small();
  for (let i = 0; i < 5; i++) {
    fail(breaker, OPENS_AFTER - 1);
    expect(breaker.mayTry()).toBe(true);
    breaker.worked();
  }
});

test("opens after three failures in a row, for five seconds", () => {
  const { breaker, clock } = small();
  fail(breaker, OPENS_AFTER);
  expect(breaker.mayTry()).toBe(false);
  expect(breaker.restsMs).toBe(5000);
  clock.ms = 4999;
  expect(breaker.mayTry()).toBe(false);
  clock.ms = 5000;
  expect(breaker.mayTry()).toBe(true);
});

test("lets one try at a time through after its rest", () => {
  const { breaker, clock } = small();
  fail(breaker, OPENS_AFTER);
  clock.ms = 5000;
  expect(breaker.mayTry()).toBe(true);
  expect(breaker.mayTry()).toBe(false);
  breaker.worked();
  expect(breaker.mayTry()).toBe(true);
  expect(breaker.mayTry()).toBe(true);
});

test("a try that was given up makes place for the next", () => {
  const { breaker, clock } = small();
  fail(breaker, OPENS_AFTER);
  clock.ms = 5000;
  expect(breaker.mayTry()).toBe(true);
  breaker.gaveUp();
  expect(breaker.mayTry()).toBe(true);
});

test("rests twice as long after each try that fails, a minute at most, and begins anew when it worked", () => {
  const { breaker, clock } = small();
  fail(breaker, OPENS_AFTER);
  const rests: number[] = [];
  for (let i = 0; i < 6; i++) {
    rests.push(breaker.restsMs);
    clock.ms += breaker.restsMs;
    fail(breaker, 1);
  }
  expect(rests).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  clock.ms += breaker.restsMs;
  expect(breaker.mayTry()).toBe(true);
  breaker.worked();
  fail(breaker, OPENS_AFTER);
  expect(breaker.restsMs).toBe(5000);
});

test("chance makes the rest up to a quarter longer", () => {
  const { breaker } = small(0.999);
  fail(breaker, OPENS_AFTER);
  expect(breaker.restsMs).toBeCloseTo(6249, 0);
});
