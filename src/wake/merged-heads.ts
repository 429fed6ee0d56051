/**
 * Several heads as one graph: one run for all scores of several streams instead of one for each. They share one input,
 * the history of the longest window among them, and one output, their scores one behind the other. The names of each get
 * a prefix, those inside the branches of an If as well.
 */
import { type AheadGraphs, aheadGraphs } from "./ahead-graphs.ts";
import { attributeInteger, attributeIntegers, integerAttribute, newNode } from "./onnx/attributes.ts";
import { FLOAT, type Graph, type Model, type Node, readModel, type Tensor, writeModel } from "./onnx/model.ts";
import { OnnxError } from "./onnx/onnx-error.ts";
import { integerTensor } from "./onnx/tensor.ts";

/** A head to merge. */
export interface HeadGraph {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  readonly inputName: string;
  readonly outputName: string;
  /** How many embeddings it looks back over. */
  readonly window: number;
  /** How many outputs it has. */
  readonly outputs: number;
}

/** Heads in one graph, or in two. */
export interface MergedGraph {
  /** The longest of its members. */
  readonly window: number;
  /** Whether a run may be for several streams. */
  readonly batched: boolean;
  /** Which of the heads, in the order of their outputs. */
  readonly members: readonly number[];
  readonly form: WholeGraph | AheadGraphs;
}

/** All of it in one graph. */
export interface WholeGraph {
  readonly kind: "whole";
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** [batch, window, size of an embedding] */
  readonly inputName: string;
  /** [batch, all outputs of all members] */
  readonly outputName: string;
}

/** How to run these heads: each is a member of one graph, or stands alone. */
export interface MergePlan {
  readonly graphs: readonly MergedGraph[];
  readonly alone: readonly { readonly index: number; readonly reason: string }[];
}

const HISTORY = "history";
const SCORES = "scores";
/** A slice that ends here ends with its input. */
const TO_THE_END = 1 << 30;

/** One head by itself fits into a cache: nothing is won by computing ahead. */
const LEAST_HEADS_AHEAD = 2;

/** The versions of the standard operators between which {@link STABLE} ones kept their meaning. */
const [STABLE_FROM, STABLE_TO] = [13, 17];
/** Source: https://github.com/onnx/onnx/blob/main/docs/Changelog.md: more types, or attributes that default to what was. */
const STABLE: ReadonlySet<string> = new Set(
  (
    "Add Cast Clip Concat Constant Conv Div Erf Flatten GRU Gemm Greater GreaterOrEqual Identity If LSTM LeakyRelu Less " +
    "MatMul Mul Pow ReduceMean ReduceMax Relu Reshape Sigmoid Slice Softmax Sqrt Squeeze Sub Tanh Transpose Unsqueeze Where"
  ).split(" "),
);

/** They treat each row of a batch by itself, with the attributes that {@link keepsRowsApart} asks for. */
const BY_ROW: ReadonlySet<string> = new Set(
  (
    "Add Cast Clip Constant Div Erf Flatten Gemm Greater GreaterOrEqual Identity LayerNormalization LeakyRelu Less MatMul " +
    "Mul Pow ReduceMean Relu Sigmoid Softmax Sqrt Sub Tanh Where"
  ).split(" "),
);

/** GraphProto: tensors in forms that are not renamed here. */
const GRAPH_QUANTIZATION = 14;
const GRAPH_SPARSE = 15;
/** ModelProto: operators that a file defines for itself. */
const MODEL_FUNCTIONS = 25;
/** AttributeProto: a list of graphs. */
const ATTRIBUTE_GRAPHS = 11;

interface Candidate {
  readonly index: number;
  readonly head: HeadGraph;
  /** Its choices between branches made at the end of both, where that can be. */
  readonly model: Model;
}

interface Group {
  readonly batched: boolean;
  readonly members: Candidate[];
}

