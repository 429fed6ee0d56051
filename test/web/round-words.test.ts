import { describe, expect, test } from "bun:test";
import {
  describePart,
  describeRound,
  describeStanding,
  describeVerdict,
  describeWait,
  shownMs,
} from "../../src/web/round-words.ts";
import type { RoundView } from "../../src/web/schemas/rounds.ts";
import { claim, round } from "../public/states.ts";

const plain = (text: string | null) => text?.replaceAll("\u00a0", " ");
const said = (change: Partial<RoundView>) => plain(describeRound(round(change)).outcome);
const granted = (afterMs: number) => [{ relayId: "kitchen", fence: 1, because: "best", afterMs }];
const alone = [claim("kitchen", { standing: "granted" })];

describe("describeRound()", () => {
  test("says who answered, how soon, and among how many", () => {
    expect(describeRound(round())).toEqual({
      model: "alexa",
      outcome: "kitchen answered, 12\u00a0ms after the first of 2 claims",
    });
    expect(said({ phase: "serving", ended: null })).toBe("kitchen answers, 12 ms after the first of 2 claims");
    expect(said({ claims: alone, grants: granted(104.8) })).toBe("kitchen answered, 105 ms after its claim");
    expect(said({ claims: alone, grants: granted(0.2) })).toBe("kitchen answered at once");
    expect(said({ grants: granted(0) })).toBe("kitchen answered at once, the first of 2 claims");
  });

  test("does not count claims that came too late to be compared", () => {
    const late = claim("hall", { standing: "too_late", late: true });
    const claims = [...alone, late, { ...late, relayId: "attic" }];
    expect(said({ claims, grants: granted(259) })).toBe(
      "kitchen answered, 259 ms after its claim; 2 more came too late",
    );
    const runnerUp = [claim("hall", { standing: "silent" }), claim("kitchen", { standing: "granted", late: true })];
    expect(said({ claims: runnerUp, grants: granted(259) })).toBe(
      "kitchen answered, 259 ms after the first of 2 claims",
    );
  });

  test("counts to the one who answered in the end, and names its word", () => {
    const claims = [
      claim("hall", { standing: "silent" }),
      claim("kitchen", { model: "computer", standing: "granted" }),
    ];
    const grants = [{ relayId: "hall", fence: 1, because: "best", afterMs: 20 }, ...granted(520)];
    expect(describeRound(round({ claims, grants }))).toEqual({
      model: "computer",
      outcome: "kitchen answered, 520\u00a0ms after the first of 2 claims",
    });
  });

  test("never says that one answered of whom nothing came", () => {
    const ended = (why: string) => said({ firstAudioAfterMs: null, ended: { why, afterMs: 900 } });
    expect(ended("silent")).toBe("kitchen was to answer, but sent no sound");
    expect(ended("left")).toBe("kitchen was to answer, but left");
    expect(ended("finished")).toBe("kitchen was to answer, but gave up");
    expect(said({ grants: [], verdict: null, firstAudioAfterMs: null })).toBe("nobody answered");
    expect(describeRound(round({ claims: [], grants: [], verdict: null }))).toEqual({
      model: null,
      outcome: "nobody answered",
    });
  });

  test("says of an open round that it is not settled", () => {
    const open: Partial<RoundView> = { phase: "open", grants: [], verdict: null, firstAudioAfterMs: null, ended: null };
    expect(said(open)).toBe("not settled yet, 2 claims");
    expect(said({ ...open, claims: alone })).toBe("not settled yet, 1 claim");
  });
});

test("describePart() tells winner, loser, who heard nothing, and who was not there", () => {
  const heard = round({
    waitedFor: [{ relayId: "attic", because: "hears", asked: true, outcome: "passed", waitedMs: 40 }],
    outOfEarshot: ["cellar"],
  });
  const parts = ["kitchen", "hall", "attic", "cellar", "shed"].map((id) => describePart(id, heard));
  expect(parts).toEqual(["answered", "lost to kitchen", "heard no wake word", "heard nothing", null]);
  const late = round({ claims: [...alone, claim("hall", { standing: "too_late", late: true })] });
  expect(describePart("hall", late)).toBe("too late");
});

test("describeWait() says why it was waited for, what came of it, and how long it took", () => {
  const wait = { relayId: "hall", because: "hears", asked: true, outcome: "claimed", waitedMs: 31.2 };
  expect(plain(describeWait(wait))).toBe("heard something, and claimed after 31 ms");
  expect(plain(describeWait({ ...wait, because: "cannot_say", outcome: "no_answer", waitedMs: 300 }))).toBe(
    "cannot say whether it hears, and did not answer in 300 ms",
  );
  expect(describeWait({ ...wait, outcome: "waiting", waitedMs: null })).toBe("heard something, and is waited for");
});

test("describeVerdict() and describeStanding() have words for all that arbitration says", () => {
  const verdicts = ["alone", "all_spoke", "time"].map(describeVerdict);
  expect(new Set(verdicts).size).toBe(3);
  const standings = ["granted", "contending", "lost", "too_late", "silent", "reset", "left", "gave_up"];
  const words = standings.map((standing) => describeStanding(claim("hall", { standing }), "over"));
  expect(new Set(words).size).toBe(standings.length);
  for (const word of words) expect(word).not.toContain("_");
});

test("shownMs() shows tenths only where they mean something", () => {
  expect([0.04, 9.94, 9.96, 999.4, 999.6].map((ms) => plain(shownMs(ms)))).toEqual([
    "0.0 ms",
    "9.9 ms",
    "10 ms",
    "999 ms",
    "1.0 s",
  ]);
});
