import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { createEngine, type Engine, type WakeStream } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import { joined, noise, seededRandom, silence, tone } from "../support/clips.ts";
import { mixedSound } from "../support/mixed-sound.ts";
import { modelBytes, regraphed } from "./model-bytes.ts";

const TOLERANCE = 1e-3;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`mixed sound for scores: FUZZ_SEED=${seed}`);

const readFile = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();
const names = CATALOGUE.map(({ name }) => name);
const plain = await createEngine({ models: names, readFile, form: "plain" });
const streaming = await createEngine({ models: names, readFile });
afterAll(() => Promise.all([plain.close(), streaming.close()]));

const hopsOf = (pcm: Int16Array): Int16Array[] =>
  Array.from({ length: Math.floor(pcm.length / HOP_SAMPLES) }, (_, i) =>
    pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES),
  );

/** 70 dB below full scale: a quiet microphone in a quiet room. */
const FAINT = noise(2, 5e-4, 9);

/** The same stream in two engines, whose scores must not differ. */
function pairIn(one: Engine, other: Engine) {
  const [actual, expected]: [WakeStream, WakeStream] = [one.newStream(), other.newStream()];
  const hops = { count: 0, apart: 0, crossings: 0 };
  return {
    hops,
    async hop(pcm: Int16Array): Promise<void> {
      const scores = new Float32Array(one.models.length);
      const reference = new Float32Array(one.models.length);
      await actual.hop(pcm, scores);
      await other.hopAll([{ stream: expected, pcm, scores: reference }]);
      hops.count++;
      for (const [i, { threshold }] of one.models.entries()) {
        const [score, right] = [scores[i] ?? Number.NaN, reference[i] ?? 0];
        hops.apart = Math.max(hops.apart, Math.abs(score - right));
        if (score >= threshold !== right >= threshold) hops.crossings++;
        if (right >= threshold) expect(actual.classOf(i)).toBe(expected.classOf(i));
      }
    },
    reset(): void {
      actual.reset();
      expected.reset();
    },
    async settle(pcm: Int16Array): Promise<void> {
      await actual.settle(pcm);
      await expected.settle(pcm);
    },
  };
}

test("an engine says what form it has", () => {
  expect(streaming.form).toEqual({ embedding: "streaming", mel: "fourier", merged: names, reasons: [] });
  expect(plain.form).toEqual({ embedding: "plain", mel: "graph", merged: [], reasons: [] });
});

describe("the fast form scores like the plain one, to the same side of every threshold", () => {
  test("over a minute of everything, through resets, new beginnings and reloads of the models", async () => {
    const random = seededRandom(seed);
    let pair = pairIn(streaming, plain);
    let apart = 0;
    for (const hop of hopsOf(await mixedSound(60, seed))) {
      const event = random();
      if (event < 0.01) pair.reset();
      else if (event < 0.02) await pair.settle(hop);
      else if (event < 0.025) {
        expect(pair.hops.crossings).toBe(0);
        apart = Math.max(apart, pair.hops.apart);
        pair = pairIn(streaming, plain);
      } else if (event < 0.03) {
        const wanted = names.filter(() => random() < 0.6);
        await Promise.all([streaming.setModels(wanted), plain.setModels(wanted)]);
      }
      await pair.hop(hop);
    }
    await Promise.all([streaming.setModels(names), plain.setModels(names)]);
    expect(pair.hops.crossings).toBe(0);
    expect(Math.max(apart, pair.hops.apart)).toBeLessThanOrEqual(TOLERANCE);
  }, 60_000);

  test.each([
    ["a constant", new Int16Array(32_000).fill(20_000)],
    ["the least constant", new Int16Array(32_000).fill(1)],
    ["a tone above all bands and faint noise", tone(7000, 2, 0.99).map((sample, i) => sample + (FAINT[i] ?? 0))],
    ["silence, then that tone", joined(silence(1), tone(7000, 1, 0.7))],
    ["the loudest square", Int16Array.from({ length: 32_000 }, (_, i) => (i % 37 < 18 ? 32_767 : -32_768))],
  ])("in %s, where the mel graph itself rounds", async (_, pcm) => {
    const pair = pairIn(streaming, plain);
    for (const hop of hopsOf(pcm)) await pair.hop(hop);
    expect(pair.hops.crossings).toBe(0);
    expect(pair.hops.apart).toBeLessThanOrEqual(TOLERANCE);
  });

  // What little the bands get of it is the graph's own rounding, 130 dB below the tone; no microphone is so quiet.
  test("in a pure tone above all bands, to a hundredth", async () => {
    const pair = pairIn(streaming, plain);
    for (const hop of hopsOf(tone(7000, 2, 1))) await pair.hop(hop);
    expect(pair.hops.crossings).toBe(0);
    expect(pair.hops.apart).toBeLessThanOrEqual(1e-2);
  });
});

