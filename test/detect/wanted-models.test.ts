import { describe, expect, test } from "bun:test";
import type { FoundModel } from "../../src/config/found-models.ts";
import { wantedModels } from "../../src/detect/wanted-models.ts";
import { configOf } from "../config/sources.ts";

const FOLDER = "/heads";
const file = (name: string, { base = name, version = "1" } = {}): FoundModel => ({
  name,
  path: `${FOLDER}/${base}.onnx`,
  version,
});

function wanted(models: string, ...found: readonly FoundModel[]) {
  return wantedModels(configOf(`wake: {models_folder: ${FOLDER}, models: {${models}}}`), found);
}

describe("the models that are wanted", () => {
  test("are those of the configuration in its order, then those that were found", () => {
    expect(wanted("timer: {}, alexa: {}", file("computer"), file("marvin"))).toMatchObject({
      entries: [
        "timer",
        "alexa",
        { name: "computer", path: "/heads/computer.onnx" },
        { name: "marvin", path: "/heads/marvin.onnx" },
      ],
      refused: [],
      disabled: [],
    });
  });

  test("have the scale of their input from the configuration, and none where it says none", () => {
    const { entries } = wanted(
      "computer: {input_scale: unit}, own: {file: /o.onnx, input_scale: int16}",
      file("computer"),
      file("marvin"),
    );
    expect(entries).toEqual([
      { name: "own", path: "/o.onnx", inputScale: "int16" },
      { name: "computer", path: "/heads/computer.onnx", inputScale: "unit" },
      { name: "marvin", path: "/heads/marvin.onnx" },
    ]);
  });

  test("are fewer where one is switched off, shipped or found", () => {
    const { entries, refused, disabled } = wanted(
      "alexa: {enabled: false}, computer: {enabled: false}",
      file("computer"),
    );
    expect({ entries, refused, disabled }).toEqual({ entries: [], refused: [], disabled: ["alexa", "computer"] });
  });

  test("may be a head of one's own in place of a shipped one that is not listened for", () => {
    expect(wanted("alexa: {}", file("timer")).entries).toEqual(["alexa", { name: "timer", path: "/heads/timer.onnx" }]);
  });

  test("have a file of the folder once, under the name that the configuration gives it", () => {
    const { entries, refused } = wanted("kitchen: {file: /heads/computer.onnx}", file("computer"));
    expect(entries).toEqual([{ name: "kitchen", path: "/heads/computer.onnx" }]);
    expect(refused).toEqual([]);
    expect(wanted("kitchen: {file: /heads/computer.onnx, enabled: false}", file("computer")).entries).toEqual([]);
  });
});

describe("a model is refused", () => {
  test("whose name has been taken by another file: the first one wins", () => {
    const { entries, refused } = wanted("", file("marvin"), file("marvin", { base: "marvin_v2" }));
    expect(entries).toEqual([{ name: "marvin", path: "/heads/marvin.onnx" }]);
    expect(refused).toEqual([
      {
        name: "marvin_v2.onnx",
        message:
          "/heads/marvin_v2.onnx: it would be called marvin, but /heads/marvin.onnx is called so too, and comes first: rename the file",
      },
    ]);
  });

  test("whose name has been taken by a shipped one that is switched on, or by a file of the configuration", () => {
    const { entries, refused } = wanted("alexa: {}, own: {file: /o.onnx}", file("alexa"), file("own"));
    expect(entries).toEqual(["alexa", { name: "own", path: "/o.onnx" }]);
    expect(refused.map(({ name }) => name)).toEqual(["alexa.onnx", "own.onnx"]);
    expect(refused[0]?.message).toContain("the shipped model of that name is switched on");
    expect(refused[1]?.message).toContain("/o.onnx is called so in the configuration");
  });

  test("that is neither shipped nor there, with the folder and the nearest name", () => {
    const { entries, refused } = wanted("alexia: {}, computr: {}, zzz: {}", file("computer"));
    expect(entries).toEqual([{ name: "computer", path: "/heads/computer.onnx" }]);
    expect(refused.map(({ name }) => name)).toEqual(["alexia", "computr", "zzz"]);
    expect(refused[0]?.message).toStartWith('no wake word is called "alexia". Did you mean alexa? Known are alexa, ');
    expect(refused[1]?.message).toContain("Did you mean computer?");
    expect(refused[2]?.message).not.toContain("Did you mean");
    for (const { message } of refused) expect(message).toContain("goes into /heads");
  });

  test("and what is known is told without files that cannot be used, and nothing twice", () => {
    const broken = { ...file("computer"), problem: "it is empty" };
    const [, said] = wanted("zzz: {}, timer: {enabled: false}", broken, file("timer"), file("marvin"))
      .refused.map(({ message }) => message)
      .toReversed();
    expect(said).toEndWith(
      "Known are alexa, hey_jarvis, hey_mycroft, hey_rhasspy, timer, weather, marvin; " +
        'a head of your own goes into /heads, or is named by "file"',
    );
    expect(wanted("computr: {}", broken).refused[0]?.message).not.toContain("Did you mean");
  });

  test("whose file has something wrong with it that shows from outside", () => {
    expect(wanted("", { ...file("computer"), problem: "it is empty" }).refused).toEqual([
      { name: "computer.onnx", message: "/heads/computer.onnx: it is empty" },
    ]);
  });

  test("that ships, and would get a scale that it was not trained with", () => {
    expect(wanted("alexa: {input_scale: unit}, timer: {input_scale: int16}")).toMatchObject({
      entries: ["timer"],
      refused: [{ name: "alexa", message: expect.stringContaining("input_scale") }],
    });
  });
});

