import { describe, expect, test } from "bun:test";
import { readClip } from "../../bench/accuracy/clips.ts";
import { layStream, levelsOf, powerDb, SPEECH_DB } from "../../bench/accuracy/mixing.ts";
import { makeNoise, pinkNoise } from "../../bench/accuracy/noise.ts";
import { seededRandom } from "../../bench/accuracy/seeded.ts";
import { joined, noise, silence, tone } from "../support/clips.ts";

const SAMPLES_PER_MS = 16;

function power(pcm: Int16Array): number {
  return pcm.reduce((sum, sample) => sum + (sample / 32_768) ** 2, 0) / pcm.length;
}

function lay(clips: readonly Int16Array[], seed: number, snrDb?: number) {
  const random = (what: string) => seededRandom(seed, what);
  return layStream(
    clips.map((pcm, index) => ({ id: `clip ${index}`, pcm })),
    {
      gapMs: [1000, 1500],
      random: random("gaps"),
      roomNoise: (samples) => pinkNoise(samples, random("room")),
      ...(snrDb !== undefined && {
        added: { snrDb, noise: async (samples) => pinkNoise(samples, random("noise")) },
      }),
    },
  );
}

/** A word of tone between a clip's own background. */
const WORD = joined(noise(0.5, 0.002, 1), tone(440, 1, 0.2), noise(0.5, 0.002, 2));

describe("levelsOf()", () => {
  test("measures speech without the pauses", () => {
    const { speechDb } = levelsOf(joined(silence(1), tone(440, 1, 0.2), silence(2)));
    expect(speechDb).toBeCloseTo(powerDb(power(tone(440, 1, 0.2))), 1);
  });

  test("knows the background of a clip", () => {
    expect(levelsOf(WORD).floorDb).toBeCloseTo(powerDb(power(noise(1, 0.002, 1))), 0);
  });

  test("keeps the room of a clip without pauses well below its speech", () => {
    const { speechDb, floorDb } = levelsOf(tone(440, 1, 0.2));
    expect(speechDb - floorDb).toBeGreaterThanOrEqual(29.9);
  });
});

describe("layStream()", () => {
  test("adds noise at the stated distance below speech", async () => {
    for (const snrDb of [20, 10, 5]) {
      const { pcm, clips } = await lay([WORD, WORD, WORD], 1, snrDb);
      const [first] = clips;
      const noiseDb = powerDb(power(pcm.subarray(0, (first?.beginMs ?? 0) * SAMPLES_PER_MS)));
      expect(Math.abs(SPEECH_DB - snrDb - noiseDb)).toBeLessThan(0.7);
      const spoken = ((first?.beginMs ?? 0) + 600) * SAMPLES_PER_MS;
      const wordPower = power(pcm.subarray(spoken, spoken + 800 * SAMPLES_PER_MS));
      expect(Math.abs(powerDb(wordPower - 10 ** (noiseDb / 10)) - SPEECH_DB)).toBeLessThan(0.7);
    }
  });

  test("leaves clips as they were recorded where no noise is added", async () => {
    const { pcm, clips } = await lay([WORD], 2);
    const from = ((clips[0]?.beginMs ?? 0) + 600) * SAMPLES_PER_MS;
    const [was, is] = [WORD.subarray(600 * SAMPLES_PER_MS, 1400 * SAMPLES_PER_MS), pcm.subarray(from)];
    expect(Math.max(...was.map((sample, i) => Math.abs(sample - (is[i] ?? 0))))).toBeLessThan(60);
  });

  test("has no digital silence, and gaps as long as asked", async () => {
    const { pcm, clips } = await lay([WORD, silence(1), WORD], 3);
    let run = 0;
    let longest = 0;
    for (const sample of pcm) {
      run = sample === 0 ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
    expect(longest).toBeLessThan(40);
    clips.slice(1).forEach(({ beginMs }, index) => {
      const gapMs = beginMs - (clips[index]?.endMs ?? 0);
      expect(gapMs).toBeWithin(1000, 1501);
    });
    expect(clips[0]?.beginMs).toBeGreaterThanOrEqual(3000);
  });

  test("is the same for the same seed, and another for another", async () => {
    const [one, again, other] = await Promise.all([lay([WORD], 4, 10), lay([WORD], 4, 10), lay([WORD], 5, 10)]);
    expect(again.pcm).toEqual(one.pcm);
    expect(other.pcm).not.toEqual(one.pcm);
  });
});

describe("makeNoise()", () => {
  test("pink noise has an RMS of 1 and falls by about 3 dB an octave", () => {
    const samples = pinkNoise(160_000, seededRandom(1, "pink"));
    const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
    expect(rms).toBeCloseTo(1, 4);
    // The difference of neighbours over n samples weighs high frequencies: white noise has the same for every n.
    const roughness = (n: number): number => {
      let sum = 0;
      for (let i = n; i < samples.length; i++) sum += ((samples[i] ?? 0) - (samples[i - n] ?? 0)) ** 2;
      return sum;
    };
    expect(roughness(64) / roughness(1)).toBeGreaterThan(1.5);
  });

  test("says what is missing where there are no voices and no songs", async () => {
    const nothing = { voices: [], music: [] };
    expect(makeNoise("babble", 100, nothing, readClip, seededRandom(1, ""))).rejects.toThrow("there are none");
    expect(makeNoise("music", 100, nothing, readClip, seededRandom(1, ""))).rejects.toThrow("there are none");
  });
});
