import { afterAll, describe, expect, test } from "bun:test";
import { createEngine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import type { ReadFile } from "../../src/wake/load.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { joined, noise, silence, tone } from "../support/clips.ts";

const readFile: ReadFile = (path) => Bun.file(path).bytes();
const engine = await createEngine({
  models: ["alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "timer", "weather"],
  readFile,
});
afterAll(() => engine.close());

const SOUND = joined(noise(0.8, 0.2, 7), tone(700, 0.8, 0.3));
const HOPS = Math.floor(SOUND.length / HOP_SAMPLES);
const hopOf = (pcm: Int16Array, i: number): Int16Array => pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES);

/** Runs `pcm` through a stream and answers the scores of every hop. */
async function scoresOf(stream: ReturnType<typeof engine.newStream>, pcm: Int16Array): Promise<number[][]> {
  const scores = new Float32Array(engine.models.length);
  const all: number[][] = [];
  for (let i = 0; i < Math.floor(pcm.length / HOP_SAMPLES); i++) {
    await stream.hop(hopOf(pcm, i), scores);
    all.push([...scores]);
  }
  return all;
}

describe("a stream", () => {
  test("scores the same after a reset as when it was new", async () => {
    const stream = engine.newStream();
    const first = await scoresOf(stream, SOUND);
    stream.reset();
    expect(await scoresOf(stream, SOUND)).toEqual(first);
  });

  test("is not disturbed by another one, interleaved or at the same time", async () => {
    const alone = await scoresOf(engine.newStream(), SOUND);
    const [one, other] = [engine.newStream(), engine.newStream()];
    const [scores, others] = [new Float32Array(6), new Float32Array(6)];
    const otherSound = noise(3, 0.9, 8);
    const interleaved: number[][] = [];
    for (let i = 0; i < HOPS; i++) {
      await Promise.all([one.hop(hopOf(SOUND, i), scores), other.hop(hopOf(otherSound, i), others)]);
      interleaved.push([...scores]);
    }
    expect(interleaved).toEqual(alone);
  });

  test.each([
    ["silence", silence(4)],
    ["quiet noise", noise(4, 0.005, 3)],
    ["loud noise", noise(4, 0.5, 4)],
    ["a low tone", tone(100, 4, 0.3)],
    ["a high tone", tone(2000, 4, 0.3)],
    ["silence, then noise", joined(silence(2), noise(2, 0.2, 5))],
  ])("stays below the threshold in %s, from the first frame on and again after a reset", async (_, pcm) => {
    const stream = engine.newStream();
    for (let start = 0; start < 2; start++) {
      expect(Math.max(...(await scoresOf(stream, pcm)).flat())).toBeLessThan(0.5);
      stream.reset();
    }
  });

  test("refuses a hop of another length", () => {
    const stream = engine.newStream();
    expect(stream.hop(new Int16Array(1000), new Float32Array(6))).rejects.toThrow("a hop is 1280 samples, not 1000");
  });

  test("refuses to write more scores than there is room for", () => {
    const stream = engine.newStream();
    expect(stream.hop(silence(0.08), new Float32Array(5))).rejects.toThrow(RangeError);
  });

  test("refuses a hop or a reset before the hop before is done", async () => {
    const stream = engine.newStream();
    const under = stream.hop(silence(0.08), new Float32Array(6));
    expect(stream.hop(silence(0.08), new Float32Array(6))).rejects.toThrow("still under way");
    expect(() => stream.reset()).toThrow("under way");
    await under;
    stream.reset();
  });
});

describe("changing the models", () => {
  test("leaves the features of running streams as they were", async () => {
    const undisturbed = await createEngine({ models: ["alexa", "weather"], readFile });
    const changing = await createEngine({ models: ["alexa"], readFile });
    const [expected, actual] = [new Float32Array(2), new Float32Array(2)];
    const [one, other] = [undisturbed.newStream(), changing.newStream()];
    for (let i = 0; i < HOPS; i++) {
      if (i === 10) await changing.setModels(["alexa", "weather"]);
      await one.hop(hopOf(SOUND, i), expected);
      await other.hop(hopOf(SOUND, i), actual);
      // Two heads together add up in another order than one does, and the order depends on when they were put together.
      expect(actual[0]).toBeCloseTo(expected[0] ?? Number.NaN, 5);
      if (i >= 10) expect(actual[1]).toBeCloseTo(expected[1] ?? Number.NaN, 5);
    }
    await Promise.all([undisturbed.close(), changing.close()]);
  });

  test("may happen while a hop is under way", async () => {
    const changing = await createEngine({ models: ["alexa", "weather"], readFile });
    const stream = changing.newStream();
    const scores = new Float32Array(2);
    const under = stream.hop(hopOf(SOUND, 0), scores);
    const change = changing.setModels(["hey_jarvis"]);
    await Promise.all([under, change]);
    expect(changing.models.map(({ name }) => name)).toEqual(["hey_jarvis"]);
    await stream.hop(hopOf(SOUND, 1), scores);
    await changing.close();
  });

  test("changes nothing where one cannot be used", async () => {
    const changing = await createEngine({ models: ["alexa"], readFile });
    const before = changing.models;
    expect(changing.setModels(["weather", "alexia"])).rejects.toThrow("alexia");
    await changing.setModels(["alexa"]);
    expect(changing.models).toEqual(before);
    expect(changing.models[0]).toBe(before[0]);
    await changing.newStream().hop(hopOf(SOUND, 0), new Float32Array(1));
    await changing.close();
  });

  test("gives one file two names, and another name when it is renamed", async () => {
    const path = await modelPath("alexa_v0.1.onnx");
    const [mine, yours] = [
      { name: "mine", path },
      { name: "yours", path },
    ];
    const changing = await createEngine({ models: [mine], readFile });
    await changing.setModels([mine, yours]);
    expect(changing.models.map(({ name }) => name)).toEqual(["mine", "yours"]);
    await changing.setModels([yours]);
    expect(changing.models.map(({ name }) => name)).toEqual(["yours"]);
    await changing.close();
  });

  test("happens in the order of the calls", async () => {
    const changing = await createEngine({ models: [], readFile });
    const done = [["alexa", "timer"], ["weather"], ["hey_jarvis"]].map((models) => changing.setModels(models));
    await Promise.all(done);
    expect(changing.models.map(({ name }) => name)).toEqual(["hey_jarvis"]);
    await changing.close();
  });
});

test("a closed engine takes no hop, and finishes the one under way", async () => {
  const closing = await createEngine({ models: ["alexa"], readFile });
  const stream = closing.newStream();
  const under = stream.hop(hopOf(SOUND, 0), new Float32Array(1));
  const closed = closing.close();
  await under;
  await closed;
  expect(stream.hop(hopOf(SOUND, 1), new Float32Array(1))).rejects.toThrow("closed");
});