describe("a model that was tuned and whose file is not there", () => {
  test.each(["threshold: 0.6", "patience: 3", "refractory: 1s", "sure: 0.9", "vad_threshold: 0", "input_scale: int16"])(
    "waits for it and is nobody's fault: %s",
    (tuning) => {
      const { entries, refused, waiting } = wanted(`alexa: {}, computer: {${tuning}}`, file("marvin"));
      expect(entries).toEqual(["alexa", { name: "marvin", path: "/heads/marvin.onnx" }]);
      expect({ refused, waiting }).toEqual({
        refused: [],
        waiting: [{ name: "computer", path: "/heads/computer.onnx" }],
      });
    },
  );

  test("is refused all the same where its name is a slip of a shipped one, or nothing is tuned", () => {
    const { refused, waiting } = wanted("alexia: {threshold: 0.6}, computer: {enabled: true, sure: 0.95}");
    expect(waiting).toEqual([]);
    expect(refused.map(({ name }) => name)).toEqual(["alexia", "computer"]);
    expect(refused[0]?.message).toContain("Did you mean alexa?");
  });

  test("does not wait while it is switched off, nor when its file is there", () => {
    expect(wanted("computer: {enabled: false, threshold: 0.6}")).toMatchObject({ waiting: [], disabled: ["computer"] });
    expect(wanted("computer: {threshold: 0.6}", file("computer"))).toMatchObject({
      waiting: [],
      entries: [{ name: "computer" }],
    });
  });
});

describe("the key of what is wanted", () => {
  const keyOf = (models: string, ...found: readonly FoundModel[]) => wanted(models, ...found).key;

  test("is another one when a file comes, goes, is replaced, or is switched off or scaled otherwise", () => {
    const before = keyOf("alexa: {}", file("computer"));
    expect(keyOf("alexa: {}", file("computer"))).toBe(before);
    for (const after of [
      keyOf("alexa: {}"),
      keyOf("alexa: {}", file("computer"), file("marvin")),
      keyOf("alexa: {}", file("computer", { version: "2" })),
      keyOf("alexa: {}, computer: {enabled: false}", file("computer")),
      keyOf("alexa: {}, computer: {input_scale: unit}", file("computer")),
      keyOf("computer: {}", file("computer")),
    ]) {
      expect(after).not.toBe(before);
    }
  });

  test("is another one when a file is replaced that the configuration names by its path", () => {
    const own = "kitchen: {file: /heads/computer.onnx}";
    expect(keyOf(own, file("computer", { version: "2" }))).not.toBe(keyOf(own, file("computer")));
  });

  test("is the same when a threshold changes: nothing has to be loaded for that", () => {
    expect(keyOf("computer: {threshold: 0.7, patience: 3}", file("computer"))).toBe(
      keyOf("computer: {}", file("computer")),
    );
  });
});
