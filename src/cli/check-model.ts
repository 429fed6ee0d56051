/** Loads models as the program would, and says of each what it is and who said so, or why it cannot be used. */
import type { FoundModel } from "../config/found-models.ts";
import { type Config, configSchema, MODEL_DEFAULTS } from "../config/schema.ts";
import { triggerSettings } from "../detect/wake-settings.ts";
import { type WaitingModel, type WantedModels, wantedModels } from "../detect/wanted-models.ts";
import { CATALOGUE } from "../wake/catalogue.ts";
import { createEngine } from "../wake/engine.ts";
import type { LoadedModel, ModelEntry } from "../wake/load.ts";
import { type ModelCard, readModelCard } from "../wake/model-card.ts";
import { readMetadata } from "../wake/onnx/metadata.ts";

/** Who said what a setting is: the configuration, what ships with the model, the metadata of its file, or nobody. */
export type Origin = "configuration" | "shipped" | "file" | "default";

export interface Said<Value> {
  readonly value: Value;
  readonly from: Origin;
}

export interface CheckedModel {
  readonly name: string;
  /** Switched on. */
  readonly enabled: boolean;
  readonly phrase: string;
  readonly path: string;
  readonly sha256: string;
  /** Embeddings of 80 ms that the head looks back over. */
  readonly window: number;
  readonly licence: string;
  readonly source: string;
  readonly threshold: Said<number>;
  readonly patience: Said<number>;
  /** Milliseconds. */
  readonly refractory: Said<number>;
  /** A score from which one frame is enough. */
  readonly sure: Said<number>;
  /** Of the veto, 0..1; 0: nobody is asked. */
  readonly vadThreshold: Said<number>;
  readonly inputScale: Said<string>;
}

export interface UnusableModel {
  readonly name: string;
  readonly enabled: boolean;
  readonly error: string;
}

/** Its settings are there, its file is not. */
export interface AbsentModel {
  readonly name: string;
  readonly enabled: true;
  /** As a path. */
  readonly waitsFor: string;
}

/** Those that are switched on, then those that could be, then those whose file is not there. */
export async function checkEveryModel(
  config: Config,
  found: readonly FoundModel[],
): Promise<readonly (CheckedModel | UnusableModel | AbsentModel)[]> {
  const wanted = wantedModels(config, found);
  const checked = await checkModels(config, [...wanted.entries, ...offeredModels(config, found, wanted)], wanted);
  return [...checked, ...wanted.waiting.map(absent)];
}

function absent({ name, path }: WaitingModel): AbsentModel {
  return { name, enabled: true, waitsFor: path };
}

/** Those that are switched on. */
export async function checkWantedModels(
  config: Config,
  found: readonly FoundModel[],
): Promise<readonly (CheckedModel | UnusableModel)[]> {
  const wanted = wantedModels(config, found);
  return checkModels(config, wanted.entries, wanted);
}

async function checkModels(
  config: Config,
  entries: readonly ModelEntry[],
  { entries: on, refused }: WantedModels,
): Promise<readonly (CheckedModel | UnusableModel)[]> {
  const errors = new Map<string, string>();
  const cards = new Map<string, ModelCard>();
  const engine = await createEngine({
    models: entries,
    readFile: async (path) => {
      const bytes = await Bun.file(path).bytes();
      cards.set(path, cardIn(bytes));
      return bytes;
    },
    onModelError: ({ model, message }) => errors.set(model, message),
  });
  const { models } = engine;
  await engine.close();
  const isOn = (name: string) => on.some((entry) => nameOf(entry) === name);
  const checked = entries.map((entry) => {
    const name = nameOf(entry);
    const model = models.find((loaded) => loaded.name === name);
    if (model === undefined) return { name, enabled: isOn(name), error: errors.get(name) ?? "it could not be loaded" };
    return checkedModel(config, model, isOn(name), typeof entry === "string" ? undefined : cards.get(model.path));
  });
  return [...checked, ...refused.map(({ name, message }) => ({ name, enabled: true, error: message }))];
}

/** @param card what the file says of itself; undefined for a shipped model, which is known */
function checkedModel(config: Config, model: LoadedModel, enabled: boolean, card: ModelCard | undefined): CheckedModel {
  const { name, path, sha256, window, inputScale } = model;
  const settings = config.wake.models[name];
  const trigger = triggerSettings(config, model);
  const general = config.wake.vad_threshold === configSchema.parse({}).wake.vad_threshold ? "default" : "configuration";
  const ofModel = (saidInConfig: unknown, saidInFile: unknown): Origin => {
    if (saidInConfig !== undefined) return "configuration";
    if (card === undefined) return "shipped";
    return saidInFile === undefined ? "default" : "file";
  };
  return {
    name,
    enabled,
    phrase: model.phrase ?? name.replaceAll("_", " "),
    path,
    sha256,
    window,
    licence: model.licence ?? "",
    source: model.source ?? path,
    threshold: { value: trigger.threshold, from: ofModel(settings?.threshold, card?.threshold) },
    patience: said(trigger.patience, MODEL_DEFAULTS.patience),
    refractory: said(trigger.refractoryMs, MODEL_DEFAULTS.refractory),
    sure: said(trigger.sure ?? MODEL_DEFAULTS.sure, MODEL_DEFAULTS.sure),
    vadThreshold: {
      value: trigger.vadThreshold,
      from: settings?.vad_threshold === undefined ? general : "configuration",
    },
    inputScale: { value: inputScale, from: ofModel(settings?.input_scale, card?.inputScale) },
  };
}

/** The default, written into the configuration, cannot be told from the default. */
function said<Value>(value: Value, byDefault: Value): Said<Value> {
  return { value, from: value === byDefault ? "default" : "configuration" };
}

/** What could be switched on: what the configuration switches off, and what ships and is not named there. */
function offeredModels({ wake }: Config, found: readonly FoundModel[], wanted: WantedModels): readonly ModelEntry[] {
  const taken = new Set([...wanted.entries.map(nameOf), ...wanted.refused.map(({ name }) => name)]);
  const offered = [...new Set([...wanted.disabled, ...CATALOGUE.map(({ name }) => name)])];
  return offered
    .filter((name) => !taken.has(name))
    .flatMap((name): readonly ModelEntry[] => {
      const { file, input_scale: inputScale } = wake.models[name] ?? {};
      const path = file ?? found.find((model) => model.name === name && model.problem === undefined)?.path;
      const shipped = CATALOGUE.some((known) => known.name === name);
      if (file === undefined && shipped) return [name];
      return path === undefined ? [] : [{ name, path, ...(inputScale !== undefined && { inputScale }) }];
    });
}

function nameOf(entry: ModelEntry): string {
  return typeof entry === "string" ? entry : entry.name;
}

/** What cannot be read is said by whoever loads the model. */
function cardIn(bytes: Uint8Array): ModelCard {
  try {
    const card = readModelCard(readMetadata(bytes));
    return typeof card === "string" ? {} : card;
  } catch {
    return {};
  }
}
