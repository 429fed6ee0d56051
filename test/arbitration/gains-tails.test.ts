import { describe, expect, test } from "bun:test";
import type { CoarseEnvelope } from "../../src/arbitration/evidence.ts";
import { atOnce } from "../../src/arbitration/gains-steps.ts";
import { findingTails } from "../../src/arbitration/gains-tails.ts";
import { measureEnvelope } from "../../src/arbitration/measure.ts";
import { type WordSoundOptions, wordSound } from "./sounds.ts";

const tailsOf = (envelopes: readonly CoarseEnvelope[]) => atOnce(findingTails(envelopes));

/** The envelope of a word that a relay's detector found to begin and end so much later than it does. */
function envelopeOf(options: WordSoundOptions, { beginsMs = 0, endsMs = 0 } = {}): CoarseEnvelope {
  const { pcm, from, to } = wordSound(options);
  return measureEnvelope(pcm, { from: from + beginsMs * 16, to: to + endsMs * 16 });
}

const ROOM: WordSoundOptions = { late: 1, decayMs: 600, noise: 0.0003 };

function differenceDb(one: CoarseEnvelope, other: CoarseEnvelope): number {
  const [a, b] = tailsOf([one, other]);
  return (a?.db ?? Number.NaN) - (b?.db ?? Number.NaN);
}

describe("findingTails", () => {
  const plain = envelopeOf(ROOM);

  test("tells gains from the late sound of one word", () => {
    expect(differenceDb(envelopeOf({ ...ROOM, gainDb: 6 }), plain)).toBeCloseTo(6, 0);
  });

  test("is not misled by who is nearer: the direct sound is over when the tail is measured", () => {
    // Twice the voice, the same late sound.
    const near = envelopeOf({ ...ROOM, level: 0.2, late: 0.5, noise: 0.0003 });
    expect(Math.abs(differenceDb(near, plain))).toBeLessThan(1);
  });

  test("lays envelopes over each other that begin and end at other moments", () => {
    for (const beginsMs of [-90, -20, 30, 110]) {
      for (const endsMs of [-60, 45]) {
        expect(Math.abs(differenceDb(envelopeOf(ROOM, { beginsMs, endsMs }), plain))).toBeLessThan(1.5);
      }
    }
  });

  test("noise raises no tail, and one that drowns in it is none", () => {
    expect(Math.abs(differenceDb(envelopeOf({ ...ROOM, noise: 0.002 }), plain))).toBeLessThan(1.5);
    expect(tailsOf([plain, envelopeOf({ ...ROOM, noise: 0.08 }), plain])[1]).toBeUndefined();
  });

  test("a tail that is nearer to its noise is less certain", () => {
    const [clear, noisy] = tailsOf([plain, envelopeOf({ ...ROOM, noise: 0.004 })]);
    expect(noisy?.uncertaintyDb).toBeGreaterThan(clear?.uncertaintyDb ?? Number.POSITIVE_INFINITY);
  });

  test("where somebody talks on there is no tail", () => {
    const on = { ...plain, levelsDb: plain.levelsDb.map((db, step) => (step > 30 ? -30 - (step % 4) : db)) };
    expect(tailsOf([on, on])).toEqual([undefined, undefined]);
  });

  test("an envelope of something else has none", () => {
    const other = { ...plain, levelsDb: plain.levelsDb.map((_, step) => -60 + 20 * Math.sin(step / 2)) };
    expect(tailsOf([plain, other, plain])[1]).toBeUndefined();
  });

  test("one alone says nothing, and none at all neither", () => {
    expect(tailsOf([plain])).toEqual([undefined]);
    expect(tailsOf([])).toEqual([]);
  });
});
