import { describe, expect, test } from "bun:test";
import { FixedSettingError } from "../../src/config/change.ts";
import { ConfigDesk, type ConfigDeskOptions, type ConfigFile } from "../../src/config/config-desk.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import type { FoundModel } from "../../src/config/found-models.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load.ts";
import { publishConfig, SharedConfig } from "../../src/config/shared-config.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { sourcesOf } from "./sources.ts";

/** A file in memory, that can be made to fail. */
class FakeFile implements ConfigFile {
  writes = 0;
  readError: Error | undefined;
  writeError: Error | undefined;
  constructor(public text: string | undefined) {}

  async read(): Promise<string | undefined> {
    if (this.readError) throw this.readError;
    return this.text;
  }

  async write(text: string): Promise<void> {
    // As slow as a file is, so that changes could overlap.
    await Promise.resolve();
    if (this.writeError) throw this.writeError;
    this.writes++;
    this.text = text;
  }
}

interface DeskFixture {
  readonly sources?: ConfigSources;
  readonly pending?: readonly string[];
  readonly modelsFolder?: ConfigDeskOptions["modelsFolder"];
}

function deskOn(text: string | undefined, { sources = sourcesOf(text), pending = [], modelsFolder }: DeskFixture = {}) {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  publishConfig(memory.configuration.writer(), loadConfig(sources).config);
  const file = new FakeFile(text);
  const generations: number[] = [];
  const desk = new ConfigDesk({
    sources,
    file,
    record: memory.configuration.writer(),
    ...(modelsFolder !== undefined && { modelsFolder }),
    settled: async (generation) => {
      generations.push(generation);
      return pending;
    },
  });
  return { desk, file, memory, generations, shared: new SharedConfig(memory.configuration.reader()) };
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

describe("the configuration's desk", () => {
  test("applies a change, shares it with the other threads, writes it, and says so", async () => {
    const { desk, file, shared, generations } = deskOn("audio:\n  gain: 1 # dB\n");
    expect(shared.changed()).toBe(true);
    expect(shared.changed()).toBe(false);
    const report = await desk.change({ audio: { gain: 5 }, web: { port: 9 } });
    expect(report).toEqual({
      applied: ["audio.gain"],
      needsRestart: ["web.port"],
      pending: [],
      written: true,
      file: "earshot.yaml",
      warning: undefined,
    });
    expect(file.text).toBe("audio:\n  gain: 5 # dB\nweb:\n  port: 9\n");
    expect(generations).toEqual([2]);
    expect(shared.changed()).toBe(true);
    expect(shared.generation).toBe(2);
    expect(shared.current).toEqual(desk.current);
    expect(shared.current.audio.gain).toBe(5);
  });

  test("says of how many streams there may be, that it counts after a restart", async () => {
    expect(await deskOn("").desk.change({ streams: { max: 2 } })).toMatchObject({
      applied: [],
      needsRestart: ["streams.max"],
    });
  });

  test("says which workers do not go by it yet", async () => {
    const { desk } = deskOn("", { pending: ["inference"] });
    expect((await desk.change({ audio: { gain: 5 } })).pending).toEqual(["inference"]);
  });

  test("makes the file that was not there, but not for a change of nothing", async () => {
    const { desk, file } = deskOn(undefined);
    expect(await desk.change({})).toMatchObject({ applied: [], written: true });
    expect(file.text).toBeUndefined();
    await desk.change({ audio: { gain: 5 } });
    expect(file.text).toBe("audio:\n  gain: 5\n");
  });

  test("makes changes one after another, however they come", async () => {
    const { desk, file, shared } = deskOn("");
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => desk.change({ wake: { models: { [`m${index}`]: {} } } })),
    );
    expect(Object.keys(desk.current.wake.models)).toHaveLength(22);
    expect(Object.keys(loadConfig(sourcesOf(file.text)).config.wake.models)).toHaveLength(22);
    shared.changed();
    expect(shared.generation).toBe(21);
  });

  test("goes on after a change that was refused", async () => {
    const { desk, file } = deskOn("# mine\n");
    const [refused, made] = await Promise.all([
      failure(desk.change({ audio: { gain: 500 } })),
      desk.change({ audio: { gain: 5 } }),
    ]);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(made.applied).toEqual(["audio.gain"]);
    expect(file.writes).toBe(1);
  });

  test("refuses what a flag fixes, and leaves everything as it was", async () => {
    const sources = sourcesOf("", [{ path: ["audio", "gain"], value: 2, origin: "--gain" }]);
    const { desk, file, generations } = deskOn("", { sources });
    expect(await failure(desk.change({ audio: { gain: 5, source: "USB" } }))).toBeInstanceOf(FixedSettingError);
    expect(desk.current.audio).toEqual({ gain: 2, source: "default", output: "default", muted: false });
    expect([file.writes, generations.length]).toEqual([0, 0]);
  });

  test("takes up what was edited by hand, once", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    expect(await desk.reload()).toBeUndefined();
    file.text = "audio:\n  gain: 4\n";
    expect(await desk.reload()).toMatchObject({ applied: ["audio.gain"] });
    expect(await desk.reload()).toBeUndefined();
    expect(desk.current.audio.gain).toBe(4);
  });

  test("keeps what was edited by hand just before a change", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.text = "# by hand\naudio:\n  gain: 1\nactivation: {hold: 5s}\n";
    await desk.change({ audio: { gain: 7 } });
    expect(file.text).toBe("# by hand\naudio:\n  gain: 7\nactivation: {hold: 5s}\n");
    expect(desk.current.activation.hold).toBe(5000);
  });

  test("that is gone leaves the last good settings, complains once, and is taken up when it is there again", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.text = undefined;
    expect(await failure(desk.reload())).toBeInstanceOf(ConfigError);
    expect(await desk.reload()).toBeUndefined();
    expect(desk.current.audio.gain).toBe(1);
    expect(desk.fileError?.message).toContain("it is gone");
    file.text = "audio:\n  gain: 2\n";
    expect(await desk.reload()).toMatchObject({ applied: ["audio.gain"] });
    expect(desk.fileError).toBeUndefined();
  });
});

