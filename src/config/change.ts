/**
 * A change to the configuration while the program runs: checked whole, refused where environment or a flag fixes a
 * setting, and written into the file's own text so that its comments stay.
 */
import type { Document } from "yaml";
import { ConfigError } from "./config-error.ts";
import { decides } from "./environment.ts";
import { type ConfigSources, emptyModels, type LoadedConfig, loadConfig, problemsOf, setIn } from "./load.ts";
import { type Config, checkedConfigSchema, DEFAULT_MODELS, NEEDS_RESTART } from "./schema.ts";

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
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) {
    throw new ConfigError([
      { setting: "", message: 'an object of settings is expected, as {"audio":{"gain":3}}', where: "the request" },
    ]);
  }
  const leaves = leavesOf(patch as Record<string, unknown>);
  // Checked alone first, so that what is wrong with the request is not blamed on a line of the file.
  checkPatch(before, leaves);
  refuseFixed(sources, leaves);
  const { document } = loadConfig(sources);
  for (const { path, value } of leaves) writeLeaf(document, path, value);
  const text = document.toString();
  const { config } = loadConfig({ ...sources, text });
  const changed = differences(before, config);
  return { config, text, changed, needsRestart: changed.filter((setting) => NEEDS_RESTART.includes(setting)) };
}

/** What a file that was edited by hand changes. @throws ConfigError */
export function reloadedChange(sources: ConfigSources, before: Config): PreparedChange {
  const { config }: LoadedConfig = loadConfig(sources);
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
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    if (isMap && Object.keys(value).length > 0) return leavesOf(value as Record<string, unknown>, here);
    return [{ path: here, value }];
  });
}

function checkPatch(before: Config, leaves: readonly Leaf[]): void {
  const merged = structuredClone(before) as unknown as Record<string, unknown>;
  for (const { path, value } of leaves) {
    if (value === null) deleteIn(merged, path);
    else if (!isEmptyMap(value) || !hasIn(merged, path)) setIn(merged, path, value);
  }
  const parsed = checkedConfigSchema.safeParse(merged);
  if (!parsed.success) throw new ConfigError(problemsOf(parsed.error, () => "the request"));
}

/** `{alexa: {}}` names a model and says nothing of it: it must not wipe out what is said already. */
function isEmptyMap(value: unknown): boolean {
  return isPlainObject(value) && Object.keys(value).length === 0;
}

function hasIn(target: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return isPlainObject(target) && key in target && hasIn(target[key], rest);
}

function deleteIn(target: Record<string, unknown>, path: readonly string[]): void {
  const [key, ...rest] = path;
  if (key === undefined) return;
  if (rest.length === 0) delete target[key];
  else if (typeof target[key] === "object" && target[key] !== null) {
    deleteIn(target[key] as Record<string, unknown>, rest);
  } else target[key] = {};
}

function writeLeaf(document: Document, path: readonly string[], value: unknown): void {
  // A file that names no models means the default ones; naming one must not drop the others.
  if (path.length > 2 && path[0] === "wake" && path[1] === "models" && document.getIn(["wake", "models"]) == null) {
    document.setIn(["wake", "models"], document.createNode(emptyModels(DEFAULT_MODELS)));
  }
  if (value === null) document.deleteIn(path);
  else if (!isEmptyMap(value) || !document.hasIn(path)) {
    // `alexa:` alone is a null, which setIn cannot enter.
    for (let depth = 1; depth < path.length; depth++) {
      const around = path.slice(0, depth);
      if (document.getIn(around) === null) document.setIn(around, document.createNode({}));
    }
    document.setIn(path, value);
  }
}

function refuseFixed({ overrides, onlyModels }: ConfigSources, leaves: readonly Leaf[]): void {
  for (const { path } of leaves) {
    const override = overrides.findLast((candidate) => decides(candidate, path));
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
