import { afterAll, beforeAll, describe, expect } from "bun:test";
import { encodeWav } from "../../support/encode-wav.ts";
import { ThreadRig, until } from "../thread-rig.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";
import { webWorker } from "./web-worker.ts";

const turning = turningOf("audio");
const at = ownFolder();

describe("in the capture worker", () => {
  let rig: ThreadRig;
  const yaml = (file: string, gain: number) =>
    `log: {level: error}\naudio:\n  gain: ${gain}\n  source: "file:${at(file)}?loop"\n`;

  beforeAll(async () => {
    for (const [file, amplitude] of [
      ["one.wav", 1000],
      ["two.wav", 2000],
    ] as const) {
      await Bun.write(at(file), encodeWav(new Int16Array(16_000).fill(amplitude)));
    }
    rig = new ThreadRig("capture", {}, yaml("one.wav", 0));
    await rig.alive();
  });
  afterAll(() => rig.close());

  /** A sample of what comes into the ring from now on. */
  async function sample(): Promise<number> {
    const reader = rig.memory.audioReader(0, "newest");
    const block = new Int16Array(320);
    let blocks = 0;
    await until("three whole blocks are written", () => {
      if (reader.read(block) === "block") blocks++;
      return blocks === 3;
    });
    return block[160] ?? 0;
  }

  turning("audio.gain", async () => {
    await rig.configure(yaml("one.wav", 0));
    expect(await sample()).toBe(1000);
    await rig.configure(yaml("one.wav", 20));
    expect(await sample()).toBe(10_000);
  });

  turning("audio.source", async () => {
    await rig.configure(yaml("one.wav", 0));
    expect(await sample()).toBe(1000);
    await rig.configure(yaml("two.wav", 0));
    await until("the other file plays", async () => (await sample()) === 2000);
    expect(rig.memory.capture.reader().read().source).toContain("two.wav");
  });

  turning("audio.output", async () => {
    const { memory } = rig;
    const speaker = memory.speaker.reader();
    const ring = memory.playbackWriter();
    const output = (name: string) => rig.configure(`${yaml("one.wav", 0)}  output: "${name}"\n`);
    await output("a gong");
    ring.write(new Int16Array(480), 480);
    await until("the device is looked for", () => speaker.read().state === "failed");
    expect(speaker.value.error).toContain('"a gong"');
    await output("none");
    await until("none is wanted", () => speaker.read().state === "none");
    ring.write(new Int16Array(480), 480);
    await until("it is passed over", () => speaker.read().taken === ring.written);
    expect(speaker.value).toMatchObject({ state: "none", error: "" });
  });
});

describe("in the web worker", () => {
  const { change, memory } = webWorker(at);

  turning("audio.muted", async () => {
    const requests = memory().requests.reader();
    await change({ audio: { muted: true } });
    await until("it is muted", () => requests.read().muted);
    await change({ audio: { muted: false } });
    await until("it is not muted", () => !requests.read().muted);
  });
});
