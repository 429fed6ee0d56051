/** The scores of a stream under the names of their models, with what counts for each. Runs in the web worker. */
import type { NamedScore } from "../arbitration/recent-scores.ts";
import type { ValueOf } from "../memory/field.ts";
import { MAX_MODELS, type MODEL, type SCORE } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";

/** @param own the model's own threshold. @returns the one that counts */
export type ThresholdOf = (model: string, own: number) => number;

export class ModelScores {
  readonly #table;
  readonly #rows: readonly RecordReader<typeof MODEL.fields>[];
  readonly #thresholdOf: ThresholdOf;
  #names: readonly { readonly model: string; readonly own: number }[] = [];
  #generation = -1;

  constructor(memory: SharedMemory, thresholdOf: ThresholdOf = (_, own) => own) {
    this.#table = memory.modelTable.reader();
    this.#rows = Array.from({ length: MAX_MODELS }, (_, index) => memory.model(index).reader());
    this.#thresholdOf = thresholdOf;
  }

  /** Empty while the set of models changes: the scores belong to another order than the names. */
  of({ scores, models }: Readonly<Pick<ValueOf<typeof SCORE.fields>, "scores" | "models">>): readonly NamedScore[] {
    this.#learnNames();
    if (models !== this.#generation) return [];
    return this.#names.map(({ model, own }, index) => ({
      model,
      score: Math.min(1, Math.max(0, scores[index] ?? 0)),
      threshold: this.#thresholdOf(model, own),
    }));
  }

  #learnNames(): void {
    const { generation, count } = this.#table.read();
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#names = this.#rows
      .slice(0, count)
      .map((row) => row.read())
      .filter(({ state }) => state === "listening")
      .map(({ name, threshold }) => ({ model: name, own: threshold }));
  }
}

/** The highest of some scores, each over its threshold; 0 for none. */
export function nearnessOf(scores: readonly NamedScore[]): number {
  return scores.reduce((most, { score, threshold }) => Math.max(most, score / threshold), 0);
}
