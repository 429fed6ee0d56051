/** Which models are to be listened for: what the configuration names, and what lies in the models folder. Pure. */
import { basename, join } from "node:path";
import { closest, distance } from "fastest-levenshtein";
import type { FoundModel } from "../config/found-models.ts";
import { type Config, MODEL_DEFAULTS, type ModelSettings } from "../config/schema.ts";
import { CATALOGUE } from "../wake/catalogue.ts";
import type { ModelEntry } from "../wake/load.ts";

const SHIPPED = CATALOGUE.map(({ name }) => name);

/** A model that is wanted and cannot be: its word would go unnoticed. */
export interface RefusedModel {
  /** As the configuration names it; for a file whose name another model has, that of the file. */
  readonly name: string;
  readonly message: string;
}

/** A model whose settings are known and whose file is not there: nothing is wrong with that. */
export interface WaitingModel {
  readonly name: string;
  /** The file that it waits for. */
  readonly path: string;
}

export interface WantedModels {
  /** For the engine: those of the configuration in its order, then those that were found, by name. */
  readonly entries: readonly ModelEntry[];
  readonly refused: readonly RefusedModel[];
  /** Switched off in the configuration. */
  readonly disabled: readonly string[];
  /** Tuned in the configuration, and not in the models folder: a head that was taken away may come back. */
  readonly waiting: readonly WaitingModel[];
  /** Another one whenever the engine has something to do: files that were replaced count, thresholds do not. */
  readonly key: string;
}

/** Of a relay for which the hub listens. */
const NOTHING: WantedModels = { entries: [], refused: [], disabled: [], waiting: [], key: "" };

/** @param found what lies in the models folder, by name */
export function wantedModels({ wake, relay }: Config, found: readonly FoundModel[]): WantedModels {
  if (relay.hub !== undefined && relay.audio_only) return NOTHING;
  const entries: ModelEntry[] = [];
  const refused: RefusedModel[] = [];
  const disabled: string[] = [];
  const waiting: WaitingModel[] = [];
  /** What counts of each file beside its path. */
  const versions: string[] = [];
  // A file that the configuration names is what it says there, wherever it lies.
  const named = new Set(Object.values(wake.models).flatMap(({ file }) => file ?? []));
  const versionOf = new Map(found.map(({ path, version }) => [path, version]));
  const free = found.filter(({ path }) => !named.has(path));
  /** Who has a name already, in words. */
  const owners = new Map<string, string>();

  const take = (name: string, path: string, settings: ModelSettings | undefined): void => {
    const { input_scale: inputScale } = settings ?? {};
    entries.push({ name, path, ...(inputScale !== undefined && { inputScale }) });
    versions.push(versionOf.get(path) ?? "");
  };

  for (const [name, settings] of Object.entries(wake.models)) {
    const { enabled, file, input_scale } = settings;
    const shipped = SHIPPED.includes(name);
    const own = free.find((model) => model.name === name);
    if (!enabled) {
      disabled.push(name);
    } else if (file !== undefined) {
      owners.set(name, `${file} is called so in the configuration`);
      take(name, file, settings);
    } else if (shipped) {
      owners.set(name, "the shipped model of that name is switched on");
      if (input_scale !== "unit") entries.push(name);
      else refused.push({ name, message: "input_scale is for heads of your own: the shipped ones take int16" });
    } else if (own === undefined) {
      if (isTuned(settings) && slipOf(name, SHIPPED) === undefined)
        waiting.push({ name, path: join(wake.models_folder, `${name}.onnx`) });
      else refused.push({ name, message: unknownName(name, wake.models_folder, free) });
    }
  }
  for (const model of free) {
    const { name, path, problem } = model;
    const settings = wake.models[name];
    const owner = owners.get(name);
    if (problem !== undefined) {
      refused.push({ name: basename(path), message: `${path}: ${problem}` });
    } else if (owner !== undefined) {
      const message = `${path}: it would be called ${name}, but ${owner}: rename the file`;
      refused.push({ name: basename(path), message });
    } else if (settings?.enabled !== false) {
      owners.set(name, `${path} is called so too, and comes first`);
      take(name, path, settings);
    }
  }
  return { entries, refused, disabled, waiting, key: JSON.stringify([entries, versions, refused, disabled]) };
}

/** Whether somebody said how it is to be listened for, and not only that it is. */
function isTuned({ threshold, patience, refractory, sure, vad_threshold, input_scale }: ModelSettings): boolean {
  return (
    threshold !== undefined ||
    vad_threshold !== undefined ||
    input_scale !== undefined ||
    patience !== MODEL_DEFAULTS.patience ||
    refractory !== MODEL_DEFAULTS.refractory ||
    sure !== MODEL_DEFAULTS.sure
  );
}

/** @returns the name that was meant, if one is near enough */
function slipOf(name: string, known: readonly string[]): string | undefined {
  const nearest = closest(name, known);
  // A third of the letters wrong is still a slip of the fingers; more is another word.
  return distance(name, nearest) <= Math.max(1, Math.floor(nearest.length / 3)) ? nearest : undefined;
}

function unknownName(name: string, folder: string, found: readonly FoundModel[]): string {
  const usable = found.filter(({ problem }) => problem === undefined);
  const known = [...new Set([...SHIPPED, ...usable.map((one) => one.name)])];
  const meant = slipOf(name, known);
  const guess = meant === undefined ? "" : ` Did you mean ${meant}?`;
  return `no wake word is called "${name}".${guess} Known are ${known.join(", ")}; a head of your own goes into ${folder}, or is named by "file"`;
}
