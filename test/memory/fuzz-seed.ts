/** FUZZ_SEED repeats a run; without it every run has a seed of its own. It is printed either way. */
export function fuzzSeed(of: string): number {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`${of}: FUZZ_SEED=${seed}`);
  return seed;
}
