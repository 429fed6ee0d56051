/**
 * Merged heads in two graphs, so that the bulk of their weights is read from memory once in four hops.
 *
 * A head begins with a sum over all embeddings of its window, whose weights are nearly all it has. Of the windows of the
 * next hops all but the newest embeddings are known already: so these sums are computed for four hops in one run, and
 * each hop adds what came since. The numbers are the same but for the order of adding up. With ten heads the weights of
 * the sums are 8 MB, more than fits into a cache, and reading them takes as long as the embedding.
 *
 * With ten heads that saves one stream a tenth of everything it costs, and 16 streams in one run nothing, whose rows
 * share a reading anyway. Of 4, 6, 8 and 12 hops none is cheaper than another: the further ahead, the more weights are
 * read for what came since. Four makes the shortest of the runs that compute ahead.
 */
import { attributeFloat, attributeInteger, integerAttribute, newNode } from "./onnx/attributes.ts";
import { FLOAT, type Model, type Node, type Tensor, writeModel } from "./onnx/model.ts";
import { floatsIn, floatTensor, integerTensor } from "./onnx/tensor.ts";

/** For how many hops the sums are computed at once. */
export const HOPS_AHEAD = 4;

export interface AheadGraphs {
  readonly kind: "ahead";
  /** The sums: an ONNX file. */
  readonly sums: Uint8Array;
  /** [rows, window, size of an embedding]: for each of the hops ahead, its window with zeros for what is not known yet. */
  readonly windowsInput: string;
  /** [rows, {@link width}] */
  readonly sumsOutput: string;
  /** How many sums the heads have together. */
  readonly width: number;
  /** What comes after the sums: an ONNX file. */
  readonly scores: Uint8Array;
  /** [batch, {@link width}]: the sums for this hop. */
  readonly sumsInput: string;
  /** [batch, (HOPS_AHEAD - 1) * size]: the newest embeddings, with zeros for those that the sums hold. */
  readonly recentInput: string;
  readonly scoresOutput: string;
}

/** The first sums of a head: an operator, what it multiplies with, and the order in which that is stored. */
interface Layer {
  readonly node: Node;
  readonly flatten: Node;
  readonly weights: Float32Array;
  /** Whether the weights are [width, window * size] and not the other way round. */
  readonly turned: boolean;
  readonly width: number;
}

const WINDOWS = "windows";
const SUMS = "sums";
const RECENT = "recent";
const RECENT_WEIGHTS = "recent/weights";
const ALL_SUMS = "sums/all";

/**
 * Splits merged heads, if all that they do with their input is such sums.
 *
 * @param sources names of the merged graph's input and of its slices for shorter windows
 */
