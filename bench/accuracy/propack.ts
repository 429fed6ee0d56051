/** Rob Northen's ProPack, method 1: how the files of 1990s games are packed. */

/** Signature, both lengths, both checksums, leeway and number of blocks. */
const HEADER_BYTES = 18;
const MOST_CODES = 16;

interface Code {
  readonly bits: number;
  readonly length: number;
  readonly value: number;
}

/** Bits from the low end of little-endian 16-bit words, mixed with plain bytes that follow the words already read. */
class BitReader {
  #buffer: number;
  #count = 16;

  constructor(
    readonly bytes: Uint8Array,
    private position: number,
  ) {
    this.#buffer = this.#word();
  }

  #word(): number {
    return (this.bytes[this.position] ?? 0) | ((this.bytes[this.position + 1] ?? 0) << 8);
  }

  peek(length: number): number {
    return this.#buffer % 2 ** length;
  }

  read(length: number): number {
    const value = this.peek(length);
    this.#buffer = Math.floor(this.#buffer / 2 ** length);
    this.#count -= length;
    if (this.#count < 16) {
      this.position += 2;
      this.#buffer += this.#word() * 2 ** this.#count;
      this.#count += 16;
    }
    return value;
  }

  /** Copies plain bytes; the word that was read ahead is read again behind them. */
  copy(target: Uint8Array, at: number, length: number): void {
    target.set(this.bytes.subarray(this.position, this.position + length), at);
    this.position += length;
    this.#count -= 16;
    this.#buffer = (this.#buffer % 2 ** this.#count) + this.#word() * 2 ** this.#count;
    this.#count += 16;
  }
}

function mirrored(code: number, length: number): number {
  let bits = 0;
  for (let i = 0; i < length; i++) bits |= ((code >> i) & 1) << (length - 1 - i);
  return bits;
}

function readCodes(reader: BitReader): readonly Code[] {
  const lengths = Array.from({ length: reader.read(5) }, () => reader.read(4));
  const codes: Code[] = [];
  let next = 0;
  for (let length = 1; length <= MOST_CODES; length++) {
    lengths.forEach((its, value) => {
      if (its === length) codes.push({ bits: mirrored(next++, length), length, value });
    });
    next *= 2;
  }
  return codes;
}

function readValue(reader: BitReader, codes: readonly Code[]): number {
  const code = codes.find(({ bits, length }) => reader.peek(length) === bits);
  if (!code) throw new RangeError("a ProPack file is damaged: no such code");
  reader.read(code.length);
  return code.value < 2 ? code.value : 2 ** (code.value - 1) + reader.read(code.value - 1);
}

export function isPropack(bytes: Uint8Array): boolean {
  return bytes[0] === 0x52 && bytes[1] === 0x4e && bytes[2] === 0x43 && bytes[3] === 1;
}

/** @throws RangeError where the bytes are damaged */
export function unpackPropack(bytes: Uint8Array): Uint8Array {
  const unpacked = new Uint8Array(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4));
  const reader = new BitReader(bytes, HEADER_BYTES);
  reader.read(2);
  let at = 0;
  while (at < unpacked.length) {
    const [plain, distance, repeat] = [readCodes(reader), readCodes(reader), readCodes(reader)];
    const steps = reader.read(16);
    if (steps === 0) throw new RangeError("a ProPack file is damaged: a block without bytes");
    for (let left = steps; left > 0; left--) {
      const length = readValue(reader, plain);
      if (length > unpacked.length - at) throw new RangeError("a ProPack file is damaged: more bytes than it says");
      if (length > 0) reader.copy(unpacked, at, length);
      at += length;
      if (left === 1) break;
      const from = at - readValue(reader, distance) - 1;
      const copied = readValue(reader, repeat) + 2;
      // A copy may overlap itself: byte by byte.
      for (let i = 0; i < copied; i++) unpacked[at + i] = unpacked[from + i] ?? 0;
      at += copied;
    }
  }
  return unpacked;
}
