/**
 * How long to wait before a source is opened again: at once after the first failure, then 0.25 s doubling to 3 s, so
 * that a microphone that is plugged in again is back within 5 s however long it was away.
 */
export function reopenDelayMs(failuresInARow: number): number {
  return failuresInARow <= 1 ? 0 : Math.min(3000, 250 * 2 ** Math.min(failuresInARow - 2, 10));
}
