/** All streams through a few workers. */
import { availableParallelism } from "node:os";
import type { LoadedModel } from "../../src/wake/load.ts";
import type { StreamPlan } from "./render.ts";
import type { ScoredStream, ScorerOptions } from "./scorer.ts";

export type ScoringRequest =
  | { readonly kind: "open"; readonly options: ScorerOptions }
  | { readonly kind: "score"; readonly plans: readonly StreamPlan[] };

export type ScoringReply =
  | { readonly kind: "opened"; readonly models: readonly LoadedModel[]; readonly form: string }
  | { readonly kind: "scored"; readonly streams: readonly ScoredStream[] }
  | { readonly kind: "failed"; readonly message: string };

export interface Scored {
  readonly models: readonly LoadedModel[];
  readonly form: string;
  /** In the order of the plans. */
  readonly streams: readonly ScoredStream[];
}

/** More than this gains nothing in the network's batches. */
const STREAMS_AT_ONCE = 8;
const MOST_WORKERS = 8;

/** Does one thing at a time. */
class ScoringWorker {
  readonly #worker = new Worker(new URL("./scoring-worker.ts", import.meta.url));
  #fail: (error: Error) => void = () => {};

  constructor() {
    this.#worker.onerror = ({ message }) => this.#fail(new Error(message));
    this.#worker.addEventListener("close", () => this.#fail(new Error("a scoring worker ended by itself")));
  }

  ask(request: ScoringRequest): Promise<ScoringReply> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#worker.onmessage = ({ data }: MessageEvent<ScoringReply>) => {
        if (data.kind === "failed") reject(new Error(data.message));
        else resolve(data);
      };
      this.#worker.postMessage(request);
    });
  }

  close(): void {
    this.#worker.terminate();
  }
}

/**
 * @param onProgress told the share that is done, 0..1
 * @throws where a clip cannot be read or a model cannot be used
 */
export async function scoreStreams(
  plans: readonly StreamPlan[],
  options: ScorerOptions,
  onProgress: (share: number) => void,
): Promise<Scored> {
  // Which streams run side by side is decided beforehand: their last digits depend on it.
  const groups = Array.from({ length: Math.ceil(plans.length / STREAMS_AT_ONCE) }, (_, index) =>
    plans.slice(index * STREAMS_AT_ONCE, (index + 1) * STREAMS_AT_ONCE),
  );
  const scored: (readonly ScoredStream[])[] = groups.map(() => []);
  const count = Math.max(1, Math.min(availableParallelism(), MOST_WORKERS, groups.length));
  const workers = Array.from({ length: count }, () => new ScoringWorker());
  let next = 0;
  let done = 0;
  try {
    const opened = await Promise.all(workers.map((worker) => worker.ask({ kind: "open", options })));
    const takeGroups = async (worker: ScoringWorker): Promise<void> => {
      for (let index = next++; index < groups.length; index = next++) {
        const reply = await worker.ask({ kind: "score", plans: groups[index] ?? [] });
        if (reply.kind === "scored") scored[index] = reply.streams;
        onProgress(++done / groups.length);
      }
    };
    await Promise.all(workers.map(takeGroups));
    const [first] = opened;
    if (first?.kind !== "opened") throw new Error("a scoring worker did not say which models it has");
    return { models: first.models, form: first.form, streams: scored.flat() };
  } finally {
    for (const worker of workers) worker.close();
  }
}
