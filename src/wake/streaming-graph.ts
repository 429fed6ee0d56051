/**
 * The embedding graph as one that takes only what is new. openWakeWord's looks at 76 mel frames to make each embedding,
 * of which 8 are new; it is one chain of convolutions and pools, none of them padded in time. So the rows that each of
 * them will need again at the next hop can be kept instead of computed again.
 *
 * Whatever is not understood, or would not give the same numbers, is refused with the reason.
 */
import {
  chainOf,
  constantShape,
  type RefusalCode,
  Refused,
  type Rows,
  type StreamingShape,
  stepOf,
} from "./embedding-chain.ts";
import { integerAttribute, newNode } from "./onnx/attributes.ts";
import { FLOAT, type Graph, type Model, type Node, readModel, type Tensor, writeModel } from "./onnx/model.ts";
import { OnnxError } from "./onnx/onnx-error.ts";
import { constantsOf, integerTensor } from "./onnx/tensor.ts";

/** A graph that was not rewritten. */
export interface Refusal {
  readonly refused: RefusalCode;
  /** What was found, in a sentence. */
  readonly reason: string;
}

/**
 * The streaming form of an embedding graph. The first dimension of every input and output is the batch: how many
 * streams a run is for.
 *
 * What is kept for the next hop is one tensor: eleven of them, each handed in and out, cost a tenth of the run.
 */
export interface StreamingGraph {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** [batch, 1, frames of a hop, bands] */
  readonly framesInput: string;
  /** [batch, {@link cacheSize}]: what the hop before left; anything for a stream that then settles. */
  readonly cacheInput: string;
  /** One embedding for each stream, in whatever shape the original has. */
  readonly embeddingOutput: string;
  /** [batch, {@link cacheSize}] */
  readonly cacheOutput: string;
  readonly cacheSize: number;
  /** How many operators have rows of their own in the cache. */
  readonly cachedOperators: number;
  /** After how many hops nothing of the caches it began with is left. */
  readonly hopsToSettle: number;
}

const BATCH = "batch";
/** Names that are added; no exporter uses them. */
const ADDED = "earshot/";
const FRAMES = `${ADDED}frames`;
const CACHE = `${ADDED}cache`;
const NEXT_CACHE = `${ADDED}next_cache`;
/** The first version of the standard operators whose Slice takes its bounds as inputs. */
const OLDEST_OPSET = 10;
/** Beyond the last row of anything. */
const TO_THE_END = 1 << 30;

/** Rewrites an embedding graph, or says why not. */
export function streamingGraph(embedding: Uint8Array, shape: StreamingShape): StreamingGraph | Refusal {
  try {
    return rewritten(readModel(embedding), shape);
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code, reason: error.message };
    if (error instanceof OnnxError) return { refused: "unreadable", reason: error.message };
    throw error;
  }
}

function rewritten(model: Model, shape: StreamingShape): StreamingGraph {
  const { graph } = model;
  const opset = model.opsets.find(({ domain }) => domain === "")?.version ?? 0;
  if (opset < OLDEST_OPSET) throw new Refused("unknown_operator", `its operators are those of opset ${opset}`);
  const [output] = graph.outputs;
  if (!output || graph.outputs.length !== 1) {
    throw new Refused("wrong_shape", `it has ${graph.outputs.length} outputs instead of one`);
  }

  const constants = constantsOf(graph);
  const chain = chainOf(graph, constants);
  let rows = inputRows(graph, constants, shape);
  // The input is given as the Reshape at the beginning would make it, and the one at the end mixes nothing.
  if (chain[0]?.opType === "Reshape") chain.shift();
  const finish = chain.at(-1)?.opType === "Reshape" ? chain.pop() : undefined;

  const nodes = graph.nodes.filter((node) => node.opType === "Constant");
  const cache = new Cache();
  for (const node of chain) {
    const { after, kept } = stepOf(node, rows, constants);
    const taken = kept === 0 ? rows.name : cache.putBefore(rows, kept, nodes);
    nodes.push({ ...node, inputs: node.inputs.map((name) => (constants.has(name) || name === "" ? name : taken)) });
    rows = after;
  }
  checkEnd(rows, finish && constantShape(finish, constants), shape);
  if (finish) nodes.push({ ...finish, inputs: [rows.name, ...finish.inputs.slice(1)] });
  nodes.push(newNode("Concat", cache.flatNext, [NEXT_CACHE], [integerAttribute("axis", 1)]));

  const used = new Set(nodes.flatMap((node) => node.inputs));
  const embedding = output.dims?.map((dim, i) => (i === 0 ? BATCH : dim)) ?? [BATCH, -1];
  const streaming: Graph = {
    ...graph,
    nodes,
    initializers: [...graph.initializers, ...cache.constants].filter(({ name }) => used.has(name)),
    inputs: [
      { name: FRAMES, elementType: FLOAT, dims: [BATCH, 1, shape.hopFrames, shape.bands] },
      { name: CACHE, elementType: FLOAT, dims: [BATCH, cache.size] },
    ],
    outputs: [
      { name: output.name, elementType: FLOAT, dims: embedding },
      { name: NEXT_CACHE, elementType: FLOAT, dims: [BATCH, cache.size] },
    ],
    valueInfos: [],
  };
  return {
    bytes: writeModel({ ...model, graph: streaming }),
    framesInput: FRAMES,
    cacheInput: CACHE,
    embeddingOutput: output.name,
    cacheOutput: NEXT_CACHE,
    cacheSize: cache.size,
    cachedOperators: cache.flatNext.length,
    hopsToSettle: Math.ceil(shape.windowFrames / shape.hopFrames),
  };
}

