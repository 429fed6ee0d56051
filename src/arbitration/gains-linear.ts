/** Symmetric systems of equations, and taking unknowns out of them. Pure. */
import { STEP_OPERATIONS, type Steps } from "./gains-steps.ts";

/** A symmetric matrix by its lower half. */
export class Symmetric {
  readonly size: number;
  /** Row by row, each up to its diagonal. */
  readonly values: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.values = new Float64Array((size * (size + 1)) / 2);
  }

  at(row: number, column: number): number {
    return this.values[placeOf(row, column)] ?? 0;
  }

  /** To both halves, which are one. */
  add(row: number, column: number, value: number): void {
    const place = placeOf(row, column);
    this.values[place] = (this.values[place] ?? 0) + value;
  }
}

function placeOf(row: number, column: number): number {
  return row > column ? (row * (row + 1)) / 2 + column : (column * (column + 1)) / 2 + row;
}

/**
 * Takes the first unknowns out: of a matrix [A B; B' C], A with so many rows, what belongs to C becomes C - B' A^-1 B, the Schur
 * complement of A; the rest becomes worthless.
 *
 * @returns the logarithm of the determinant of A, which must be positive definite
 */
export function* eliminating({ values, size }: Symmetric, first: number): Steps<number> {
  const column = new Float64Array(size);
  let logDeterminant = 0;
  let operations = 0;
  for (let pivot = 0; pivot < first; pivot++) {
    for (let row = pivot, place = placeOf(pivot, pivot); row < size; row++, place += row) {
      column[row] = values[place] ?? 0;
    }
    const value = column[pivot] ?? 1;
    logDeterminant += Math.log(value);
    for (let row = pivot + 1; row < size; row++) {
      const factor = (column[row] ?? 0) / value;
      if (factor === 0) continue;
      subtract(values, placeOf(row, 0), column, pivot + 1, row, factor);
      operations += row - pivot;
      if (operations < STEP_OPERATIONS) continue;
      operations = 0;
      yield;
    }
  }
  return logDeterminant;
}

/** From a row, in its columns from the first to the last, a multiple of the pivot's. */
function subtract(
  values: Float64Array,
  row: number,
  pivot: Float64Array,
  first: number,
  last: number,
  factor: number,
): void {
  for (let i = first; i <= last; i++) values[row + i] = (values[row + i] ?? 0) - factor * (pivot[i] ?? 0);
}
