/**
 * The file, then the environment, then the flags: the later wins, one schema checks them all, and every complaint says
 * where the value came from: line and column, variable or flag.
 */
import { dirname, resolve } from "node:path";
import { closest, distance } from "fastest-levenshtein";
import { type Document, isMap, isNode, isPair, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { withPrograms } from "./command-settings.ts";
import { ConfigError, type ConfigProblem } from "./config-error.ts";
import { decides, type Override } from "./environment.ts";
import { type Config, checkedConfigSchema, configSchema, DEFAULT_MODELS } from "./schema.ts";
import { wordsFor } from "./wording.ts";

/** Where a relay's page is when nothing is said. */
const RELAY_PORT = 7172;

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

/** @throws ConfigError with everything that is wrong */
export function loadConfig({ file, text, overrides, onlyModels }: ConfigSources): { readonly config: Config } {
  const lines = new LineCounter();
  const document = parseDocument(text ?? "", { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    const { line, col } = lines.linePos(syntax.pos[0]);
    const message = syntax.message.split("\n")[0]?.replace(/ at line \d+.*$/, "") ?? "not YAML";
    throw new ConfigError([{ setting: "", message, where: `${file}:${line}:${col}` }]);
  }
  const raw = contentOf(document, file) ?? {};
  if (typeof raw !== "object" || Array.isArray(raw)) {
    throw new ConfigError([{ setting: "", message: "settings and their values are expected", where: `${file}:1:1` }]);
  }
  // `audio:` with nothing under it says nothing of audio.
  const layered = Object.fromEntries(Object.entries(raw).filter(([, section]) => section !== null));
  if (onlyModels !== undefined) selectModels(layered, onlyModels);
  const tooDeep = overrides.filter(({ path }) => leadsIntoAValue(path));
  for (const { path, value } of overrides) setIn(layered, path, value);
  const parsed = checkedConfigSchema.safeParse(withRelayPort(layered));
  if (parsed.success && tooDeep.length === 0) return { config: withPathsFrom(dirname(file), parsed.data) };
  const whereOf = (path: readonly PropertyKey[], ofKey: boolean) =>
    originOf(overrides, path) ??
    (isSelected(document, onlyModels, path) ? "--model" : positionOf(document, lines, file, path, ofKey));
  const problems = parsed.success ? [] : problemsOf(parsed.error, whereOf);
  throw new ConfigError([...problems, ...tooDeep.map(intoAValue)]);
}

/** A hub and a relay on one machine must not want the same port. */
function withRelayPort(layered: Record<string, unknown>): Record<string, unknown> {
  const { relay, web = {} } = layered;
  const isRelay = isMapping(relay) && relay.hub !== undefined;
  return isRelay && isMapping(web) && web.port === undefined
    ? { ...layered, web: { ...web, port: RELAY_PORT } }
    : layered;
}

/** What lies beside the configuration file is meant, wherever the program was started from. */
function withPathsFrom(folder: string, config: Config): Config {
  const models = Object.entries(config.wake.models).map(([name, { file, ...settings }]) => [
    name,
    file === undefined ? settings : { ...settings, file: resolve(folder, file) },
  ]);
  const models_folder = resolve(folder, config.wake.models_folder);
  const { token_file, ca_file, ...said } = config.relay;
  const relay = {
    ...said,
    ...(token_file !== undefined && { token_file: resolve(folder, token_file) }),
    ...(ca_file !== undefined && { ca_file: resolve(folder, ca_file) }),
  };
  const { keep_recordings, ...secrets } = config.privacy;
  const privacy =
    keep_recordings === undefined ? secrets : { ...secrets, keep_recordings: resolve(folder, keep_recordings) };
  const { cert, key } = config.web.tls;
  const tls = cert === undefined || key === undefined ? {} : { cert: resolve(folder, cert), key: resolve(folder, key) };
  const web = { ...config.web, tls };
  const loqaTls = Object.entries(config.loqa.tls).map(([name, file]) => [name, file && resolve(folder, file)]);
  const loqa = { ...config.loqa, tls: Object.fromEntries(loqaTls) };
  const command = withPrograms(config.command, (program) => resolve(folder, program));
  return {
    ...config,
    relay,
    web,
    loqa,
    command,
    privacy,
    wake: { ...config.wake, models: Object.fromEntries(models), models_folder },
  };
}

/** Whether a path is of a model that --model named and the file does not. */
function isSelected(
  document: Document,
  onlyModels: readonly string[] | undefined,
  path: readonly PropertyKey[],
): boolean {
  const [room, models, name] = path;
  if (room !== "wake" || models !== "models" || name === undefined) return false;
  return onlyModels?.includes(String(name)) === true && !document.hasIn(["wake", "models", name]);
}

/** `EARSHOT_AUDIO__GAIN__LEFT`: there is nothing inside a number. */
function leadsIntoAValue(path: readonly string[]): boolean {
  for (let depth = 1; depth < path.length; depth++) {
    const schema = schemaAt(path.slice(0, depth));
    if (schema === undefined) return false;
    if (!isOfKeys(schema)) return true;
  }
  return false;
}

function intoAValue({ path, origin }: Override): ConfigProblem {
  const setting = path.join(".");
  return { setting, message: `no such setting: "${setting}"`, where: origin };
}

/** @throws ConfigError where an alias leads nowhere, or to too much */
function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ setting: "", message, where: file }]);
  }
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
  const wake = layered.wake ?? {};
  if (!isMapping(wake)) return;
  const known = wake.models ?? {};
  if (!isMapping(known)) return;
  const selected = names.map((name) => {
    const said = Object.hasOwn(known, name) ? (known[name] ?? {}) : {};
    return [name, isMapping(said) ? { ...said, enabled: true } : said];
  });
  layered.wake = { ...wake, models: Object.fromEntries(selected) };
}

