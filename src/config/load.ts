/**
 * The file, then the environment, then the flags: the later wins, one schema checks them all, and every complaint says
 * where the value came from: line and column, variable or flag.
 */
import { closest, distance } from "fastest-levenshtein";
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { decides, type Override } from "./environment.ts";
import { type Config, checkedConfigSchema, configSchema, DEFAULT_MODELS } from "./schema.ts";

export interface ConfigSources {
  /** The file's path, for messages and for writing back. */
  readonly file: string;
  /** The file's text; undefined when there is no such file. */
  readonly text: string | undefined;
  /** From environment and flags, in that order. */
  readonly overrides: readonly Override[];
  /** From `--model`: these models and no others, with whatever the file says of them. */
  readonly onlyModels?: readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** The YAML document, comments and all; changes are written into it. */
  readonly document: Document;
}

/** @throws ConfigError with everything that is wrong */
export function loadConfig({ file, text, overrides, onlyModels }: ConfigSources): LoadedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text ?? "", { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line, col } = lines.linePos(syntax.pos[0]);
    const message = syntax.message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? "not YAML";
    throw new ConfigError([{ setting: "", message, where: `${file}:${line}:${col}` }]);
  }
  const raw = (document.toJS() as unknown) ?? {};
  if (typeof raw !== "object" || Array.isArray(raw)) {
    throw new ConfigError([{ setting: "", message: "settings and their values are expected", where: `${file}:1:1` }]);
  }
  const layered = raw as Record<string, unknown>;
  if (onlyModels !== undefined) selectModels(layered, onlyModels);
  for (const { path, value } of overrides) setIn(layered, path, value);
  const parsed = checkedConfigSchema.safeParse(layered);
  if (parsed.success) return { config: parsed.data, document };
  const whereOf = (path: readonly PropertyKey[], ofKey: boolean) =>
    originOf(overrides, path) ?? positionOf(document, lines, file, path, ofKey);
  throw new ConfigError(problemsOf(parsed.error, whereOf));
}

/** Puts a value at a path, making maps on the way; a map that a list or a value stands in for is left to the schema. */
export function setIn(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (key === "*") {
    for (const each of Object.keys(target)) setIn(target, [each, ...rest], value);
    return;
  }
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key] ?? (key === "models" ? emptyModels(DEFAULT_MODELS) : {});
  target[key] = inner;
  if (typeof inner === "object") setIn(inner as Record<string, unknown>, rest, value);
}

/** Models with nothing said about them. */
export function emptyModels(names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}

function selectModels(layered: Record<string, unknown>, names: readonly string[]): void {
  const wake = (layered.wake ?? {}) as Record<string, unknown>;
  const known = (wake.models ?? {}) as Record<string, Record<string, unknown> | null>;
  const selected = names.map((name) => [name, { ...known[name], enabled: true }]);
  layered.wake = { ...wake, models: Object.fromEntries(selected) };
}

/** Turns what zod says into sentences; an unknown key comes with the nearest known one. */
export function problemsOf(
  error: z.ZodError,
  whereOf: (path: readonly PropertyKey[], ofKey: boolean) => string,
): ConfigProblem[] {
  return error.issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => {
        const path = [...issue.path, key];
        return {
          setting: path.join("."),
          message: `no such setting: "${path.join(".")}"${nearestHint(issue.path, key)}`,
          where: whereOf(path, true),
        };
      });
    }
    const setting = issue.path.join(".");
    return [{ setting, message: `${setting}: ${issue.message}`, where: whereOf(issue.path, false) }];
  });
}

function nearestHint(path: readonly PropertyKey[], key: string): string {
  const known = knownKeys(path);
  if (known.length === 0) return "";
  const nearest = closest(key, known);
  return distance(key, nearest) <= Math.max(2, key.length / 2)
    ? `, did you mean "${nearest}"?`
    : `, known here: ${known.join(", ")}`;
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  let schema: z.core.$ZodType = configSchema;
  for (const key of path) {
    const def = unwrap(schema)._zod.def as unknown as {
      readonly shape?: Record<string, z.core.$ZodType>;
      readonly valueType?: z.core.$ZodType;
    };
    const next = def.shape?.[String(key)] ?? def.valueType;
    if (next === undefined) return [];
    schema = next;
  }
  const def = unwrap(schema)._zod.def as unknown as { readonly shape?: Record<string, unknown> };
  return Object.keys(def.shape ?? {});
}

/** Looks through defaults, optionals, nullables and transforms. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as unknown as {
    readonly innerType?: z.core.$ZodType;
    readonly in?: z.core.$ZodType;
  };
  const inner = def.innerType ?? def.in;
  return inner === undefined ? schema : unwrap(inner);
}

function originOf(overrides: readonly Override[], path: readonly PropertyKey[]): string | undefined {
  return path.length === 0 ? undefined : overrides.findLast((override) => decides(override, path))?.origin;
}

/** Line and column of the value at a path, or of its key, or of the nearest thing around it that stands in the file. */
function positionOf(
  document: Document,
  lines: LineCounter,
  file: string,
  path: readonly PropertyKey[],
  ofKey: boolean,
): string {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? document.contents : document.getIn(path.slice(0, depth - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(path[depth - 1]));
    const node = ofKey && depth === path.length ? pair?.key : (pair?.value ?? pair?.key);
    if (!isNode(node) || !node.range) continue;
    const { line, col } = lines.linePos(node.range[0]);
    return `${file}:${line}:${col}`;
  }
  return file;
}
