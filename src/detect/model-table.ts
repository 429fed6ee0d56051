/** The models as the other threads see them: a record each, in the order of the scores. Written by inference. */
import type { FoundModel } from "../config/found-models.ts";
import type { Config } from "../config/schema.ts";
import { MAX_MODELS } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { CATALOGUE, USER_THRESHOLD } from "../wake/catalogue.ts";
import type { LoadedModel } from "../wake/load.ts";

export interface ModelRow {
  readonly name: string;
  readonly phrase: string;
  readonly state: "loading" | "listening" | "disabled" | "failed";
  readonly error: string;
  readonly threshold: number;
  readonly licence: string;
  readonly source: string;
}

export function loadedRow({ name, phrase, licence, source, path, threshold }: LoadedModel): ModelRow {
  return {
    name,
    phrase: phrase ?? name.replaceAll("_", " "),
    state: "listening",
    error: "",
    threshold,
    licence: licence ?? "",
    source: source ?? path,
  };
}

/**
 * A model that is named in the configuration and does not listen, with what is known of it without opening its file.
 *
 * @param own its file, where it is not a shipped model: the path, or what was read from there when it listened
 */
export function failedRow(
  name: string,
  state: "loading" | "disabled" | "failed",
  error: string,
  own?: string | LoadedModel,
): ModelRow {
  if (typeof own === "object") return { ...loadedRow(own), name, state, error };
  const shipped = own === undefined ? CATALOGUE.find((known) => known.name === name) : undefined;
  const { phrase, threshold, licence, source } = shipped ?? {
    phrase: name.replaceAll("_", " "),
    threshold: USER_THRESHOLD,
    licence: "",
    source: own ?? "",
  };
  return { name, phrase, state, error, threshold, licence, source };
}

/** The file of a model by that name; undefined for a shipped one, and where nothing of that name is there. */
export function ownFileOf(name: string, { wake }: Config, found: readonly FoundModel[]): string | undefined {
  const file = wake.models[name]?.file;
  if (file !== undefined || CATALOGUE.some((known) => known.name === name)) return file;
  return found.find((model) => model.name === name)?.path;
}

export class ModelTable {
  readonly #memory: SharedMemory;
  readonly #table: ReturnType<SharedMemory["modelTable"]["writer"]>;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#table = memory.modelTable.writer();
  }

  get generation(): number {
    return this.#table.value.generation;
  }

  /** What all models have to do without; shown with the next table. */
  set trouble(trouble: string) {
    this.#table.value.trouble = trouble;
  }

  /** Those that listen come first, in the order of the engine, so that a score's place is its row's. */
  publish(rows: readonly ModelRow[]): void {
    const shown = rows.slice(0, MAX_MODELS);
    shown.forEach((row, index) => {
      const record = this.#memory.model(index).writer();
      Object.assign(record.value, row);
      record.publish();
    });
    this.#table.value.generation++;
    this.#table.value.count = shown.length;
    this.#table.publish();
    this.#memory.webBell.ring();
  }
}
