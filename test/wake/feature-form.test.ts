import { afterAll, describe, expect, test } from "bun:test";
import {
  type EmbeddingForm,
  type FormedFeatures,
  openFeatures,
  type PublishedGraph,
} from "../../src/wake/feature-form.ts";
import { EMBEDDING_SIZE, type FeatureState, HOP_SAMPLES } from "../../src/wake/features.ts";
import { openSession } from "../../src/wake/ort.ts";
import { joined, noise, tone } from "../support/clips.ts";
import { mixedSound } from "../support/mixed-sound.ts";
import { modelBytes, regraphed, startOnnxruntime } from "./model-bytes.ts";

/** Of the largest value of an embedding. */
const TOLERANCE = 1e-4;
const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`mixed sound for embeddings: FUZZ_SEED=${seed}`);

await startOnnxruntime();
const mel = await modelBytes("melspectrogram.onnx");
const embedding = await modelBytes("embedding_model.onnx");
const published = (bytes: Uint8Array): PublishedGraph => ({ bytes, open: () => openSession(bytes) });
const opened = (melBytes: Uint8Array, embeddingBytes: Uint8Array, form: EmbeddingForm = "streaming") =>
  openFeatures(published(melBytes), published(embeddingBytes), form);

const plain = await opened(mel, embedding, "plain");
const streaming = await opened(mel, embedding);
afterAll(() => Promise.all([plain.features.close(), streaming.features.close()]));

const hopsOf = (pcm: Int16Array): Int16Array[] =>
  Array.from({ length: Math.floor(pcm.length / HOP_SAMPLES) }, (_, i) =>
    pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES),
  );

const newest = (state: FeatureState): Float32Array => state.history.subarray(-EMBEDDING_SIZE);

/** How far apart the newest embeddings are, in parts of the largest value. */
function apart(actual: FeatureState, expected: FeatureState): number {
  const values = newest(expected);
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(...newest(actual).map((value, i) => Math.abs(value - (values[i] ?? Number.NaN)))) / largest;
}

/** The largest difference over a recording, from the same beginning. */
async function largestDifference(
  one: FormedFeatures,
  other: FormedFeatures,
  pcm: Int16Array,
  [actual, expected] = [one.features.newState(), other.features.newState()],
): Promise<number> {
  let largest = apart(actual, expected);
  for (const hop of hopsOf(pcm)) {
    await one.features.step([{ state: actual, pcm: hop }]);
    await other.features.step([{ state: expected, pcm: hop }]);
    largest = Math.max(largest, apart(actual, expected));
  }
  return largest;
}

test("the published graphs take the fast form, with no reason against it", () => {
  expect(streaming).toMatchObject({ embedding: "streaming", mel: "fourier", reasons: [] });
  expect(plain).toMatchObject({ embedding: "plain", mel: "graph", reasons: [] });
});

