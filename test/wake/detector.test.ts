import { afterAll, describe, expect, test } from "bun:test";
import { createDetector, type Detection, type Detector, defaultSettings, HOLD_MS } from "../../src/wake/detector.ts";
import { createEngine } from "../../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../../src/wake/features.ts";
import { scan } from "../../src/wake/scan.ts";
import { clip, clipPaths, joined, noise, saySkipped, silence, speechIsHere } from "../support/clips.ts";

const readFile = (path: string): Promise<Uint8Array> => Bun.file(path).bytes();
const engine = await createEngine({ models: ["hey_jarvis", "alexa"], readFile });
afterAll(() => engine.close());

/** Plays whole hops of `pcm` and collects what is heard. */
async function heard(detector: Detector, pcm: Int16Array, startMs: number): Promise<Detection[]> {
  const all: Detection[] = [];
  for (let i = 0; (i + 1) * HOP_SAMPLES <= pcm.length; i++) {
    const hop = pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES);
    for (const one of await detector.hop(hop, startMs + (i + 1) * HOP_MS)) if (one.kind === "detection") all.push(one);
  }
  return all;
}

async function scanned(detector: Detector, pcm: Int16Array): Promise<Detection[]> {
  const all: Detection[] = [];
  for await (const frame of scan(detector, pcm)) all.push(...frame.detections);
  return all;
}

saySkipped("detections of real voices");
const [path = ""] = clipPaths("alexa");
const alexa = speechIsHere ? await clip(path) : new Int16Array(0);
/** Whole hops, so that what follows a word begins on a frame. */
const word = alexa.subarray(0, Math.floor(alexa.length / HOP_SAMPLES) * HOP_SAMPLES);
const wordMs = word.length / 16;
const room = noise(4, 0.001, 1);

