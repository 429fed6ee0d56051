import { describe, expect, test } from "bun:test";
import { type Said, Utterances } from "../../src/loqa/utterances.ts";
import { voicedPart } from "../../src/loqa/voiced-part.ts";
import { bytesOf } from "./loqa-relay.ts";
import { utterance } from "./spoken-words.ts";

interface Piece {
  readonly pcm: Int16Array;
  readonly rateHz?: number;
  readonly wake?: boolean;
  readonly end?: boolean;
}

function taken(utterances: Utterances, { pcm, rateHz = 16_000, wake = false, end = false }: Piece, nowMs: number) {
  const chunk = {
    relayId: "a",
    audioData: bytesOf(pcm),
    sampleRate: rateHz,
    isWakeWord: wake,
    isEndOfSpeech: end,
    timestamp: 0n,
  };
  return utterances.take(chunk, nowMs);
}

function wordIn(said: readonly Said[]): Extract<Said, { readonly kind: "word" }> {
  const word = said.find(({ kind }) => kind === "word");
  if (word?.kind !== "word") throw new Error(`no word in ${JSON.stringify(said.map(({ kind }) => kind))}`);
  return word;
}

/** All that is passed on of a command that was recorded first. */
function wholeOf(utterances: Utterances, said: readonly Said[]): Int16Array {
  const all = [...said];
  while (utterances.wakeAtMs === Number.NEGATIVE_INFINITY) all.push(...utterances.elapse(0));
  expect(all.filter((one) => one.kind !== "nothing" && one.last)).toHaveLength(1);
  return Int16Array.from(all.flatMap((one) => (one.kind === "nothing" ? [] : [...one.pcm])));
}

/** In {@link utterance} the word ends 0.8 s after its beginning. */
const WORD_ENDS_MS = 800;
/** What is said behind it in the same breath may be taken for a part of it. */
const ESTIMATE_MS = 650;

describe("a command that was recorded first", () => {
  for (const rateHz of [8000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000]) {
    test(`in one chunk at ${rateHz} Hz is dated by the silence behind it`, () => {
      const said = utterance(rateHz);
      const utterances = new Utterances();
      const heard = taken(utterances, { pcm: said, rateHz, wake: true, end: true }, 100_000);
      const word = wordIn(heard);
      const lengthMs = (said.length / rateHz) * 1000;
      expect(Math.abs(word.endedAtMs - (100_000 - lengthMs + WORD_ENDS_MS))).toBeLessThan(ESTIMATE_MS);
      expect(word.afterwards?.giveOrTakeMs).toBeCloseTo(500, -2);
      expect(wholeOf(utterances, heard).length).toBe(Math.ceil((said.length * 16_000) / rateHz));
    });
  }

  test("is dated from the wake chunk's arrival, however long the speech chunk takes", () => {
    const said = utterance(22_050, { commandS: 4 });
    const utterances = new Utterances();
    expect(taken(utterances, { pcm: said.subarray(0, 44_100), rateHz: 22_050, wake: true }, 50_000)).toEqual([]);
    const word = wordIn(taken(utterances, { pcm: said, rateHz: 22_050, end: true }, 50_450));
    const lengthMs = (said.length / 22_050) * 1000;
    expect(Math.abs(word.endedAtMs - (50_000 - lengthMs + WORD_ENDS_MS))).toBeLessThan(200);
  });

  test("is waited for while a slow network brings it, once its wake word was there in one piece", () => {
    const said = utterance(22_050);
    const utterances = new Utterances();
    taken(utterances, { pcm: said.subarray(0, 44_100), rateHz: 22_050, wake: true }, 50_000);
    expect(utterances.wakeAtMs).toBe(60_000);
    expect(utterances.elapse(58_000)).toEqual([]);
    const heard = taken(utterances, { pcm: said, rateHz: 22_050, end: true }, 58_000);
    expect(wordIn(heard).afterwards).toBeDefined();
    expect(wholeOf(utterances, heard).length).toBe(Math.ceil((said.length * 16_000) / 22_050));
  });

  test.each([
    ["keeps its silence of 2 s", 2, 500],
    ["keeps half of it", 1, 1000],
    ["cuts it off", 0.05, 1475],
  ])("by a relay that %s, is dated as exactly as that allows", (_what, silenceS, giveOrTakeMs) => {
    const said = utterance(16_000, { silenceS });
    const nowMs = 100_000;
    const word = wordIn(taken(new Utterances(), { pcm: said, wake: true, end: true }, nowMs));
    expect(Math.abs((word.afterwards?.giveOrTakeMs ?? 0) - giveOrTakeMs)).toBeLessThan(80);
    // It waited for 2 s of silence, whatever it kept of them.
    const truthMs = nowMs - 2000 - (said.length / 16 - silenceS * 1000 - WORD_ENDS_MS);
    expect(Math.abs(word.endedAtMs - truthMs)).toBeLessThan((word.afterwards?.giveOrTakeMs ?? 0) + 100);
  });

  test("is passed on once, whether or not the speech chunk has the wake word in it", () => {
    const said = utterance(16_000);
    const [wake, rest] = [said.subarray(0, 20_000), said.subarray(20_000)];
    for (const speech of [said, rest]) {
      const utterances = new Utterances();
      taken(utterances, { pcm: wake, wake: true }, 1000);
      expect(wholeOf(utterances, taken(utterances, { pcm: speech, end: true }, 1010))).toEqual(said.slice());
    }
  });

  test("is cut where no command is longer", () => {
    const pcm = utterance(16_000, { commandS: 40 });
    const utterances = new Utterances();
    const heard = taken(utterances, { pcm, wake: true, end: true }, 100_000);
    expect(wholeOf(utterances, heard)).toEqual(pcm.slice(0, 24 * 16_000));
  });
});

