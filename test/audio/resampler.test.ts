import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Resampler, resampleAll } from "../../src/audio/resampler.ts";
import { parseWav } from "../../src/audio/wav.ts";

const RATES = [8000, 11_025, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
const AMPLITUDE = 20_000;

const folder = mkdtempSync(join(tmpdir(), "earshot-resampler-"));
afterAll(() => rmSync(folder, { recursive: true }));

function tone(frequencyHz: number, rateHz: number, seconds = 0.5): Int16Array {
  return Int16Array.from({ length: Math.round(rateHz * seconds) }, (_, n) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * frequencyHz * n) / rateHz)),
  );
}

/** Without the first and last 50 ms, where the tone begins and ends. */
function inner(samples: Int16Array): Int16Array {
  return samples.subarray(800, samples.length - 800);
}

/** Gain in dB and phase in radians of a tone, by its correlation with a sine and a cosine under a Hann window. */
function response(output: Int16Array, frequencyHz: number): { gainDb: number; phase: number } {
  let [sine, cosine, weights] = [0, 0, 0];
  for (let i = 800; i < output.length - 800; i++) {
    const weight = 1 - Math.cos((2 * Math.PI * (i - 800)) / (output.length - 1600));
    const angle = (2 * Math.PI * frequencyHz * i) / 16_000;
    sine += weight * (output[i] ?? 0) * Math.sin(angle);
    cosine += weight * (output[i] ?? 0) * Math.cos(angle);
    weights += weight;
  }
  return {
    gainDb: 20 * Math.log10((2 * Math.hypot(sine, cosine)) / weights / AMPLITUDE),
    phase: Math.atan2(cosine, sine),
  };
}