describe("a hop of several streams at once", () => {
  test("scores each as a hop of its own does", async () => {
    const sounds = [noise(2, 0.3, 1), tone(400, 2, 0.5), await mixedSound(2, seed), silence(2)].map(hopsOf);
    const [alone, together] = [0, 1].map(() => sounds.map(() => streaming.newStream())) as [WakeStream[], WakeStream[]];
    for (let hop = 0; hop < 25; hop++) {
      const hops = sounds.flatMap((sound, i) => {
        const [stream, pcm] = [together[i], sound[hop]];
        // Every stream leaves one hop out now and then.
        return stream && pcm && (hop + i) % 5 !== 0 ? [{ stream, pcm, scores: new Float32Array(names.length), i }] : [];
      });
      await streaming.hopAll(hops);
      for (const { pcm, scores, i } of hops) {
        const expected = new Float32Array(names.length);
        await alone[i]?.hop(pcm, expected);
        expect(Math.max(...expected.map((score, k) => Math.abs(score - (scores[k] ?? 1))))).toBeLessThanOrEqual(1e-5);
      }
    }
  });

  test("of none does nothing", () => streaming.hopAll([]));

  test("refuses a stream twice, a stream of another engine, and a hop of the wrong length, and takes none", async () => {
    const [stream, scores, pcm] = [streaming.newStream(), new Float32Array(6), silence(0.08)];
    const hop = { stream, scores, pcm };
    expect(streaming.hopAll([hop, hop])).rejects.toThrow("one hop at a time");
    expect(streaming.hopAll([hop, { ...hop, stream: plain.newStream() }])).rejects.toThrow("another engine");
    expect(streaming.hopAll([hop, { ...hop, stream: streaming.newStream(), pcm: silence(1) }])).rejects.toThrow(
      RangeError,
    );
    await streaming.hopAll([hop]);
  });
});

test("a head that cannot be merged is named, with the reason, and works", async () => {
  const folder = await mkdtemp(join(tmpdir(), "earshot-heads-"));
  const path = join(folder, "hey_marvin.onnx");
  // An empty TensorAnnotation.
  const rest = [{ number: 14, wire: 2 as const, bytes: new Uint8Array(0) }];
  await Bun.write(
    path,
    regraphed(await modelBytes("alexa_v0.1.onnx"), (graph) => ({ ...graph, rest })),
  );
  const engine = await createEngine({ models: [path, "alexa", "timer"], readFile });
  expect(engine.form).toMatchObject({
    merged: ["alexa", "timer"],
    reasons: ["hey_marvin is scored by itself: it has sparse or quantized tensors"],
  });
  const [stream, scores] = [engine.newStream(), new Float32Array(3)];
  for (const pcm of hopsOf(noise(1, 0.3, 5))) {
    await stream.hop(pcm, scores);
    expect(scores[0]).toBeCloseTo(scores[1] ?? Number.NaN, 6);
  }
  await engine.close();
  await rm(folder, { recursive: true });
});
