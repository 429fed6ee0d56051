/**
 * Events of the Wyoming protocol (github.com/OHF-Voice/wyoming) as bytes: one line of JSON, then `data_length` bytes of JSON that is
 * merged over the line's `data`, then `payload_length` bytes as they are. The protocol has no limits: these are ours.
 */

export interface WyomingEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of audio, samples; undefined where there is none. */
  readonly payload: Uint8Array | undefined;
}

/** Bytes that are no event, or one that is too large: nothing can be read after them. */
export class WyomingError extends Error {
  override readonly name = "WyomingError";
}

export const WYOMING_LIMITS = { header: 1 << 16, data: 1 << 20, payload: 1 << 20 } as const;

const NEWLINE = 10;
const VERSION = "1.0";

export function wyomingEvent(
  type: string,
  data: Readonly<Record<string, unknown>> = {},
  payload?: Uint8Array,
): WyomingEvent {
  return { type, data, payload };
}

/** @returns bytes with a copy of the payload */
export function encodeWyoming({ type, data, payload }: WyomingEvent): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const body = Object.keys(data).length === 0 ? new Uint8Array() : encoder.encode(JSON.stringify(data));
  const header = encoder.encode(
    `${JSON.stringify({
      type,
      version: VERSION,
      ...(body.length > 0 && { data_length: body.length }),
      ...(payload !== undefined && { payload_length: payload.length }),
    })}\n`,
  );
  const bytes = new Uint8Array(header.length + body.length + (payload?.length ?? 0));
  bytes.set(header);
  bytes.set(body, header.length);
  if (payload !== undefined) bytes.set(payload, header.length + body.length);
  return bytes;
}

interface Header {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly dataLength: number;
  readonly payloadLength: number;
}

/** Events from bytes that come in pieces of any size. */
export class WyomingDecoder {
  #bytes = new Uint8Array(4096);
  /** Where what is not read yet begins and ends. */
  #from = 0;
  #to = 0;
  /** Up to where no end of line was found. */
  #searched = 0;
  #header: Header | undefined;
  #broken: WyomingError | undefined;

  /**
   * @returns the events that are whole now; payloads are copies
   * @throws WyomingError at bytes that are no event, and at whatever comes after them
   */
  push(bytes: Uint8Array): WyomingEvent[] {
    if (this.#broken !== undefined) throw this.#broken;
    this.#append(bytes);
    const events: WyomingEvent[] = [];
    try {
      for (let event = this.#next(); event !== undefined; event = this.#next()) events.push(event);
    } catch (error) {
      this.#broken = error instanceof WyomingError ? error : new WyomingError(String(error));
      this.#bytes = new Uint8Array();
      throw this.#broken;
    }
    return events;
  }

  #append(bytes: Uint8Array): void {
    if (this.#from === this.#to) this.#move(this.#bytes);
    if (this.#to + bytes.length > this.#bytes.length) {
      const length = this.#to - this.#from + bytes.length;
      this.#move(length <= this.#bytes.length ? this.#bytes : new Uint8Array(length * 2));
    }
    this.#bytes.set(bytes, this.#to);
    this.#to += bytes.length;
  }

  /** What is not read yet goes to the beginning of `target`. */
  #move(target: Uint8Array<ArrayBuffer>): void {
    target.set(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = target;
    this.#to -= this.#from;
    this.#searched = Math.max(0, this.#searched - this.#from);
    this.#from = 0;
  }

  #next(): WyomingEvent | undefined {
    this.#header ??= this.#nextHeader();
    if (this.#header === undefined) return undefined;
    const { type, data, dataLength, payloadLength } = this.#header;
    if (this.#to - this.#from < dataLength + payloadLength) return undefined;
    const more = dataLength === 0 ? {} : objectOf(this.#take(dataLength), "data");
    const payload = payloadLength === 0 ? undefined : this.#take(payloadLength).slice();
    this.#header = undefined;
    this.#searched = this.#from;
    return { type, data: { ...data, ...more }, payload };
  }

  #nextHeader(): Header | undefined {
    const end = this.#bytes.subarray(0, this.#to).indexOf(NEWLINE, Math.max(this.#searched, this.#from));
    const length = (end < 0 ? this.#to : end) - this.#from;
    if (length > WYOMING_LIMITS.header) throw tooLarge("header", length);
    this.#searched = this.#to;
    if (end < 0) return undefined;
    const { type, data, data_length, payload_length } = objectOf(this.#take(length), "header");
    this.#from++;
    if (typeof type !== "string" || type === "") throw new WyomingError("an event without a type");
    if (data !== undefined && data !== null && !isObject(data)) throw new WyomingError("data that is no object");
    return {
      type,
      data: isObject(data) ? data : {},
      dataLength: lengthOf(data_length, "data"),
      payloadLength: lengthOf(payload_length, "payload"),
    };
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#from, this.#from + length);
    this.#from += length;
    return taken;
  }
}

function lengthOf(length: unknown, what: "data" | "payload"): number {
  if (length === undefined || length === null) return 0;
  if (typeof length !== "number" || !Number.isInteger(length) || length < 0) {
    throw new WyomingError(`a ${what} length that is no length`);
  }
  if (length > WYOMING_LIMITS[what]) throw tooLarge(what, length);
  return length;
}

function tooLarge(what: keyof typeof WYOMING_LIMITS, length: number): WyomingError {
  return new WyomingError(`a ${what} of ${length} bytes: ${WYOMING_LIMITS[what]} at most`);
}

function objectOf(bytes: Uint8Array, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WyomingError(`a ${what} that is no JSON`, { cause });
  }
  if (!isObject(value)) throw new WyomingError(`a ${what} that is no object`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
