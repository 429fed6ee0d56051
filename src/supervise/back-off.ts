/** How long to wait before trying again: doubles with each failure in a row, from `firstMs` to `mostMs`. */
export function backOffMs(failuresInARow: number, firstMs: number, mostMs: number): number {
  if (failuresInARow <= 0) return 0;
  return Math.min(mostMs, firstMs * 2 ** Math.min(failuresInARow - 1, 30));
}