/** Merges what can be merged. */
export function mergeHeads(heads: readonly HeadGraph[], embeddingSize: number): MergePlan {
  const alone: { readonly index: number; readonly reason: string }[] = [];
  const groups = new Map<string, Group>();
  heads.forEach((head, index) => {
    const read = readable(head.bytes);
    const reason = typeof read === "string" ? read : obstacle(read, head);
    if (typeof read === "string" || reason) {
      alone.push({ index, reason: reason ?? "" });
      return;
    }
    const model = { ...read, graph: branchesJoined(read.graph) };
    const batched = model.graph.nodes.every(keepsRowsApart);
    const key = `${compatibility(model)} ${batched}`;
    const group = groups.get(key) ?? { batched, members: [] };
    group.members.push({ index, head, model });
    groups.set(key, group);
  });
  return { graphs: [...groups.values()].map((group) => merged(group, embeddingSize)), alone };
}

function readable(bytes: Uint8Array): Model | string {
  try {
    return readModel(bytes);
  } catch (error) {
    if (error instanceof OnnxError) return `its file was not understood: ${error.message}`;
    throw error;
  }
}

/** Why this one cannot be put beside others; undefined where it can. */
function obstacle({ graph, rest }: Model, { inputName, outputName }: HeadGraph): string | undefined {
  if (rest.some(({ number }) => number === MODEL_FUNCTIONS)) return "it defines operators of its own";
  if (!graph.inputs.some(({ name }) => name === inputName) || !graph.outputs.some(({ name }) => name === outputName)) {
    return "its input and output are not where onnxruntime sees them";
  }
  const all = withSubgraphs(graph);
  if (all.some((part) => part.rest.some(({ number }) => number === GRAPH_SPARSE || number === GRAPH_QUANTIZATION))) {
    return "it has sparse or quantized tensors";
  }
  const lists = all.flatMap(({ nodes }) => nodes.flatMap(({ attributes }) => attributes));
  if (lists.some((attribute) => attribute.rest.some(({ number }) => number === ATTRIBUTE_GRAPHS))) {
    return "an operator of it has a list of graphs";
  }
  return undefined;
}

function withSubgraphs(graph: Graph): Graph[] {
  const inner = graph.nodes.flatMap((node) => node.attributes.flatMap((attribute) => attribute.graph ?? []));
  return [graph, ...inner.flatMap(withSubgraphs)];
}

/** Graphs of the same key can be one graph. */
function compatibility(model: Model): string {
  const nodes = withSubgraphs(model.graph).flatMap((graph) => graph.nodes);
  const used = new Set(nodes.map(({ domain }) => domain));
  const stable = nodes.every(({ domain, opType }) => domain === "" && STABLE.has(opType));
  const versions = model.opsets
    .filter(({ domain }) => used.has(domain))
    .map(({ domain, version }) =>
      stable && version >= STABLE_FROM && version <= STABLE_TO
        ? `opset ${STABLE_FROM} to ${STABLE_TO}`
        : `opset ${domain} ${version}`,
    );
  return versions.sort().join(", ");
}

/**
 * A graph that computes both branches of an If and then takes one of the results, which can be another one for each row
 * of a batch. It costs the branch that is not taken.
 */
function branchesJoined(graph: Graph): Graph {
  const inlined: Tensor[] = [];
  const nodes = graph.nodes.flatMap((node) => {
    const branch = (name: string) => node.attributes.find((attribute) => attribute.name === name)?.graph;
    const [taken, other] = [branch("then_branch"), branch("else_branch")];
    const [yes] = taken?.outputs ?? [];
    const [no] = other?.outputs ?? [];
    if (node.opType !== "If" || !taken || !other || !yes || !no || node.outputs.length !== 1) return [node];
    const choice = newNode("Where", [...node.inputs, yes.name, no.name], node.outputs);
    inlined.push(...taken.initializers, ...other.initializers);
    return [...branchesJoined(taken).nodes, ...branchesJoined(other).nodes, choice];
  });
  return { ...graph, nodes, initializers: [...graph.initializers, ...inlined] };
}

