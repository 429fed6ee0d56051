import { expect, test } from "bun:test";
import { PIECE_SAMPLES, Recording, RecordingTooLongError } from "../../src/audio/recording.ts";
import { resampleAll } from "../../src/audio/resampler.ts";

test("pieces of any size become the whole, bit for bit at 16 kHz and as resampled at once at other rates", () => {
  const samples = Int16Array.from({ length: 50_003 }, (_, i) => Math.round(9000 * Math.sin(i / 5)));
  for (const rateHz of [16_000, 44_100, 8000]) {
    const recording = new Recording(rateHz);
    for (let at = 0, size = 1; at < samples.length; at += size, size = (size * 7) % PIECE_SAMPLES) {
      const piece = samples.slice(at, at + size);
      recording.push(piece, piece.length);
    }
    expect(recording.finish()).toEqual(resampleAll(samples, rateHz));
  }
});

test("nothing stays nothing", () => {
  expect(new Recording(44_100).finish()).toHaveLength(0);
});

test("more than 2 hours are refused, with what to do", () => {
  const recording = new Recording(16_000);
  const piece = new Int16Array(PIECE_SAMPLES);
  const push = () => {
    for (let at = 0; at < 2 * 3600 * 16_000 + PIECE_SAMPLES; at += PIECE_SAMPLES) recording.push(piece, PIECE_SAMPLES);
  };
  expect(push).toThrow(RecordingTooLongError);
  expect(push).toThrow("longer than 2 hours, which is the most that is kept in memory: cut it into shorter files");
});
