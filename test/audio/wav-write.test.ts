import { expect, test } from "bun:test";
import { parseWav } from "../../src/audio/wav.ts";
import { wavOf } from "../../src/audio/wav-write.ts";
import { encodeWav } from "../support/encode-wav.ts";

test("a WAV file holds what was written, and is what it always was", () => {
  const samples = Int16Array.from([0, 1, -1, 32_767, -32_768, 7]);
  expect(wavOf(samples)).toEqual(encodeWav(samples));
  expect(parseWav(wavOf(samples, 22_050))).toEqual({ sampleRateHz: 22_050, channels: 1, samples });
  expect(wavOf(new Int16Array())).toHaveLength(44);
});
