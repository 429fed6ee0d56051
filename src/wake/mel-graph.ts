/**
 * What the mel graph says, read from its own weights: the window, the filterbank and the limits. openWakeWord's computes
 * a discrete Fourier transform as two convolutions; whatever it multiplies with beside sine and cosine is its window.
 */
import { attributeInteger, attributeIntegers } from "./onnx/attributes.ts";
import { type Graph, readModel, type Tensor } from "./onnx/model.ts";
import { OnnxError } from "./onnx/onnx-error.ts";
import { constantsOf, floatsIn } from "./onnx/tensor.ts";

/** The constants of a log-mel spectrogram. */
export interface MelConstants {
  /** Samples of a transform, a power of two. */
  readonly fftSize: number;
  /** Samples from one frame to the next. */
  readonly stride: number;
  /** One factor for each of `fftSize` samples. */
  readonly window: Float64Array;
  readonly bands: number;
  /** [fftSize / 2 + 1, bands] */
  readonly filters: Float32Array;
  /** The least power of a band before the logarithm. */
  readonly leastPower: number;
  /** How far below the loudest value of a chunk the quietest is kept, decibels. */
  readonly rangeDb: number;
}

/** A graph that computes something else, and what that is. */
export interface NotMel {
  readonly notMel: string;
}

/** The operators of the architecture in their order, without constants and what only moves values about. */
const OPERATORS = "Conv Conv Pow Pow Add MatMul Clip Log Mul Div Sub ReduceMax Sub Clip";
const MOVES: ReadonlySet<string> = new Set(["Constant", "Unsqueeze", "Transpose", "Cast"]);
/** Sines and cosines in float32, times a window of at most 1. */
const WEIGHT_TOLERANCE = 2e-6;

class Differs extends Error {}

/** Reads the constants of a mel graph, or says how it differs from openWakeWord's. */
export function readMelGraph(bytes: Uint8Array): MelConstants | NotMel {
  try {
    return constantsIn(readModel(bytes).graph);
  } catch (error) {
    if (error instanceof Differs || error instanceof OnnxError) return { notMel: error.message };
    throw error;
  }
}

function constantsIn(graph: Graph): MelConstants {
  const constants = constantsOf(graph);
  const nodes = graph.nodes.filter(({ opType }) => !MOVES.has(opType));
  const found = nodes.map(({ opType }) => opType).join(" ");
  if (found !== OPERATORS) throw new Differs(`its operators are ${found}, not ${OPERATORS}`);

  const constant = (node: number, input: number): Tensor => {
    const tensor = constants.get(nodes[node]?.inputs[input] ?? "");
    if (!tensor) throw new Differs(`input ${input} of its operator ${nodes[node]?.name} is no constant`);
    return tensor;
  };
  const scalar = (node: number, input: number): number => floatsIn(constant(node, input))[0] ?? Number.NaN;
  const require = (name: string, actual: number, expected: number): void => {
    if (actual !== expected) throw new Differs(`${name} is ${actual}, not ${expected}`);
  };

  const [bins = 0, , fftSize = 0] = constant(0, 1).dims;
  if (fftSize < 8 || (fftSize & (fftSize - 1)) !== 0 || bins !== fftSize / 2 + 1) {
    throw new Differs(`its transform has ${bins} bins of ${fftSize} samples`);
  }
  const strides = nodes.slice(0, 2).map((node) => {
    const pads = attributeIntegers(node, "pads") ?? [0, 0];
    const groups = attributeInteger(node, "group") ?? 1;
    const dilations = attributeIntegers(node, "dilations") ?? [1];
    require(`the padding of ${node.name}`, Math.max(...pads), 0);
    require(`the groups of ${node.name}`, groups, 1);
    require(`the dilation of ${node.name}`, Math.max(...dilations), 1);
    require(`the inputs of ${node.name}`, node.inputs.length, 2);
    return attributeIntegers(node, "strides")?.[0] ?? 1;
  });
  require("the stride of the second convolution", strides[1] ?? 0, strides[0] ?? 0);
  const window = windowBehind(floatsIn(constant(0, 1)), floatsIn(constant(1, 1)), bins, fftSize);
  const [filterBins = 0, bands = 0] = constant(5, 1).dims;
  require("the filterbank's number of bins", filterBins, bins);

  require("the first power", scalar(2, 1), 2);
  require("the second power", scalar(3, 1), 2);
  require("the factor of the logarithm", scalar(8, 1), 10);
  require("the divisor of the logarithm", scalar(9, 1), Math.fround(Math.LN10));
  require("the reference level", scalar(10, 1), 0);
  const axes = nodes[11] && attributeIntegers(nodes[11], "axes");
  if (axes?.length || nodes[11]?.inputs[1]) throw new Differs("its maximum is not one for the whole chunk");
  return {
    fftSize,
    stride: strides[0] ?? 1,
    window,
    bands,
    filters: floatsIn(constant(5, 1)),
    leastPower: scalar(6, 1),
    rangeDb: scalar(12, 1),
  };
}

/** The window that makes these weights of a Fourier transform: what is left of the bin at 0 Hz, where the cosine is 1. */
function windowBehind(real: Float32Array, imaginary: Float32Array, bins: number, fftSize: number): Float64Array {
  const window = Float64Array.from(real.subarray(0, fftSize));
  const cosines = Float64Array.from({ length: fftSize }, (_, i) => Math.cos((2 * Math.PI * i) / fftSize));
  // Only the square of the sine counts, so that its sign may be either, but the same throughout.
  let [apart, apartNegated] = [0, 0];
  for (let bin = 0; bin < bins; bin++) {
    for (let i = 0; i < fftSize; i++) {
      const angle = (bin * i) % fftSize;
      const cosine = (window[i] ?? 0) * (cosines[angle] ?? 0);
      // A quarter of a turn before the cosine.
      const sine = (window[i] ?? 0) * (cosines[(angle + fftSize - fftSize / 4) % fftSize] ?? 0);
      const at = bin * fftSize + i;
      const realApart = Math.abs((real[at] ?? 0) - cosine);
      apart = Math.max(apart, realApart, Math.abs((imaginary[at] ?? 0) - sine));
      apartNegated = Math.max(apartNegated, realApart, Math.abs((imaginary[at] ?? 0) + sine));
    }
  }
  if (Math.min(apart, apartNegated) > WEIGHT_TOLERANCE)
    throw new Differs("its weights are not those of a Fourier transform");
  return window;
}
