import { expect, test } from "bun:test";
import fc from "fast-check";
import { identity, solve, sum } from "../../src/arbitration/gains-linear.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

test("solve() finds what the matrix makes the right side of, for any positive definite matrix", () => {
  const value = fc.double({ min: -5, max: 5, noNaN: true });
  const system = fc.integer({ min: 1, max: 6 }).chain((size) =>
    fc.record({
      root: fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: size, maxLength: size }),
      wanted: fc.array(value, { minLength: size, maxLength: size }),
    }),
  );
  fc.assert(
    fc.property(system, ({ root, wanted }) => {
      const times = (a: readonly number[], b: readonly number[]) => a.reduce((all, x, i) => all + x * (b[i] ?? 0), 0);
      const matrix = sum(
        root.map((row) => root.map((other) => times(row, other))),
        identity(root.length, 0.5),
      );
      const { solution } = solve(
        matrix,
        matrix.map((row) => [times(row, wanted)]),
      );
      solution.forEach(([found], i) => {
        expect(found ?? Number.NaN).toBeCloseTo(wanted[i] ?? 0, 6);
      });
    }),
    { seed: fuzzSeed("gains-linear") },
  );
});

test("solve() knows the determinant", () => {
  expect(
    solve(
      [
        [4, 2],
        [2, 3],
      ],
      [[1], [1]],
    ).logDeterminant,
  ).toBeCloseTo(Math.log(8), 12);
});
