/**
 * ONNX models as far as rewriting them needs: graphs, nodes, tensors, the shapes of inputs and outputs. Every other field
 * is kept as it came and written back behind those that are known.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
import { OnnxError } from "./onnx-error.ts";
import {
  bytesOf,
  type Field,
  integerField,
  integerOf,
  integersOf,
  messageField,
  readFields,
  textField,
  textOf,
  writeFields,
} from "./wire.ts";

/** TensorProto.DataType of the tensors that are looked into. */
export const FLOAT = 1;
export const INT64 = 7;

export interface Model {
  readonly graph: Graph;
  /** Which version of each operator set the nodes mean; the standard one has the domain "". */
  readonly opsets: readonly Opset[];
  readonly irVersion: number;
  readonly rest: readonly Field[];
}

export interface Opset {
  readonly domain: string;
  readonly version: number;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** What the exporter knew of the values in between; onnxruntime infers them itself. */
  readonly valueInfos: readonly ValueInfo[];
  readonly rest: readonly Field[];
}

export interface Node {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  /** Names of values; "" for one that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly Attribute[];
  readonly rest: readonly Field[];
}

export interface Attribute {
  readonly name: string;
  /** The bodies of If, Loop and Scan. */
  readonly graph?: Graph;
  readonly rest: readonly Field[];
}

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  /** Where the data are; `tensor.ts` reads them. */
  readonly rest: readonly Field[];
}

/** The name and the shape of a graph's input or output. */
export interface ValueInfo {
  readonly name: string;
  /** Undefined where it is no tensor, or one without a type. */
  readonly elementType?: number;
  /** A name where the size is free, -1 where nothing is said; undefined where not even the rank is. */
  readonly dims?: readonly (number | string)[];
}

/** Real models nest three deep at most. */
const DEEPEST_GRAPH = 8;

/** @throws OnnxError */
export function readModel(bytes: Uint8Array): Model {
  const { of, rest } = sorted(readFields(bytes), [1, 7, 8]);
  const graph = last(of(7));
  if (!graph) throw new OnnxError("malformed", "the model has no graph");
  if (of(8).length === 0) throw new OnnxError("malformed", "the model does not say which operators it means");
  return {
    graph: readGraph(bytesOf(graph), 0),
    opsets: of(8).map((field) => {
      const opset = sorted(readFields(bytesOf(field)), [1, 2]);
      return { domain: text(opset.of(1)), version: size(opset.of(2)) };
    }),
    irVersion: size(of(1)),
    rest,
  };
}

export function writeModel({ graph, opsets, irVersion, rest }: Model): Uint8Array {
  return writeFields([
    integerField(1, irVersion),
    ...rest,
    messageField(7, graphFields(graph)),
    ...opsets.map(({ domain, version }) => messageField(8, [...named(1, domain), integerField(2, version)])),
  ]);
}

function readGraph(bytes: Uint8Array, depth: number): Graph {
  if (depth > DEEPEST_GRAPH) throw new OnnxError("too_deep", `graphs within graphs, more than ${DEEPEST_GRAPH} deep`);
  const { of, rest } = sorted(readFields(bytes), [1, 2, 5, 11, 12, 13]);
  return {
    name: text(of(2)),
    nodes: of(1).map((field) => readNode(bytesOf(field), depth)),
    initializers: of(5).map((field) => readTensor(bytesOf(field))),
    inputs: of(11).map((field) => readValueInfo(bytesOf(field))),
    outputs: of(12).map((field) => readValueInfo(bytesOf(field))),
    valueInfos: of(13).map((field) => readValueInfo(bytesOf(field))),
    rest,
  };
}

function graphFields(graph: Graph): Field[] {
  return [
    ...graph.nodes.map((node) => messageField(1, nodeFields(node))),
    textField(2, graph.name),
    ...graph.initializers.map((tensor) => messageField(5, tensorFields(tensor))),
    ...graph.inputs.map((info) => messageField(11, valueInfoFields(info))),
    ...graph.outputs.map((info) => messageField(12, valueInfoFields(info))),
    ...graph.valueInfos.map((info) => messageField(13, valueInfoFields(info))),
    ...graph.rest,
  ];
}

