import { describe, expect, test } from "bun:test";
import { Comparison } from "../../check/comparison.ts";
import { OFFSET } from "../../check/embedding-probes.ts";
import type { LoadedModel } from "../../src/wake/load.ts";

const here = { stream: 2, atSeconds: 7.2 };

function model(name: string, threshold: number): LoadedModel {
  const bare = { path: "", sha256: "", window: 16, classes: [name], inputScale: "int16" } as const;
  return { name, threshold, ...bare };
}

const word = model("word", 0.7);
const probes = ["p0", "p1"].map((name) => model(name, 0.5));

/** What is found where the fast engine and the plain one give one score each. */
function scored(ours: number, plain: number, asleep = false): Comparison {
  const comparison = new Comparison([word, ...probes], 2);
  comparison.scores(here, [word], Float32Array.of(ours), Float32Array.of(plain, 0, 0), asleep);
  return comparison;
}

describe("Comparison", () => {
  test.each([
    [0.3, 0.3005],
    [0.7005, 0.7009],
    [1, 1],
  ])("lets %p pass for %p", (ours, plain) => {
    expect(scored(ours, plain).findings).toEqual([]);
  });

  test("finds scores that are too far apart, with their place", () => {
    const { findings } = scored(0.3, 0.302);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject(here);
  });

  test.each([
    ["0.5", 0.4998, 0.5002],
    ["0.5 the other way", 0.5002, 0.4998],
    ["the model's own", 0.6998, 0.7002],
  ])("finds a crossing of %s that differs, however near the scores are", (_, ours, plain) => {
    expect(scored(ours, plain).findings).toHaveLength(1);
  });

  test("finds a word that the network slept over, and nothing else of a sleep", () => {
    expect(scored(0, 0.49, true).findings).toEqual([]);
    expect(scored(0, 0.49, true).highestAsleep).toBeCloseTo(0.49);
    expect(scored(0, 0.6, true).findings).toHaveLength(1);
  });

  test("finds a score that is no number", () => {
    expect(scored(Number.NaN, 0.1).found).toBeGreaterThan(0);
  });

  test("holds an embedding against the plain one as many hops before as the probes look back", () => {
    const comparison = new Comparison([word, ...probes], 2);
    const plain = (value: number) => Float32Array.of(0, OFFSET + value, OFFSET - 10);
    const probed = (value: number) => Float32Array.of(OFFSET + value, OFFSET - 10);
    comparison.embedding(here, plain(1), 2, probed(5), false);
    expect(comparison.comparedEmbeddings).toBe(0);
    comparison.embedding(here, plain(2), 2, probed(1), false);
    expect(comparison.findings).toEqual([]);
    comparison.embedding(here, plain(3), 2, probed(5), true);
    expect(comparison.comparedEmbeddings).toBe(1);
    comparison.embedding(here, plain(4), 2, probed(3.01), false);
    expect(comparison.embeddingsApart).toBeCloseTo(1e-3, 4);
    expect(comparison.findings).toHaveLength(1);
    comparison.begin(here.stream);
    comparison.embedding(here, plain(6), 2, probed(5), false);
    expect(comparison.comparedEmbeddings).toBe(2);
  });
});
