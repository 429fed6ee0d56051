// Chunks in any order, with any flags, of any length: what comes out is always commands, one after the other.
import { expect, test } from "bun:test";
import { Utterances } from "../../src/loqa/utterances.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

test("a word, its sound and its end follow each other, whatever a relay sends", () => {
  const random = seeded(fuzzSeed("any order"));
  for (let stream = 0; stream < 20; stream++) {
    const utterances = new Utterances();
    let isOpen = false;
    let nowMs = 1000;
    const follow = (said: ReturnType<Utterances["take"]>): void => {
      for (const one of said) {
        if (one.kind === "nothing") expect(isOpen).toBe(false);
        if (one.kind === "word") {
          expect(isOpen).toBe(false);
          expect(one.endedAtMs).toBeLessThanOrEqual(nowMs);
          expect(one.endedAtMs).toBeGreaterThan(nowMs - 40_000);
        }
        if (one.kind === "sound") expect(isOpen).toBe(true);
        if (one.kind !== "nothing") isOpen = !one.last;
      }
    };
    for (let n = 0; n < 60; n++) {
      const bytes = random() < 0.2 ? 0 : Math.floor(random() ** 4 * 300_000);
      const audioData = new Uint8Array(bytes).fill(n);
      const sampleRate = random() < 0.9 ? 16_000 : [8000, 22_050, 48_000][Math.floor(random() * 3)];
      const flags = { isWakeWord: random() < 0.4, isEndOfSpeech: random() < 0.3, timestamp: 0n };
      follow(utterances.take({ relayId: "a", audioData, sampleRate: sampleRate ?? 16_000, ...flags }, nowMs));
      nowMs += random() < 0.5 ? 0 : Math.floor(random() * 1000);
      if (random() < 0.5) follow(utterances.elapse(nowMs));
    }
  }
}, 20_000);

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
