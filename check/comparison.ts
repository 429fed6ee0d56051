/** What the numbers of the fast engine are held against, and how far they are from them at most. */
import type { LoadedModel } from "../src/wake/load.ts";
import { OFFSET } from "./embedding-probes.ts";

/** Of the largest value of the embedding. */
export const EMBEDDING_TOLERANCE = 1e-4;
export const SCORE_TOLERANCE = 1e-3;
/** What openWakeWord compares scores with, beside each model's own threshold. */
const PLAIN_THRESHOLD = 0.5;

export interface Where {
  readonly stream: number;
  /** Of the sound of that stream. */
  readonly atSeconds: number;
}

/** Something that is not as it must be, in a sentence. */
export interface Finding extends Where {
  readonly what: string;
}

/** The plain embeddings of a stream since it began. */
interface Past {
  readonly embeddings: Float32Array[];
}

const LONGEST_WINDOW = 34;
const MOST_FINDINGS = 20;

export class Comparison {
  /** The first ones, and how many there are in all. */
  readonly findings: Finding[] = [];
  found = 0;
  /** The largest differences, where the network did not sleep. */
  scoresApart = 0;
  embeddingsApart = 0;
  /** How often a plain score crossed a threshold, and the highest while the network slept. */
  crossings = 0;
  highestAsleep = 0;
  comparedEmbeddings = 0;
  readonly #columns: ReadonlyMap<string, number>;
  readonly #pasts = new Map<number, Past>();
  readonly #above = new Map<string, boolean>();

  /** @param plainModels the heads, and behind them probes of the newest embedding */
  constructor(
    private readonly plainModels: readonly LoadedModel[],
    private readonly probedValues: number,
  ) {
    this.#columns = new Map(plainModels.map(({ name }, column) => [name, column]));
  }

  /** This stream has heard nothing. */
  begin(stream: number): void {
    this.#pasts.delete(stream);
  }

  scores(
    where: Where,
    models: readonly LoadedModel[],
    scores: Float32Array,
    plainScores: Float32Array,
    asleep: boolean,
  ): void {
    for (const [column, { name, threshold }] of models.entries()) {
      const ours = scores[column] ?? Number.NaN;
      const plain = plainScores[this.#columns.get(name) ?? -1] ?? Number.NaN;
      if (asleep) this.highestAsleep = Math.max(this.highestAsleep, plain);
      else {
        const apart = Math.abs(ours - plain);
        if (!(apart <= this.scoresApart)) this.scoresApart = apart;
        if (!(apart <= SCORE_TOLERANCE)) this.#find(where, `${name} scores ${ours} and plainly ${plain}`);
      }
      for (const level of new Set([PLAIN_THRESHOLD, threshold])) {
        const key = `${where.stream}/${name}/${level}`;
        const above = plain >= level;
        if (above !== (this.#above.get(key) ?? false)) this.crossings++;
        this.#above.set(key, above);
        if (above === ours >= level) continue;
        const how = asleep ? "the network sleeps" : `it is ${ours}`;
        this.#find(where, `${name} is plainly ${plain}, on the other side of ${level}: ${how}`);
      }
    }
  }

  /**
   * @param plainScores of `plainModels`
   * @param window how far back the probes look whose scores these are
   */
  embedding(where: Where, plainScores: Float32Array, window: number, probeScores: Float32Array, asleep: boolean): void {
    const past = this.#pasts.get(where.stream) ?? { embeddings: [] };
    this.#pasts.set(where.stream, past);
    const { embeddings } = past;
    const recycled = embeddings.length > LONGEST_WINDOW ? embeddings.shift() : undefined;
    const newest = recycled ?? new Float32Array(this.probedValues);
    newest.set(plainScores.subarray(this.plainModels.length - this.probedValues));
    embeddings.push(newest);
    const plain = embeddings.at(-window);
    if (asleep || !plain) return;
    let [apart, largest] = [0, 0];
    for (let i = 0; i < this.probedValues; i++) {
      const difference = Math.abs((probeScores[i] ?? Number.NaN) - (plain[i] ?? Number.NaN));
      if (!(difference <= apart)) apart = difference;
      largest = Math.max(largest, Math.abs((plain[i] ?? 0) - OFFSET));
    }
    this.comparedEmbeddings++;
    const relative = apart / largest;
    if (!(relative <= this.embeddingsApart)) this.embeddingsApart = relative;
    if (!(relative <= EMBEDDING_TOLERANCE))
      this.#find(where, `the embedding ${window - 1} hops before is ${relative} of its largest value away`);
  }

  #find(where: Where, what: string): void {
    this.found++;
    if (this.findings.length < MOST_FINDINGS) this.findings.push({ ...where, what });
  }
}
