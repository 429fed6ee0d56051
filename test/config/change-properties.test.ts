import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FixedSettingError, prepareChange } from "../../src/config/change.ts";
import { ConfigError } from "../../src/config/config-error.ts";
import { type Config, DEFAULT_MODELS } from "../../src/config/schema.ts";
import { configOf, sourcesOf } from "./sources.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`configuration changes: FUZZ_SEED=${seed}`);

const model = fc.record(
  {
    enabled: fc.option(fc.boolean()),
    threshold: fc.option(fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100)),
    patience: fc.option(fc.integer({ min: 1, max: 25 })),
    refractory: fc.option(fc.constantFrom(0, 100, "1.5s", "300ms")),
    sure: fc.option(fc.constantFrom(0.01, 0.9, 1)),
    vad_threshold: fc.option(fc.constantFrom(0, 0.25, 1)),
    input_scale: fc.option(fc.constantFrom("int16", "unit")),
    file: fc.option(
      fc.constantFrom("/a.onnx", "/x/b c.onnx", "/x # no comment.onnx", "/yes", "/1", "/it's: {odd}.onnx"),
    ),
  },
  { requiredKeys: [] },
);
const NAMES = ["alexa", "hey_jarvis", "timer", "my.word", "x_1", "constructor"] as const;
const validPatch = fc.record(
  {
    name: fc.option(fc.constantFrom("Küche", "a b", "true", "007")),
    audio: fc.record(
      {
        gain: fc.option(fc.integer({ min: -60, max: 60 })),
        source: fc.option(fc.constantFrom("default", "USB: mic", "- 2", "file:ä #1.wav?loop", "null", "a\nb", "~")),
      },
      { requiredKeys: [] },
    ),
    wake: fc.record(
      {
        models: fc.dictionary(fc.constantFrom(...NAMES), fc.option(model, { freq: 6 }), { maxKeys: 3 }),
        cooldown: fc.option(fc.constantFrom(0, "1s", 250)),
        rms_filter: fc.option(fc.integer({ min: 0, max: 32_767 })),
        multi_trigger: fc.option(fc.boolean()),
        vad_threshold: fc.option(fc.constantFrom(0, 0.5, 1)),
        energy_gate: fc.option(fc.boolean()),
        models_folder: fc.option(fc.constantFrom("heads", "/a b/#c", "007", "../~")),
      },
      { requiredKeys: [] },
    ),
    streams: fc.record({ max: fc.option(fc.integer({ min: 0, max: 256 })) }, { requiredKeys: [] }),
    log: fc.option(fc.record({ level: fc.option(fc.constantFrom("debug", "error")) }, { requiredKeys: [] })),
  },
  { requiredKeys: [] },
);
const files = fc.constantFrom(
  undefined,
  "",
  "# only a comment\n",
  "---\n",
  "audio:\n  gain: 3 # loud\n\n# models\nwake:\n  models:\n    alexa:\n    timer: {threshold: .5, patience: 2} # flow\n  # end\n",
  "wake: {models: {}}\n",
  "audio: {gain: 1}\nlog:\n    level: info\n    format: text\nname: 'x'",
  "wake:\r\n  models:\r\n    alexa:\r\n      threshold: 0.3\r\n",
  "wake:\n  models:\n    alexa: &a\n      threshold: 0.3\n      patience: 4\n    timer: *a\n    my.word: *a\n",
  "audio:\n  source: >-\n    USB\n    mic\nweb:\n  port: 5\n",
);

