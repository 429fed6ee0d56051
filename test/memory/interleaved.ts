/**
 * Runs `work` on this thread and calls `intrude` just before its n-th Atomics.load: what another thread could do at that
 * very moment, every time. Single loads are where a reader can be overtaken.
 *
 * @returns the result, or undefined when `work` loads less often than that
 */
export function interleaved<Result>(n: number, intrude: () => void, work: () => Result): Result | undefined {
  const load = Atomics.load;
  let loads = 0;
  const counted = (words: Int32Array, index: number): number => {
    if (++loads === n) {
      Atomics.load = load;
      intrude();
    }
    return load(words, index);
  };
  Atomics.load = counted as typeof load;
  try {
    const result = work();
    return loads < n ? undefined : result;
  } finally {
    Atomics.load = load;
  }
}
