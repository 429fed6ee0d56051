/**
 * Settings from the environment: EARSHOT_WEB__PORT=7172 is web.port, LOG_LEVEL is log.level. A name that is no setting
 * is refused like an unknown key in the file.
 */

/** Names without the prefix that other systems already use for the same thing. */
const WELL_KNOWN: Readonly<Record<string, readonly string[]>> = {
  LOG_LEVEL: ["log", "level"],
  ARBITRATION_WINDOW_DURATION: ["arbitration", "window"],
  MAX_CONCURRENT_RELAYS: ["arbitration", "max_relays"],
  EARSHOT_RELAY_TOKEN: ["relay", "token"],
};

/** Variables with the prefix that are no settings. */
export const CONFIG_FILE_VARIABLE = "EARSHOT_CONFIG";

/** One value from outside the file: which setting, what was said, and by what name it can be found again. */
export interface Override {
  /** `*` stands for every model. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** `EARSHOT_WEB__PORT` or `--port` */
  readonly origin: string;
}

/** Other programs say `warn`, and all write it as they like. */
function logLevel(text: string): string {
  const level = text.toLowerCase();
  return level === "warn" ? "warning" : level;
}

function valueFor(path: readonly string[], text: string): unknown {
  if (LISTS.includes(path.at(-1) ?? "")) return text.split(",").flatMap((part) => part.trim() || []);
  return textual(path) ? text : scalarOf(text);
}

/** A variable's text as YAML would read it: numbers and booleans are themselves, all else is text. */
function scalarOf(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

export function overridesFromEnvironment(environment: Readonly<Record<string, string | undefined>>): Override[] {
  const overrides: Override[] = [];
  for (const [name, text] of Object.entries(environment)) {
    if (text === undefined || name === CONFIG_FILE_VARIABLE) continue;
    const path = WELL_KNOWN[name] ?? pathOf(name);
    if (path === undefined) continue;
    const value = name === "LOG_LEVEL" ? logLevel(text) : valueFor(path, text);
    overrides.push({ path, value, origin: name });
  }
  return overrides;
}

function pathOf(name: string): readonly string[] | undefined {
  if (!name.startsWith("EARSHOT_")) return undefined;
  return name.slice("EARSHOT_".length).toLowerCase().split("__");
}

/** Whether an override decides a setting, or something inside it or around it. */
export function decides(override: Override, path: readonly PropertyKey[]): boolean {
  return override.path.every((key, index) => index >= path.length || key === "*" || key === path[index]);
}

const TEXTUAL = [
  "password",
  "name",
  "file",
  "host",
  "source",
  "models_folder",
  "keep_recordings",
  "hub",
  "id",
  "token",
  "token_file",
  "ca_file",
  "cert",
  "key",
  "client_ca",
  "user",
  "api_key",
  "model",
  "voice",
  "topic",
  "program",
];
/** Settings that are lists: their parts are separated by commas. */
const LISTS = ["origins"];

/** Settings that stay text even when they look like a number. */
function textual(path: readonly string[]): boolean {
  const key = path.at(-1);
  return TEXTUAL.includes(key ?? "");
}
