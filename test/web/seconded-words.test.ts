import { describe, expect, test } from "bun:test";
import { RISES_UNTIL_MS } from "../../src/arbitration/heard-out.ts";
import { SecondedWords } from "../../src/web/seconded-words.ts";

const WORD = { stream: 2, relayId: "kitchen", model: "alexa", confidence: 0.2, endedAtMs: 5000 };
const OVER_MS = WORD.endedAtMs + RISES_UNTIL_MS;

describe("a word that was granted and did not fire", () => {
  test("is told once, when it can fire no more", () => {
    const words = new SecondedWords();
    words.granted(WORD);
    expect(words.due(OVER_MS - 1)).toEqual([]);
    expect(words.due(OVER_MS)).toEqual([WORD]);
    expect(words.due(OVER_MS + 1)).toEqual([]);
  });

  test("is not told where it fires after all; other words and streams are", () => {
    const words = new SecondedWords();
    const other = { ...WORD, stream: 3 };
    words.granted(WORD);
    words.granted(other);
    words.heard(2, "alexa");
    words.heard(3, "computer");
    expect(words.due(OVER_MS)).toEqual([other]);
  });
});
