import { expect, test } from "bun:test";
import { applyGain } from "../../src/audio/gain.ts";

test("0 dB leaves every sample as it is", () => {
  const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
  const before = samples.slice();
  applyGain(samples, samples.length, 0);
  expect(samples).toEqual(before);
});

test("20 dB is ten times the amplitude, -20 dB a tenth", () => {
  const samples = Int16Array.of(1, -20, 300, 0);
  applyGain(samples, samples.length, 20);
  expect([...samples]).toEqual([10, -200, 3000, 0]);
  applyGain(samples, samples.length, -20);
  expect([...samples]).toEqual([1, -20, 300, 0]);
});

test("what does not fit saturates instead of wrapping", () => {
  const samples = Int16Array.of(20_000, -20_000);
  applyGain(samples, samples.length, 6);
  expect([...samples]).toEqual([32_767, -32_768]);
});

test("only the first count samples are touched", () => {
  const samples = Int16Array.of(100, 100);
  applyGain(samples, 1, 20);
  expect([...samples]).toEqual([1000, 100]);
});
