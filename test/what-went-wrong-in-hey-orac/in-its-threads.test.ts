// What went wrong in hey-orac between a microphone and a detection, each as a test by its name.
import { expect, test } from "bun:test";
import type { AudioSource } from "../../src/audio/source.ts";
import { Capture } from "../../src/capture/capture.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { EXIT } from "../../src/supervise/exit-codes.ts";
import { createDetector } from "../../src/wake/detector.ts";
import { createEngine } from "../../src/wake/engine.ts";
import { HOP_MS, HOP_SAMPLES } from "../../src/wake/features.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { LoqaHouse } from "../loqa/loqa-house.ts";
import type { RingCounts, RingOrder } from "../memory/audio-ring-worker.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { audioRingPlace, DONE } from "../memory/rings.ts";
import { startWorker } from "../memory/test-worker.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { joined, noise, voiceIn } from "../support/clips.ts";
import { askHealth } from "../support/health.ts";
import { startSupervised } from "../support/supervised.ts";
import { scriptedEngine } from "../wake/scripted-engine.ts";
import type { ItsAnswer, ItsOrder } from "./its-worker.ts";

const RATE = 16_000;
const its = (order: ItsOrder) =>
  startWorker<ItsOrder, ItsAnswer>("../what-went-wrong-in-hey-orac/its-worker.ts", order);

test("a blocking read that hung for over an hour, with 1,115 failed restarts", async () => {
  const earshot = await startSupervised({
    config: "audio: { source: none }\nwake: { models: { alexa: { enabled: false } } }\n",
    limits: { lateMs: 300, deadMs: 1200, hungMs: 500 },
    standIns: { capture: { failing: "hang in native code", lives: 1000 } },
  });
  try {
    await earshot.until("capture hangs", ({ health }) => health.workers[0]?.state === "late");
    // Nobody else hangs with it, and the page says so.
    const { httpStatus, health } = await askHealth(earshot);
    expect([httpStatus, health.reasons[0]?.code]).toEqual([503, "capture_down"]);
    // What holds the device ends with its process. Beside it nothing is started that could not open the device.
    expect(await earshot.exited).toBe(EXIT.hung);
    const captured = earshot.log().match(/.*capture.*/g) ?? [];
    expect(captured.join("\n")).toContain("worker hangs in native code");
    expect(captured.filter((line) => line.includes("again"))).toEqual([]);
  } finally {
    await earshot.destroy();
  }
}, 20_000);

test("digital silence taken for a hang", async () => {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  let nowMs = 10_000;
  let opened = 0;
  let waiting = 0;
  const silent: AudioSource = {
    ...{ kind: "microphone", description: "a switched-off microphone", live: true, nativeRateHz: RATE, overruns: 0 },
    read: (into) => {
      const samples = Math.min(waiting, into.length);
      into.fill(0, 0, samples);
      waiting -= samples;
      return samples;
    },
    close: () => {},
  };
  const capture = new Capture(
    {
      ring: memory.audioWriter(0),
      level: memory.level(0).writer(),
      record: memory.capture.writer(),
      bell: memory.webBell,
      heardBell: memory.inferenceBell,
      open: async () => {
        opened++;
        return silent;
      },
      demoSource: undefined,
      log: { info: () => {}, warn: () => {} },
    },
    { source: "default", gainDb: 0, muted: false },
  );
  for (let step = 0; step < 30_000; step++) {
    nowMs += 10;
    waiting += 160;
    await capture.step(nowMs);
  }
  // Five minutes of it.
  expect(opened).toBe(1);
  expect(memory.capture.reader().read()).toMatchObject({ state: "open" });
  expect(memory.level(0).reader().read().samples).toBeGreaterThan(1e6);
});

test("two consumers on one queue", async () => {
  const total = 500_000;
  const place = audioRingPlace();
  const order = { place, total, waitsFor: 2, blocksPerEpoch: 0, blocksPerNap: 0 };
  const seed = fuzzSeed("two consumers");
  const start = (job: RingOrder["job"], which: number) =>
    startWorker<RingOrder, RingCounts>("./audio-ring-worker.ts", { ...order, job, seed: seed + which, which });
  const readers = [start("read", 0), start("read", 1)];
  while (Atomics.load(place.words, DONE) > -readers.length) await Bun.sleep(1);
  const writer = start("write", 2);
  await writer.answer;
  // Each of two threads got all of it, and not what the other left.
  for (const { answer } of readers) {
    expect(await answer).toEqual({ samples: total, lost: 0, gaps: 0, wrong: 0, mixed: 0 });
  }
  await Promise.all([writer, ...readers].map(({ kill }) => kill()));
}, 20_000);

test("recording begun after the detection", async () => {
  const house = await LoqaHouse.open({ windowMs: 300 });
  const [kitchen, hall] = [house.hearing("kitchen"), house.hearing("hall")];
  kitchen.beat(true);
  hall.beat(true);
  const said = Int16Array.from({ length: 2 * RATE }, (_, i) => 1 + (i % 30_000));
  const claim = { number: 1, model: "alexa", confidence: 0.9, endedAtMs: house.nowMs, evidence: undefined };
  house.hub.claim(kitchen.sender, claim);
  const send = (from: number, to: number, fence: number | undefined) =>
    house.hub.sound(kitchen.sender, {
      ...{ claim: 1, fence, pcm: said.slice(from, to), missingSamples: 0, last: to === said.length },
    });
  // The half second before the word, the word, and what is said while nobody knows yet who answers.
  send(0, RATE, undefined);
  house.pass(100);
  send(RATE, RATE + 3200, undefined);
  expect(house.granted).toEqual([]);
  house.pass(300);
  expect(house.winners).toEqual(["kitchen"]);
  send(RATE + 3200, said.length, 1);
  expect(house.soundOf(1)).toEqual(said);
  await house.close();
});

