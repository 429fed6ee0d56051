/** Small symmetric systems of equations, as many unknowns as relays. Pure. */

/** Row by row. */
export type Matrix = readonly (readonly number[])[];

export function identity(size: number, value: number): number[][] {
  return Array.from({ length: size }, (_, row) =>
    Array.from({ length: size }, (_, column) => (row === column ? value : 0)),
  );
}

export function sum(one: Matrix, other: Matrix): number[][] {
  return one.map((row, i) => row.map((value, j) => value + (other[i]?.[j] ?? 0)));
}

/** X of `matrix` X = `right`, and the logarithm of the determinant of a matrix that is positive definite. */
export function solve(
  matrix: Matrix,
  right: Matrix,
): { readonly solution: number[][]; readonly logDeterminant: number } {
  const size = matrix.length;
  const left = matrix.map((row) => [...row]);
  const solution = right.map((row) => [...row]);
  let logDeterminant = 0;
  for (let pivot = 0; pivot < size; pivot++) {
    // Positive definite, or the product of two such: no pivot is 0, and none need change places.
    const pivotRow = left[pivot] ?? [];
    const pivotRight = solution[pivot] ?? [];
    const value = pivotRow[pivot] ?? 1;
    logDeterminant += Math.log(value);
    for (let row = 0; row < size; row++) {
      if (row === pivot) continue;
      const target = left[row] ?? [];
      const factor = (target[pivot] ?? 0) / value;
      if (factor === 0) continue;
      for (let column = pivot; column < size; column++) {
        target[column] = (target[column] ?? 0) - factor * (pivotRow[column] ?? 0);
      }
      const targetRight = solution[row] ?? [];
      for (let column = 0; column < targetRight.length; column++) {
        targetRight[column] = (targetRight[column] ?? 0) - factor * (pivotRight[column] ?? 0);
      }
    }
  }
  solution.forEach((row, i) => {
    const value = left[i]?.[i] ?? 1;
    for (let column = 0; column < row.length; column++) row[column] = (row[column] ?? 0) / value;
  });
  return { solution, logDeterminant };
}
