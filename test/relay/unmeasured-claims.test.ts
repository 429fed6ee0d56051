import { describe, expect, test } from "bun:test";
import { type ClaimSoundPiece, UnmeasuredClaims } from "../../src/relay/unmeasured-claims.ts";
import { joined, noise, tone } from "../support/clips.ts";

const KITCHEN = { relayId: "kitchen", connection: 3 };
const ENDED_AT_MS = 5000;
const CLAIM = { number: 1, model: "alexa", confidence: 0.8, endedAtMs: ENDED_AT_MS, evidence: undefined };
/** Half a second, and a word. */
const SOUND = joined(noise(0.5, 0.001, 1), tone(2000, 0.6, 0.2));
const BEGINS_AT_MS = ENDED_AT_MS - SOUND.length / 16;

/** In frames of a quarter of a second. */
function pieces(over: Partial<ClaimSoundPiece> = {}): ClaimSoundPiece[] {
  const all: ClaimSoundPiece[] = [];
  for (let at = 0; at < SOUND.length; at += 4000) {
    const piece = { pcm: SOUND.slice(at, at + 4000), atMs: BEGINS_AT_MS + at / 16, firstSample: at, missingSamples: 0 };
    all.push({ ...piece, fence: undefined, last: false, ...over });
  }
  return all;
}

function held() {
  const claims = new UnmeasuredClaims();
  expect(claims.hold(KITCHEN, CLAIM, 0)).toBe(true);
  return claims;
}

describe("a claim of a relay that does not measure", () => {
  test("is held until its word is here, and measured from that; its sound follows it, whole and in order", () => {
    const claims = held();
    const all = pieces();
    const released = all.map((piece) => claims.sound(3, 1, piece));
    expect(released.slice(0, -1).every((none) => none?.length === 0)).toBe(true);
    const [one] = released.at(-1) ?? [];
    expect(one).toMatchObject({ sender: KITCHEN, claim: { number: 1, confidence: 0.8, endedAtMs: ENDED_AT_MS } });
    expect(one?.claim.evidence?.rms).toBeCloseTo(0.2 / Math.SQRT2, 2);
    expect(one?.claim.evidence?.durationMs).toBeWithin(560, 660);
    expect(one?.pieces).toEqual(all);
    expect(claims.sound(3, 1, all[0] as ClaimSoundPiece)).toBeUndefined();
    expect(claims.holds(3)).toBe(false);
  });

  test("goes without evidence where its sound does not come in time, or cannot be measured", () => {
    const late = held();
    expect(late.due(99)).toEqual([]);
    expect(late.due(100)).toMatchObject([{ claim: { number: 1, evidence: undefined } }]);
    expect(late.due(101)).toEqual([]);
    const releasedBy = (over: Partial<ClaimSoundPiece>) => {
      const claims = held();
      return pieces(over).flatMap((piece) => claims.sound(3, 1, piece) ?? []);
    };
    for (const over of [{ atMs: undefined }, { missingSamples: 5 }, { last: true }, { atMs: ENDED_AT_MS + 1 }]) {
      expect(releasedBy(over)).toMatchObject([{ claim: { evidence: undefined } }]);
    }
  });

  test("is held once: what is repeated, or comes again after it was let through, is not", () => {
    const claims = held();
    expect(claims.hold(KITCHEN, CLAIM, 10)).toBe(true);
    expect(claims.due(100)).toHaveLength(1);
    expect(claims.hold(KITCHEN, CLAIM, 110)).toBe(false);
    expect(claims.hold(KITCHEN, { ...CLAIM, number: 2 }, 110)).toBe(true);
    expect(claims.sound(4, 2, pieces()[0] as ClaimSoundPiece)).toBeUndefined();
  });

  test("is forgotten with its connection, and its sound overwritten", () => {
    const claims = held();
    const [piece] = pieces();
    claims.sound(3, 1, piece as ClaimSoundPiece);
    claims.forget(3);
    expect(piece?.pcm.every((sample) => sample === 0)).toBe(true);
    expect(claims.due(1000)).toEqual([]);
  });
});
