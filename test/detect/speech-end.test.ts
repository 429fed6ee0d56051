import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SpeechEnd, type SpeechState } from "../../src/detect/speech-end.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

const CHUNK = 512;
const RATE = 16_000;
const LIMITS = { wordSamples: 1.1 * RATE, silenceSamples: 0.8 * RATE, noSpeechSamples: 3 * RATE };

/** Seconds of speech (+) and of quiet (-), one after another; quiet for ever behind them. @returns how it ended */
function heard(parts: readonly number[], limits = LIMITS): Exclude<SpeechState, { readonly kind: "listening" }> {
  const speechEnd = new SpeechEnd(limits);
  const speaks = parts.flatMap((seconds) =>
    Array.from({ length: Math.round((Math.abs(seconds) * RATE) / CHUNK) }, () => seconds > 0),
  );
  for (let end = CHUNK; end < 60 * RATE; end += CHUNK) {
    const state = speechEnd.step(end, CHUNK, speaks.shift() ? 0.9 : 0.05);
    if (state.kind !== "listening") return state;
  }
  throw new Error("it never ended");
}

/** What rounding each part to chunks makes of it. */
const about = (seconds: number) => [seconds * RATE - 2 * CHUNK, seconds * RATE + 2 * CHUNK] as const;

describe("the end of speech", () => {
  test("comes so much quiet after the last that was said", () => {
    const { kind, end } = heard([-0.5, 0.6, -0.4, 2]);
    expect(kind).toBe("said");
    expect(end).toBeWithin(...about(3.5 + 0.8));
  });

  test("does not come in a pause that is shorter", () => {
    expect(heard([-0.5, 2, -0.7, 1, -0.7, 1]).end).toBeWithin(...about(5.9 + 0.8));
  });

  test("is told of word and command in one breath", () => {
    const { kind, end } = heard([-0.5, 2]);
    expect(kind).toBe("said");
    expect(end).toBeWithin(...about(2.5 + 0.8));
  });

  test("is where nothing was said when the word was all: it may be heard a little longer than it was measured", () => {
    for (const longer of [0, 0.1, 0.2, 0.3]) {
      const { kind, end } = heard([-0.5, 0.6 + longer]);
      expect({ kind, end }).toEqual({ kind: "nothing", end: LIMITS.wordSamples + LIMITS.noSpeechSamples });
    }
  });

  test("is not told by a click or a breath", () => {
    expect(heard([-0.5, 0.6, -1, 0.064, -0.5, 0.032])).toEqual({ kind: "nothing", end: 4.1 * RATE });
  });

  test("waits for who begins to speak when the time for it is nearly over", () => {
    const { kind, end } = heard([-0.5, 0.6, -2.95, 1]);
    expect(kind).toBe("said");
    expect(end).toBeWithin(...about(5.05 + 0.8));
  });

  test("goes on in speech that is hardly heard, and begins in none", () => {
    const speechEnd = new SpeechEnd(LIMITS);
    const step = (chunk: number, probability: number) => speechEnd.step((chunk + 1) * CHUNK, CHUNK, probability).kind;
    for (let chunk = 0; chunk < 120; chunk++) step(chunk, 0.45);
    expect(speechEnd.spoke).toBeFalse();
    step(120, 0.6);
    for (let chunk = 121; chunk < 200; chunk++) expect(step(chunk, 0.4)).toBe("listening");
    expect(speechEnd.spoke).toBeTrue();
    for (let chunk = 200; chunk < 224; chunk++) expect(step(chunk, 0.3)).toBe("listening");
    expect(step(224, 0.3)).toBe("said");
  });

  test("stays where it was, whatever comes behind it", () => {
    const speechEnd = new SpeechEnd(LIMITS);
    const end = (chunk: number, speaks: boolean) => speechEnd.step((chunk + 1) * CHUNK, CHUNK, speaks ? 1 : 0);
    for (let chunk = 0; chunk < 100; chunk++) end(chunk, true);
    for (let chunk = 100; chunk < 124; chunk++) expect(end(chunk, false).kind).toBe("listening");
    const over = end(124, false);
    expect(over).toEqual({ kind: "said", end: 100 * CHUNK + 0.8 * RATE });
    for (let chunk = 125; chunk < 300; chunk++) expect(end(chunk, true)).toEqual(over);
  });

  test("goes on after somebody else: what that one had heard counts as speech", () => {
    const speechEnd = new SpeechEnd(LIMITS, { samples: 40 * CHUNK, spoke: true });
    for (let chunk = 40; chunk < 64; chunk++)
      expect(speechEnd.step((chunk + 1) * CHUNK, CHUNK, 0).kind).toBe("listening");
    expect(speechEnd.step(65 * CHUNK, CHUNK, 0)).toEqual({ kind: "said", end: 40 * CHUNK + 0.8 * RATE });
  });

  test("comes within its limits for whatever is heard, and never before the speech that it ends", () => {
    const seed = fuzzSeed("speech end");
    const sound = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { maxLength: 12 });
    fc.assert(
      fc.property(sound, fc.integer({ min: 0, max: 40_000 }), (parts, wordSamples) => {
        const { kind, end } = heard(parts, { ...LIMITS, wordSamples });
        const spokenSeconds = parts.reduce((sum, part) => sum + Math.abs(part), 0);
        expect(end).toBeLessThanOrEqual((spokenSeconds + 4) * RATE + wordSamples + 12 * CHUNK);
        if (kind === "nothing") expect(end).toBe(wordSamples + LIMITS.noSpeechSamples);
        else expect(end).toBeGreaterThan(wordSamples + LIMITS.silenceSamples);
      }),
      { seed, numRuns: 300 },
    );
  });
});
