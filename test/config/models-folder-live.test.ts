// Heads that come and go in a real folder, while a real inference worker listens. Only the clock is the test's.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigDesk } from "../../src/config/config-desk.ts";
import { lookIntoFolder, ModelsFolder } from "../../src/config/models-folder.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { sourcesOf } from "./sources.ts";
import { ThreadRig, until } from "./thread-rig.ts";

const LIMIT_MS = 20_000;

describe("the models folder of a program that listens", () => {
  let folder = "";
  let rig: ThreadRig;
  let desk: ConfigDesk;
  let nowMs = 0;
  let head: Uint8Array = new Uint8Array(0);
  let otherHead: Uint8Array = new Uint8Array(0);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "earshot-heads-"));
    head = await Bun.file(await modelPath("alexa_v0.1.onnx")).bytes();
    otherHead = await Bun.file(await modelPath("weather_v0.1.onnx")).bytes();
    const yaml = `log: {level: error}\nwake: {models_folder: "${folder}", models: {hey_jarvis: {}}}\n`;
    rig = new ThreadRig("inference", {}, yaml);
    await rig.alive();
    const heartbeat = rig.memory.heartbeat("inference").reader();
    desk = new ConfigDesk({
      sources: sourcesOf(yaml),
      file: { read: async () => yaml, write: async () => {} },
      record: rig.memory.configuration.writer(),
      settled: async (generation) => {
        await until("inference goes by it", () => heartbeat.read().configuration >= generation);
        return [];
      },
      modelsFolder: new ModelsFolder({ look: lookIntoFolder, monotonicMs: () => nowMs, unixMs: Date.now }),
    });
    await desk.lookForModels();
  }, LIMIT_MS);
  afterAll(async () => {
    await rig.close();
    await rm(folder, { recursive: true, force: true });
  });

  const put = (file: string, bytes: Uint8Array) => Bun.write(join(folder, file), bytes);

  /** The rows of the table a look later, as `name state`. */
  async function after(seconds: number): Promise<readonly string[]> {
    for (let look = 0; look < seconds; look++) {
      nowMs += 1000;
      await desk.lookForModels();
    }
    return rows().map(({ name, state }) => `${name} ${state}`);
  }

  const rows = () =>
    Array.from({ length: rig.memory.modelTable.reader().read().count }, (_, index) => ({
      ...rig.memory.model(index).reader().read(),
    }));
  const errorOf = (name: string) => rows().find((row) => row.name === name)?.error;

  test(
    "takes in a head that is dropped there, not before it is whole, and lets it go when it is taken away",
    async () => {
      expect(await after(1)).toEqual(["hey_jarvis listening"]);
      await put("computer.onnx", head.subarray(0, 1000));
      expect(await after(1)).toEqual(["hey_jarvis listening"]);
      await put("computer.onnx", head);
      expect(await after(1)).toEqual(["hey_jarvis listening"]);
      expect(await after(1)).toEqual(["hey_jarvis listening", "computer listening"]);
      await rm(join(folder, "computer.onnx"));
      expect(await after(2)).toEqual(["hey_jarvis listening"]);
    },
    LIMIT_MS,
  );

  test(
    "refuses a head that is cut short, and one that is none, by name; the others go on, and a better one is taken",
    async () => {
      await put("computer.onnx", head.subarray(0, head.length / 2));
      await put("marvin.onnx", head);
      expect(await after(2)).toEqual(["hey_jarvis listening", "marvin listening", "computer failed"]);
      expect(errorOf("computer")).toContain(join(folder, "computer.onnx"));
      await put("computer.onnx", await Bun.file(await modelPath("melspectrogram.onnx")).bytes());
      expect(await after(2)).toEqual(["hey_jarvis listening", "marvin listening", "computer failed"]);
      expect(errorOf("computer")).toContain("a wake-word head needs");
      expect(errorOf("computer")).toStartWith("its input is ");
      await put("computer.onnx", head);
      expect(await after(2)).toEqual(["hey_jarvis listening", "computer listening", "marvin listening"]);
    },
    LIMIT_MS,
  );

  test(
    "loads a head anew that is replaced",
    async () => {
      expect(await after(1)).toContain("computer listening");
      const { generation } = rig.memory.modelTable.reader().read();
      await put("new", otherHead.subarray(0, otherHead.length / 2));
      await rename(join(folder, "new"), join(folder, "computer.onnx"));
      expect(await after(1)).toContain("computer listening");
      expect(rig.memory.modelTable.reader().read().generation).toBe(generation);
      expect(await after(1)).toContain("computer failed");
      await put("computer.onnx", otherHead);
      expect(await after(2)).toContain("computer listening");
      expect(rig.memory.modelTable.reader().read().generation).toBeGreaterThan(generation + 1);
    },
    LIMIT_MS,
  );

  test(
    "refuses a head by its file whose name is taken, and the one that was first goes on",
    async () => {
      await put("hey_jarvis.onnx", head);
      await put("marvin_v2.onnx", head);
      expect(await after(2)).toEqual([
        "hey_jarvis listening",
        "computer listening",
        "marvin listening",
        "hey_jarvis.onnx failed",
        "marvin_v2.onnx failed",
      ]);
      expect(errorOf("marvin_v2.onnx")).toContain("it would be called marvin");
      await rm(join(folder, "hey_jarvis.onnx"));
      await rm(join(folder, "marvin_v2.onnx"));
      await after(2);
    },
    LIMIT_MS,
  );

  test(
    "has heads that the configuration may switch off, and set; one that was set waits when it is taken away, and is missed when only its name is left",
    async () => {
      await desk.change({ wake: { models: { marvin: { enabled: false }, computer: { threshold: 0.7 } } } });
      expect(await after(0)).toEqual(["hey_jarvis listening", "computer listening", "marvin disabled"]);
      expect(rows()[2]).toMatchObject({ threshold: 0.4, source: join(folder, "marvin.onnx") });
      await rm(join(folder, "computer.onnx"));
      expect(await after(2)).toEqual(["hey_jarvis listening", "marvin disabled"]);
      await put("computer.onnx", head);
      expect(await after(2)).toEqual(["hey_jarvis listening", "computer listening", "marvin disabled"]);
      await rm(join(folder, "computer.onnx"));
      await desk.change({ wake: { models: { marvin: { enabled: false }, computer: { enabled: true } } } });
      expect(await after(2)).toEqual(["hey_jarvis listening", "computer failed", "marvin disabled"]);
      expect(errorOf("computer")).toContain(`goes into ${folder}`);
    },
    LIMIT_MS,
  );
});