/** What is no mapping is left as it is, for the schema to refuse. */
function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
    if (issue.code === "invalid_key") {
      const message = issue.issues.map((one) => wordsFor(one)).join("; ");
      return [{ setting, message: `"${String(issue.path.at(-1))}": ${message}`, where: whereOf(issue.path, true) }];
    }
    return [
      {
        setting,
        message: setting === "" ? wordsFor(issue) : `${setting}: ${wordsFor(issue)}`,
        where: whereOf(issue.path, false),
      },
    ];
  });
}

function nearestHint(path: readonly PropertyKey[], key: string): string {
  const known = knownKeys(path);
  if (known.length === 0) return "";
  // Settings of several kinds: another kind has it.
  if (known.includes(key)) return " for this kind";
  const nearest = closest(key, known);
  return distance(key, nearest) <= Math.max(2, key.length / 2)
    ? `, did you mean "${nearest}"?`
    : `, known here: ${known.join(", ")}`;
}

/** The keys that the schema knows at a path. */
function knownKeys(path: readonly PropertyKey[]): string[] {
  const schema = schemaAt(path);
  return schema === undefined ? [] : Object.keys(keysOf(schema).shape ?? {});
}

function schemaAt(path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType = configSchema;
  for (const key of path) {
    const { shape, valueType } = keysOf(schema);
    const next = (shape !== undefined && Object.hasOwn(shape, key) ? shape[String(key)] : undefined) ?? valueType;
    if (next === undefined) return undefined;
    schema = next;
  }
  return schema;
}

interface Keys {
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly valueType?: z.core.$ZodType;
}

function keysOf(schema: z.core.$ZodType): Keys {
  const def = unwrap(schema)._zod.def as unknown as Keys & {
    readonly discriminator?: string;
    readonly options?: readonly z.core.$ZodType[];
  };
  if (def.discriminator === undefined) return def;
  // Settings of several kinds: the keys of all of them, since the kind may be said elsewhere.
  return { shape: Object.assign({}, ...(def.options ?? []).map((option) => keysOf(option).shape)) };
}

function isOfKeys(schema: z.core.$ZodType): boolean {
  const { shape, valueType } = keysOf(schema);
  return shape !== undefined || valueType !== undefined;
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

/** What set the value at a path, or all that is around it. */
function originOf(overrides: readonly Override[], path: readonly PropertyKey[]): string | undefined {
  return overrides.findLast((override) => override.path.length <= path.length && decides(override, path))?.origin;
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
