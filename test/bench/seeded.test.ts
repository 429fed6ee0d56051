import { expect, test } from "bun:test";
import { halfOf, seededRandom, shuffled } from "../../bench/accuracy/seeded.ts";

const ITEMS = Array.from({ length: 200 }, (_, index) => `people/alexa/${index}.flac`);

test("seededRandom() gives the same numbers for the same seed and purpose, and others for others", () => {
  const numbers = (seed: number, purpose: string) => {
    const random = seededRandom(seed, purpose);
    return Array.from({ length: 20 }, random);
  };
  expect(numbers(1, "gaps")).toEqual(numbers(1, "gaps"));
  expect(numbers(1, "gaps")).not.toEqual(numbers(2, "gaps"));
  expect(numbers(1, "gaps")).not.toEqual(numbers(1, "room"));
});

test("seededRandom() is spread evenly over 0..1", () => {
  const random = seededRandom(7, "spread");
  const numbers = Array.from({ length: 10_000 }, random);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1);
});

test("shuffled() keeps every item and changes their order", () => {
  const order = shuffled(ITEMS, seededRandom(1, "order"));
  expect(order.toSorted()).toEqual(ITEMS.toSorted());
  expect(order).not.toEqual(ITEMS);
});

test("halfOf() puts about half of the clips into each half, whatever else there is", () => {
  const tuning = ITEMS.filter((id) => halfOf(id) === "tuning").length;
  expect(tuning).toBeWithin(75, 126);
});
