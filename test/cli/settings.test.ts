import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { addSettingOptions, configSources, type SettingFlags, toNumber } from "../../src/cli/settings.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { loadConfig } from "../../src/config/load.ts";

let folder = "";
let config = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-settings-"));
  config = join(folder, "my.yaml");
  await writeFile(
    config,
    "audio:\n  source: USB\nwake:\n  models:\n    timer:\n    alexa: {patience: 3, enabled: false}\n",
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function configOf(flags: SettingFlags, environment: Record<string, string> = {}) {
  return loadConfig(await configSources({ config, ...flags }, environment)).config;
}

/** What a command line becomes. */
async function parsed(...words: string[]): Promise<SettingFlags> {
  let flags: SettingFlags = {};
  const command = addSettingOptions(new Command("run"))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .action((given: SettingFlags) => {
      flags = given;
    });
  await command.parseAsync(words, { from: "user" });
  return flags;
}

describe("flags", () => {
  test("become settings, over the environment, over the file", async () => {
    const flags = await parsed("--source", "file:a.wav", "--host", "localhost", "-p", "8080");
    expect(await configOf(flags, { EARSHOT_WEB__PORT: "1", EARSHOT_AUDIO__GAIN: "3" })).toMatchObject({
      audio: { source: "file:a.wav", gain: 3 },
      web: { host: "localhost", port: 8080 },
    });
  });

  test("that are not given change nothing", async () => {
    expect((await configOf(await parsed())).audio.source).toBe("USB");
  });

  test("name the models to listen for, and no others, by what people say too", async () => {
    const { models } = (await configOf(await parsed("-m", "Hey Jarvis", "-m", "alexa", "-t", "0.6"))).wake;
    expect(models).toMatchObject({
      hey_jarvis: { enabled: true, threshold: 0.6 },
      alexa: { enabled: true, threshold: 0.6, patience: 3 },
    });
    expect(Object.keys(models)).toEqual(["hey_jarvis", "alexa"]);
  });

  test("give a threshold to all models that there are", async () => {
    const { models } = (await configOf(await parsed("--threshold", "0.4"))).wake;
    expect(Object.values(models).map(({ threshold }) => threshold)).toEqual([0.4, 0.4]);
  });

  test.each([
    ["models/hey_marvin_v0.2.onnx", "hey_marvin"],
    ["/abs/My_Word.ONNX", "My_Word"],
    ["x_v1.onnx", "x"],
  ])("take the path of a model, which is called after its file: %s", async (path, name) => {
    const { models } = (await configOf(await parsed("-m", path))).wake;
    expect(models).toEqual({
      [name]: { enabled: true, patience: 2, refractory: 2000, sure: 0.95, file: resolve(path) },
    });
  });

  test("that are wrong are refused by name", async () => {
    for (const words of [
      ["--port", "many"],
      ["--threshold", ""],
      ["-p", "NaN"],
      ["--prot", "1"],
    ]) {
      const refused = await parsed(...words).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: expect.stringContaining("commander.") });
    }
    const outOfBounds = await configOf(await parsed("--port", "70000", "--threshold", "7")).catch(
      (error: unknown) => error,
    );
    expect(outOfBounds).toBeInstanceOf(ConfigError);
    expect(String(outOfBounds)).toContain("--port: web.port: ");
    expect(String(outOfBounds)).toContain("--threshold: wake.models.");
  });

  test("cannot name a model in a way that no file could be meant", async () => {
    const refused = await configOf(await parsed("-m", "no/such/model")).catch((error: unknown) => error);
    expect(String(refused)).toBe(
      `ConfigError: --model: "no/such/model": a model's name has letters, digits, _ . - and no spaces`,
    );
  });
});

describe("the configuration file", () => {
  test("that was asked for and is missing is an error", async () => {
    const missing = join(folder, "none.yaml");
    const refused = await configSources({ config: missing }, {}).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConfigError);
    expect(String(refused)).toContain(`${missing}: there is no such file`);
  });

  test("that cannot be read is an error", async () => {
    expect(await configSources({ config: folder }, {}).catch((error: unknown) => error)).toBeInstanceOf(ConfigError);
  });

  test("that nobody asked for may be missing", async () => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      const { text, file } = await configSources({}, {});
      expect(text).toBeUndefined();
      expect(file).toEndWith("/earshot.yaml");
    } finally {
      process.chdir(here);
    }
  });

  test("is found by the environment, and a flag is heard first", async () => {
    process.env.EARSHOT_CONFIG = "from-the-environment.yaml";
    try {
      expect((await parsed()).config).toBe("from-the-environment.yaml");
      expect((await parsed("--config", "flag.yaml")).config).toBe("flag.yaml");
    } finally {
      delete process.env.EARSHOT_CONFIG;
    }
  });
});

test("toNumber() takes numbers and nothing else", () => {
  expect([toNumber("7171"), toNumber("0.5"), toNumber("-1")]).toEqual([7171, 0.5, -1]);
  for (const text of ["", " ", "x", "1x", "Infinity", "NaN"]) expect(() => toNumber(text)).toThrow("is not a number");
});
