/** The heads of an engine, ready to score any number of streams: in one run where they could be merged, else one by one. */
import { HOPS_AHEAD } from "./ahead-graphs.ts";
import { EMBEDDING_SIZE } from "./features.ts";
import { type HeadRun, openAheadRun, openHistoryRun, type Past } from "./head-runs.ts";
import { type Head, readScore } from "./heads.ts";
import { type MergedGraph, type MergePlan, mergeHeads } from "./merged-heads.ts";
import { OnnxError } from "./onnx/onnx-error.ts";

/** A head, the file it came from, and what it answered when it was tried. */
export interface BankedHead {
  readonly head: Head;
  readonly bytes: Uint8Array;
  readonly trial: HeadTrial;
}

/** Histories, and the outputs of a head for each of them, to compare a merged graph with. */
export interface HeadTrial {
  readonly histories: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
}

/** Where the scores of one stream come from and go. */
export interface Scoring {
  /** The same object at every hop of a stream: what is computed ahead is known by it. */
  readonly past: Past;
  /** Receives the score of each head. */
  readonly scores: Float32Array;
  /** Receives which of its outputs that is of. */
  readonly classes: Uint16Array;
}

export interface HeadBank {
  /** Heads that share a run with others. */
  readonly merged: readonly number[];
  /** Heads that do not though that was wanted, and why. */
  readonly alone: readonly { readonly index: number; readonly reason: string }[];
  /** Scores these streams. */
  score(streams: readonly Scoring[]): Promise<void>;
  release(): Promise<void>;
}

/** A merged graph computes the same sums; this leaves room for another order of them. */
const TRIAL_TOLERANCE = 1e-5;

/**
 * Opens sessions for these heads.
 *
 * @throws onnxruntime's Error where a head cannot be opened by itself either
 */
export async function openHeadBank(heads: readonly BankedHead[], merge: boolean): Promise<HeadBank> {
  const outputsOf = (index: number): number => heads[index]?.head.outputs ?? 0;
  const runs: HeadRun[] = [];
  const alone: { readonly index: number; readonly reason: string }[] = [];

  const openMerged = async (): Promise<void> => {
    const plan = planFor(heads);
    alone.push(...plan.alone);
    for (const graph of plan.graphs) {
      const run = await tried(graph, heads);
      if (typeof run === "string") alone.push(...graph.members.map((index) => ({ index, reason: run })));
      else runs.push(run);
    }
  };

  const release = async (): Promise<void> => {
    await Promise.all(runs.map((run) => run.release()));
  };

  if (merge) await openMerged();
  const merged = runs.flatMap(({ members }) => members);
  try {
    for (const [index, { head, bytes }] of heads.entries()) {
      if (merged.includes(index)) continue;
      runs.push(await openHistoryRun({ ...head, bytes, width: head.outputs, batched: false, members: [index] }));
    }
  } catch (error) {
    await release();
    throw error;
  }

  return {
    merged,
    alone,
    async score(streams) {
      if (streams.length === 0) return;
      const pasts = streams.map(({ past }) => past);
      for (const run of runs) {
        const outputs = await run.outputs(pasts);
        let begin = 0;
        for (const { scores, classes } of streams) {
          for (const index of run.members) {
            readScore(outputs, begin, outputsOf(index), scores, classes, index);
            begin += outputsOf(index);
          }
        }
      }
    },
    release,
  };
}

/** How to merge; what is not understood in one of them leaves all as they are. */
function planFor(heads: readonly BankedHead[]): MergePlan {
  try {
    return mergeHeads(
      heads.map(({ head, bytes }) => ({ ...head, bytes })),
      EMBEDDING_SIZE,
    );
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    return { graphs: [], alone: heads.map((_, index) => ({ index, reason: `merging failed: ${error.message}` })) };
  }
}

/** A run of merged heads that gives what its members give, or why there is none. */
async function tried({ form, ...graph }: MergedGraph, heads: readonly BankedHead[]): Promise<HeadRun | string> {
  const width = graph.members.reduce((sum, index) => sum + (heads[index]?.head.outputs ?? 0), 0);
  let run: HeadRun | undefined;
  try {
    run = await (form.kind === "ahead"
      ? openAheadRun(form, { ...graph, width })
      : openHistoryRun({ ...graph, ...form, width }));
    if (await agrees(run, heads)) return run;
    await run.release();
    return "merged with others, it gave another score at a trial";
  } catch (error) {
    await run?.release();
    return `the merged graph failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Whether a run gives what its members gave: for all histories at once, and for each after every number of hops. */
async function agrees(run: HeadRun, heads: readonly BankedHead[]): Promise<boolean> {
  const members = run.members.flatMap((index) => heads[index] ?? []);
  const histories = members[0]?.trial.histories ?? [];
  const expected = histories.map((_, row) => members.flatMap(({ trial }) => [...(trial.outputs[row] ?? [])]));
  const same = (actual: Float32Array, right: readonly number[]): boolean =>
    right.every((value, i) => Math.abs(value - (actual[i] ?? Number.NaN)) <= TRIAL_TOLERANCE);

  if (!same(await run.outputs(histories.map((history) => ({ history, age: 0 }))), expected.flat())) return false;
  for (const [row, history] of histories.entries()) {
    for (let hops = 1; hops < HOPS_AHEAD; hops++) {
      const before = new Float32Array(history.length);
      before.set(history.subarray(0, history.length - hops * EMBEDDING_SIZE), hops * EMBEDDING_SIZE);
      const past = { history: before, age: 0 };
      await run.outputs([past]);
      past.history.set(history);
      past.age = hops;
      if (!same(await run.outputs([past]), expected[row] ?? [])) return false;
    }
  }
  return true;
}