export function aheadGraphs(
  model: Model,
  sources: ReadonlySet<string>,
  embeddingSize: number,
): AheadGraphs | undefined {
  const { graph } = model;
  const [input] = graph.inputs;
  const [output] = graph.outputs;
  const layers = layersOf(graph.nodes, graph.initializers, sources);
  if (!input || !output || !layers) return undefined;
  const width = layers.reduce((sum, layer) => sum + layer.width, 0);

  const first = new Set<Node>(layers.flatMap(({ node, flatten }) => [node, flatten]));
  const slices = graph.nodes.filter((node) => node.outputs.some((name) => sources.has(name)));
  const rest = graph.nodes.filter((node) => !first.has(node) && !slices.includes(node));

  const recent = (HOPS_AHEAD - 1) * embeddingSize;
  const cuts = layers.map(({ node, width: size }, i) => {
    const begin = layers.slice(0, i).reduce((sum, layer) => sum + layer.width, 0);
    const bounds = [begin, begin + size, 1].map((value, at) => integerTensor(`${SUMS}/${i}/${at}`, [value]));
    return { bounds, node: newNode("Slice", [ALL_SUMS, ...bounds.map(({ name }) => name)], node.outputs) };
  });
  const ofRecent = newNode("Gemm", [RECENT, RECENT_WEIGHTS, SUMS], [ALL_SUMS]);
  const recentWeights = floatTensor(RECENT_WEIGHTS, [recent, width], newestRows(layers, recent, width));

  const part = (nodes: readonly Node[], initializers: readonly Tensor[], inputs: readonly Named[], result: Named) => {
    const used = new Set(nodes.flatMap((node) => node.inputs));
    const infos = [...inputs, result].map(({ name, dims }) => ({ name, elementType: FLOAT, dims: ["batch", ...dims] }));
    return writeModel({
      ...model,
      graph: {
        ...graph,
        nodes,
        initializers: initializers.filter(({ name }) => used.has(name)),
        inputs: infos.slice(0, -1),
        outputs: infos.slice(-1),
      },
    });
  };
  const windows: Named = { name: input.name, dims: input.dims?.slice(1) ?? [] };
  const sumNodes = [
    ...slices,
    ...first,
    newNode(
      "Concat",
      layers.map(({ node }) => node.outputs[0] ?? ""),
      [WINDOWS],
      [integerAttribute("axis", 1)],
    ),
  ];
  return {
    kind: "ahead",
    sums: part(inOrder(sumNodes, graph.nodes), graph.initializers, [windows], { name: WINDOWS, dims: [width] }),
    windowsInput: input.name,
    sumsOutput: WINDOWS,
    width,
    scores: part(
      [ofRecent, ...cuts.map(({ node }) => node), ...rest],
      [...graph.initializers, recentWeights, ...cuts.flatMap(({ bounds }) => bounds)],
      [
        { name: SUMS, dims: [width] },
        { name: RECENT, dims: [recent] },
      ],
      { name: output.name, dims: output.dims?.slice(1) ?? [] },
    ),
    sumsInput: SUMS,
    recentInput: RECENT,
    scoresOutput: output.name,
  };
}

interface Named {
  readonly name: string;
  /** Without the batch. */
  readonly dims: readonly (number | string)[];
}

/** The sums that begin the heads; undefined where anything else is done with their input. */
function layersOf(
  nodes: readonly Node[],
  initializers: readonly Tensor[],
  sources: ReadonlySet<string>,
): readonly Layer[] | undefined {
  const constants = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const takers = (name: string): readonly Node[] => nodes.filter((node) => node.inputs.includes(name));
  const layers: Layer[] = [];
  for (const source of sources) {
    for (const flatten of takers(source)) {
      if (flatten.opType === "Slice" && flatten.outputs.every((name) => sources.has(name))) continue;
      if (flatten.opType !== "Flatten") return undefined;
      for (const node of takers(flatten.outputs[0] ?? "")) {
        const [taken, weights = "", bias = ""] = node.inputs;
        const tensor = constants.get(weights);
        const plain = (attributeFloat(node, "alpha") ?? 1) === 1 && (attributeFloat(node, "beta") ?? 1) === 1;
        const known = tensor?.dims.length === 2 && tensor.dataType === FLOAT && (bias === "" || constants.has(bias));
        if (node.opType !== "Gemm" || taken !== flatten.outputs[0] || !plain || !tensor || !known) return undefined;
        const turned = attributeInteger(node, "transB") === 1;
        const width = tensor.dims[turned ? 0 : 1] ?? 0;
        layers.push({ node, flatten, weights: floatsIn(tensor), turned, width });
      }
    }
  }
  return layers;
}

/** [rows, width]: the weights of the newest embeddings, side by side for all sums; zeros where a window is shorter. */
function newestRows(layers: readonly Layer[], rows: number, width: number): Float32Array {
  const all = new Float32Array(rows * width);
  let begin = 0;
  for (const { weights, turned, width: own } of layers) {
    const available = weights.length / own;
    for (let row = Math.max(0, rows - available); row < rows; row++) {
      const from = available - rows + row;
      for (let column = 0; column < own; column++) {
        const at = turned ? column * available + from : from * own + column;
        all[row * width + begin + column] = weights[at] ?? 0;
      }
    }
    begin += own;
  }
  return all;
}

/** Nodes as they stand in a graph, what is new behind them. */
function inOrder(nodes: readonly Node[], original: readonly Node[]): Node[] {
  const place = (node: Node): number => {
    const at = original.indexOf(node);
    return at < 0 ? original.length : at;
  };
  return [...nodes].sort((one, other) => place(one) - place(other));
}
