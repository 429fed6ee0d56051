/** Randomness that a seed decides: the same on every machine, in whatever order the work is done. */

/** Numbers in 0..1, from a seed of 32 bits (mulberry32). */
export type Random = () => number;

/** FNV-1a, 32 bits. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** @param purpose what the numbers are for, so that two purposes of one run never share them */
export function seededRandom(seed: number, purpose: string): Random {
  let state = hashOf(`${seed}/${purpose}`);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Which half of the clips one belongs to, whatever else is measured: thresholds are chosen on one and judged on the other. */
export type Half = "tuning" | "test";

export function halfOf(clipId: string): Half {
  // The low bit alone of FNV-1a is the parity of the letters.
  return Math.imul(hashOf(clipId), 0x9e3779b1) >>> 31 === 0 ? "tuning" : "test";
}

/** A new array in an order that the seed decides. */
export function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
