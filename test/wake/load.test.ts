import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CATALOGUE } from "../../src/wake/catalogue.ts";
import { createEngine } from "../../src/wake/engine.ts";
import type { ReadFile } from "../../src/wake/load.ts";
import { modelPath } from "../../src/wake/model-files.ts";
import { messageField, textField } from "../../src/wake/onnx/wire.ts";
import { WakeModelError } from "../../src/wake/wake-model-error.ts";
import { changed } from "./model-bytes.ts";

const readFile: ReadFile = (path) => Bun.file(path).bytes();

/** Reads everything as it is, but for files whose path contains `part`. */
function reading(part: string, change: (bytes: Uint8Array) => Uint8Array): ReadFile {
  return async (path) => {
    const bytes = await readFile(path);
    return path.includes(part) ? change(bytes) : bytes;
  };
}

/** The error that an engine with these models is refused with. */
async function refusal(models: readonly string[], read: ReadFile = readFile): Promise<WakeModelError> {
  try {
    await (await createEngine({ models, readFile: read })).close();
  } catch (error) {
    if (error instanceof WakeModelError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const truncated = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, bytes.length / 2);
const altered = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 5000 ? byte ^ 1 : byte));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-models-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Puts a file of the npm package into the folder under another name, as a user would. */
async function dropIn(
  name: string,
  file: Parameters<typeof modelPath>[0],
  change = (b: Uint8Array) => b,
): Promise<string> {
  const path = join(folder, name);
  await Bun.write(path, change(await readFile(await modelPath(file))));
  return path;
}

describe("a name", () => {
  test("that is nearly right gets the right one, and the list", async () => {
    const error = await refusal(["alexia"]);
    expect(error.code).toBe("unknown_name");
    expect(error.model).toBe("alexia");
    expect(error.message).toContain('"alexia". Did you mean alexa? Known are alexa, hey_jarvis, hey_mycroft');
  });

  test("that is like none gets the list alone", async () => {
    const error = await refusal(["computer"]);
    expect(error.code).toBe("unknown_name");
    expect(error.message).not.toContain("Did you mean");
    for (const { name } of CATALOGUE) expect(error.message).toContain(name);
  });

  test("may be written as it is said", async () => {
    const engine = await createEngine({ models: ["Hey Jarvis", "hey-mycroft"], readFile });
    expect(engine.models.map(({ name }) => name)).toEqual(["hey_jarvis", "hey_mycroft"]);
    await engine.close();
  });

  test("that is given twice is refused", async () => {
    expect((await refusal(["alexa", "Alexa"])).code).toBe("duplicate_name");
  });
});

