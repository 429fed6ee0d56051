/** Running graphs of heads: one head, several merged, or merged and split so that their sums are computed ahead. */
import { type AheadGraphs, HOPS_AHEAD } from "./ahead-graphs.ts";
import { EMBEDDING_SIZE, type FeatureState } from "./features.ts";
import { openSession, runForFloats, tensorOver } from "./ort.ts";

/** A stream's past, of which heads look at the newest. */
export type Past = Pick<FeatureState, "history" | "age">;

/** Heads in one run. */
export interface HeadRun {
  /** Which heads, in the order of their outputs. */
  readonly members: readonly number[];
  /** The outputs of all members for each of these streams, one stream behind the other. */
  outputs(streams: readonly Past[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** How to run one graph over histories. */
export interface HistoryGraph {
  readonly bytes: Uint8Array;
  readonly inputName: string;
  readonly outputName: string;
  readonly window: number;
  /** Outputs of all members together. */
  readonly width: number;
  /** Whether one run may be for several streams. */
  readonly batched: boolean;
  readonly members: readonly number[];
}

/** Runs a graph that takes the window of each stream. */
export async function openHistoryRun(graph: HistoryGraph): Promise<HeadRun> {
  const { inputName, outputName, window, width, batched, members } = graph;
  const session = await openSession(graph.bytes);
  const run = (streams: readonly Past[]): Promise<Float32Array> => {
    const feed = { [inputName]: tensorOver(windowsOf(streams, window), [streams.length, window, EMBEDDING_SIZE]) };
    return runForFloats(session, feed, outputName, streams.length * width);
  };
  return {
    members,
    async outputs(streams) {
      if (batched || streams.length === 1) return run(streams);
      const all = new Float32Array(streams.length * width);
      for (const [i, stream] of streams.entries()) all.set(await run([stream]), i * width);
      return all;
    },
    release: () => session.release(),
  };
}

/** What is known of a stream's next hops. */
interface Ahead {
  /** The age of the history when it was computed. */
  readonly age: number;
  /** [HOPS_AHEAD, width] */
  readonly sums: Float32Array;
}

/** Runs split graphs: the sums when those of a stream are used up, the rest for every hop. */
export async function openAheadRun(
  graphs: AheadGraphs,
  graph: Pick<HistoryGraph, "window" | "width" | "members">,
): Promise<HeadRun> {
  const { width } = graphs;
  const recentSize = (HOPS_AHEAD - 1) * EMBEDDING_SIZE;
  const first = await openSession(graphs.sums);
  const second = await openSession(graphs.scores).catch(async (error: unknown) => {
    await first.release();
    throw error;
  });
  const known = new WeakMap<Past, Ahead>();

  const lookAhead = async (streams: readonly Past[]): Promise<void> => {
    const size = graph.window * EMBEDDING_SIZE;
    const windows = new Float32Array(streams.length * HOPS_AHEAD * size);
    for (const [i, { history }] of streams.entries()) {
      for (let hop = 0; hop < HOPS_AHEAD; hop++) {
        const unknown = Math.min(hop * EMBEDDING_SIZE, size);
        windows.set(history.subarray(history.length - size + unknown), (i * HOPS_AHEAD + hop) * size);
      }
    }
    const rows = streams.length * HOPS_AHEAD;
    const feed = { [graphs.windowsInput]: tensorOver(windows, [rows, graph.window, EMBEDDING_SIZE]) };
    const sums = await runForFloats(first, feed, graphs.sumsOutput, rows * width);
    for (const [i, stream] of streams.entries()) {
      const own = sums.slice(i * HOPS_AHEAD * width, (i + 1) * HOPS_AHEAD * width);
      known.set(stream, { age: stream.age, sums: own });
    }
  };

  /** How many hops ago the sums of this stream were computed; undefined where they are of no use. */
  const sinceOf = (stream: Past): number | undefined => {
    const hops = stream.age - (known.get(stream)?.age ?? Number.NEGATIVE_INFINITY);
    return hops >= 0 && hops < HOPS_AHEAD ? hops : undefined;
  };

  return {
    members: graph.members,
    async outputs(streams) {
      const unknown = streams.filter((stream) => sinceOf(stream) === undefined);
      if (unknown.length > 0) await lookAhead(unknown);
      const sums = new Float32Array(streams.length * width);
      const recent = new Float32Array(streams.length * recentSize);
      for (const [i, stream] of streams.entries()) {
        const since = sinceOf(stream) ?? 0;
        sums.set(known.get(stream)?.sums.subarray(since * width, (since + 1) * width) ?? [], i * width);
        const newest = since * EMBEDDING_SIZE;
        recent.set(stream.history.subarray(stream.history.length - newest), (i + 1) * recentSize - newest);
      }
      const feed = {
        [graphs.sumsInput]: tensorOver(sums, [streams.length, width]),
        [graphs.recentInput]: tensorOver(recent, [streams.length, recentSize]),
      };
      return runForFloats(second, feed, graphs.scoresOutput, streams.length * graph.width);
    },
    async release() {
      await Promise.all([first.release(), second.release()]);
    },
  };
}

/** The newest embeddings of each stream, one stream behind the other; of one alone, a view of its history. */
function windowsOf(streams: readonly Past[], window: number): Float32Array {
  const size = window * EMBEDDING_SIZE;
  const views = streams.map(({ history }) => history.subarray(history.length - size));
  const [only] = views;
  if (only && views.length === 1) return only;
  const all = new Float32Array(views.length * size);
  views.forEach((view, i) => {
    all.set(view, i * size);
  });
  return all;
}
