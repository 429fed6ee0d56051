/**
 * A binary message: a header of 40 bytes, then 16-bit samples, one channel, all little-endian (docs/protocol.md, "Sound").
 *
 * | at | what |
 * |---|---|
 * | 0 | u8 version |
 * | 1 | u8 kind |
 * | 2 | u16 zero |
 * | 4 | u32 connection |
 * | 8 | u32 number: of the claim or the reply; 0 for a stream |
 * | 12 | u32 sequence |
 * | 16 | u64 fence; 0 while none is known |
 * | 24 | u64 index of the first sample |
 * | 32 | f64 when the first sample was heard, ms |
 */
import { FRAME_SAMPLES, PROTOCOL_VERSION } from "./limits.ts";
import { ProtocolError } from "./protocol-error.ts";

export const HEADER_BYTES = 40;
/** Sound of a claim; all the sound of a relay for which the hub listens; of a reply, to the relay. */
export const FRAME_KINDS = { claim: 1, stream: 2, reply: 3 } as const;
export type FrameKind = keyof typeof FRAME_KINDS;

export interface AudioFrame {
  readonly kind: FrameKind;
  /** As the welcome gave it: nothing of an older connection is taken for this one's. */
  readonly connection: number;
  readonly number: number;
  /** Counts the frames of one claim, stream or reply from 0. */
  readonly sequence: number;
  /** What the claim was granted with; undefined before. */
  readonly fence: number | undefined;
  /** Counts the samples of one claim's, stream's or reply's source; any origin. */
  readonly firstSample: number;
  /** When the first sample was heard, sender's clock, ms; 0 in a reply. */
  readonly atMs: number;
  /** 16 kHz but in replies. */
  readonly pcm: Int16Array;
}

export function writeAudioFrame(frame: AudioFrame): Uint8Array<ArrayBuffer> {
  const { pcm } = frame;
  const bytes = new Uint8Array(HEADER_BYTES + pcm.length * 2);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, PROTOCOL_VERSION);
  view.setUint8(1, FRAME_KINDS[frame.kind]);
  view.setUint32(4, frame.connection, true);
  view.setUint32(8, frame.number, true);
  view.setUint32(12, frame.sequence, true);
  setCount(view, 16, frame.fence ?? 0);
  setCount(view, 24, frame.firstSample);
  view.setFloat64(32, frame.atMs, true);
  new Int16Array(bytes.buffer, HEADER_BYTES).set(pcm);
  return bytes;
}

/** @throws ProtocolError, and nothing else, whatever the bytes are */
export function readAudioFrame(bytes: Uint8Array): AudioFrame {
  if (bytes.length < HEADER_BYTES) {
    throw bad("short_frame", `a binary message of ${bytes.length} bytes: its header alone has ${HEADER_BYTES}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(0);
  if (version !== PROTOCOL_VERSION)
    throw bad("frame_version", `sound of version ${version}: ${PROTOCOL_VERSION} is spoken`);
  const kind = kindOf(view.getUint8(1));
  if (view.getUint16(2, true) !== 0) throw bad("frame_reserved", "bytes 2 and 3 of the header must be 0");
  const pcmBytes = bytes.length - HEADER_BYTES;
  if (pcmBytes % 2 !== 0) throw bad("odd_bytes", `${pcmBytes} bytes of sound: samples have 2 bytes each`);
  if (pcmBytes === 0) throw bad("no_samples", "a frame without a sample");
  if (pcmBytes > FRAME_SAMPLES * 2) {
    throw bad("frame_too_long", `${pcmBytes / 2} samples in one frame: ${FRAME_SAMPLES} at most`);
  }
  const atMs = view.getFloat64(32, true);
  if (!(Math.abs(atMs) <= 1e15)) throw bad("frame_time", "bytes 32 to 39 of the header are not a time in milliseconds");
  const fence = getCount(view, 16, "the fence");
  return {
    kind,
    connection: view.getUint32(4, true),
    number: view.getUint32(8, true),
    sequence: view.getUint32(12, true),
    fence: fence === 0 ? undefined : fence,
    firstSample: getCount(view, 24, "the first sample"),
    atMs,
    pcm: samplesOf(bytes.subarray(HEADER_BYTES)),
  };
}

function kindOf(byte: number): FrameKind {
  for (const kind of ["claim", "stream", "reply"] as const) if (FRAME_KINDS[kind] === byte) return kind;
  throw bad("frame_kind", `sound of kind ${byte}: 1 is a claim's, 2 a stream's, 3 a reply's`);
}

/** A copy: what a socket hands out is its own, and may begin at an odd address. */
function samplesOf(bytes: Uint8Array): Int16Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return new Int16Array(copy.buffer);
}

/** A u64 in two halves: a BigInt would be made for every frame. */
function setCount(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function getCount(view: DataView, at: number, what: string): number {
  const value = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (!Number.isSafeInteger(value)) throw bad("frame_number", `${what} is above 2^53 - 1`);
  return value;
}

function bad(code: string, message: string): ProtocolError {
  return new ProtocolError(code, message, "docs/protocol.md says what a frame looks like");
}