function readNode(bytes: Uint8Array, depth: number): Node {
  const { of, rest } = sorted(readFields(bytes), [1, 2, 3, 4, 5, 7]);
  return {
    opType: text(of(4)),
    domain: text(of(7)),
    name: text(of(3)),
    inputs: of(1).map(textOf),
    outputs: of(2).map(textOf),
    attributes: of(5).map((field) => readAttribute(bytesOf(field), depth)),
    rest,
  };
}

function nodeFields(node: Node): Field[] {
  return [
    ...node.inputs.map((name) => textField(1, name)),
    ...node.outputs.map((name) => textField(2, name)),
    ...named(3, node.name),
    textField(4, node.opType),
    ...node.attributes.map(({ name, graph, rest }) =>
      messageField(5, [textField(1, name), ...(graph ? [messageField(6, graphFields(graph))] : []), ...rest]),
    ),
    ...named(7, node.domain),
    ...node.rest,
  ];
}

function readAttribute(bytes: Uint8Array, depth: number): Attribute {
  const { of, rest } = sorted(readFields(bytes), [1, 6]);
  const graph = last(of(6));
  return { name: text(of(1)), rest, ...(graph && { graph: readGraph(bytesOf(graph), depth + 1) }) };
}

/** @throws OnnxError */
export function readTensor(bytes: Uint8Array): Tensor {
  const { of, rest } = sorted(readFields(bytes), [1, 2, 8]);
  return { name: text(of(8)), dims: integersOf(of(1)).map(Number), dataType: size(of(2)), rest };
}

function tensorFields({ name, dims, dataType, rest }: Tensor): Field[] {
  return [...dims.map((dim) => integerField(1, dim)), integerField(2, dataType), ...named(8, name), ...rest];
}

function readValueInfo(bytes: Uint8Array): ValueInfo {
  const info = sorted(readFields(bytes), [1, 2]);
  const name = text(info.of(1));
  const tensorType = last(inside(last(info.of(2)), 1));
  if (!tensorType) return { name };
  const elementType = size(inside(tensorType, 1));
  const shape = last(inside(tensorType, 2));
  if (!shape) return { name, elementType };
  const dims = inside(shape, 1).map((dim) => {
    const parts = sorted(readFields(bytesOf(dim)), [1, 2]);
    return parts.of(2).length > 0 ? text(parts.of(2)) : parts.of(1).length > 0 ? size(parts.of(1)) : -1;
  });
  return { name, elementType, dims };
}

function valueInfoFields({ name, elementType, dims }: ValueInfo): Field[] {
  if (elementType === undefined) return [textField(1, name)];
  const shape = dims?.map((dim) =>
    messageField(1, typeof dim === "string" ? [textField(2, dim)] : dim < 0 ? [] : [integerField(1, dim)]),
  );
  const tensorType = [integerField(1, elementType), ...(shape ? [messageField(2, shape)] : [])];
  return [textField(1, name), messageField(2, [messageField(1, tensorType)])];
}

/** The fields of a message by number, and those of none of these numbers. */
function sorted(fields: readonly Field[], known: readonly number[]) {
  return {
    of: (number: number): readonly Field[] => fields.filter((field) => field.number === number),
    rest: fields.filter(({ number }) => !known.includes(number)),
  };
}

function inside(message: Field | undefined, number: number): readonly Field[] {
  return message ? readFields(bytesOf(message)).filter((field) => field.number === number) : [];
}

/** Where a field that is not repeated comes twice, the last one counts. */
function last(fields: readonly Field[]): Field | undefined {
  return fields.at(-1);
}

function text(fields: readonly Field[]): string {
  const field = last(fields);
  return field ? textOf(field) : "";
}

function size(fields: readonly Field[]): number {
  const field = last(fields);
  return field ? Number(integerOf(field)) : 0;
}

function named(number: number, name: string): Field[] {
  return name === "" ? [] : [textField(number, name)];
}
