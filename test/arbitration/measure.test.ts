import { describe, expect, test } from "bun:test";
import { measureEnvelope, measureWord, rmsOf } from "../../src/arbitration/measure.ts";
import { tone } from "../support/clips.ts";
import { wordSound } from "./sounds.ts";

describe("rmsOf", () => {
  test("is the seed's figure: the root of the mean square of samples over 32767", () => {
    expect(rmsOf(new Int16Array(0))).toBe(0);
    expect(rmsOf(Int16Array.of(16_384))).toBeCloseTo(0.5, 4);
    expect(rmsOf(Int16Array.of(0, 32_767, 0, -32_767))).toBeCloseTo(Math.SQRT1_2, 8);
    expect(rmsOf(Int16Array.from({ length: 400 }, (_, i) => (i % 20 < 10 ? 8000 : -8000)))).toBeCloseTo(
      0.2441480788,
      8,
    );
  });
});

describe("measureWord", () => {
  const heard = wordSound();
  const measured = measureWord(heard.pcm, heard.to + 50 * 16, 0.9);

  test("finds where the word is, over a stop within it", () => {
    expect(Math.abs(measured.word.from - heard.from)).toBeLessThan(30 * 16);
    expect(Math.abs(measured.word.to - heard.to)).toBeLessThan(30 * 16);
    expect(measured.evidence.durationMs).toBeCloseTo(500, -2);
  });

  test("measures rms over the whole word", () => {
    const { from, to } = measured.word;
    expect(measured.evidence.rms).toBe(rmsOf(heard.pcm.subarray(from, to)));
  });

  test("measures band and floor on the scale where a full-scale square wave has 0 dB", () => {
    // White noise of amplitude a has a mean square of a²/3 in 8 kHz, and 5 of them are in the band; of 500 ms, 400 are sound.
    const inBand = (amplitude: number) => 10 * Math.log10(((amplitude * amplitude) / 3) * (5 / 8));
    expect(measured.evidence.bandDb).toBeCloseTo(inBand(0.1) + 10 * Math.log10(400 / 500), 0);
    expect(measured.evidence.floorDb).toBeGreaterThan(inBand(0.001) - 2);
    expect(measured.evidence.floorDb).toBeLessThan(inBand(0.001) + 0.5);
  });

  test("says of a tone in the band its level, and of one below it next to nothing", () => {
    const inside = measureWord(tone(3000, 1, 0.5), 16_000, 1).evidence;
    expect(inside.bandDb).toBeCloseTo(10 * Math.log10(0.125), 0);
    expect(measureWord(tone(500, 1, 0.5), 16_000, 1).evidence.bandDb).toBeLessThan(-40);
  });

  test("the even level leaves out the noise, and a loud band counts no more than a quiet one", () => {
    const noisier = wordSound({ noise: 0.02 });
    const noisy = measureWord(noisier.pcm, noisier.to + 800, 0.9).evidence;
    expect(noisy.evenDb ?? Number.NaN).toBeCloseTo(measured.evidence.evenDb ?? Number.NaN, 0);
    const hum = tone(250, heard.pcm.length / 16_000, 1);
    const humming = heard.pcm.map((sample, i) => sample + (i >= heard.from && i < heard.to ? (hum[i] ?? 0) * 0.25 : 0));
    const { evidence } = measureWord(humming, heard.to + 800, 0.9);
    expect(evidence.rms).toBeGreaterThan(3 * measured.evidence.rms);
    expect((evidence.evenDb ?? Number.NaN) - (measured.evidence.evenDb ?? Number.NaN)).toBeLessThan(6);
  });

  test("measures speech against noise", () => {
    const expected = 10 * Math.log10((0.1 / 0.001) ** 2 * 0.8);
    expect(Math.abs(measured.evidence.snrDb - expected)).toBeLessThan(2.5);
    const noisier = wordSound({ noise: 0.01 });
    const noisy = measureWord(noisier.pcm, noisier.to + 800, 0.9).evidence;
    expect(measured.evidence.snrDb - noisy.snrDb).toBeGreaterThan(15);
  });

  test("a gain moves levels by its decibels, and neither speech against noise nor the envelope's variance", () => {
    const louder = wordSound({ gainDb: 6 });
    const { evidence } = measureWord(louder.pcm, louder.to + 800, 0.9);
    expect(evidence.bandDb - measured.evidence.bandDb).toBeCloseTo(6, 1);
    expect(20 * Math.log10(evidence.rms / measured.evidence.rms)).toBeCloseTo(6, 1);
    expect(evidence.snrDb).toBeCloseTo(measured.evidence.snrDb, 0);
    expect(evidence.envelopeVariance / measured.evidence.envelopeVariance).toBeCloseTo(1, 1);
  });

  test("reverberation lowers the envelope's variance", () => {
    const wet = wordSound({ late: 1 });
    const { evidence } = measureWord(wet.pcm, wet.to + 800, 0.9);
    expect(evidence.envelopeVariance).toBeLessThan(0.8 * measured.evidence.envelopeVariance);
  });

  test("does not look behind the frame that fired", () => {
    const early = heard.to - 150 * 16;
    const cut = measureWord(heard.pcm.subarray(0, early), early, 0.9);
    expect(measureWord(heard.pcm, early, 0.9)).toEqual(cut);
    expect(cut.word.to).toBeLessThanOrEqual(early);
  });

  test("takes words at the very beginning, digital silence, and nothing at all", () => {
    for (const pcm of [wordSound({ leadMs: 0 }).pcm, new Int16Array(16_000), new Int16Array(7), new Int16Array(0)]) {
      const { evidence, word } = measureWord(pcm, pcm.length, 0.5);
      for (const value of Object.values(evidence)) expect(Number.isFinite(value)).toBe(true);
      expect(word.from).toBeGreaterThanOrEqual(0);
      expect(word.to).toBeGreaterThanOrEqual(word.from);
      expect(measureEnvelope(pcm, word).levelsDb.every(Number.isFinite)).toBe(true);
    }
    expect(measureWord(new Int16Array(0), 0, 0.5).evidence.rms).toBe(0);
  });
});

describe("measureEnvelope", () => {
  test("has a level for every 20 ms of the word and 400 ms behind it", () => {
    const { pcm, from, to } = wordSound();
    const { levelsDb, endsAt } = measureEnvelope(pcm, { from, to });
    expect(endsAt).toBe(25);
    expect(levelsDb).toHaveLength(25 + 20);
  });

  test("shows syllables, the stop between them, and the noise behind", () => {
    const { pcm, from, to } = wordSound();
    const { levelsDb, floorDb } = measureEnvelope(pcm, { from, to });
    const speech = 10 * Math.log10((0.01 / 3) * (3700 / 8000));
    for (const step of [2, 5, 8, 17, 20]) expect(Math.abs((levelsDb[step] ?? 0) - speech)).toBeLessThan(3);
    for (const step of [12, 13, 30, 44]) expect(Math.abs((levelsDb[step] ?? 0) - floorDb)).toBeLessThan(6);
  });

  test("a tail falls as slowly as the room makes it", () => {
    const { pcm, from, to } = wordSound({ late: 1, decayMs: 600, noise: 0.0001 });
    const { levelsDb, endsAt } = measureEnvelope(pcm, { from, to });
    const fallDb = (levelsDb[endsAt + 3] ?? 0) - (levelsDb[endsAt + 13] ?? 0);
    expect(Math.abs(fallDb - 20)).toBeLessThan(6);
  });
});
