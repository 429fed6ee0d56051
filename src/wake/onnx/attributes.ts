/** The attributes of nodes: what those that came with a file say, and new ones. */
import { type Attribute, type Node, readTensor, type Tensor } from "./model.ts";
import { bytesOf, type Field, floatsOf, integerField, integerOf, integersOf, textOf } from "./wire.ts";

/** AttributeProto: where a value is, by its type. */
const FLOAT_VALUE = 2;
const INTEGER_VALUE = 3;
const TEXT_VALUE = 4;
const TENSOR_VALUE = 5;
const INTEGERS_VALUE = 8;
const TYPE = 20;
/** AttributeProto.AttributeType */
const INTEGER = 2;

/** Undefined where the node has no such attribute, here and below. */
export function attributeFloat(node: Node, name: string): number | undefined {
  const found = fieldOf(node, name, FLOAT_VALUE);
  return found && floatsOf([found])[0];
}

export function attributeInteger(node: Node, name: string): number | undefined {
  const found = fieldOf(node, name, INTEGER_VALUE);
  return found && Number(integerOf(found));
}

export function attributeText(node: Node, name: string): string | undefined {
  const found = fieldOf(node, name, TEXT_VALUE);
  return found && textOf(found);
}

export function attributeTensor(node: Node, name: string): Tensor | undefined {
  const found = fieldOf(node, name, TENSOR_VALUE);
  return found && readTensor(bytesOf(found));
}

export function attributeIntegers(node: Node, name: string): readonly number[] | undefined {
  const fields = node.attributes.find((attribute) => attribute.name === name)?.rest;
  return fields && integersOf(fields.filter(({ number }) => number === INTEGERS_VALUE)).map(Number);
}

export function integerAttribute(name: string, value: number): Attribute {
  return { name, rest: [integerField(INTEGER_VALUE, value), integerField(TYPE, INTEGER)] };
}

/** A node of the standard operators, named after its first output. */
export function newNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Attribute[] = [],
): Node {
  return { opType, domain: "", name: outputs[0] ?? "", inputs, outputs, attributes, rest: [] };
}

function fieldOf(node: Node, name: string, number: number): Field | undefined {
  return node.attributes
    .find((attribute) => attribute.name === name)
    ?.rest.findLast((field) => field.number === number);
}
