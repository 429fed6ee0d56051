import { expect, test } from "bun:test";
import { LevelMeter, rms } from "../../src/audio/levels.ts";

const RATE = 16_000;

function sine(frequencyHz: number, amplitude: number, seconds = 1): Int16Array {
  return Int16Array.from({ length: RATE * seconds }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * frequencyHz * n) / RATE)),
  );
}

function metered(...recordings: readonly Int16Array[]): LevelMeter {
  const meter = new LevelMeter();
  for (const samples of recordings) meter.push(samples, samples.length);
  return meter;
}

test("rms() of a square wave is its amplitude over 32767", () => {
  const square = Int16Array.from({ length: 320 }, (_, n) => (n % 40 < 20 ? 8000 : -8000));
  // The figure of the system this replaces; it computed in 32-bit floats, hence eight places.
  expect(rms(square)).toBeCloseTo(0.2441480788, 8);
  expect(metered(square).rms).toBeCloseTo(0.2441480788, 8);
});

test("rms() of a sine is its amplitude over the root of two, and of nothing 0", () => {
  expect(rms(sine(1000, 20_000))).toBeCloseTo(20_000 / 32_767 / Math.SQRT2, 4);
  expect(rms(new Int16Array())).toBe(0);
});

test("the loudest possible sample is a level of 1 and no more", () => {
  const meter = metered(new Int16Array(1600).fill(-32_768));
  expect(meter.peak).toBe(1);
  expect(meter.rms).toBe(1);
});

test("levels are 0 until 20 ms are complete and cover the last 100 ms then", () => {
  const meter = new LevelMeter();
  const loud = new Int16Array(1600).fill(16_000);
  meter.push(loud, 319);
  expect(meter.rms).toBe(0);
  meter.push(loud, 1);
  expect(meter.rms).toBeCloseTo(16_000 / 32_767, 10);
  meter.push(loud, 1280);
  meter.push(new Int16Array(800), 800);
  expect(meter.rms).toBeCloseTo((16_000 / 32_767) * Math.sqrt(3 / 5), 10);
  expect(meter.peak).toBeCloseTo(16_000 / 32_767, 10);
  meter.push(new Int16Array(1600), 1600);
  expect(meter.rms).toBe(0);
  expect(meter.peak).toBe(0);
});

test("levels do not depend on how the audio is cut into pieces", () => {
  const audio = sine(440, 9000);
  const whole = metered(audio);
  const pieces = new LevelMeter();
  for (let at = 0, size = 1; at < audio.length; at += size, size = (size * 7) % 501) {
    const piece = audio.subarray(at, at + size);
    pieces.push(piece, piece.length);
  }
  expect([pieces.rms, pieces.peak, pieces.bandRms, pieces.noiseFloor]).toEqual([
    whole.rms,
    whole.peak,
    whole.bandRms,
    whole.noiseFloor,
  ]);
});

test("the band level keeps 3 kHz and loses what is far outside of 1.5-6.5 kHz", () => {
  const inBand = metered(sine(3000, 10_000));
  expect(inBand.bandRms / inBand.rms).toBeGreaterThan(0.95);
  const corner = metered(sine(1500, 10_000));
  expect(20 * Math.log10(corner.bandRms / corner.rms)).toBeCloseTo(-3, 0);
  const hum = metered(sine(150, 10_000));
  expect(20 * Math.log10(hum.bandRms / hum.rms)).toBeLessThan(-35);
});

test("the noise floor is the quietest 100 ms of the last 5 s", () => {
  const quiet = sine(500, 100, 1);
  const loud = sine(500, 10_000, 3);
  const floor = rms(quiet);
  const meter = metered(quiet, loud);
  expect(meter.noiseFloor).toBeCloseTo(floor, 4);
  expect(meter.rms).toBeGreaterThan(50 * floor);
  meter.push(loud, loud.length);
  expect(meter.noiseFloor).toBeCloseTo(rms(loud), 3);
});

test("reset() forgets what was heard", () => {
  const meter = metered(sine(2000, 10_000));
  meter.reset();
  expect([meter.rms, meter.peak, meter.bandRms, meter.noiseFloor]).toEqual([0, 0, 0, 0]);
  meter.push(new Int16Array(1600), 1600);
  expect(meter.bandRms).toBe(0);
});
