/** From flags, environment and file to the configuration of a command. */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { closest } from "fastest-levenshtein";
import { ConfigError } from "../config/config-error.ts";
import { CONFIG_FILE_VARIABLE, type Override, overridesFromEnvironment } from "../config/environment.ts";
import { type FoundModel, fittingModels, modelNameOf, selectedModels } from "../config/found-models.ts";
import { type ConfigSources, loadConfig } from "../config/load.ts";
import { lookIntoFolder, ModelsFolder } from "../config/models-folder.ts";
import type { Config } from "../config/schema.ts";
import { CATALOGUE } from "../wake/catalogue.ts";

const DEFAULT_FILE = "earshot.yaml";

export interface SettingFlags {
  readonly config?: string;
  readonly source?: string;
  readonly host?: string;
  readonly port?: number;
  readonly model?: readonly string[];
  readonly threshold?: number;
}

export const configOption = () =>
  new Option("-c, --config <file>", `settings (default: ${DEFAULT_FILE} if it is there)`).env(CONFIG_FILE_VARIABLE);

export const jsonOption = () => new Option("--json", "for programs: JSON on standard output");

/** `--model` and `--threshold`, for all commands that listen. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "-m, --model <name>",
        "listen for this wake word only; a name or the path of an .onnx (repeatable)",
      ).argParser((name: string, before: readonly string[] | undefined) => [...(before ?? []), name]),
    )
    .addOption(
      new Option("-t, --threshold <0..1>", "score from which a word counts, for all models").argParser(toNumber),
    );
}

/** What commands need that ask a running Earshot: where it is. */
export function addAddressOptions(command: Command): Command {
  return command
    .addOption(configOption())
    .option("--host <address>", "where the running Earshot listens (web.host)")
    .addOption(new Option("-p, --port <port>", "and its port (web.port)").argParser(toNumber));
}

export function addSettingOptions(command: Command): Command {
  addModelOptions(command.addOption(configOption()));
  return command
    .option(
      "-s, --source <source>",
      "default, a device's name or index, file:PATH (?loop), stdin (raw s16le 16 kHz mono)",
    )
    .option("--host <address>", "where the page listens; anything but loopback needs web.password")
    .addOption(new Option("-p, --port <port>", "port of the page").argParser(toNumber));
}

export function toNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return number;
}

/** A model given by its path is called after its file. */
function modelNames(models: readonly string[]): { readonly names: readonly string[]; readonly overrides: Override[] } {
  const overrides: Override[] = [];
  const names = models.map((model) => {
    if (!model.toLowerCase().endsWith(".onnx")) return model.trim().toLowerCase().replaceAll(/[ -]+/g, "_");
    const name = model.slice(model.lastIndexOf("/") + 1).replace(/(_v\d+(\.\d+)*)?\.onnx$/i, "");
    overrides.push({ path: ["wake", "models", name, "file"], value: resolve(model), origin: "--model" });
    return name;
  });
  return { names, overrides };
}

/** @throws ConfigError when a file that was asked for is not there or cannot be read */
export async function configSources(
  flags: SettingFlags,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConfigSources> {
  const file = resolve(flags.config ?? DEFAULT_FILE);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && flags.config === undefined) return undefined;
    const why = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new ConfigError([{ setting: "", message: why, where: file }]);
  });
  const overrides = overridesFromEnvironment(environment);
  const flag = (value: unknown, origin: string, ...path: string[]) => {
    if (value !== undefined) overrides.push({ path, value, origin });
  };
  flag(flags.source, "--source", "audio", "source");
  flag(flags.host, "--host", "web", "host");
  flag(flags.port, "--port", "web", "port");
  const selected = flags.model === undefined ? undefined : modelNames(flags.model);
  overrides.push(...(selected?.overrides ?? []));
  flag(flags.threshold, "--threshold", "wake", "models", "*", "threshold");
  return { file, text, overrides, ...(selected !== undefined && { onlyModels: selected.names }) };
}

/** @throws ConfigError */
export async function commandConfig(flags: SettingFlags): Promise<Config> {
  return checkedConfig(await configSources(flags, process.env));
}

export interface CommandSettings {
  readonly config: Config;
  /** What lies in the models folder now, and is listened for. */
  readonly found: readonly FoundModel[];
  /** Why the models folder cannot be looked into. */
  readonly modelsTrouble: string | undefined;
}

/** @throws ConfigError */
export async function commandSettings(flags: SettingFlags): Promise<CommandSettings> {
  const sources = await configSources(flags, process.env);
  const config = checkedConfig(sources);
  return { config, ...(await modelsFor(config, sources)) };
}

/**
 * What lies in the models folder now.
 * @param unixMs what is younger than a second by this clock may be half a copy; by default it is believed: a command does
 *   not wait until it is whole
 */
export async function modelsFor(
  config: Config,
  sources: ConfigSources,
  unixMs = () => Number.POSITIVE_INFINITY,
): Promise<Omit<CommandSettings, "config">> {
  const folder = new ModelsFolder({ look: lookIntoFolder, monotonicMs: () => 0, unixMs });
  const seen = await folder.look(config.wake.models_folder);
  const { fitting } = fittingModels(config, selectedModels(seen, sources.onlyModels));
  return { found: fitting, modelsTrouble: folder.trouble };
}

/** What a person just typed is wrong at once; a file that names an unknown word is shown on the page instead. @throws ConfigError */
export function checkedConfig(sources: ConfigSources): Config {
  const { config } = loadConfig(sources);
  const asked = (sources.onlyModels ?? []).filter((name) => config.wake.models[name]?.file === undefined);
  if (asked.length === 0) return config;
  const folder = config.wake.models_folder;
  const known = [...CATALOGUE.map(({ name }) => name), ...namesInFolder(folder)];
  const unknown = asked.filter((name) => !known.includes(name));
  if (unknown.length === 0) return config;
  throw new ConfigError(
    unknown.map((name) => ({
      setting: `wake.models.${name}`,
      message: `no wake word is called "${name}", did you mean "${closest(name, known)}"? Known are ${known.join(", ")}; a model of your own is given as a path that ends in .onnx, or put into ${folder}`,
      where: "--model",
    })),
  );
}

function namesInFolder(folder: string): readonly string[] {
  try {
    const heads = readdirSync(folder).filter((file) => /\.onnx$/i.test(file) && !file.startsWith("."));
    return [...new Set(heads.map(modelNameOf))];
  } catch {
    return [];
  }
}