test("one argmax before thresholds", async () => {
  const heard = async (scores: readonly [number, number]) => {
    const engine = scriptedEngine(["strict", "lenient"], (hop, index) => (hop === 1 ? (scores[index] ?? 0) : 0));
    const detector = createDetector(engine, {
      live: false,
      settings: ({ name }) => ({
        ...{ threshold: name === "strict" ? 0.9 : 0.3, patience: 1, refractoryMs: 400 },
        ...{ sure: undefined, vadThreshold: 0 },
      }),
    });
    const all: string[] = [];
    for (let hop = 0; hop < 4; hop++) {
      const found = await detector.hop(new Int16Array(HOP_SAMPLES), (hop + 1) * HOP_MS);
      for (const { kind, model, atMs } of found) if (kind === "detection") all.push(`${model} ${atMs}`);
    }
    return all;
  };
  // The highest score of the frame is no hit, and hides none.
  expect(await heard([0.85, 0.5])).toEqual(["lenient 160"]);
  expect(await heard([0.95, 0.5])).toEqual(["strict 160", "lenient 160"]);
  expect(await heard([0.85, 0.2])).toEqual([]);
});

test("int16 or [-1, 1] scaling", async () => {
  const path = await modelPath("alexa_v0.1.onnx");
  const head = (name: string, inputScale: "int16" | "unit") => ({ name, path, inputScale });
  const models = ["alexa", head("as_int16", "int16"), head("as_floats", "unit")];
  const engine = await createEngine({ models, readFile: (file) => Bun.file(file).bytes() });
  try {
    const pcm = joined(noise(1, 0.002, 1), await voiceIn(alexaClips(1)[0] ?? ""), noise(1, 0.002, 2));
    const [stream, scores] = [engine.newStream(), new Float32Array(3)];
    let [most, apartFromInt16, apartFromFloats] = [0, 0, 0];
    for (let at = 0; at + HOP_SAMPLES <= pcm.length; at += HOP_SAMPLES) {
      await stream.hop(pcm.subarray(at, at + HOP_SAMPLES), scores);
      const [own = 0, int16 = 0, floats = 0] = scores;
      most = Math.max(most, own);
      apartFromInt16 = Math.max(apartFromInt16, Math.abs(own - int16));
      apartFromFloats = Math.max(apartFromFloats, Math.abs(own - floats));
    }
    // Each head has the scale that it was trained at, side by side: nobody has to flip one for all.
    expect(most).toBeGreaterThan(0.9);
    expect(apartFromInt16).toBeLessThan(1e-4);
    expect(apartFromFloats).toBeGreaterThan(0.01);
  } finally {
    await engine.close();
  }
}, 20_000);

test("263 of 3,000 activation writes lost to the audio writer", async () => {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const audio = its({ job: "write sound", buffer: memory.buffer, turn });
  while (Atomics.load(turn, 0) === 0) await Bun.sleep(1);
  const writer = memory.activation(0).writer();
  const reader = SharedMemory.attach(memory.buffer).activation(0).reader();
  let lost = 0;
  const levelsSoFar = memory.level(0).reader();
  // Until both have written often, on however few processors.
  for (let write = 1; write <= 3000 || levelsSoFar.read().samples <= 100; write++) {
    Object.assign(writer.value, { model: `word ${write}`, confidence: (write % 3000) / 3000, wokeMs: write });
    writer.publish();
    const { model, confidence, wokeMs } = reader.read();
    if (model !== `word ${write}` || confidence !== (write % 3000) / 3000 || wokeMs !== write) lost++;
  }
  Atomics.store(turn, 0, 2);
  const { levels } = await audio.answer;
  await audio.kill();
  expect(lost).toBe(0);
  // It did write meanwhile, and lost none either.
  expect(levels).toBeGreaterThan(100);
  expect(memory.level(0).reader().read().samples).toBe(levels);
});

test("a debugging reader that exits destroys the segment", async () => {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const writer = memory.activation(0).writer();
  writer.value.model = "before";
  writer.publish();
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const gone = Promise.withResolvers<void>();
  const debugger_ = new Worker(new URL("./its-worker.ts", import.meta.url).href);
  debugger_.addEventListener("close", () => gone.resolve());
  debugger_.postMessage({ job: "read and exit", buffer: memory.buffer, turn } satisfies ItsOrder);
  await gone.promise;
  expect(SharedMemory.attach(memory.buffer).activation(0).reader().read().model).toBe("before");
  writer.value.model = "after";
  writer.publish();
  const audio = its({ job: "write sound", buffer: memory.buffer, turn });
  while (Atomics.load(turn, 0) === 0) await Bun.sleep(1);
  Atomics.store(turn, 0, 2);
  const { levels } = await audio.answer;
  await audio.kill();
  expect(SharedMemory.attach(memory.buffer).level(0).reader().read().samples).toBe(levels);
  expect(SharedMemory.attach(memory.buffer).activation(0).reader().read().model).toBe("after");
});
