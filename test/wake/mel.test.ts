import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { graphMel, type HopMel } from "../../src/wake/hop-mel.ts";
import { createMel, type Mel } from "../../src/wake/mel.ts";
import { readMelGraph } from "../../src/wake/mel-graph.ts";
import { attributeTensor } from "../../src/wake/onnx/attributes.ts";
import type { Node } from "../../src/wake/onnx/model.ts";
import { floatsIn, floatTensor } from "../../src/wake/onnx/tensor.ts";
import { openSession } from "../../src/wake/ort.ts";
import { clip, clipPaths, joined, noise, saySkipped, silence, speechIsHere, tone } from "../support/clips.ts";
import { amplified, chords } from "../support/mixed-sound.ts";
import { modelBytes, regraphed, startOnnxruntime } from "./model-bytes.ts";

const TOLERANCE = 1e-4;
const CHUNK_SAMPLES = 1760;
const HOP_SAMPLES = 1280;

await startOnnxruntime();
const published = await modelBytes("melspectrogram.onnx");

function melOf(bytes: Uint8Array): Mel {
  const constants = readMelGraph(bytes);
  if ("notMel" in constants) throw new Error(constants.notMel);
  return createMel(constants);
}

const fourier = melOf(published);
let graph: HopMel;
beforeAll(async () => {
  graph = graphMel(await openSession(published));
});
afterAll(() => graph.close());

/** The mel frames of every hop, of the graph and without it. */
async function* bothOf(pcm: Int16Array, mel = fourier, reference = graph) {
  for (let at = 0; at + CHUNK_SAMPLES <= pcm.length; at += HOP_SAMPLES) {
    const samples = Float32Array.from(pcm.subarray(at, at + CHUNK_SAMPLES));
    const [theirs, ours] = [new Float32Array(256), new Float32Array(256)];
    await reference.frames(samples, theirs);
    mel.chunk(samples, ours);
    yield { samples, theirs, ours };
  }
}

async function largestDifference(pcm: Int16Array, mel = fourier, reference = graph): Promise<number> {
  let largest = 0;
  for await (const { theirs, ours } of bothOf(pcm, mel, reference)) {
    largest = Math.max(largest, ...theirs.map((value, i) => Math.abs(value - (ours[i] ?? Number.NaN))));
  }
  return largest;
}

describe("mel frames are those of the graph", () => {
  test.each([
    ["silence", silence(1)],
    ["faint noise", noise(2, 0.0005, 1)],
    ["noise", noise(2, 0.1, 2)],
    ["noise at full scale", noise(2, 1, 3)],
    ["a low tone", tone(100, 1, 0.9)],
    ["a tone", tone(440, 1, 0.5)],
    ["a tone at full scale", tone(1000, 1, 1)],
    ["a high tone", tone(3000, 1, 0.9)],
    ["a clipped tone", amplified(tone(300, 1, 0.9), 8)],
    ["chords", chords(2, 0.5, 4)],
    ["a click", joined(silence(0.3), Int16Array.of(32_767), silence(0.3))],
    ["the steps from silence to noise and back", joined(silence(0.35), noise(0.35, 0.5, 5), silence(0.35))],
    ["noise on a constant", noise(1, 0.01, 6).map((sample) => sample + 8000)],
  ])("%s", async (_, pcm) => {
    expect(await largestDifference(pcm)).toBeLessThanOrEqual(TOLERANCE);
  });

  saySkipped("mel frames of real voices");
  test.skipIf(!speechIsHere)("real voices, as they are and far too loud", async () => {
    for (const path of clipPaths("alexa", 8)) {
      const pcm = await clip(path);
      expect(await largestDifference(pcm)).toBeLessThanOrEqual(TOLERANCE);
      expect(await largestDifference(amplified(pcm, 20))).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  // The graph adds up in float32: next to a sound that no band hears, what the bands get is partly its rounding,
  // some 120 dB below the sum of all samples.
  test.each([
    ["a constant", new Int16Array(16_000).fill(20_000)],
    ["the least constant", new Int16Array(16_000).fill(1)],
    ["a tone above all bands", tone(7000, 1, 1)],
  ])("%s, within the graph's own rounding", async (_, pcm) => {
    for await (const { samples, theirs, ours } of bothOf(pcm)) {
      const sum = samples.reduce((total, sample) => total + Math.abs(sample), 0) ** 2;
      const apart = theirs.map((value, i) => Math.abs(10 ** (value - 2) - 10 ** ((ours[i] ?? Number.NaN) - 2)));
      expect(Math.max(...apart) / sum).toBeLessThanOrEqual(1e-12);
    }
  });
});

test("two frames and three are those of eight, but for the floor", () => {
  const samples = Float32Array.from(noise(1, 0.2, 7).subarray(0, CHUNK_SAMPLES));
  const all = new Float32Array(256);
  fourier.chunk(samples, all);
  for (const frames of [1, 2, 3]) {
    const some = new Float32Array(frames * 32);
    fourier.chunk(samples.subarray(0, 512 + 160 * (frames - 1)), some);
    expect(Math.max(...some.map((value, i) => Math.abs(value - (all[i] ?? 0))))).toBeLessThan(1e-6);
  }
});

describe("another mel graph", () => {
  /** The file with one of the numbers of its Constant nodes replaced. */
  const withConstant = (from: number, to: number): Uint8Array =>
    regraphed(published, (graph) => {
      const of = (node: Node) => (node.opType === "Constant" ? attributeTensor(node, "value") : undefined);
      const found = graph.nodes.find((node) => {
        const tensor = of(node);
        return tensor?.dataType === 1 && floatsIn(tensor)[0] === from;
      });
      const [name = ""] = found?.outputs ?? [];
      return {
        ...graph,
        nodes: graph.nodes.filter((node) => node !== found),
        initializers: [...graph.initializers, floatTensor(name, [], Float32Array.of(to))],
      };
    });

  test("with another range is followed", async () => {
    const bytes = withConstant(80, 50);
    const reference = graphMel(await openSession(bytes));
    expect(await largestDifference(tone(440, 0.5, 0.5), melOf(bytes), reference)).toBeLessThanOrEqual(TOLERANCE);
    await reference.close();
  });

  test("that takes another power is refused", () => {
    expect(readMelGraph(withConstant(2, 3))).toEqual({ notMel: "the first power is 3, not 2" });
  });

  test("whose weights are no Fourier transform is refused", () => {
    const bytes = regraphed(published, (graph) => ({
      ...graph,
      initializers: graph.initializers.map((tensor) => {
        if (tensor.name !== "0.stft.conv_imag.weight") return tensor;
        const values = floatsIn(tensor);
        values[51_400] = 0.5;
        return floatTensor(tensor.name, tensor.dims, values);
      }),
    }));
    expect(readMelGraph(bytes)).toEqual({ notMel: "its weights are not those of a Fourier transform" });
  });

  test("with other operators is refused", async () => {
    expect(readMelGraph(await modelBytes("alexa_v0.1.onnx"))).toEqual({
      notMel: expect.stringContaining("its operators are Flatten Gemm Relu"),
    });
  });

  test("that was cut short is refused", () => {
    expect(readMelGraph(published.subarray(0, 100_000))).toEqual({
      notMel: expect.stringContaining("bytes begins at"),
    });
  });
});
