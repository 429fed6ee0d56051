/**
 * How the operators of an embedding graph treat time, read from the graph: which look over several rows, how far, and
 * how they step. A row is what a layer makes of a mel frame, or of several.
 */
import { attributeInteger, attributeIntegers, attributeText } from "./onnx/attributes.ts";
import type { Graph, Node, Tensor } from "./onnx/model.ts";
import { integersIn } from "./onnx/tensor.ts";

/** Why a graph cannot be made to stream. */
export type RefusalCode =
  /** Not ONNX, or cut short. */
  | "unreadable"
  /** Its input or output is not what an embedding model has. */
  | "wrong_shape"
  /** Not one chain of operators: a branch, a residual, a loop. */
  | "not_a_chain"
  /** An operator of which it is not known how it treats time. */
  | "unknown_operator"
  /** It fills up the beginning or the end of its window, which the middle of a stream does not have. */
  | "padded_in_time"
  /** Its steps do not fit into a hop, so that the next hop would see other windows. */
  | "misaligned";

/** Ends the rewriting of a graph; caught where it began. */
export class Refused extends Error {
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

export interface StreamingShape {
  /** Mel frames of one embedding: 76. */
  readonly windowFrames: number;
  /** Mel frames of one hop: 8. */
  readonly hopFrames: number;
  readonly bands: number;
  /** Values of one embedding. */
  readonly embeddingSize: number;
}

/** A value on the way through the chain: [batch, channels, rows, columns]. */
export interface Rows {
  readonly name: string;
  readonly channels: number;
  readonly columns: number;
  /** Rows in the original, which sees a whole window. */
  readonly ofWindow: number;
  /** Rows that are new in a hop. */
  readonly ofHop: number;
}

/** What an operator does to rows. */
export interface Step {
  readonly after: Rows;
  /** How many of the rows before a hop's it needs as well. */
  readonly kept: number;
}

type Constants = ReadonlyMap<string, Tensor>;

/** One value for one input: they know nothing of rows. */
const ELEMENTWISE: ReadonlySet<string> = new Set(["LeakyRelu", "Relu", "Sigmoid", "Tanh", "Elu", "HardSigmoid"]);
/** They pair their inputs element by element, one of which must be a constant here. */
const BROADCASTING: ReadonlySet<string> = new Set(["Max", "Min", "Add", "Sub", "Mul", "Div"]);
const POOLS: ReadonlySet<string> = new Set(["MaxPool", "AveragePool"]);

/**
 * The operators from the input to the output, if each takes what the one before gives, and nothing else does.
 *
 * @throws Refused
 */
export function chainOf(graph: Graph, constants: Constants): Node[] {
  const nodes = graph.nodes.filter((node) => node.opType !== "Constant");
  const inputs = graph.inputs.filter(({ name }) => !constants.has(name));
  if (inputs.length !== 1) throw new Refused("wrong_shape", `it has ${inputs.length} inputs instead of one`);
  let current = inputs[0]?.name ?? "";
  const chain: Node[] = [];
  while (current !== graph.outputs[0]?.name) {
    const takers = nodes.filter((node) => node.inputs.includes(current));
    const [taker] = takers;
    if (!taker || takers.length > 1) {
      throw new Refused("not_a_chain", `"${current}" goes to ${takers.length} operators instead of one`);
    }
    if (taker.domain !== "" || taker.attributes.some((attribute) => attribute.graph)) {
      throw new Refused("unknown_operator", `${describe(taker)} is none of the standard ones`);
    }
    const others = taker.inputs.filter((name) => name !== current && name !== "" && !constants.has(name));
    if (others.length > 0 || taker.outputs.length !== 1) {
      throw new Refused("not_a_chain", `${describe(taker)} has several inputs or outputs`);
    }
    chain.push(taker);
    // In ONNX an operator's inputs are always made by those before it, so that this ends.
    nodes.splice(0, nodes.indexOf(taker) + 1);
    current = taker.outputs[0] ?? "";
  }
  return chain;
}

/**
 * The constant a Reshape goes to, its batch size as -1.
 *
 * @throws Refused
 */
export function constantShape(node: Node, constants: Constants): readonly number[] {
  const tensor = constants.get(node.inputs[1] ?? "");
  const dims = tensor ? integersIn(tensor).map(Number) : [];
  if (dims[0] !== -1) throw new Refused("wrong_shape", `${describe(node)} does not leave the batch size free`);
  return dims;
}

/**
 * What an operator makes of these rows.
 *
 * @throws Refused
 */
export function stepOf(node: Node, rows: Rows, constants: Constants): Step {
  const name = node.outputs[0] ?? "";
  if (BROADCASTING.has(node.opType)) checkBroadcast(node, rows, constants);
  if (ELEMENTWISE.has(node.opType) || BROADCASTING.has(node.opType)) return { after: { ...rows, name }, kept: 0 };
  const { span, stride, channels, columns } = windowOf(node, rows, constants);
  checkAlignment(node, rows, span, stride);
  const after = {
    name,
    channels,
    columns,
    ofWindow: (rows.ofWindow - span) / stride + 1,
    ofHop: rows.ofHop / stride,
  };
  return { after, kept: span - stride };
}

/** A constant that has a row of its own for each row of the window would need to know where the hop is in it. */
function checkBroadcast(node: Node, rows: Rows, constants: Constants): void {
  const dims = node.inputs.flatMap((name) => {
    const constant = constants.get(name);
    return constant ? [constant.dims] : [];
  });
  const fits = dims.every(
    (dim) =>
      dim.length <= 4 &&
      [1, rows.columns].includes(dim.at(-1) ?? 1) &&
      (dim.at(-2) ?? 1) === 1 &&
      [1, rows.channels].includes(dim.at(-3) ?? 1) &&
      (dim.at(-4) ?? 1) === 1,
  );
  if (dims.length !== node.inputs.length - 1 || !fits) {
    const found = dims.map((dim) => `[${dim.join(", ")}]`).join(" and ");
    throw new Refused("unknown_operator", `${describe(node)} pairs its input with ${found || "nothing"}`);
  }
}

interface TimeWindow {
  /** Rows that one row of the output is made of, gaps of a dilation included. */
  readonly span: number;
  readonly stride: number;
  readonly channels: number;
  readonly columns: number;
}

/** How a convolution or pool looks over rows, and what it leaves of channels and columns. */
function windowOf(node: Node, rows: Rows, constants: Constants): TimeWindow {
  const pool = POOLS.has(node.opType);
  if (!pool && node.opType !== "Conv") throw new Refused("unknown_operator", describe(node));
  const weights = pool ? undefined : constants.get(node.inputs[1] ?? "");
  const kernel = attributeIntegers(node, "kernel_shape") ?? weights?.dims.slice(2) ?? [];
  const two = (name: string): readonly number[] => attributeIntegers(node, name) ?? [1, 1];
  const [strides, dilations] = [two("strides"), two("dilations")];
  const pads = attributeIntegers(node, "pads") ?? [0, 0, 0, 0];
  const autoPad = attributeText(node, "auto_pad") ?? "NOTSET";
  const known = kernel.length === 2 && strides.length === 2 && dilations.length === 2 && pads.length === 4;
  if (!known || attributeInteger(node, "ceil_mode") || (!pool && weights?.dims.length !== 4)) {
    throw new Refused("unknown_operator", `${describe(node)} is not of two dimensions, or rounds its size up`);
  }
  if (!["NOTSET", "VALID"].includes(autoPad) || pads[0] !== 0 || pads[2] !== 0) {
    throw new Refused("padded_in_time", `${describe(node)} has ${autoPad}, pads ${pads.join(", ")}`);
  }
  const [left, right] = autoPad === "VALID" ? [0, 0] : [pads[1] ?? 0, pads[3] ?? 0];
  const spans = kernel.map((size, i) => (size - 1) * (dilations[i] ?? 1) + 1);
  return {
    span: spans[0] ?? 1,
    stride: strides[0] ?? 1,
    channels: weights?.dims[0] ?? rows.channels,
    columns: Math.floor((rows.columns + left + right - (spans[1] ?? 1)) / (strides[1] ?? 1)) + 1,
  };
}

/**
 * The windows over a hop are those over the original's last rows only where no row is skipped, the steps divide the hop,
 * and the last window of the original ends in its last row.
 */
function checkAlignment(node: Node, rows: Rows, span: number, stride: number): void {
  const steps = (rows.ofWindow - span) / stride;
  if (span >= stride && rows.ofHop % stride === 0 && steps >= 0 && Number.isInteger(steps)) return;
  const found = `windows of ${span} rows every ${stride}, over ${rows.ofWindow} rows of which ${rows.ofHop} are new`;
  throw new Refused("misaligned", `${describe(node)}: ${found}`);
}

function describe(node: Node): string {
  return `operator ${node.opType} "${node.name}"`;
}
