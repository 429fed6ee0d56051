/** The heads that were found in the models folder, as the threads share them. Pure. */
import { type Config, MOST_MODELS } from "./schema.ts";

/** A file of the models folder. */
export interface FoundModel {
  /** After the file, without its version: what the configuration, detections and the API call it. */
  readonly name: string;
  readonly path: string;
  /** Changes whenever the file does. */
  readonly version: string;
  /** Why it cannot be used, where that shows without opening it. */
  readonly problem?: string;
}

/** The configuration has the rest of the place that the threads share. */
const MOST_BYTES = 16_000;

/**
 * What a head is called after its file: `models/Hey-Marvin_v0.2.onnx` is `hey_marvin`, as it would be written in the
 * configuration.
 */
export function modelNameOf(path: string): string {
  const stem = path.slice(path.lastIndexOf("/") + 1).replace(/\.onnx$/i, "");
  const name = stem.replace(/[_-]v\d+(\.\d+)*$/i, "") || stem;
  return name.toLowerCase().replaceAll(/[ -]+/g, "_");
}

/** Those that may be listened for: all of them, or, where `--model` named some, those. */
export function selectedModels(
  found: readonly FoundModel[],
  onlyModels: readonly string[] | undefined,
): readonly FoundModel[] {
  return onlyModels === undefined ? found : found.filter(({ name }) => onlyModels.includes(name));
}

/**
 * As many as there is room for beside the models of the configuration.
 * @returns those, and the paths of the others
 */
export function fittingModels(
  { wake }: Config,
  found: readonly FoundModel[],
): { readonly fitting: readonly FoundModel[]; readonly leftOut: readonly string[] } {
  const configured = Object.keys(wake.models);
  let places = MOST_MODELS - configured.length;
  let bytes = MOST_BYTES;
  const fitting: FoundModel[] = [];
  const leftOut: string[] = [];
  const known = new Set(configured);
  for (const model of found) {
    bytes -= new TextEncoder().encode(JSON.stringify(model)).length + 1;
    // What configures it has a place already; a second of that name is shown in one of its own.
    const takesPlace = !known.delete(model.name);
    if (bytes < 0 || (takesPlace && places === 0)) {
      leftOut.push(model.path);
      continue;
    }
    if (takesPlace) places--;
    fitting.push(model);
  }
  return { fitting, leftOut };
}
