import { afterAll, describe, expect, test } from "bun:test";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { createEngine, type Engine } from "../../src/wake/engine.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import {
  type ClipFolder,
  clip,
  clipPaths,
  joined,
  noise,
  saySkipped,
  silence,
  speechIsHere,
  tone,
} from "../support/clips.ts";
import { espeakIsHere, spoken } from "../support/spoken.ts";
import { plainReference } from "./plain-reference.ts";

const TOLERANCE = 1e-3;
const THRESHOLD = 0.5;

const engine: Engine = await createEngine({
  models: CATALOGUE.map(({ name }) => name),
  readFile: (path) => Bun.file(path).bytes(),
});
afterAll(() => engine.close());

/** Scores of every model, frame by frame, from a stream that has heard nothing. */
async function scored(pcm: Int16Array): Promise<number[][]> {
  const stream = engine.newStream();
  const scores = new Float32Array(engine.models.length);
  const all: number[][] = [];
  for (let start = 0; start + HOP_SAMPLES <= pcm.length; start += HOP_SAMPLES) {
    await stream.hop(pcm.subarray(start, start + HOP_SAMPLES), scores);
    all.push([...scores]);
  }
  return all;
}

/** The largest difference from the reference over a recording, and the highest score of each of the two. */
async function compare(name: string, pcm: Int16Array) {
  const index = engine.models.findIndex((model) => model.name === name);
  const known = CATALOGUE.find((model) => model.name === name);
  const reference = await plainReference(known?.file ?? "", known?.window ?? 0);
  const theirs = (await reference(pcm)).map((outputs) =>
    outputs.length === 1 ? (outputs[0] ?? 0) : Math.max(...outputs.slice(1)),
  );
  const ours = (await scored(pcm)).map((scores) => scores[index] ?? 0);
  expect(ours).toHaveLength(theirs.length);
  const difference = Math.max(...theirs.map((score, i) => Math.abs(score - (ours[i] ?? Number.NaN))));
  return { difference, ours: Math.max(...ours), theirs: Math.max(...theirs) };
}

describe("scores are those of the original graphs run plainly", () => {
  const synthetic: readonly (readonly [string, Int16Array])[] = [
    ["silence, then noise", joined(silence(1.5), noise(1.5, 0.1, 1))],
    ["a tone, then silence", joined(tone(440, 1.5, 0.5), silence(1.5))],
    ["noise at full scale", noise(2, 1, 2)],
  ];
  for (const { name } of CATALOGUE) {
    test.each(synthetic)(`${name}: %s`, async (_, pcm) => {
      expect((await compare(name, pcm)).difference).toBeLessThanOrEqual(TOLERANCE);
    });
  }

  const said = [
    ["alexa", "alexa"],
    ["hey_jarvis", "hey jarvis"],
    ["hey_mycroft", "hey my croft"],
    ["timer", "set a five minute timer"],
    ["weather", "what's the weather"],
  ] as const;
  if (!espeakIsHere) console.log("skipped: scores of synthetic speech: no espeak-ng");
  test.skipIf(!espeakIsHere).each(said)("%s: a synthetic voice", async (name, phrase) => {
    expect(
      (await compare(name, joined(silence(0.5), await spoken(phrase), silence(0.5)))).difference,
    ).toBeLessThanOrEqual(TOLERANCE);
  });

  saySkipped("scores of real voices");
  const real: readonly (readonly [string, ClipFolder, number])[] = [
    ["alexa", "computer", 4],
    ["hey_jarvis", "jarvis", 4],
    ["weather", "snowboy", 2],
    ["timer", "snowboy", 2],
  ];
  test.skipIf(!speechIsHere).each(real)("%s: real voices saying %s", async (name, folder, count) => {
    for (const path of clipPaths(folder, count)) {
      expect((await compare(name, await clip(path))).difference).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  test.skipIf(!speechIsHere)(
    "alexa: real voices saying alexa, of which no fewer are heard",
    async () => {
      let ours = 0;
      let theirs = 0;
      const paths = clipPaths("alexa", 24);
      for (const path of paths) {
        const compared = await compare("alexa", await clip(path));
        expect(compared.difference).toBeLessThanOrEqual(TOLERANCE);
        if (compared.ours >= THRESHOLD) ours++;
        if (compared.theirs >= THRESHOLD) theirs++;
      }
      expect(ours).toBeGreaterThanOrEqual(theirs);
      expect(ours).toBeGreaterThanOrEqual(Math.floor(paths.length * 0.95));
    },
    60_000,
  );
});
