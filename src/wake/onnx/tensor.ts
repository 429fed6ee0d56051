/** The data of tensors, and constants in a graph, be they initializers or the outputs of Constant nodes. */
import { attributeTensor } from "./attributes.ts";
import { FLOAT, type Graph, INT64, type Tensor } from "./model.ts";
import { OnnxError } from "./onnx-error.ts";
import { bytesField, bytesOf, floatsOf, integersOf, littleEndianFloats } from "./wire.ts";

const FLOAT_DATA = 4;
const INT64_DATA = 7;
const RAW_DATA = 9;

/**
 * The values of a float32 tensor, in memory of their own.
 *
 * @throws OnnxError (malformed) where it is of another type, or does not hold as many as its shape says
 */
export function floatsIn(tensor: Tensor): Float32Array {
  const raw = rawData(tensor);
  const values = raw ? littleEndianFloats(raw) : floatsOf(tensor.rest.filter(({ number }) => number === FLOAT_DATA));
  return checked(tensor, FLOAT, values);
}

/**
 * The values of an int64 tensor.
 *
 * @throws OnnxError (malformed) where it is of another type, or does not hold as many as its shape says
 */
export function integersIn(tensor: Tensor): readonly bigint[] {
  const raw = rawData(tensor);
  const values = raw
    ? [...new BigInt64Array(raw.slice().buffer, 0, raw.length >> 3)]
    : integersOf(tensor.rest.filter(({ number }) => number === INT64_DATA));
  return checked(tensor, INT64, values);
}

export function floatTensor(name: string, dims: readonly number[], values: Float32Array): Tensor {
  const bytes = new Uint8Array(values.slice().buffer);
  return { name, dims, dataType: FLOAT, rest: [bytesField(RAW_DATA, bytes)] };
}

export function integerTensor(name: string, values: readonly (number | bigint)[]): Tensor {
  const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [values.length], dataType: INT64, rest: [bytesField(RAW_DATA, bytes)] };
}

/** The constants of a graph by the name of their value. */
export function constantsOf(graph: Graph): ReadonlyMap<string, Tensor> {
  const constants = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  for (const node of graph.nodes) {
    const [output] = node.outputs;
    const value = node.opType === "Constant" ? attributeTensor(node, "value") : undefined;
    if (value && output !== undefined) constants.set(output, value);
  }
  return constants;
}

function rawData(tensor: Tensor): Uint8Array | undefined {
  const field = tensor.rest.findLast(({ number }) => number === RAW_DATA);
  return field && bytesOf(field);
}

function checked<Values extends { readonly length: number }>(tensor: Tensor, type: number, values: Values): Values {
  const size = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (tensor.dataType !== type || values.length !== size) {
    const what = `${values.length} values of type ${tensor.dataType}`;
    throw new OnnxError(
      "malformed",
      `tensor "${tensor.name}" [${tensor.dims.join(", ")}] holds ${what}, not of ${type}`,
    );
  }
  return values;
}