describe("heads of the models folder", () => {
  const head = (name: string, version = "1"): FoundModel => ({ name, path: `/heads/${name}.onnx`, version });

  /** A desk beside a folder of heads. */
  function deskBeside(text: string, options: { onlyModels?: readonly string[] } = {}) {
    const folder = {
      found: [] as readonly FoundModel[],
      trouble: undefined as string | undefined,
      looks: [] as string[],
    };
    const modelsFolder = {
      look: async (path: string) => {
        folder.looks.push(path);
        return folder.found;
      },
      get trouble() {
        return folder.trouble;
      },
    };
    const sources = sourcesOf(text, [], options.onlyModels);
    return { folder, ...deskOn(text, { sources, modelsFolder }) };
  }

  test("are shared with the other threads as they come, change and go, a generation each", async () => {
    const { desk, folder, shared, generations } = deskBeside("");
    shared.changed();
    expect(await desk.lookForModels()).toBeUndefined();
    folder.found = [head("computer")];
    expect(await desk.lookForModels()).toEqual({ found: ["computer"], pending: [] });
    expect(await desk.lookForModels()).toBeUndefined();
    expect(shared.changed()).toBe(true);
    expect(shared.found).toEqual([head("computer")]);
    folder.found = [head("computer", "2")];
    expect(await desk.lookForModels()).toMatchObject({ found: ["computer"] });
    folder.found = [];
    expect(await desk.lookForModels()).toMatchObject({ found: [] });
    expect(generations).toEqual([2, 3, 4]);
    shared.changed();
    expect(shared.found).toEqual([]);
  });

  test("stay known through a change of the configuration, and a new start of the worker", async () => {
    const { desk, folder, memory, shared } = deskBeside("");
    folder.found = [head("computer")];
    await desk.lookForModels();
    await desk.change({ audio: { gain: 3 } });
    shared.changed();
    expect([shared.current.audio.gain, shared.found]).toEqual([3, [head("computer")]]);
    const record = memory.configuration.writer();
    const file = new FakeFile("");
    const again = new ConfigDesk({ sources: sourcesOf(""), file, record, settled: async () => [] });
    expect(again.found).toEqual([head("computer")]);
  });

  test("are those of the folder that the configuration names, from the next look on", async () => {
    const { desk, folder, shared } = deskBeside("");
    folder.found = [head("computer")];
    await desk.lookForModels();
    await desk.change({ wake: { models_folder: "/elsewhere" } });
    shared.changed();
    expect(shared.found).toEqual([]);
    folder.found = [head("marvin")];
    expect(await desk.lookForModels()).toMatchObject({ found: ["marvin"] });
    expect(folder.looks.at(-1)).toBe("/elsewhere");
  });

  test("are only those that --model names", async () => {
    const { desk, folder } = deskBeside("", { onlyModels: ["computer"] });
    folder.found = [head("computer"), head("marvin")];
    expect(await desk.lookForModels()).toMatchObject({ found: ["computer"] });
  });

  test("that are too many are named as trouble, and have room as soon as others go", async () => {
    const { desk, folder } = deskBeside("");
    const names = Array.from({ length: 31 }, (_, index) => `m${String(index).padStart(2, "0")}`);
    folder.found = names.map((name) => head(name));
    expect((await desk.lookForModels())?.found).toHaveLength(30);
    expect(desk.modelsTrouble).toBe("32 models at most: 1 in the models folder are left out (/heads/m30.onnx)");
    await desk.change({ wake: { models: { hey_jarvis: null } } });
    expect(desk.found).toHaveLength(31);
    expect(desk.modelsTrouble).toBeUndefined();
  });

  test("go on when the folder cannot be looked into, and the desk says so", async () => {
    const { desk, folder } = deskBeside("");
    folder.found = [head("computer")];
    await desk.lookForModels();
    folder.trouble = "/heads cannot be looked into: EIO";
    expect(await desk.lookForModels()).toBeUndefined();
    expect(desk.modelsTrouble).toContain("/heads cannot be looked into: EIO");
  });

  test("on a disk that does not answer keep no change from being made", async () => {
    const { desk, memory } = deskOn("", { modelsFolder: { look: () => new Promise(() => {}), trouble: undefined } });
    void desk.lookForModels();
    expect(await desk.lookForModels()).toBeUndefined();
    expect(await desk.change({ audio: { gain: 3 } })).toMatchObject({ applied: ["audio.gain"] });
    expect(memory.configuration.reader().read().generation).toBe(2);
  });
});

