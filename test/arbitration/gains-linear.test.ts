import { expect, test } from "bun:test";
import fc from "fast-check";
import { eliminating, Symmetric } from "../../src/arbitration/gains-linear.ts";
import { atOnce } from "../../src/arbitration/gains-steps.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

const seed = fuzzSeed("gains-linear");

function symmetric(rows: readonly (readonly number[])[]): Symmetric {
  const matrix = new Symmetric(rows.length);
  rows.forEach((row, i) => {
    for (const [j, value] of row.slice(0, i + 1).entries()) matrix.add(i, j, value);
  });
  return matrix;
}

const times = (a: readonly number[], b: readonly number[]) => a.reduce((all, x, i) => all + x * (b[i] ?? 0), 0);

test("eliminating() leaves what the others' equations say by themselves, for any positive definite matrix", () => {
  const value = fc.double({ min: -5, max: 5, noNaN: true });
  const system = fc.integer({ min: 1, max: 6 }).chain((size) =>
    fc.record({
      root: fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
      wanted: fc.array(value, { minLength: size, maxLength: size }),
      first: fc.integer({ min: 0, max: size }),
    }),
  );
  fc.assert(
    fc.property(system, ({ root, wanted, first }) => {
      const rows = root.map((row, i) => root.map((other, j) => times(row, other) + (i === j ? 0.5 : 0)));
      const right = rows.map((row) => times(row, wanted));
      const matrix = symmetric([...rows.map((row) => [...row, 0]), [...right, 0]]);
      atOnce(eliminating(matrix, first));
      for (let i = first; i < rows.length; i++) {
        const left = wanted.reduce((all, x, j) => all + (j < first ? 0 : matrix.at(i, j) * x), 0);
        expect(left).toBeCloseTo(matrix.at(rows.length, i), 6);
      }
    }),
    { seed },
  );
});

test("eliminating() knows the determinant of what it takes out, and is the same step by step", () => {
  const rows = [
    [4, 2, 1],
    [2, 3, 0],
    [1, 0, 5],
  ];
  const [whole, stepwise] = [symmetric(rows), symmetric(rows)];
  expect(atOnce(eliminating(whole, 2))).toBeCloseTo(Math.log(8), 12);
  const steps = eliminating(stepwise, 2);
  while (steps.next().done !== true);
  expect(stepwise.values).toEqual(whole.values);
});

test("eliminating() makes steps of a large matrix that are all about as long, whatever its size", () => {
  const stepsOf = (size: number): number => {
    const matrix = new Symmetric(size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) matrix.add(i, j, i === j ? size : 1 / (1 + i + j));
    }
    let steps = 0;
    for (const _ of eliminating(matrix, size)) steps++;
    return steps;
  };
  expect(stepsOf(20)).toBe(0);
  // Twice as large is eight times the work.
  expect(stepsOf(200) / stepsOf(100)).toBeWithin(7, 9);
});