/** The rows that are kept, one operator's behind the other's. */
class Cache {
  size = 0;
  /** What to keep for the next hop, flat, operator by operator. */
  readonly flatNext: string[] = [];
  readonly constants: Tensor[] = [];

  /** Puts the last `kept` rows of before in front of these; answers the name of the whole. */
  putBefore(rows: Rows, kept: number, nodes: Node[]): string {
    const place = `${CACHE}/${this.flatNext.length}`;
    const constant = (what: string, values: readonly number[]): string => {
      const tensor = integerTensor(`${place}/${what}`, values);
      this.constants.push(tensor);
      return tensor.name;
    };
    const shape = [-1, rows.channels, kept, rows.columns];
    const size = rows.channels * kept * rows.columns;
    const [flat, before, whole, next] = [`${place}/flat`, `${place}/before`, `${place}/whole`, `${place}/next`];
    const piece = [constant("begin", [this.size]), constant("end", [this.size + size]), constant("flat_axis", [1])];
    const newest = [constant("newest", [-kept]), constant("to_the_end", [TO_THE_END]), constant("rows_axis", [2])];
    nodes.push(
      newNode("Slice", [CACHE, ...piece], [flat]),
      newNode("Reshape", [flat, constant("shape", shape)], [before]),
      newNode("Concat", [before, rows.name], [whole], [integerAttribute("axis", 2)]),
      newNode("Slice", [rows.ofHop > kept ? rows.name : whole, ...newest], [next]),
      newNode("Reshape", [next, constant("flat_shape", [-1, size])], [`${next}/flat`]),
    );
    this.size += size;
    this.flatNext.push(`${next}/flat`);
    return whole;
  }
}

/** What enters the chain: [batch, 1, frames, bands], straight or from [batch, frames, bands, 1] by a Reshape. */
function inputRows(graph: Graph, constants: ReadonlyMap<string, Tensor>, shape: StreamingShape): Rows {
  const { windowFrames, hopFrames, bands } = shape;
  const info = graph.inputs.find(({ name }) => !constants.has(name));
  const taker = graph.nodes.find((node) => node.inputs.includes(info?.name ?? ""));
  const reshaped = taker?.opType === "Reshape" ? constantShape(taker, constants) : info?.dims;
  const [, ...rest] = reshaped ?? [];
  const [, ...original] = info?.dims ?? [];
  const isWindow = original.filter((dim) => dim !== 1).join() === `${windowFrames},${bands}`;
  if (!info || !isWindow || rest.join() !== `1,${windowFrames},${bands}`) {
    const found = info?.dims?.join(", ") ?? "unknown";
    throw new Refused("wrong_shape", `its input is [${found}], not ${windowFrames} frames of ${bands} bands`);
  }
  return { name: `${ADDED}frames`, channels: 1, columns: bands, ofWindow: windowFrames, ofHop: hopFrames };
}

/** One embedding for one hop, and a last Reshape that mixes nothing. */
function checkEnd(rows: Rows, flattened: readonly number[] | undefined, { embeddingSize }: StreamingShape): void {
  const values = rows.channels * rows.columns;
  const reshapes = flattened ? flattened.slice(1).reduce((product, dim) => product * dim, 1) === values : true;
  if (rows.ofWindow === 1 && rows.ofHop === 1 && values === embeddingSize && reshapes) return;
  const found = `${rows.ofWindow} rows of ${values} values for a window, ${rows.ofHop} for a hop`;
  throw new Refused("wrong_shape", `it ends in ${found}, not in one row of ${embeddingSize}`);
}