describe("a released file", () => {
  test("that was cut short is refused with both hashes", async () => {
    const error = await refusal(["alexa"], reading("alexa", truncated));
    expect(error.code).toBe("altered_file");
    expect(error.message).toMatch(/model alexa: .*alexa_v0\.1.*sha256 [0-9a-f]{64}, expected 6ff566a0/);
    expect(error.message).toContain("npm ci");
  });

  test("of which one bit was changed is refused", async () => {
    expect((await refusal(["alexa"], reading("alexa", altered))).code).toBe("altered_file");
  });

  test("that is missing is refused with the way to get it back", async () => {
    const error = await refusal(["weather"], (path) =>
      path.includes("weather") ? Promise.reject(new Error(`ENOENT: ${path}`)) : readFile(path),
    );
    expect(error.code).toBe("missing_file");
    expect(error.message).toContain("model weather: its file is missing");
    expect(error.message).toContain("npm ci");
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each(["melspectrogram.onnx", "embedding_model.onnx"])("%s is checked like any other", async (file) => {
    const part = file.replace(".onnx", "");
    expect(await refusal(["alexa"], reading(part, altered))).toMatchObject({ code: "altered_file", model: file });
  });

  test("has the window and the classes the catalogue says", async () => {
    const engine = await createEngine({ models: CATALOGUE.map(({ name }) => name), readFile });
    for (const known of CATALOGUE) {
      const model = engine.models.find(({ name }) => name === known.name);
      expect(model).toMatchObject({ window: known.window, classes: known.classes, sha256: known.sha256 });
    }
    await engine.close();
  });
});

describe("a file of the user's", () => {
  test("is a model called after the file without its version", async () => {
    const path = await dropIn("hey_marvin_v0.2.onnx", "alexa_v0.1.onnx");
    const engine = await createEngine({ models: [path, "alexa"], readFile });
    expect(engine.models[0]).toMatchObject({
      name: "hey_marvin",
      path,
      window: 16,
      classes: ["hey_marvin"],
      threshold: 0.4,
    });
    expect(engine.models[0]).not.toHaveProperty("licence");
    await engine.close();
  });

  test("with several classes has their labels from the graph", async () => {
    const path = await dropIn("egg-timer.onnx", "timer_v0.1.onnx");
    const engine = await createEngine({ models: [path], readFile });
    expect(engine.models[0]?.classes.slice(0, 3)).toEqual(["background", "1_minute_timer", "5_minute_timer"]);
    expect(engine.models[0]).toMatchObject({ name: "egg-timer", window: 34 });
    await engine.close();
  });

  test("that is not there is refused", async () => {
    const error = await refusal([join(folder, "nothing.onnx")]);
    expect(error.code).toBe("missing_file");
    expect(error.message).toContain("nothing.onnx");
  });

  test("that is no ONNX is refused", async () => {
    const path = join(folder, "text.onnx");
    await Bun.write(path, "this is not a model");
    expect((await refusal([path])).code).toBe("not_onnx");
  });

  test("that is empty is refused", async () => {
    const path = join(folder, "empty.onnx");
    await Bun.write(path, "");
    expect((await refusal([path])).code).toBe("not_onnx");
  });

  test("that was cut short is refused", async () => {
    expect((await refusal([await dropIn("short.onnx", "alexa_v0.1.onnx", truncated)])).code).toBe("not_onnx");
  });

  test.each(["melspectrogram.onnx", "embedding_model.onnx"] as const)(
    "%s is no head, and is told why",
    async (file) => {
      const error = await refusal([await dropIn(`not-a-head-${file}`, file)]);
      expect(error.code).toBe("wrong_shape");
      expect(error.message).toMatch(
        /its input is float32 \[.*\] and its output float32 \[.*\]; a wake-word head needs/,
      );
      expect(error.message).toContain("[1, window, 96]");
    },
  );
});

/** The file with these pairs in its `metadata_props`. */
const withMetadata =
  (pairs: Readonly<Record<string, string>>) =>
  (bytes: Uint8Array): Uint8Array =>
    changed(bytes, (model) => {
      const fields = Object.entries(pairs).map(([key, value]) =>
        messageField(14, [textField(1, key), textField(2, value)]),
      );
      return { ...model, rest: [...model.rest, ...fields] };
    });

describe("what a file of the user's says of itself", () => {
  test("is its threshold, phrase, licence, source and scale", async () => {
    const pairs = { threshold: " 0.35 ", phrase: "hey Marvin", license: "MIT", source: "mine", input_scale: "unit" };
    const path = await dropIn("marvin.onnx", "alexa_v0.1.onnx", withMetadata({ ...pairs, author: "me" }));
    const engine = await createEngine({ models: [path], readFile });
    expect(engine.models[0]).toEqual({
      name: "marvin",
      path,
      sha256: expect.any(String),
      window: 16,
      classes: ["marvin"],
      threshold: 0.35,
      phrase: "hey Marvin",
      licence: "MIT",
      source: "mine",
      inputScale: "unit",
    });
    await engine.close();
  });

  test("may be empty, and then says nothing", async () => {
    const path = await dropIn(
      "empty.onnx",
      "alexa_v0.1.onnx",
      withMetadata({ threshold: "", phrase: " ", licence: "" }),
    );
    const engine = await createEngine({ models: [path], readFile });
    expect(engine.models[0]).toMatchObject({ threshold: 0.4, inputScale: "int16" });
    expect(engine.models[0]).not.toHaveProperty("phrase");
    expect(engine.models[0]).not.toHaveProperty("licence");
    await engine.close();
  });

  test("yields to the scale that was asked for, whenever that changes", async () => {
    const path = await dropIn("scaled.onnx", "alexa_v0.1.onnx", withMetadata({ input_scale: "unit" }));
    const entry = { name: "scaled", path };
    const engine = await createEngine({ models: [{ ...entry, inputScale: "int16" }], readFile });
    expect(engine.models[0]?.inputScale).toBe("int16");
    await engine.setModels([entry]);
    expect(engine.models[0]?.inputScale).toBe("unit");
    const before = engine.models[0];
    await engine.setModels([{ ...entry, inputScale: undefined }]);
    expect(engine.models[0]).toBe(before as NonNullable<typeof before>);
    await engine.close();
  });

  test.each([
    [{ threshold: "high" }, 'threshold "high"; it must be a number of 0.01 to 1'],
    [{ threshold: "0" }, 'threshold "0"; it must be a number of 0.01 to 1'],
    [{ threshold: "1.5" }, "a number of 0.01 to 1"],
    [{ threshold: "NaN" }, "a number of 0.01 to 1"],
    [{ threshold: "0x1" }, 'threshold "0x1"; it must be a number of 0.01 to 1'],
    [{ threshold: "0b1" }, "a number of 0.01 to 1"],
    [{ input_scale: "float" }, 'input_scale "float"; it must be int16 or unit'],
  ])("is refused by name where it cannot be: %j", async (pairs, message) => {
    const error = await refusal([await dropIn("odd.onnx", "alexa_v0.1.onnx", withMetadata(pairs))]);
    expect(error.code).toBe("bad_metadata");
    expect(error.message).toContain("odd.onnx: its metadata says ");
    expect(error.reason).toStartWith("its metadata says ");
    expect(error.message).toContain(message);
  });

  test("is not asked of a released file, which the catalogue knows", async () => {
    const engine = await createEngine({ models: ["alexa"], readFile });
    expect(engine.models[0]).toMatchObject({ phrase: "alexa", threshold: 0.35, inputScale: "int16" });
    await engine.close();
  });
});

test("a bad model is reported by name and the others go on", async () => {
  const errors: WakeModelError[] = [];
  const engine = await createEngine({
    models: ["alexia", "alexa", join(folder, "nothing.onnx"), "weather"],
    readFile: reading("weather", altered),
    onModelError: (error) => errors.push(error),
  });
  expect(engine.models.map(({ name }) => name)).toEqual(["alexa"]);
  expect(errors.map(({ code }) => code)).toEqual(["unknown_name", "missing_file", "altered_file"]);
  expect(errors[2]?.model).toBe("weather");
  await engine.close();
});
