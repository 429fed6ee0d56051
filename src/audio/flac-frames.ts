// Where FLAC's frames begin (RFC 9639, section 9.1): audio-decode's decoder loses a frame whose header is cut in two.

/** Sync, reserved bit and strategy: 2 bytes; then sizes, channels, a number of up to 7 bytes, up to 2 + 2 more, CRC-8. */
const LONGEST_HEADER_BYTES = 16;
/** A frame of 65,536 bytes is far beyond what encoders write by default. */
const SEARCH_BYTES = 65_536;

/** @returns the first place from `from` on where a frame begins; `from` itself if none does in the next 64 KiB */
export function nextFlacFrame(bytes: Uint8Array, from: number): number {
  const end = Math.min(from + SEARCH_BYTES, bytes.length - LONGEST_HEADER_BYTES);
  for (let at = from; at < end; at++) if (isFrameHeader(bytes, at)) return at;
  return Math.min(from, bytes.length);
}

function isFrameHeader(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff || ((bytes[at + 1] ?? 0) & 0xfe) !== 0xf8) return false;
  const blockSize = (bytes[at + 2] ?? 0) >> 4;
  const rate = (bytes[at + 2] ?? 0) & 15;
  if (blockSize === 0 || rate === 15) return false;
  // Coded as UTF-8 is: the leading ones of the first byte count the bytes.
  const numberBytes = Math.max(1, Math.clz32(~((bytes[at + 4] ?? 0) << 24)));
  const sizeBytes = blockSize === 6 ? 1 : blockSize === 7 ? 2 : 0;
  const rateBytes = rate === 12 ? 1 : rate === 13 || rate === 14 ? 2 : 0;
  const length = 4 + numberBytes + sizeBytes + rateBytes;
  return crc8(bytes, at, length) === bytes[at + length];
}

/** The polynomial x^8 + x^2 + x + 1, from 0. */
function crc8(bytes: Uint8Array, from: number, length: number): number {
  let crc = 0;
  for (let i = from; i < from + length; i++) {
    crc ^= bytes[i] ?? 0;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x80 ? 0x07 : 0)) & 0xff;
  }
  return crc;
}
