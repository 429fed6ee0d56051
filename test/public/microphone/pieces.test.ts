// From a browser's sound to a relay's.
import { describe, expect, test } from "bun:test";
import { Pieces } from "../../../public/microphone/pieces.ts";

const sine = (rateHz: number, samples: number, from = 0) =>
  Float32Array.from({ length: samples }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 400 * (from + i)) / rateHz));

describe("pieces", () => {
  test.each([
    [48_000, 441],
    [44_100, 441],
    [44_100, 1024],
    [16_000, 1280],
    [48_000, 5000],
  ])("of %d Hz that comes %d samples at a time are 20 ms of 16 kHz, and what they were", (rateHz, length) => {
    const pieces = new Pieces(rateHz);
    const pcm: number[] = [];
    for (let from = 0; from < rateHz; from += length) {
      for (const piece of pieces.take([sine(rateHz, length, from)])) {
        expect(piece.pcm).toHaveLength(320);
        pcm.push(...piece.pcm);
        // The last sample of a piece is as old as it was taken in before the newest.
        expect(piece.behindMs).toBeCloseTo(((from + length) / rateHz) * 1000 - pcm.length / 16, 6);
        expect(piece.behindMs).toBeGreaterThanOrEqual(0);
      }
    }
    const right = sine(16_000, pcm.length);
    for (let i = 100; i < pcm.length; i++)
      expect(Math.abs((pcm[i] ?? 0) / 32767 - (right[i] ?? 0))).toBeLessThan(0.003);
  });

  test("are what all channels have in common, and no louder than can be", () => {
    const pieces = new Pieces(16_000);
    const both = [...pieces.take([new Float32Array(330).fill(0.5), new Float32Array(330).fill(0.1)])];
    expect(both[0]?.pcm[100]).toBe(Math.round(0.3 * 32767));
    const loud = [...pieces.take([new Float32Array(700).fill(3)])];
    expect(loud[1]?.pcm[100]).toBe(32767);
  });

  test("keep what is not whole for the next, and are none without channels", () => {
    const pieces = new Pieces(16_000);
    expect([...pieces.take([new Float32Array(200)])]).toEqual([]);
    expect([...pieces.take([])]).toEqual([]);
    expect([...pieces.take([new Float32Array(200)])]).toHaveLength(1);
  });
});
