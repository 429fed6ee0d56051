import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { readAudioFile } from "../../src/audio/decode.ts";
import { type ModelsTestFlags, testModel } from "../../src/cli/models-test.ts";
import { believedScores, firesOf, judge, soundFilesIn } from "../../src/cli/models-test-scores.ts";
import { createDetector, defaultSettings } from "../../src/wake/detector.ts";
import { createEngine } from "../../src/wake/engine.ts";
import { HOP_MS } from "../../src/wake/features.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { scan } from "../../src/wake/scan.ts";
import { clipPaths, joined, noise, saySkipped, speechIsHere } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";

const WORD = join(import.meta.dir, "../../demo/alexa.wav");
const LIMIT_MS = 20_000;

let folder = "";
let head = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-models-test-"));
  head = join(folder, "computer_v0.1.onnx");
  await copyFile(await modelPath("alexa_v0.1.onnx"), head);
  await mkdir(join(folder, "words/deeper"), { recursive: true });
  await mkdir(join(folder, "others"));
  await mkdir(join(folder, "empty"));
  await copyFile(WORD, join(folder, "words/one.wav"));
  await copyFile(WORD, join(folder, "words/deeper/two.WAV"));
  await Bun.write(join(folder, "words/notes.txt"), "no sound");
  await Bun.write(join(folder, "others/noise.wav"), encodeWav(noise(3, 0.05, 7)));
  const wrong = joined(noise(2.4, 0.01, 1), await readAudioFile(WORD));
  await Bun.write(join(folder, "others/wrong.wav"), encodeWav(wrong));
}, LIMIT_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(file: string, flags: Partial<ModelsTestFlags> = {}) {
  const said: string[] = [];
  const complained: string[] = [];
  const all = { positives: join(folder, "words"), negatives: join(folder, "others"), ...flags };
  await testModel(file, all, { say: (line) => said.push(line), complain: (line) => complained.push(line) });
  return { said: said.join("\n"), complained };
}

async function failure(file: string, flags: Partial<ModelsTestFlags> = {}): Promise<string> {
  return run(file, flags).then(
    () => "it did not fail",
    (error: Error) => error.message,
  );
}

describe("earshot models test", () => {
  test(
    "says which clips a head of one's own hears, what else wakes it and when, and that this is too little to judge by",
    async () => {
      const { said, complained } = await run(head);
      expect(complained).toEqual([]);
      expect(said).toContain(`computer_v0.1: ${head}, input int16, looks back 1.28 s`);
      expect(said).toMatch(/heard {3}0\.\d+ {2}.*one\.wav/);
      expect(said).toMatch(/heard {3}0\.\d+ {2}.*two\.WAV/);
      expect(said).toMatch(/FALSE {3}0\.\d+ {2}.*wrong\.wav at 0:00:0\d\.\d/);
      expect(said).not.toContain("noise.wav");
      expect(said).toContain("2 of 2 clips heard, 0 missed; 1 false accept in");
      expect(said).toContain("recommended: nothing: too little to say: 2 clips");
    },
    LIMIT_MS,
  );

  test(
    "is JSON for programs, with the settings of the house, and goes by another threshold and scale when told to",
    async () => {
      const { said } = await run(head, { json: true, threshold: 0.97, inputScale: "unit" });
      expect(JSON.parse(said)).toMatchObject({
        model: { path: head, inputScale: "unit", window: 16 },
        settings: { threshold: 0.97, patience: 2, refractoryMs: 2000, vadThreshold: 0.8 },
        asItIs: { threshold: 0.97 },
        otherScale: { inputScale: "int16", heard: 2 },
        thresholds: expect.arrayContaining([expect.objectContaining({ threshold: 0.1, heard: 2 })]),
        recommendation: { threshold: null },
        unreadable: [],
      });
    },
    LIMIT_MS,
  );

  test(
    "takes a shipped model by its name, goes on over a clip that cannot be read, and names it",
    async () => {
      await mkdir(join(folder, "broken"));
      await copyFile(WORD, join(folder, "broken/good.wav"));
      await Bun.write(join(folder, "broken/bad.wav"), "no sound");
      const { said, complained } = await run("alexa", { positives: join(folder, "broken"), json: true });
      expect(complained).toEqual([expect.stringContaining("broken/bad.wav: ")]);
      const report = JSON.parse(said);
      expect(report).toMatchObject({ asItIs: { heard: 1, missed: 0 }, otherScale: null });
      expect(report.unreadable).toMatchObject([{ file: join(folder, "broken/bad.wav") }]);
      await rm(join(folder, "broken/good.wav"));
      expect(await failure("alexa", { positives: join(folder, "broken") })).toBe(
        "no recording of --positives can be read: nothing was judged",
      );
    },
    LIMIT_MS,
  );

  test(
    "fails by name where it cannot judge",
    async () => {
      const none = join(folder, "none");
      expect(await failure(head, { positives: none })).toBe(`there is no folder ${none}`);
      expect(await failure(head, { negatives: WORD })).toBe(`${WORD} is no folder`);
      expect(await failure(head, { negatives: join(folder, "empty") })).toContain("there is no recording in");
      expect(await failure(join(folder, "none.onnx"))).toContain("none.onnx");
      expect(await failure(await modelPath("melspectrogram.onnx"))).toContain("a wake-word head needs");
      expect(await failure("alexia")).toContain("Did you mean alexa?");
      expect(await failure(head, { threshold: 1.5 })).toBe("--threshold 1.5: from 0.01 to 1");
      expect(await failure("alexa", { inputScale: "unit" })).toContain("heads of your own");
    },
    LIMIT_MS,
  );
});

test("the recordings of a folder are those of its subfolders too, sorted, links as well", async () => {
  await symlink(WORD, join(folder, "words/link.wav"));
  const files = await soundFilesIn(join(folder, "words"));
  expect(files.map((file) => basename(file))).toEqual(["two.WAV", "link.wav", "one.wav"]);
  await rm(join(folder, "words/link.wav"));
});

saySkipped("earshot models test with real people");
test.skipIf(!speechIsHere)(
  "hears of real people what a detector hears, clips side by side as one by one",
  async () => {
    const engine = await createEngine({ models: ["alexa", "hey_jarvis"], readFile: (path) => Bun.file(path).bytes() });
    const files = [...clipPaths("alexa", 3), ...clipPaths("computer", 1)];
    const recordings = await Promise.all(files.map(async (file) => ({ file, pcm: await readAudioFile(file) })));
    const together = await believedScores(engine, recordings);
    for (const [index, recording] of recordings.entries()) {
      const [alexa] = together[index] ?? [];
      const [model] = engine.models;
      if (alexa === undefined || model === undefined) throw new Error("it was not scored");
      const settings = { ...defaultSettings(model), vadThreshold: 0 };
      const told: number[] = [];
      const detector = createDetector(engine, { live: false, settings: () => settings });
      for await (const { detections } of scan(detector, recording.pcm)) {
        for (const { model: name, atMs } of detections) if (name === "alexa") told.push(atMs);
      }
      expect(firesOf(alexa, settings).map((frame) => (frame + 1) * HOP_MS)).toEqual(told);
      const { hits } = await judge(recording, alexa, [settings], undefined);
      expect(hits[0]?.map(({ atMs }) => atMs)).toEqual(told);
    }
    const heard = together.slice(0, 3).filter(([alexa]) => alexa !== undefined && Math.max(...alexa) > 0.5);
    expect(heard.length).toBeGreaterThan(1);
    await engine.close();
  },
  LIMIT_MS,
);
