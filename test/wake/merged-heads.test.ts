import { beforeAll, describe, expect, test } from "bun:test";
import { CATALOGUE, type ModelFile } from "../../src/wake/catalogue.ts";
import { seededNoise } from "../../src/wake/feature-form.ts";
import { EMBEDDING_SIZE, HISTORY_EMBEDDINGS } from "../../src/wake/features.ts";
import { type BankedHead, type HeadBank, openHeadBank, type Scoring } from "../../src/wake/head-bank.ts";
import { headOf } from "../../src/wake/heads.ts";
import { mergeHeads } from "../../src/wake/merged-heads.ts";
import { readModel } from "../../src/wake/onnx/model.ts";
import { openSession, runForFloats, tensorOver } from "../../src/wake/ort.ts";
import { changed, modelBytes, regraphed, startOnnxruntime } from "./model-bytes.ts";

const HISTORY_SIZE = HISTORY_EMBEDDINGS * EMBEDDING_SIZE;
/** Computed ahead, sums are added up in another order. */
const TOLERANCE = 1e-5;

await startOnnxruntime();

/** Histories of all sizes of embeddings, so that scores are anything. */
const histories = [0.5, 5, 20, 40, 80].map((amplitude) => seededNoise(HISTORY_SIZE, amplitude));

async function bankedHead(bytes: Uint8Array): Promise<BankedHead> {
  const session = await openSession(bytes);
  const head = headOf(session);
  if (typeof head === "string") throw new Error(head);
  const outputs: Float32Array[] = [];
  for (const history of histories) {
    const feed = tensorOver(history.subarray(-head.window * EMBEDDING_SIZE), [1, head.window, EMBEDDING_SIZE]);
    outputs.push(await runForFloats(session, { [head.inputName]: feed }, head.outputName, head.outputs));
  }
  await session.release();
  return { head, bytes, trial: { histories, outputs } };
}

const file = async (name: ModelFile): Promise<BankedHead> => bankedHead(await modelBytes(name));

const scoring = (heads: number): Scoring[] =>
  histories.map((history) => ({
    past: { history, age: 0 },
    scores: new Float32Array(heads),
    classes: new Uint16Array(heads),
  }));

/** What a bank answers for every history, one by one or in one run. */
async function answers(bank: HeadBank, heads: number, together: boolean): Promise<Scoring[]> {
  const streams = scoring(heads);
  if (together) await bank.score(streams);
  else for (const stream of streams) await bank.score([stream]);
  return streams;
}

