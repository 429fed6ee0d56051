// The inference worker with a voice that says its wake word, at a clock that the test turns.
import { afterAll, beforeAll } from "bun:test";
import { join } from "node:path";
import { readAudioFile } from "../../../src/audio/decode.ts";
import { ThreadRig, until } from "../thread-rig.ts";

const BLOCK = 320;

export interface Speaking {
  readonly times?: number;
  readonly loudest?: number;
}

/** While the tests of this file, or of what it stands in, run. */
export function inferenceWorker() {
  let rig: ThreadRig;
  let spoken: Int16Array = new Int16Array(0);
  let nowMs = 1_000_000;

  beforeAll(async () => {
    spoken = await readAudioFile(join(import.meta.dir, "../../../demo/alexa.wav"));
    rig = new ThreadRig("inference", {}, "log: {level: error}\nwake: {models: {alexa: {}}}\n");
    await rig.alive();
  });
  afterAll(() => rig.close());

  /** As below. @returns the models that noticed it */
  async function noticed(yaml: string, options: Speaking = {}): Promise<readonly string[]> {
    return (await heard(yaml, options)).map(({ model }) => model);
  }

  /** Says the word as often as asked, 1.5 s apart, to a stream that begins. */
  async function heard(yaml: string, { times = 1, loudest = 0.1 }: Speaking = {}) {
    const { memory } = rig;
    await rig.configure(`log: {level: error}\n${yaml}`);
    const detections = memory.detectionReader("newest");
    const capture = memory.capture.writer();
    capture.value.live = false;
    capture.publish();
    const ring = memory.audioWriter(0);
    const level = memory.level(0).writer();
    const score = memory.score(0).reader();
    // Long after all that was heard before.
    nowMs += 700_000;
    ring.startEpoch();
    const pause = new Int16Array(24_000);
    // A model that was switched on while running is deaf for its first 2 s.
    const pieces = [pause, pause, ...Array.from({ length: times }, () => [spoken, pause]).flat()];
    for (const piece of pieces) {
      const before = score.read().frame;
      for (let at = 0; at + BLOCK <= piece.length; at += BLOCK) {
        nowMs += 20;
        Object.assign(level.value, { atMs: nowMs, written: (ring.written + BLOCK) | 0, loudest, rms: 0.1 });
        level.publish();
        ring.write(piece.subarray(at, at + BLOCK), BLOCK);
      }
      const frames = Math.floor(piece.length / 1280) - 1;
      await until("the word is scored", () => score.read().frame >= before + frames);
    }
    const heard: { readonly model: string; readonly confidence: number }[] = [];
    for (let event = detections.next(); event !== undefined; event = detections.next()) {
      const { kind, model, confidence } = event;
      if (kind === "detection") heard.push({ model, confidence });
    }
    return heard;
  }

  return { noticed, heard, memory: () => rig.memory };
}