type Tree = { [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && !Array.isArray(value);

/** Taking back what a model has never said does not make that model. */
function onlyTakesBack(value: unknown): boolean {
  const inside = isTree(value) ? Object.values(value) : [];
  return inside.length > 0 && inside.every((each) => each === null || onlyTakesBack(each));
}

/** What a file says, with patches laid over it by hand. */
function layered(said: Tree, patch: Tree): Tree {
  const after: Tree = { ...said };
  for (const [key, value] of Object.entries(patch)) {
    const there = Object.hasOwn(after, key) ? after[key] : undefined;
    if (value === null) delete after[key];
    else if (there === undefined && onlyTakesBack(value)) continue;
    else after[key] = isTree(value) ? layered(isTree(there) ? there : {}, value) : value;
  }
  return after;
}

/** Naming one model in a file that names none means the default ones too. */
function withDefaults(said: Tree, patch: Tree): Tree {
  const wake = isTree(said.wake) ? said.wake : {};
  const names = isTree(patch.wake) && isTree(patch.wake.models) ? Object.keys(patch.wake.models) : [];
  if (names.length === 0 || isTree(wake.models)) return said;
  return { ...said, wake: { ...wake, models: Object.fromEntries(DEFAULT_MODELS.map((name) => [name, {}])) } };
}

function contentOf(text: string | undefined): Tree {
  const content: unknown = Bun.YAML.parse(text ?? "");
  return isTree(content) ? content : {};
}

function commentsOf(text: string | undefined): string[] {
  return (text ?? "").match(/(^|\s)# [^\n\r"]*$/gm)?.map((comment) => comment.trim()) ?? [];
}

describe("changes in any order", () => {
  test("give what layering them by hand gives, and a file that says the same", () => {
    fc.assert(
      fc.property(files, fc.array(validPatch, { minLength: 1, maxLength: 5 }), (file, patches) => {
        let text: string | undefined = file;
        let config: Config = configOf(file);
        let byHand = contentOf(file);
        for (const patch of patches as Tree[]) {
          const prepared = prepareChange(sourcesOf(text), config, patch);
          text = prepared.text;
          config = prepared.config;
          byHand = layered(withDefaults(byHand, patch), patch);
        }
        expect(config).toEqual(configOf(JSON.stringify(byHand)));
        expect(configOf(text)).toEqual(config);
        if (!patches.some((patch) => patch.log === null)) {
          const kept = commentsOf(text);
          const own = commentsOf(file).filter((comment) => ["# only a comment", "# models"].includes(comment));
          for (const comment of own) expect(kept).toContain(comment);
        }
      }),
      { seed, numRuns: 100 },
    );
  }, 60_000);

  test("that are garbage are refused as such, and never anything else", () => {
    const names = fc.constantFrom(
      "audio",
      "wake",
      "models",
      "alexa",
      "gain",
      "web",
      "port",
      "threshold",
      "__proto__",
      "",
    );
    const garbage = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 5 },
        fc.anything({ withNullPrototype: false }).map((value): unknown => {
          // What can arrive is what JSON can carry.
          try {
            return JSON.parse(JSON.stringify(value) ?? "null");
          } catch {
            return null;
          }
        }),
        fc.dictionary(fc.oneof(names, fc.string({ unit: "grapheme" })), tie("node"), {
          maxKeys: 4,
          noNullPrototype: true,
        }),
      ),
    })).node;
    const overrides = [{ path: ["web", "port"], value: 80, origin: "--port" }];
    const shared = Object.getOwnPropertyNames(Object.prototype).sort();
    fc.assert(
      fc.property(files, garbage, (file, patch) => {
        try {
          prepareChange(sourcesOf(file, overrides), configOf(file, overrides), patch);
        } catch (error) {
          if (!(error instanceof ConfigError) && !(error instanceof FixedSettingError)) throw error;
        }
        expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(shared);
      }),
      { seed, numRuns: 500 },
    );
  }, 60_000);

  test("to files that are garbage are refused as such, and never anything else", () => {
    const line = fc.constantFrom(
      "audio:",
      "  gain: 3",
      "    gain: {",
      "}",
      "- a",
      "wake: {models: {alexa: &x {}}}",
      "name: *x",
      "? a",
      "%TAG ! x",
      "--- |",
      "\t",
      "web: !!str 5",
      "<<: *x",
      "'",
      "log: [",
      "wake:",
      "  models:",
      "    alexa: {threshold: 2}",
      "...",
    );
    const text = fc.oneof(
      fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n")),
      fc.string(),
    );
    fc.assert(
      fc.property(text, (file) => {
        try {
          const prepared = prepareChange(sourcesOf(file), configOf(file), { audio: { gain: 7 }, log: null });
          expect(prepared.config.audio.gain).toBe(7);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
        }
      }),
      { seed, numRuns: 500 },
    );
  }, 60_000);
});
