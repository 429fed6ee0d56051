/** The models as the shared memory shows them, and what they thought of the local microphone's newest frames. */
import type { Config } from "../config/schema.ts";
import { MAX_MODELS, type SCORE } from "../memory/layout.ts";
import type { RecordReader } from "../memory/record.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { Sight } from "./health.ts";
import { History } from "./history.ts";
import type { ModelView } from "./schemas/models.ts";
import { modelView, rounded } from "./views.ts";

/** Nobody may show scores older than this. */
const STALE_MS = 5000;
/** Of levels: a score that is drawn beside a level is of the same moment. */
const FRESH_MS = 1000;

export class ModelSight {
  readonly history = new History();
  readonly #table;
  readonly #models;
  readonly #score: RecordReader<typeof SCORE.fields>;
  /** Of the newest frame that the history has. */
  #remembered = 0;

  /** @param score of the local microphone; refreshed by whoever looks */
  constructor(memory: SharedMemory, score: RecordReader<typeof SCORE.fields>) {
    this.#table = memory.modelTable.reader();
    this.#models = Array.from({ length: MAX_MODELS }, (_, index) => memory.model(index).reader());
    this.#score = score;
  }

  /** A score was published. @param frameEndedAt UTC, milliseconds since 1970 */
  remember(rms: number, frameEndedAt: number): void {
    const { scores, frame } = this.#score.value;
    // A reset is published too, and no frame; and a frame may be of the models that were there before.
    if (frame === this.#remembered || !this.#scoresAreOfTheseModels()) return;
    this.#remembered = frame;
    const names = this.#listening();
    this.history.push(
      names,
      frameEndedAt,
      rounded(rms),
      names.map((_, index) => rounded(scores[index] ?? 0)),
    );
  }

  views({ wake }: Config, nowMs: number): ModelView[] {
    const scored = this.isScored(nowMs, STALE_MS);
    const { scores } = this.#score.value;
    return this.#rows().map((row, index) => modelView(row, wake.models[row.name], scored ? (scores[index] ?? 0) : 0));
  }

  /** The newest score of each model that listens; 0 where it is old. */
  scores(nowMs: number): Record<string, number> {
    const scored = this.isScored(nowMs);
    const { scores } = this.#score.value;
    return Object.fromEntries(this.#listening().map((name, index) => [name, scored ? rounded(scores[index] ?? 0) : 0]));
  }

  /** Whether the newest scores are of what is heard now, by the models that there are now. */
  isScored(nowMs: number, withinMs = FRESH_MS): boolean {
    return nowMs - this.#score.read().frameEndMs < withinMs && this.#scoresAreOfTheseModels();
  }

  sight(): Pick<Sight, "modelsTrouble" | "listening" | "failed"> {
    const rows = this.#rows();
    return {
      modelsTrouble: this.#table.value.trouble,
      listening: rows.filter(({ state }) => state === "listening").length,
      failed: rows.filter(({ state }) => state === "failed").map(({ name, error }) => ({ name, error })),
    };
  }

  #rows() {
    const { count } = this.#table.read();
    return this.#models.slice(0, count).map((reader) => reader.read());
  }

  #listening(): string[] {
    return this.#rows()
      .filter(({ state }) => state === "listening")
      .map(({ name }) => name);
  }

  /** While the set of models changes, the scores belong to another order than the names. */
  #scoresAreOfTheseModels(): boolean {
    return this.#score.value.models === this.#table.read().generation;
  }
}
