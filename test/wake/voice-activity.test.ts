import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as ort from "onnxruntime-web/wasm";
import { createDetector } from "../../src/wake/detector.ts";
import { createEngine, type Engine } from "../../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../../src/wake/features.ts";
import type { ReadFile } from "../../src/wake/load.ts";
import { openSession } from "../../src/wake/ort.ts";
import { scan } from "../../src/wake/scan.ts";
import {
  CHUNK_SAMPLES,
  LOOK_BACK_SAMPLES,
  loadVoiceActivity,
  type VoiceActivity,
} from "../../src/wake/voice-activity.ts";
import { clip, clipPaths, joined, noise, saySkipped, silence, speechIsHere, tone } from "../support/clips.ts";
import { modelBytes } from "./model-bytes.ts";

const readFile: ReadFile = (path) => Bun.file(path).bytes();
let engine: Engine;
let voice: VoiceActivity;
beforeAll(async () => {
  engine = await createEngine({ models: ["alexa"], readFile });
  voice = await loadVoiceActivity(readFile);
});
afterAll(async () => {
  await voice.close();
  await engine.close();
});

test("nobody speaks in silence, in noise, or in a tone", async () => {
  for (const sound of [silence(2.2), noise(2.2, 0.05, 1), tone(440, 2.2, 0.3)])
    expect(await voice.highest(sound, 1)).toBeLessThan(0.5);
});

test("nothing was said where nothing was heard", async () => {
  expect(await voice.highest(new Int16Array(0), 0.8)).toBe(0);
  expect(await voice.highest(new Int16Array(100), 0.8)).toBeLessThan(0.5);
});

/** As Silero's own code does it: each chunk of 512 samples with the 64 before it, the state handed on. */
async function plainHighest(pcm: Int16Array): Promise<number> {
  const session = await openSession(await modelBytes("silero_vad_v5.onnx"));
  const sr = new ort.Tensor("int64", BigInt64Array.of(16_000n), []);
  let state: ort.Tensor = new ort.Tensor("float32", new Float32Array(256), [2, 1, 128]);
  const found: number[] = [];
  for (let start = 0; start + 512 <= pcm.length; start += 512) {
    const samples = Float32Array.from({ length: 576 }, (_, i) => (pcm[start - 64 + i] ?? 0) / 32_768);
    const outputs = await session.run({ input: new ort.Tensor("float32", samples, [1, 576]), state, sr });
    state = outputs.stateN ?? state;
    found.push(Number(outputs.output?.data[0]));
  }
  await session.release();
  return Math.max(...found.slice(-25));
}

test("is Silero's, which sees the end of each chunk again with the next", async () => {
  for (const seed of [1, 2, 3]) {
    const pcm = joined(noise(0.7, 0.02, seed), tone(180, 1, 0.3), noise(0.3, 0.3, seed)).subarray(-41 * 512);
    expect(await voice.highest(pcm, 1.01)).toBeCloseTo(await plainHighest(pcm), 6);
  }
});

test("of a sound that goes on is told chunk by chunk, beside others, as if each were alone", async () => {
  const sounds = [1, 2].map((seed) => joined(noise(0.3, 0.02, seed), tone(180 * seed, 0.5, 0.3)));
  const streams = sounds.map(() => voice.stream());
  const found = sounds.map((): number[] => []);
  for (let at = 0; at + CHUNK_SAMPLES <= 0.8 * 16_000; at += CHUNK_SAMPLES) {
    const chunks = sounds.map((sound, i) => streams[i]?.next(sound.subarray(at, at + CHUNK_SAMPLES)));
    const all = await Promise.all([...chunks, voice.highest(noise(0.2, 0.1, at), 1)]);
    for (const [i, probabilities] of found.entries()) probabilities.push(all[i] ?? Number.NaN);
  }
  for (const [i, sound] of sounds.entries())
    expect(Math.max(...(found[i] ?? []))).toBeCloseTo(await plainHighest(sound), 6);
});

/** A real word until the frame in which it would fire. */
async function wordOf(path: string): Promise<Int16Array> {
  const pcm = await clip(path);
  for await (const { atMs, detections } of scan(createDetector(engine, { live: false }), pcm))
    if (detections.length > 0) return pcm.subarray(0, (atMs / HOP_MS) * HOP_SAMPLES);
  throw new Error(`nothing fires in ${path}`);
}

saySkipped("voice activity of real voices");
describe.skipIf(!speechIsHere)("a real voice", () => {
  test("is found when the word fires", async () => {
    for (const path of clipPaths("alexa", 8)) {
      expect(await voice.highest(await wordOf(path), 0.8)).toBeGreaterThanOrEqual(0.8);
    }
  });

  test("of more than 0.8 s ago is none", async () => {
    const [path = ""] = clipPaths("alexa");
    const word = await wordOf(path);
    expect(await voice.highest(joined(word, noise(1.4, 0.0005, 3)), 0.8)).toBeLessThan(0.5);
  });

  test("is looked for no longer than until there is enough of it", async () => {
    const [path = ""] = clipPaths("alexa");
    const word = await wordOf(path);
    const highest = await voice.highest(word, 1.01);
    expect(await voice.highest(word, 0.3)).toBeWithin(0.3, highest);
  });

  test("is found by calls side by side as by one alone, whatever came before what is looked at", async () => {
    const words = await Promise.all(clipPaths("alexa", 4).map(wordOf));
    const alone: number[] = [];
    for (const word of words) alone.push(await voice.highest(word, 1.01));
    expect(await Promise.all(words.map((word) => voice.highest(word, 1.01)))).toEqual(alone);
    const long = joined(noise(3, 0.2, 4), words[0] ?? silence(1), words[1] ?? silence(1)).subarray(-LOOK_BACK_SAMPLES);
    expect(await voice.highest(joined(noise(1, 0.9, 5), long), 1.01)).toBe(await voice.highest(long, 1.01));
    expect(long).toHaveLength(LOOK_BACK_SAMPLES);
  });
});

/** The error that it is refused with, where the file reads like this. */
async function refusal(change: (bytes: Uint8Array) => Uint8Array): Promise<unknown> {
  const read: ReadFile = async (path) => {
    const bytes = await readFile(path);
    return path.includes("silero") ? change(bytes) : bytes;
  };
  return loadVoiceActivity(read).then(
    () => "it was taken",
    (error: unknown) => error,
  );
}

test("an altered graph is refused by name", async () => {
  const error = await refusal((bytes) => bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte)));
  expect(error).toMatchObject({ code: "altered_file", model: "silero_vad" });
});

test("a graph that is not there is refused by name", async () => {
  const error = await refusal(() => {
    throw new Error("no such file");
  });
  expect(error).toMatchObject({ code: "missing_file", model: "silero_vad" });
});
