/**
 * The wire format of protocol buffers, both ways. A field stays the bytes it came as until somebody asks for its value,
 * so that what is not understood is written back as it was.
 * Source: https://protobuf.dev/programming-guides/encoding
 */
import { OnnxError } from "./onnx-error.ts";

/** How a field is laid out: a varint, eight bytes, bytes behind their length, four bytes. */
export type WireType = 0 | 1 | 2 | 5;

export interface Field {
  readonly number: number;
  readonly wire: WireType;
  /** The value alone, without key and length; a view of the message it was read from. */
  readonly bytes: Uint8Array;
}

/** A 64-bit varint has at most ten bytes of seven bits. */
const LONGEST_VARINT = 10;

/**
 * The fields of a message, in their order.
 *
 * @throws OnnxError (truncated, malformed)
 */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) {
      throw new OnnxError(
        "truncated",
        `a field of ${length} bytes begins at byte ${at} of a message of ${message.length}`,
      );
    }
    at += length;
    return message.subarray(at - length, at);
  };
  const takeVarint = (): Uint8Array => {
    const end = varintEnd(message, at);
    return take(end - at);
  };
  while (at < message.length) {
    const begin = at;
    const key = asNumber(takeVarint());
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number < 1 || number > 0x1fffffff) {
      throw new OnnxError("malformed", `field number ${number} at byte ${begin}`);
    }
    if (wire === 0) fields.push({ number, wire, bytes: takeVarint() });
    else if (wire === 1) fields.push({ number, wire, bytes: take(8) });
    else if (wire === 2) fields.push({ number, wire, bytes: take(asNumber(takeVarint())) });
    else if (wire === 5) fields.push({ number, wire, bytes: take(4) });
    else throw new OnnxError("malformed", `wire type ${wire} of field ${number} at byte ${begin}`);
  }
  return fields;
}

/** The message that {@link readFields} reads these fields from. */
export function writeFields(fields: readonly Field[]): Uint8Array {
  const heads = fields.map(({ number, wire, bytes }) => {
    const key = varint(number * 8 + wire);
    return wire === 2 ? concatenated([key, varint(bytes.length)]) : key;
  });
  return concatenated(fields.flatMap(({ bytes }, i) => [heads[i] ?? bytes, bytes]));
}

/**
 * A varint as a signed 64-bit integer.
 *
 * @throws OnnxError (malformed) where the field is not a varint
 */
export function integerOf(field: Field): bigint {
  if (field.wire !== 0) throw new OnnxError("malformed", `field ${field.number} is no integer`);
  return asBigInt(field.bytes);
}

/**
 * The 64-bit integers of a repeated field, packed or not.
 *
 * @throws OnnxError (truncated, malformed)
 */
export function integersOf(fields: readonly Field[]): bigint[] {
  return fields.flatMap((field) => {
    if (field.wire !== 2) return [integerOf(field)];
    const values: bigint[] = [];
    for (let at = 0; at < field.bytes.length; ) {
      const end = varintEnd(field.bytes, at);
      values.push(asBigInt(field.bytes.subarray(at, end)));
      at = end;
    }
    return values;
  });
}

/**
 * The 32-bit floats of a repeated field, packed or not.
 *
 * @throws OnnxError (malformed)
 */
export function floatsOf(fields: readonly Field[]): Float32Array {
  const bytes = concatenated(
    fields.map((field) => {
      if ((field.wire !== 2 && field.wire !== 5) || field.bytes.length % 4 !== 0) {
        throw new OnnxError("malformed", `field ${field.number} holds no 32-bit floats`);
      }
      return field.bytes;
    }),
  );
  return littleEndianFloats(bytes);
}

/** Floats from little-endian bytes at any offset, in memory of their own. */
export function littleEndianFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer, 0, bytes.length >> 2);
}

/** @throws OnnxError (malformed) where the field is not bytes behind a length */
export function bytesOf(field: Field): Uint8Array {
  if (field.wire !== 2) throw new OnnxError("malformed", `field ${field.number} is neither a text nor a message`);
  return field.bytes;
}

/** @throws OnnxError (malformed) where the field is not UTF-8 */
export function textOf(field: Field): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytesOf(field));
  } catch {
    throw new OnnxError("malformed", `field ${field.number} is no text`);
  }
}

export function integerField(number: number, value: number | bigint): Field {
  return { number, wire: 0, bytes: varint(value) };
}

export function bytesField(number: number, bytes: Uint8Array): Field {
  return { number, wire: 2, bytes };
}

export function textField(number: number, text: string): Field {
  return bytesField(number, new TextEncoder().encode(text));
}

export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, writeFields(fields));
}

/** Where the varint that begins at `at` ends. */
function varintEnd(bytes: Uint8Array, at: number): number {
  for (let end = at; end < at + LONGEST_VARINT; end++) {
    const byte = bytes[end];
    if (byte === undefined) throw new OnnxError("truncated", `the message ends in an integer, at byte ${end}`);
    if (byte < 0x80) return end + 1;
  }
  throw new OnnxError("malformed", `an integer of more than ${LONGEST_VARINT} bytes at byte ${at}`);
}

/** A key or a length. What is too large for one is refused by whoever uses it. */
function asNumber(bytes: Uint8Array): number {
  let value = 0;
  for (let i = bytes.length - 1; i >= 0; i--) value = value * 128 + ((bytes[i] ?? 0) & 0x7f);
  return value;
}

function asBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 7n) | BigInt((bytes[i] ?? 0) & 0x7f);
  return BigInt.asIntN(64, value);
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