describe.skipIf(!speechIsHere)("a detector", () => {
  test("hears the word in a recording from its first frame on, once, with its model and confidence", async () => {
    const [detection, ...more] = await scanned(createDetector(engine, { live: false }), alexa);
    expect(more).toEqual([]);
    expect(detection).toMatchObject({ model: "alexa", modelIndex: 1, label: "alexa" });
    expect(detection?.confidence).toBeGreaterThanOrEqual(0.5);
    expect(detection?.atMs).toBeLessThan(HOLD_MS);
  });

  test("hears it again in the same recording after the refractory time", async () => {
    const hits = await scanned(createDetector(engine, { live: false }), joined(word, room, word));
    expect(hits.map(({ model }) => model)).toEqual(["alexa", "alexa"]);
  });

  test("begins each recording afresh", async () => {
    const detector = createDetector(engine, { live: false });
    const first = await scanned(detector, alexa);
    expect(await scanned(detector, alexa)).toEqual(first);
  });

  test("keeps silent for 2 s of a live stream, and hears the word afterwards", async () => {
    const detector = createDetector(engine, { live: true });
    const hits = await heard(detector, joined(word, room, word), 50_000);
    expect(hits).toHaveLength(1);
    expect(hits[0]?.atMs).toBeGreaterThan(50_000 + wordMs + 4000);
  });

  test("keeps silent for 2 s of its sound, however late the first of it was dated: a burst may come in pieces", async () => {
    const heardIn = async (lead: Int16Array) => {
      const detector = createDetector(engine, { live: true });
      const pcm = joined(lead, word);
      const hits: Detection[] = [];
      for (let i = 0; (i + 1) * HOP_SAMPLES <= pcm.length; i++) {
        // The first 6 frames came before the others, which were all there when they were taken.
        const endMs = 50_000 + (i < 6 ? (i + 1) * HOP_MS : 6 * HOP_MS + i);
        const all = await detector.hop(pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES), endMs);
        for (const one of all) if (one.kind === "detection") hits.push(one);
      }
      return hits;
    };
    expect(await heardIn(room.subarray(0, 28 * HOP_SAMPLES))).toHaveLength(1);
    expect(await heardIn(room.subarray(0, 0))).toEqual([]);
  });

  test("keeps silent for 2 s from the first sample after a gap", async () => {
    const detector = createDetector(engine, { live: true });
    await heard(detector, room, 0);
    detector.reset(4000, true);
    expect(await heard(detector, word, 60_000)).toEqual([]);
    expect(await heard(detector, joined(room, word), 60_000 + wordMs)).toHaveLength(1);
  });

  test("keeps silent for 2 s from a reset, though older audio is still to come", async () => {
    const detector = createDetector(engine, { live: true });
    await heard(detector, room, 0);
    detector.reset(10_000, true);
    expect(await heard(detector, joined(room, word), 4000)).toEqual([]);
  });

  test("takes new settings while it runs", async () => {
    const detector = createDetector(engine, { live: false });
    detector.configure((model) => defaultSettings({ ...model, threshold: model.name === "alexa" ? 1.1 : 0.5 }));
    expect(await scanned(detector, alexa)).toEqual([]);
    detector.configure(defaultSettings);
    expect(await scanned(detector, alexa)).toHaveLength(1);
  });

  test("hears the next word, and not the one that is being said, with a model that was added", async () => {
    const growing = await createEngine({ models: ["hey_jarvis"], readFile });
    const detector = createDetector(growing, { live: false });
    const [hit] = await scanned(createDetector(engine, { live: false }), alexa);
    const hops = (hit?.atMs ?? 0) / HOP_MS;
    await heard(detector, word.subarray(0, hops * HOP_SAMPLES), 0);
    await growing.setModels(["hey_jarvis", "alexa"]);
    expect(await heard(detector, joined(word.subarray(hops * HOP_SAMPLES), room), hit?.atMs ?? 0)).toEqual([]);
    expect(detector.models.map(({ name }) => name)).toEqual(["hey_jarvis", "alexa"]);
    expect(detector.scores).toHaveLength(2);
    expect(await heard(detector, word, 60_000)).toMatchObject([{ model: "alexa", modelIndex: 1 }]);
    await growing.close();
  });

  test("does not hear a word twice because a model was added or removed", async () => {
    const changing = await createEngine({ models: ["alexa"], readFile });
    const detector = createDetector(changing, { live: false });
    const [hit] = await scanned(createDetector(engine, { live: false }), alexa);
    const samples = ((hit?.atMs ?? 0) / HOP_MS) * HOP_SAMPLES;
    expect(await heard(detector, word.subarray(0, samples), 0)).toHaveLength(1);
    await changing.setModels(["weather", "alexa"]);
    expect(await heard(detector, word.subarray(samples, samples + HOP_SAMPLES), hit?.atMs ?? 0)).toEqual([]);
    await changing.setModels(["weather"]);
    await detector.hop(room.subarray(0, HOP_SAMPLES), 100_000);
    expect(detector.scores).toHaveLength(1);
    await changing.close();
  });

  test("wakes for no start of a live stream: noise, silence, speech, cut anywhere", async () => {
    const detector = createDetector(engine, { live: true });
    const others = await Promise.all(clipPaths("computer", 6).map(clip));
    let nowMs = 0;
    for (const sound of [noise(3, 0.3, 2), silence(3), joined(silence(1), noise(2, 0.1, 3)), ...others]) {
      detector.reset(nowMs, true);
      expect(await heard(detector, sound, nowMs)).toEqual([]);
      nowMs += sound.length / 16 + 500;
    }
  });
});

describe("a scan", () => {
  test("gives a frame for every 80 ms begun, at the time of its end", async () => {
    const times: number[] = [];
    for await (const { atMs, scores } of scan(
      createDetector(engine, { live: false }),
      new Int16Array(HOP_SAMPLES * 2 + 1),
    )) {
      times.push(atMs);
      expect(scores).toHaveLength(2);
    }
    expect(times).toEqual([80, 160, 240]);
  });

  test("of nothing gives nothing", async () => {
    expect(await scanned(createDetector(engine, { live: false }), new Int16Array(0))).toEqual([]);
  });

  test.skipIf(!speechIsHere)("hears a word that ends in the last, unfinished frame", async () => {
    const [hit] = await scanned(createDetector(engine, { live: false }), alexa);
    const untilHit = alexa.subarray(0, (hit?.atMs ?? 0) * 16 - 1);
    expect(await scanned(createDetector(engine, { live: false }), untilHit)).toHaveLength(1);
  });
});