describe("a file that cannot be written", () => {
  test("does not keep a change from being used, and the answer says so", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.writeError = new Error("read-only file system");
    const report = await desk.change({ audio: { gain: 5 } });
    expect(report).toMatchObject({ applied: ["audio.gain"], written: false });
    expect(report.warning).toContain("earshot.yaml could not be written: read-only file system");
    expect(desk.current.audio.gain).toBe(5);
  });

  test("does not take the change back at the next look, nor lose it at the next change", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.writeError = new Error("read-only file system");
    await desk.change({ audio: { gain: 5 } });
    expect(await desk.reload()).toBeUndefined();
    expect(desk.current.audio.gain).toBe(5);
    await desk.change({ activation: { hold: 3000 } });
    expect(desk.current).toMatchObject({ audio: { gain: 5 }, activation: { hold: 3000 } });
    file.writeError = undefined;
    expect(await desk.change({ audio: { gain: 5 } })).toMatchObject({ applied: [], written: true });
    expect(loadConfig(sourcesOf(file.text)).config).toEqual(desk.current);
  });
});

describe("a file that was edited into nonsense", () => {
  test("is complained about once, and the last good configuration goes on", async () => {
    const { desk, file, generations } = deskOn("audio:\n  gain: 1\n");
    file.text = "audio:\n  gian: 2\n";
    expect(await failure(desk.reload())).toBeInstanceOf(ConfigError);
    expect(await desk.reload()).toBeUndefined();
    expect(desk.fileError?.message).toContain('earshot.yaml:2:3: no such setting: "audio.gian"');
    expect(desk.current.audio.gain).toBe(1);
    expect(generations).toEqual([]);
  });

  test("is complained about again when it is other nonsense, and is taken up once it is mended", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.text = "audio: [\n";
    await failure(desk.reload());
    file.text = "audio: 5\n";
    await failure(desk.reload());
    expect(desk.fileError?.message).toContain("audio: ");
    file.text = "audio:\n  gain: 9\n";
    expect(await desk.reload()).toMatchObject({ applied: ["audio.gain"] });
    expect(desk.fileError).toBeUndefined();
  });

  test("is forgotten when it is just what it was before", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.text = "audio: [\n";
    await failure(desk.reload());
    file.text = "audio:\n  gain: 1\n";
    await desk.reload();
    expect(desk.fileError).toBeUndefined();
  });

  test("is not written over by a change: somebody is at work on it", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    const halfDone = "audio:\n  gain: 1\nwake: {models: [\n";
    file.text = halfDone;
    for (const gain of [5, 6]) {
      const report = await desk.change({ audio: { gain } });
      expect(report).toMatchObject({ applied: ["audio.gain"], written: false });
      expect(report.warning).toContain("is left alone until it is mended");
    }
    expect(file.text).toBe(halfDone);
    expect(desk.current.audio.gain).toBe(6);
  });

  test("or cannot be read goes on likewise", async () => {
    const { desk, file } = deskOn("audio:\n  gain: 1\n");
    file.readError = new Error("permission denied");
    expect(String(await failure(desk.reload()))).toContain("earshot.yaml: it cannot be read: permission denied");
    expect(await desk.reload()).toBeUndefined();
    expect(await desk.change({ audio: { gain: 2 } })).toMatchObject({ applied: ["audio.gain"], written: false });
    file.readError = undefined;
    await desk.reload();
    expect(desk.fileError).toBeUndefined();
  });
});

describe("a page that listens to the network", () => {
  const open = "web:\n  host: 0.0.0.0\n  password: long enough\n";

  test("keeps its password until it is started again on loopback", async () => {
    const { desk, file } = deskOn(open);
    const both = await failure(desk.change({ web: { host: "127.0.0.1", password: null } }));
    expect(String(both)).toContain("listens on 0.0.0.0 until the program starts again");
    expect(await desk.change({ web: { host: "127.0.0.1" } })).toMatchObject({ needsRestart: ["web.host"] });
    expect(await failure(desk.change({ web: { password: null } }))).toBeInstanceOf(ConfigError);
    file.text = "# nothing\n";
    expect(await failure(desk.reload())).toBeInstanceOf(ConfigError);
    expect(desk.current.web.password).toBe("long enough");
  });

  test("may get another password at once", async () => {
    const { desk } = deskOn(open);
    expect(await desk.change({ web: { password: "another one" } })).toMatchObject({ applied: ["web.password"] });
  });
});