function keepsRowsApart(node: Node): boolean {
  if (node.domain !== "" || !BY_ROW.has(node.opType)) return false;
  if (node.opType === "Gemm") return !attributeInteger(node, "transA");
  if (node.opType === "Flatten") return (attributeInteger(node, "axis") ?? 1) === 1;
  const axes = attributeIntegers(node, "axes") ?? [attributeInteger(node, "axis") ?? -1];
  return axes.every((axis) => axis === -1 || axis > 0) && (node.opType !== "ReduceMean" || axes.length > 0);
}

function merged({ batched, members }: Group, embeddingSize: number): MergedGraph {
  const batch = batched ? "batch" : 1;
  const window = Math.max(...members.map(({ head }) => head.window));
  const outputs = members.reduce((sum, { head }) => sum + head.outputs, 0);
  const nodes: Node[] = [];
  const initializers: Tensor[] = [];

  const sources = new Map([[window, HISTORY]]);
  for (const { head } of members) {
    if (sources.has(head.window)) continue;
    const name = `${HISTORY}/${head.window}`;
    const bounds = (
      [
        ["begin", -head.window],
        ["end", TO_THE_END],
        ["axis", 1],
      ] as const
    ).map(([what, value]) => integerTensor(`${name}/${what}`, [value]));
    nodes.push(newNode("Slice", [HISTORY, ...bounds.map((tensor) => tensor.name)], [name]));
    initializers.push(...bounds);
    sources.set(head.window, name);
  }

  for (const { index, head, model } of members) {
    const rename = (name: string): string => {
      if (name === "") return "";
      return name === head.inputName ? (sources.get(head.window) ?? HISTORY) : `${index}/${name}`;
    };
    const graph = renamed(model.graph, rename);
    nodes.push(...graph.nodes);
    initializers.push(...graph.initializers);
  }
  const parts = members.map(({ index, head }) => `${index}/${head.outputName}`);
  nodes.push(newNode("Concat", parts, [SCORES], [integerAttribute("axis", 1)]));

  const models = members.map(({ model }) => model);
  const opsets = new Map<string, number>();
  for (const { domain, version } of models.flatMap((model) => model.opsets)) {
    opsets.set(domain, Math.max(version, opsets.get(domain) ?? 0));
  }
  const model: Model = {
    graph: {
      name: "heads",
      nodes,
      initializers,
      inputs: [{ name: HISTORY, elementType: FLOAT, dims: [batch, window, embeddingSize] }],
      outputs: [{ name: SCORES, elementType: FLOAT, dims: [batch, outputs] }],
      valueInfos: [],
      rest: [],
    },
    opsets: [...opsets].map(([domain, version]) => ({ domain, version })),
    irVersion: Math.max(...models.map(({ irVersion }) => irVersion)),
    rest: [],
  };
  const split = batched && members.length >= LEAST_HEADS_AHEAD;
  const ahead = split ? aheadGraphs(model, new Set(sources.values()), embeddingSize) : undefined;
  const form = ahead ?? ({ kind: "whole", bytes: writeModel(model), inputName: HISTORY, outputName: SCORES } as const);
  return { window, batched, members: members.map(({ index }) => index), form };
}

/** ONNX forbids a branch to give a name that is in use outside, so that one renaming serves all depths. */
function renamed(graph: Graph, rename: (name: string) => string): Graph {
  return {
    ...graph,
    nodes: graph.nodes.map((node) => ({
      ...node,
      name: rename(node.name),
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
      attributes: node.attributes.map((attribute) =>
        attribute.graph ? { ...attribute, graph: renamed(attribute.graph, rename) } : attribute,
      ),
    })),
    initializers: graph.initializers.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    inputs: graph.inputs.map((info) => ({ ...info, name: rename(info.name) })),
    outputs: graph.outputs.map((info) => ({ ...info, name: rename(info.name) })),
    valueInfos: [],
  };
}
