/**
 * A change to the configuration while the program runs: checked whole, refused where environment or a flag fixes a
 * setting, and written into the file's own text so that its comments stay.
 */
import { parse } from "yaml";
import { ConfigError } from "./config-error.ts";
import { editText } from "./edit-text.ts";
import { decides } from "./environment.ts";
import { type ConfigSources, emptyModels, loadConfig, problemsOf } from "./load.ts";
import { type Config, checkedConfigSchema, DEFAULT_MODELS, NEEDS_RESTART, ONLY_BY_FILE } from "./schema.ts";

/** A setting that something outside the file decides, so that writing it there would change nothing. */
export class FixedSettingError extends Error {
  override readonly name = "FixedSettingError";
  constructor(
    readonly setting: string,
    readonly origin: string,
  ) {
    super(`${setting} is fixed by ${origin}: change it there`);
  }
}

export interface PreparedChange {
  readonly config: Config;
  /** The file's new text. */
  readonly text: string;
  /** Settings whose value is another one now. */
  readonly changed: readonly string[];
  /** Those of them that count only after a restart. */
  readonly needsRestart: readonly string[];
}

/**
 * @param patch a part of the configuration, as `{wake: {models: {alexa: {threshold: 0.6}}}}`; null takes a setting back
 *   to its default
 * @throws ConfigError when the result would be no configuration
 * @throws FixedSettingError when environment or a flag decides a setting in the patch
 */
export function prepareChange(sources: ConfigSources, before: Config, patch: unknown): PreparedChange {
  if (!isPlainObject(patch)) {
    throw new ConfigError([
      { setting: "", message: 'an object of settings is expected, as {"audio":{"gain":3}}', where: "the request" },
    ]);
  }
  const leaves = leavesOf(patch).filter(({ path, value }) => !isSaid(before, path, value));
  // Checked alone first, so that what is wrong with the request is not blamed on a line of the file.
  const wanted = patched(before, patch);
  const parsed = checkedConfigSchema.safeParse(wanted);
  if (!parsed.success) {
    // Another kind of sink, with the settings of the old one: not for a request, whatever else is wrong with it.
    refuseOnlyByFile(before, wanted);
    throw new ConfigError(problemsOf(parsed.error, () => "the request"));
  }
  refuseFixed(sources, leaves);
  refuseOnlyByFile(before, parsed.data);
  const text = leaves.reduce(withLeaf, withNamedModels(sources, leaves));
  const { config } = loadConfig({ ...sources, text });
  const changed = differences(before, config);
  return { config, text, changed, needsRestart: changed.filter((setting) => NEEDS_RESTART.includes(setting)) };
}

/** What a file that was edited by hand changes. @throws ConfigError */
export function reloadedChange(sources: ConfigSources, before: Config): PreparedChange {
  const { config } = loadConfig(sources);
  const changed = differences(before, config);
  return {
    config,
    text: sources.text ?? "",
    changed,
    needsRestart: changed.filter((setting) => NEEDS_RESTART.includes(setting)),
  };
}

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(patch: Record<string, unknown>, path: readonly string[] = []): Leaf[] {
  return Object.entries(patch).flatMap(([key, value]) => {
    const here = [...path, key];
    // No setting is called so, and on the way into an object it would lead to what all objects share.
    if (key === "__proto__") {
      throw new ConfigError([
        { setting: here.join("."), message: `no such setting: "${here.join(".")}"`, where: "the request" },
      ]);
    }
    return isPlainObject(value) && !isEmptyMap(value) ? leavesOf(value, here) : [{ path: here, value }];
  });
}

/** Whether a setting has this value already: a client that sends back all that it got changes one of them. */
function isSaid(config: unknown, [key, ...rest]: readonly string[], value: unknown): boolean {
  if (key === undefined) return value !== null && JSON.stringify(config) === JSON.stringify(value);
  return isPlainObject(config) && Object.hasOwn(config, key) && isSaid(config[key], rest, value);
}

/** A configuration with a patch laid over it. */
function patched(before: unknown, patch: Record<string, unknown>): Record<string, unknown> {
  const after: Record<string, unknown> = isPlainObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = isPlainObject(value) ? patched(after[key], value) : value;
  }
  return after;
}

/** `{alexa: {}}` names a model and says nothing of it: it must not wipe out what is said already. */
function isEmptyMap(value: unknown): boolean {
  return isPlainObject(value) && Object.keys(value).length === 0;
}

function hasIn(target: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isPlainObject(target) && Object.hasOwn(target, key) && hasIn(target[key], rest);
}

/** A file that names no models means the default ones: naming one must not drop the others. */
function withNamedModels(sources: ConfigSources, leaves: readonly Leaf[]): string {
  const text = sources.text ?? "";
  const namesOne = leaves.some(
    ({ path: [room, key, name] }) => room === "wake" && key === "models" && name !== undefined,
  );
  if (!namesOne || hasIn(parse(text), ["wake", "models"])) return text;
  return editText(text, ["wake", "models"], emptyModels(DEFAULT_MODELS));
}

function withLeaf(text: string, { path, value }: Leaf): string {
  if (isEmptyMap(value) && hasIn(parse(text), path)) return text;
  return editText(text, path, value ?? undefined);
}

function refuseFixed({ overrides, onlyModels }: ConfigSources, leaves: readonly Leaf[]): void {
  for (const { path, value } of leaves) {
    // An empty map says nothing of what is inside it.
    const override = overrides.findLast(
      (candidate) => decides(candidate, path) && !(isEmptyMap(value) && candidate.path.length > path.length),
    );
    if (override !== undefined) throw new FixedSettingError(path.join("."), override.origin);
    const [room, models, name, setting] = path;
    const choosesModels = room === "wake" && (models === undefined || models === "models");
    if (onlyModels !== undefined && choosesModels && (name === undefined || !onlyModels.includes(name))) {
      throw new FixedSettingError(path.join("."), "--model");
    }
    if (onlyModels !== undefined && choosesModels && setting === "enabled") {
      throw new FixedSettingError(path.join("."), "--model");
    }
  }
}

function refuseOnlyByFile(before: unknown, after: unknown): void {
  for (const changed of differences(before, after)) {
    const setting = ONLY_BY_FILE.find((only) => changed === only || changed.startsWith(`${only}.`));
    if (setting !== undefined) throw new FixedSettingError(setting, "the configuration file");
  }
}

/** The settings, as dotted paths, in which two configurations differ. */
export function differences(before: unknown, after: unknown, path = ""): string[] {
  if (Object.is(before, after)) return [];
  if (!isPlainObject(before) || !isPlainObject(after)) {
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [path];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], path === "" ? key : `${path}.${key}`));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
