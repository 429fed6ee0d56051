/** A head: the small graph that knows one wake word. It looks at the last embeddings of a stream and gives a score. */
import { EMBEDDING_SIZE, HISTORY_EMBEDDINGS } from "./features.ts";
import { describeTensor, type Session } from "./ort.ts";

/** What is to be known of a head's graph to run it. */
export interface Head {
  readonly inputName: string;
  readonly outputName: string;
  /** How many embeddings it looks back over. */
  readonly window: number;
  /** How many outputs it has: 1, or several of which the first means "none of them". */
  readonly outputs: number;
}

/**
 * Reads the names, the window and the number of outputs from the session.
 *
 * @returns the head, or a sentence that says what shape the graph has and what is needed
 */
export function headOf(session: Session): Head | string {
  const [input] = session.inputMetadata;
  const [output] = session.outputMetadata;
  const found = [session.inputMetadata, session.outputMetadata].map((all) => all.map(describeTensor).join(" and "));
  const refusal =
    `its input is ${found[0]} and its output ${found[1]}; a wake-word head needs one input float32 ` +
    `[1, window, ${EMBEDDING_SIZE}] with a window of 1 to ${HISTORY_EMBEDDINGS}, and one output float32 [1, classes]`;
  if (session.inputMetadata.length !== 1 || session.outputMetadata.length !== 1) return refusal;
  if (!input?.isTensor || !output?.isTensor || input.type !== "float32" || output.type !== "float32") return refusal;

  // A graph exported with a free batch size has a name there instead of 1.
  const [batch, window, size] = input.shape;
  const outputs = output.shape[1];
  const fits =
    input.shape.length === 3 &&
    (batch === 1 || typeof batch === "string") &&
    typeof window === "number" &&
    window >= 1 &&
    window <= HISTORY_EMBEDDINGS &&
    size === EMBEDDING_SIZE &&
    output.shape.length === 2 &&
    typeof outputs === "number" &&
    outputs >= 1;
  return fits ? { inputName: input.name, outputName: output.name, window, outputs } : refusal;
}

/**
 * Reads the score and the class of a head from its outputs and writes them at `index`: the only output, or the highest
 * of those that are not the background. An output that is not a number counts as 0.
 *
 * @param outputs of this head from `begin` on, `count` of them
 * @param classes receives the number of the output that `scores` is of
 */
export function readScore(
  outputs: Float32Array,
  begin: number,
  count: number,
  scores: Float32Array,
  classes: Uint16Array,
  index: number,
): void {
  const first = count > 1 ? 1 : 0;
  let best = first;
  let score = 0;
  for (let i = first; i < count; i++) {
    const candidate = outputs[begin + i] ?? 0;
    if (candidate > score) {
      score = candidate;
      best = i;
    }
  }
  scores[index] = score;
  classes[index] = best;
}