describe("embeddings of the streaming form are those of the plain form", () => {
  test("over a minute of everything, from the quiet beginning on", async () => {
    expect(await largestDifference(streaming, plain, await mixedSound(60, seed))).toBeLessThanOrEqual(TOLERANCE);
  }, 60_000);

  test("after a restart in the middle of a sound", async () => {
    const states = [streaming.features.newState(), plain.features.newState()] as [FeatureState, FeatureState];
    await largestDifference(streaming, plain, noise(1, 0.5, 1), states);
    streaming.features.restart(states[0]);
    plain.features.restart(states[1]);
    expect(await largestDifference(streaming, plain, tone(500, 1, 0.3), states)).toBeLessThanOrEqual(TOLERANCE);
  });

  test("after settling in a sound", async () => {
    const states = [streaming.features.newState(), plain.features.newState()] as [FeatureState, FeatureState];
    const sound = joined(noise(1, 0.05, 2), tone(900, 1, 0.4));
    await largestDifference(streaming, plain, noise(0.5, 0.5, 3), states);
    await streaming.features.settle(states[0], sound.subarray(0, HOP_SAMPLES));
    await plain.features.settle(states[1], sound.subarray(0, HOP_SAMPLES));
    expect(await largestDifference(streaming, plain, sound, states)).toBeLessThanOrEqual(TOLERANCE);
  });

  test("for streams in one run, whoever comes and goes", async () => {
    const { features } = streaming;
    const sounds = [noise(1.6, 0.2, 4), tone(300, 1.6, 0.5), noise(1.6, 0.001, 5), noise(1.6, 1, 6)].map(hopsOf);
    const alone = sounds.map(() => features.newState());
    const together = sounds.map(() => features.newState());
    for (let hop = 0; hop < 20; hop++) {
      // Stream 0 is always there, stream 1 comes late, stream 2 goes early, stream 3 takes every other hop.
      const present = [true, hop >= 5, hop < 12, hop % 2 === 0];
      const hops = sounds.flatMap((sound, i) => {
        const state = together[i];
        const pcm = sound[hop];
        return present[i] && state && pcm ? [{ state, pcm, single: { state: alone[i] ?? state, pcm } }] : [];
      });
      await features.step(hops);
      for (const { single } of hops) await features.step([single]);
      for (const [i, state] of together.entries()) expect(apart(state, alone[i] ?? state)).toBeLessThanOrEqual(1e-6);
    }
  });
});

describe("a graph of another architecture", () => {
  const residual = regraphed(embedding, (graph) => ({
    ...graph,
    nodes: graph.nodes.map((node) =>
      node.name === "model/tf.math.maximum_2/Maximum"
        ? { ...node, inputs: [...node.inputs, "model/batch_normalization_2/FusedBatchNormV3:0"] }
        : node,
    ),
  }));

  test("is run as it is, and the reason is given", async () => {
    const formed = await opened(mel, residual);
    expect(formed).toMatchObject({ embedding: "plain", mel: "graph" });
    expect(formed.reasons).toEqual([
      expect.stringMatching(/plain form, at several times the cost: .*goes to 2 operators/),
    ]);
    const reference = await opened(mel, residual, "plain");
    expect(await largestDifference(formed, reference, noise(1, 0.1, 7))).toBe(0);
    await Promise.all([formed.features.close(), reference.features.close()]);
  });

  test("for mel frames leaves the embedding its fast form", async () => {
    // The power without its imaginary part: the same operators with the same constants.
    const other = regraphed(mel, (graph) => ({
      ...graph,
      nodes: graph.nodes.map((node) =>
        node.opType === "MatMul" ? { ...node, inputs: ["onnx::Add_15", ...node.inputs.slice(1)] } : node,
      ),
    }));
    const formed = await opened(other, embedding);
    expect(formed).toMatchObject({ embedding: "streaming", mel: "graph" });
    expect(formed.reasons).toEqual([
      expect.stringMatching(/mel graph, at many times the cost: at a trial its numbers/),
    ]);
    const reference = await opened(other, embedding, "plain");
    expect(await largestDifference(formed, reference, noise(1, 0.1, 8))).toBeLessThanOrEqual(TOLERANCE);
    await Promise.all([formed.features.close(), reference.features.close()]);
  });

  test("with other weights takes the fast form", async () => {
    const bytes = regraphed(embedding, (graph) => ({
      ...graph,
      initializers: graph.initializers.map((tensor) =>
        tensor.name === "model/conv2d_5/Conv2D_bias_fused_bn"
          ? { ...tensor, rest: tensor.rest.map((field) => ({ ...field, bytes: new Uint8Array(field.bytes.length) })) }
          : tensor,
      ),
    }));
    const [formed, reference] = [await opened(mel, bytes), await opened(mel, bytes, "plain")];
    expect(formed.embedding).toBe("streaming");
    expect(await largestDifference(formed, reference, noise(1, 0.1, 9))).toBeLessThanOrEqual(TOLERANCE);
    await Promise.all([formed.features.close(), reference.features.close()]);
  });
});