describe("a command that is said now", () => {
  test("is dated by when the last marked chunk came", () => {
    const said = utterance(16_000, { commandS: 2 });
    const utterances = new Utterances();
    const heard: Said[] = [];
    let nowMs = 10_000;
    for (let at = 0; at < said.length; at += 1280, nowMs += 80) {
      const pcm = said.subarray(at, at + 1280);
      heard.push(...taken(utterances, { pcm, wake: at < 11 * 1280, end: at + 1280 >= said.length }, nowMs));
    }
    const word = wordIn(heard);
    expect(word.afterwards).toBeUndefined();
    // A chunk comes when its last sample was said.
    expect(Math.abs(word.endedAtMs - (10_000 - 80 + WORD_ENDS_MS))).toBeLessThan(100);
    const all = heard.flatMap((one) => (one.kind === "nothing" ? [] : [...one.pcm]));
    expect(Int16Array.from(all)).toEqual(said.slice());
    expect(heard.filter((one) => one.kind !== "nothing" && one.last)).toHaveLength(1);
  });

  test("is claimed half a second after the wake word at the latest, when nothing follows it", () => {
    const utterances = new Utterances();
    taken(utterances, { pcm: utterance(16_000).subarray(0, 16_000), wake: true }, 5000);
    expect(utterances.wakeAtMs).toBe(5500);
    expect(utterances.elapse(5499)).toEqual([]);
    const word = wordIn(utterances.elapse(5500));
    expect([word.last, word.afterwards]).toEqual([false, undefined]);
    expect(word.endedAtMs).toBeLessThan(5000);
  });

  test("with a wake word marked for longer than any is, is claimed all the same", () => {
    const utterances = new Utterances();
    const said = utterance(16_000, { commandS: 6 });
    const heard: Said[] = [];
    for (let n = 0; n < 50; n++) {
      heard.push(...taken(utterances, { pcm: said.subarray(n * 1280, (n + 1) * 1280), wake: true }, 1000 + n * 80));
    }
    expect(wordIn(heard).pcm.length).toBeGreaterThan(3 * 16_000 - 1280);
  });

  test("has its pre-roll from what came before the word was marked, and no more of it", () => {
    const said = utterance(16_000, { leadS: 3, commandS: 1 });
    const utterances = new Utterances();
    const heard: Said[] = [];
    for (let at = 0, nowMs = 1000; at < said.length; at += 1280, nowMs += 80) {
      // Marked when it was recognised: a chunk, after its end.
      const wake = at === 45 * 1280;
      heard.push(
        ...taken(utterances, { pcm: said.subarray(at, at + 1280), wake, end: at + 1280 >= said.length }, nowMs),
      );
    }
    const all = Int16Array.from(heard.flatMap((one) => (one.kind === "nothing" ? [] : [...one.pcm])));
    expect(all).toEqual(said.slice(said.length - all.length));
    const before = 3 * 16_000 - (said.length - all.length);
    expect(before).toBeGreaterThan(0.4 * 16_000);
    expect(before).toBeLessThan(0.7 * 16_000);
  });

  test("ends when the next wake word begins, if nothing else ends it", () => {
    const utterances = new Utterances();
    const said = utterance(16_000);
    taken(utterances, { pcm: said.subarray(0, 16_000), wake: true }, 1000);
    taken(utterances, { pcm: said.subarray(16_000, 17_280) }, 1080);
    const [end] = taken(utterances, { pcm: said.subarray(0, 16_000), wake: true }, 9000);
    expect(end).toMatchObject({ kind: "sound", last: true });
    expect(wordIn(taken(utterances, { pcm: said.subarray(16_000, 17_280) }, 9080)).endedAtMs).toBeGreaterThan(8000);
  });
});

describe("what a relay sent", () => {
  test("is overwritten when it was taken", () => {
    const audioData = bytesOf(utterance(16_000));
    const rest = { relayId: "a", sampleRate: 16_000, timestamp: 0n };
    new Utterances().take({ ...rest, audioData, isWakeWord: true, isEndOfSpeech: true }, 1000);
    expect(audioData.every((byte) => byte === 0)).toBe(true);
    const waiting = bytesOf(utterance(16_000));
    const utterances = new Utterances();
    utterances.take({ ...rest, audioData: waiting, isWakeWord: true, isEndOfSpeech: false }, 1000);
    utterances.forget();
    expect(waiting.every((byte) => byte === 0)).toBe(true);
    expect(utterances.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });
});

test("voicedPart() finds where somebody speaks, over clicks and the noise of a room", () => {
  const said = utterance(16_000, { noise: 200, leadS: 0.5, silenceS: 1 });
  said.fill(20_000, said.length - 8000, said.length - 7900);
  const { from, to } = voicedPart(said, 16_000);
  expect(Math.abs(from - 8000)).toBeLessThan(1000);
  expect(Math.abs(to - (said.length - 16_000))).toBeLessThan(1000);
  expect(voicedPart(new Int16Array(16_000), 16_000)).toEqual({ from: 0, to: 16_000 });
});
