import { ConfigError, type ConfigProblem } from "../../src/config/config-error.ts";
import type { Override } from "../../src/config/environment.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";

export const FILE = "earshot.yaml";

export function sourcesOf(
  text: string | undefined,
  overrides: readonly Override[] = [],
  onlyModels?: readonly string[],
): ConfigSources {
  return { file: FILE, text, overrides, ...(onlyModels !== undefined && { onlyModels }) };
}

export function configOf(
  text: string | undefined,
  overrides: readonly Override[] = [],
  onlyModels?: readonly string[],
): Config {
  return loadConfig(sourcesOf(text, overrides, onlyModels)).config;
}

/** What is wrong, as lines of `where: message`. */
export function refusalOf(work: () => unknown): readonly string[] {
  return problemsIn(work).map(({ where, message }) => `${where}: ${message}`);
}

export function problemsIn(work: () => unknown): readonly ConfigProblem[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  throw new Error("nothing was refused");
}
