import { CATALOGUE } from "../wake/catalogue.ts";
import { createEngine } from "../wake/engine.ts";
import { WakeModelError } from "../wake/wake-model-error.ts";

export interface CheckedModel {
  readonly phrase: string;
  readonly threshold: number;
  readonly licence: string;
  readonly source: string;
  /** Embeddings of 80 ms that the head looks back over; 0 when it cannot be used. */
  readonly window: number;
  readonly error: string | null;
}

/** Loads one model as the program would, and says what it is or why it cannot be used. */
export async function checkModel(name: string, file: string | undefined): Promise<CheckedModel> {
  const known = CATALOGUE.find((candidate) => candidate.name === name);
  const phrase = known?.phrase ?? name.replaceAll("_", " ");
  const from = { licence: known?.licence ?? "", source: known?.source ?? file ?? "" };
  try {
    const entry = file === undefined ? name : { name, path: file };
    const engine = await createEngine({ models: [entry], readFile: (path) => Bun.file(path).bytes() });
    const [model] = engine.models;
    await engine.close();
    return { phrase, threshold: model?.threshold ?? 0, ...from, window: model?.window ?? 0, error: null };
  } catch (error) {
    if (!(error instanceof WakeModelError)) throw error;
    return { phrase, threshold: known?.threshold ?? 0, ...from, window: 0, error: error.message };
  }
}
