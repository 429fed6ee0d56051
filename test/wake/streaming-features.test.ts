import { afterAll, describe, expect, test } from "bun:test";
import { openFeatures, type PublishedGraph } from "../../src/wake/feature-form.ts";
import {
  EMBEDDING_SIZE,
  type FeatureState,
  HISTORY_EMBEDDINGS,
  HOP_SAMPLES,
  INPUT_SCALES,
} from "../../src/wake/features.ts";
import { openSession } from "../../src/wake/ort.ts";
import { joined, noise, seededRandom, tone } from "../support/clips.ts";
import { mixedSound } from "../support/mixed-sound.ts";
import { modelBytes, startOnnxruntime } from "./model-bytes.ts";

/** Of the largest value of an embedding. */
const TOLERANCE = 1e-4;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`sleeping and waking features: FUZZ_SEED=${seed}`);

await startOnnxruntime();
const published = (bytes: Uint8Array): PublishedGraph => ({ bytes, open: () => openSession(bytes) });
const mel = published(await modelBytes("melspectrogram.onnx"));
const embedding = published(await modelBytes("embedding_model.onnx"));
const { features: plain } = await openFeatures(mel, embedding, "plain");
const { features } = await openFeatures(mel, embedding, "streaming");
afterAll(() => Promise.all([plain.close(), features.close()]));

const SOUND = joined(noise(4, 0.2, 1), tone(440, 4, 0.3), noise(4, 0.01, 2), tone(1500, 2, 0.1));
const hopOf = (pcm: Int16Array, i: number): Int16Array => {
  const at = (i * HOP_SAMPLES) % (pcm.length - HOP_SAMPLES);
  return pcm.subarray(at, at + HOP_SAMPLES);
};

/** How far the newest embeddings are apart, in parts of the largest value. */
function apart(actual: FeatureState, expected: FeatureState, count: number): number {
  const right = expected.history.subarray(-count * EMBEDDING_SIZE);
  let [largest, most] = [0, 0];
  for (const [i, value] of actual.history.subarray(-count * EMBEDDING_SIZE).entries()) {
    const wanted = right[i] ?? Number.NaN;
    largest = Math.max(largest, Math.abs(wanted));
    // A value that is no number must not pass for a small difference.
    most = Math.max(most, Math.abs(value - wanted) || (value === wanted ? 0 : Number.POSITIVE_INFINITY));
  }
  return most / largest;
}

/** Embeds until nothing is behind; answers how many hops that took. */
async function wake(state: FeatureState, window: number): Promise<number> {
  let hops = 0;
  for (features.rouse(state, window); state.behind > 0; features.rouse(state, window)) {
    await features.embed([state]);
    hops++;
  }
  return hops;
}

describe("a stream that slept", () => {
  /** A stream that hears `before` hops, sleeps over `asleep` and wakes; and one that never slept. */
  async function slept(before: number, asleep: number) {
    const [state, awake] = [features.newState({ sleeps: true }), features.newState()];
    for (let hop = 0; hop < before + asleep; hop++) {
      await features.hear(state, hopOf(SOUND, hop));
      await features.step([{ state: awake, pcm: hopOf(SOUND, hop) }]);
      if (hop < before) await wake(state, 16);
    }
    return { state, awake };
  }

  test.each([
    ["for 1 hop", 40, 1, 16, 1],
    ["for as long as a replay takes", 40, 25, 16, 25],
    ["for longer", 40, 26, 16, 25],
    ["for long", 10, 100, 22, 31],
    ["for long, with the longest of the shipped models", 10, 100, 34, 43],
    ["for longer than its ring", 10, 150, HISTORY_EMBEDDINGS, 129],
    ["since it began", 0, 20, 16, 20],
  ])("%s has the embeddings of one that never did", async (_, before, asleep, window, replayed) => {
    const { state, awake } = await slept(before, asleep);
    expect(await wake(state, window)).toBe(replayed);
    expect(apart(state, awake, window)).toBeLessThanOrEqual(1e-6);
  });

  test("and lost an older past has it back when a longer window asks for it", async () => {
    const { state, awake } = await slept(30, 60);
    expect(await wake(state, 16)).toBe(25);
    expect(apart(state, awake, 34)).toBeGreaterThan(0.1);
    expect(await wake(state, 34)).toBe(43);
    expect(apart(state, awake, 34)).toBeLessThanOrEqual(1e-6);
    // From the very beginning, for there were only 90 hops.
    expect(await wake(state, 120)).toBe(90);
    expect(apart(state, awake, 120)).toBeLessThanOrEqual(1e-6);
  });

  test("is not taken for one that goes on, unless it does", async () => {
    const short = await slept(40, 3);
    const age = short.state.age;
    await wake(short.state, 16);
    expect(short.state.age).toBe(age + 3);
    const long = await slept(40, 50);
    const before = long.state.age;
    await wake(long.state, 1);
    expect(long.state.age).toBeGreaterThan(before + 100);
  });
});

test("streams hear, sleep, wake and begin anew in any order, and have the embeddings of the plain form", async () => {
  const random = seededRandom(seed);
  const sound = await mixedSound(30, seed);
  const streams = await Promise.all(
    [0, 1, 2].map(async (i) => {
      const scale = INPUT_SCALES[i % 2] ?? "int16";
      return {
        state: features.newState({ beginning: await features.beginning(scale), sleeps: true }),
        expected: plain.newState({ beginning: await plain.beginning(scale) }),
        at: i * 100,
      };
    }),
  );
  let wakings = 0;
  for (let round = 0; round < 15; round++) {
    for (const stream of streams) {
      const event = random();
      const pcm = hopOf(sound, stream.at);
      if (event < 0.05) {
        features.restart(stream.state);
        plain.restart(stream.expected);
      } else if (event < 0.1) {
        await features.settle(stream.state, pcm);
        await plain.settle(stream.expected, pcm);
      }
      const hops = Math.floor(random() ** 3 * 60) + 1;
      for (let hop = 0; hop < hops; hop++, stream.at++) {
        await features.hear(stream.state, hopOf(sound, stream.at));
        await plain.step([{ state: stream.expected, pcm: hopOf(sound, stream.at) }]);
      }
    }
    const waking = streams.filter(() => random() < 0.7);
    const window = [1, 16, 22, 34, 60][Math.floor(random() * 5)] ?? 16;
    const behind = () => {
      for (const { state } of waking) features.rouse(state, window);
      return waking.map(({ state }) => state).filter((state) => state.behind > 0);
    };
    for (let states = behind(); states.length > 0; states = behind()) await features.embed(states);
    for (const { state, expected } of waking) {
      wakings++;
      expect(apart(state, expected, window)).toBeLessThanOrEqual(TOLERANCE);
    }
  }
  expect(wakings).toBeGreaterThan(15);
}, 120_000);
