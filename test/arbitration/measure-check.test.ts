import { expect, test } from "bun:test";
import { measureWord } from "../../src/arbitration/measure.ts";
import { overstated } from "../../src/arbitration/measure-check.ts";
import { wordSound } from "./sounds.ts";

const heard = wordSound({ noise: 0.004 });
const shown = measureWord(heard.pcm, heard.to + 50 * 16, 0.9).evidence;

test("an honest claim passes, also where its relay fired earlier or later than the hub measures", () => {
  for (const lateMs of [-100, 0, 80, 240]) {
    expect(overstated(measureWord(heard.pcm, heard.to + lateMs * 16, 0.9).evidence, shown)).toBeUndefined();
  }
});

test("a claim of less than the audio shows is no overstatement", () => {
  const less = {
    ...shown,
    rms: shown.rms / 10,
    bandDb: -80,
    evenDb: -90,
    snrDb: -5,
    attackDb: -20,
    envelopeVariance: 0,
  };
  expect(overstated(less, shown)).toBeUndefined();
});

test("what is claimed higher than the audio shows is named", () => {
  expect(overstated({ ...shown, rms: 1 }, shown)).toContain("rms claimed");
  expect(overstated({ ...shown, bandDb: 0 }, shown)).toContain("band level claimed");
  expect(overstated({ ...shown, evenDb: 0 }, shown)).toContain("even level claimed");
  expect(overstated({ ...shown, snrDb: 90 }, shown)).toContain("speech over noise claimed");
  expect(overstated({ ...shown, attackDb: 6 }, shown)).toContain("attack claimed");
  expect(overstated({ ...shown, envelopeVariance: 50 }, shown)).toContain("envelope variance 50.00 claimed");
});

test("what is not reported is not overstated, and what is no number is", () => {
  expect(overstated({ ...shown, evenDb: undefined, attackDb: undefined }, shown)).toBeUndefined();
  for (const key of ["rms", "bandDb", "snrDb", "envelopeVariance"] as const) {
    expect(overstated({ ...shown, [key]: Number.NaN }, shown)).toBeString();
  }
});