function rmsOf(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test.each(RATES)("from %d Hz tones up to the pass-band's edge keep level and time", (rateHz) => {
  const { passBandHz } = new Resampler(rateHz);
  for (const share of [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1]) {
    const frequencyHz = passBandHz * share;
    const { gainDb, phase } = response(resampleAll(tone(frequencyHz, rateHz), rateHz), frequencyHz);
    expect(Math.abs(gainDb)).toBeLessThan(0.05);
    expect(Math.abs(phase)).toBeLessThan(0.001);
  }
});

test.each(RATES.filter((rate) => rate > 16_000))("from %d Hz nothing above 8 kHz comes through", (rateHz) => {
  const { stopBandHz } = new Resampler(rateHz);
  expect(stopBandHz).toBe(8000);
  for (let frequencyHz = stopBandHz; frequencyHz < rateHz / 2; frequencyHz += 1371) {
    const output = inner(resampleAll(tone(frequencyHz, rateHz), rateHz));
    // 85 dB below the tone is less than one step of 16 bits: hardly a sample may differ from 0.
    expect(20 * Math.log10((rmsOf(output) + 1e-9) / (AMPLITUDE / Math.SQRT2))).toBeLessThan(-80);
  }
});

test.each([8000, 11_025, 12_000])("from %d Hz no image above the input's own band appears", (rateHz) => {
  const frequencyHz = new Resampler(rateHz).passBandHz * 0.9;
  const output = resampleAll(tone(frequencyHz, rateHz), rateHz);
  for (const image of [rateHz - frequencyHz, rateHz + frequencyHz].filter((hz) => hz < 8000)) {
    expect(response(output, image).gainDb).toBeLessThan(-85);
  }
});

test("the output is the same however the input is cut into pieces", () => {
  const seed = Date.now() >>> 0;
  console.log(`resampler pieces: seed ${seed}`);
  const next = random(seed);
  for (const rateHz of [8000, 11_025, 44_100, 48_000, 192_000]) {
    const input = Int16Array.from({ length: 30_000 }, () => Math.round((next() - 0.5) * 65_000));
    const whole = resampleAll(input, rateHz);
    const resampler = new Resampler(rateHz);
    const pieces: number[] = [];
    for (let at = 0; at < input.length; ) {
      const piece = input.slice(at, at + Math.floor(next() * next() * 5000));
      const output = new Int16Array(resampler.outputCapacity(piece.length));
      pieces.push(...output.subarray(0, resampler.process(piece, piece.length, output)));
      at += piece.length;
    }
    const tail = new Int16Array(1000);
    pieces.push(...tail.subarray(0, resampler.flush(tail)));
    expect(pieces.length).toBe(whole.length);
    expect(pieces).toEqual([...whole]);
  }
});

test("a flushed resampler starts anew", () => {
  const resampler = new Resampler(48_000);
  const output = new Int16Array(2000);
  const input = tone(700, 48_000, 0.1);
  const first = output.slice(0, resampler.process(input, input.length, output));
  resampler.flush(output);
  expect(output.slice(0, resampler.process(input, input.length, output))).toEqual(first);
});

test("every recording comes out as long as it is, to the sample", () => {
  for (const rateHz of RATES) {
    for (const length of [1, 2, 999, 4410]) {
      expect(resampleAll(new Int16Array(length), rateHz).length).toBe(Math.ceil((length * 16_000) / rateHz));
    }
  }
});

test("a constant stays that constant, and full scale does not wrap", () => {
  for (const rateHz of RATES) {
    for (const value of [12_345, 32_767, -32_768]) {
      const output = inner(resampleAll(new Int16Array(rateHz).fill(value), rateHz));
      expect(output.every((sample) => sample === value)).toBe(true);
    }
  }
});

test("16 kHz comes through untouched", () => {
  const input = tone(7900, 16_000);
  expect(resampleAll(input, 16_000)).toBe(input);
  const resampler = new Resampler(16_000);
  const output = new Int16Array(resampler.outputCapacity(input.length));
  const written = resampler.process(input, input.length, output);
  resampler.flush(output.subarray(written));
  expect([...output.subarray(0, input.length)]).toEqual([...input]);
});

test("the delay is what it says: that much input, and the first sample comes out", () => {
  const resampler = new Resampler(48_000);
  expect(resampler.delayMs).toBeCloseTo(2.9, 1);
  const delaySamples = Math.round((resampler.delayMs * 48_000) / 1000);
  const output = new Int16Array(2);
  expect(resampler.process(new Int16Array(delaySamples), delaySamples, output)).toBe(0);
  expect(resampler.process(new Int16Array(1), 1, output)).toBe(1);
});

test("rates that make no sense are refused", () => {
  for (const rateHz of [0, -1, 3999, 500_000, 44_100.5, Number.NaN])
    expect(() => new Resampler(rateHz)).toThrow(RangeError);
  expect(() => new Resampler(383_999)).toThrow("convert it to 48000 or 16000 Hz first");
});

const sox = Bun.which("sox");
if (sox === null) console.log("skipped: comparison with sox, which is not installed");

test.skipIf(sox === null).each([11_025, 22_050, 44_100, 48_000, 96_000])(
  "noise from %d Hz is what sox makes of it",
  async (rateHz) => {
    const edgeHz = Math.round(new Resampler(rateHz).passBandHz * 0.95);
    const [source, reference] = [join(folder, `${rateHz}.wav`), join(folder, `${rateHz}-16000.wav`)];
    const noise = ["synth", "1", "pinknoise", "vol", "0.5", "sinc", "-a", "120", "-t", "150", `50-${edgeHz}`];
    await Bun.$`sox -R -D -n -r ${rateHz} -b 16 -c 1 ${source} ${noise}`.quiet();
    await Bun.$`sox -D ${source} -b 16 ${reference} rate -v 16000`.quiet();
    const ours = resampleAll(parseWav(await Bun.file(source).bytes()).samples, rateHz);
    const theirs = parseWav(await Bun.file(reference).bytes()).samples;
    expect(Math.abs(ours.length - theirs.length)).toBeLessThanOrEqual(1);
    const difference = inner(ours).map((sample, i) => sample - (inner(theirs)[i] ?? 0));
    expect(20 * Math.log10(rmsOf(inner(theirs)) / rmsOf(difference))).toBeGreaterThan(60);
  },
);