function expectSame(actual: readonly Scoring[], expected: readonly Scoring[]): void {
  for (const [i, one] of expected.entries()) {
    expect(actual[i]?.classes).toEqual(one.classes);
    const apart = one.scores.map((score, head) => Math.abs(score - (actual[i]?.scores[head] ?? Number.NaN)));
    expect(Math.max(...apart)).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe("merged heads", () => {
  let heads: BankedHead[] = [];
  beforeAll(async () => {
    const six = await Promise.all(CATALOGUE.map((known) => file(known.file)));
    heads = [...six, ...six.slice(0, 4)];
  });

  test("are one graph, whatever their windows, classes and branches", () => {
    const plan = mergeHeads(
      heads.map(({ head, bytes }) => ({ ...head, bytes })),
      EMBEDDING_SIZE,
    );
    expect(plan.alone).toEqual([]);
    expect(plan.graphs).toMatchObject([{ window: 34, batched: true, members: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }]);
  });

  test("score as each does alone, for one stream and for several in one run", async () => {
    const single = await openHeadBank(heads, false);
    const merged = await openHeadBank(heads, true);
    expect([single.merged, merged.merged]).toEqual([[], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    const expected = await answers(single, heads.length, false);
    expectSame(await answers(merged, heads.length, false), expected);
    expectSame(await answers(merged, heads.length, true), expected);
    expectSame(await answers(single, heads.length, true), expected);
    await Promise.all([single.release(), merged.release()]);
  });

  test("score as each does alone at every hop of a stream, whatever was computed ahead", async () => {
    const [single, merged] = [await openHeadBank(heads, false), await openHeadBank(heads, true)];
    const embeddings = seededNoise(30 * EMBEDDING_SIZE, 15);
    const streams = [1, 2, 3].map((delay) => ({ delay, past: { history: seededNoise(HISTORY_SIZE, 5), age: 0 } }));
    const fresh = () => ({ scores: new Float32Array(heads.length), classes: new Uint16Array(heads.length) });
    for (let hop = 0; hop < 30; hop++) {
      for (const { past, delay } of streams) {
        past.history.copyWithin(0, EMBEDDING_SIZE);
        const newest = embeddings.subarray(hop * EMBEDDING_SIZE, (hop + 1) * EMBEDDING_SIZE);
        past.history.set(newest, HISTORY_SIZE - EMBEDDING_SIZE);
        past.age++;
        // Once in a while a past is replaced, at another hop for each stream.
        if (hop === 10 + delay) {
          past.history.set(seededNoise(HISTORY_SIZE, delay));
          past.age += 1000;
        }
      }
      // Streams come late, leave out hops and are scored in changing company.
      const present = streams.filter(({ delay }) => hop >= delay && (hop + delay) % 7 !== 0);
      const [actual, expected] = [0, 1].map(() => present.map(({ past }) => ({ past, ...fresh() }))) as [
        Scoring[],
        Scoring[],
      ];
      await merged.score(actual);
      await single.score(expected);
      expectSame(actual, expected);
    }
    await Promise.all([single.release(), merged.release()]);
  });

  test("take either side of a choice for each stream of a run", async () => {
    const jarvis = heads.slice(1, 2);
    // The first network alone decides: at 0.5 or above the second one's score is given, below its own.
    const outputs = jarvis[0]?.trial.outputs.map(([score = 0]) => score) ?? [];
    const merged = await openHeadBank(jarvis, true);
    const scores = (await answers(merged, 1, true)).map((stream) => stream.scores[0] ?? Number.NaN);
    for (const [i, output] of outputs.entries())
      expect(Math.abs((scores[i] ?? 1) - output)).toBeLessThanOrEqual(TOLERANCE);
    expect(readModel(mergedBytes(jarvis)).graph.nodes.map(({ opType }) => opType)).not.toContain("If");
    await merged.release();
  });
});

function mergedBytes(heads: readonly BankedHead[]): Uint8Array {
  const plan = mergeHeads(
    heads.map(({ head, bytes }) => ({ ...head, bytes })),
    EMBEDDING_SIZE,
  );
  const form = plan.graphs[0]?.form;
  return form?.kind === "whole" ? form.bytes : new Uint8Array(0);
}

describe("a head that cannot be merged", () => {
  let alexa: BankedHead;
  beforeAll(async () => {
    alexa = await file("alexa_v0.1.onnx");
  });

  test("is scored by itself, and the others together", async () => {
    // TensorAnnotation: an empty one says nothing, but its names would have to be changed.
    const annotated = await bankedHead(
      regraphed(alexa.bytes, (graph) => ({ ...graph, rest: [{ number: 14, wire: 2, bytes: new Uint8Array(0) }] })),
    );
    const heads = [alexa, annotated, await file("weather_v0.1.onnx")];
    const [merged, single] = [await openHeadBank(heads, true), await openHeadBank(heads, false)];
    expect(merged).toMatchObject({
      merged: [0, 2],
      alone: [{ index: 1, reason: "it has sparse or quantized tensors" }],
    });
    const expected = await answers(single, 3, false);
    expectSame(await answers(merged, 3, true), expected);
    await Promise.all([merged.release(), single.release()]);
  });

  test("because it means other operators is in a graph of its own", async () => {
    const older = await bankedHead(
      changed(alexa.bytes, (model) => ({ ...model, opsets: [{ domain: "", version: 11 }] })),
    );
    const bank = await openHeadBank([alexa, older], true);
    expect(bank.merged).toEqual([0, 1]);
    expectSame(await answers(bank, 2, true), await answers(await openHeadBank([alexa, older], false), 2, false));
    await bank.release();
  });

  test("because together they score otherwise is scored by itself", async () => {
    const wrong = alexa.trial.outputs.map((outputs) => outputs.map((score) => score + 0.1));
    const doubted = { ...alexa, trial: { histories, outputs: wrong } };
    const bank = await openHeadBank([doubted, doubted], true);
    const reason = "merged with others, it gave another score at a trial";
    expect(bank).toMatchObject({
      merged: [],
      alone: [
        { index: 0, reason },
        { index: 1, reason },
      ],
    });
    await bank.release();
  });
});
