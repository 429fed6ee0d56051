// WAV files (RIFF WAVE; Microsoft's "Multimedia Programming Interface and Data Specifications 1.0", WAVEFORMATEXTENSIBLE).
import { SAMPLE_RATE_HZ } from "./source.ts";

/** A WAV file that cannot be read, and why. */
export class WavError extends Error {
  override readonly name = "WavError";
}

/** A decoded WAV file: all channels averaged into one, s16, at the file's own rate. */
export interface WavAudio {
  readonly sampleRateHz: number;
  /** Channels of the file, before they were averaged. */
  readonly channels: number;
  readonly samples: Int16Array;
}

const HEADER_BYTES = 44;
const CODECS = { pcm: 1, float: 3, extensible: 0xfffe };
/** From here on a length is what a program writes that does not know it yet: sox 0x7ffff000, arecord 0x80000000, ffmpeg 0xffffffff. */
const UNKNOWN_LENGTH = 0x7fff_0000;
/** The last 14 bytes of the sub-format GUIDs of WAVEFORMATEXTENSIBLE; the first two are the codec. */
const SUB_FORMAT_TAIL = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

interface Format {
  readonly codec: "int" | "float";
  readonly channels: number;
  readonly sampleRateHz: number;
  readonly bytesPerSample: number;
}

/**
 * Reads a WAV file: 8, 16, 24 or 32-bit integers or 32 or 64-bit floats, any rate, any number of channels (averaged).
 * 16-bit mono comes out bit for bit. A `data` chunk whose length was never filled in goes to the end of the file.
 * @throws WavError when it is no WAV file, is truncated, or uses another codec
 */
export function parseWav(bytes: Uint8Array): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) throw new WavError(`no WAV file: it has only ${bytes.length} bytes`);
  const form = tag(view, 0);
  if (form === "RF64" || form === "RIFX")
    throw new WavError(`${form} is not supported: convert it to a plain WAV file`);
  if (form !== "RIFF" || tag(view, 8) !== "WAVE")
    throw new WavError("no WAV file: it does not begin with RIFF and WAVE");

  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = tag(view, at);
    const length = view.getUint32(at + 4, true);
    const body = at + 8;
    if (id === "fmt ") format = parseFormat(view, body, length);
    if (id === "data") {
      if (format === undefined) throw new WavError("the WAV file has a data chunk before its fmt chunk");
      return readSamples(view, body, dataLength(view, body, length), format);
    }
    at = body + length + (length % 2);
  }
  throw new WavError(`the WAV file is truncated: it ends without a ${format === undefined ? "fmt" : "data"} chunk`);
}

/** A WAV file of 16 kHz mono s16. */
export function encodeWav(samples: Int16Array): Uint8Array<ArrayBuffer> {
  const dataBytes = samples.length * 2;
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  writeTag(bytes, 0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  writeTag(bytes, 8, "WAVE");
  writeTag(bytes, 12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, CODECS.pcm, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, SAMPLE_RATE_HZ, true);
  view.setUint32(28, SAMPLE_RATE_HZ * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  writeTag(bytes, 36, "data");
  view.setUint32(40, dataBytes, true);
  for (let i = 0; i < samples.length; i++) view.setInt16(HEADER_BYTES + i * 2, samples[i] ?? 0, true);
  return bytes;
}

function parseFormat(view: DataView, at: number, length: number): Format {
  if (length < 16 || at + length > view.byteLength) throw new WavError("the WAV file is truncated in its fmt chunk");
  let codec = view.getUint16(at, true);
  const channels = view.getUint16(at + 2, true);
  const sampleRateHz = view.getUint32(at + 4, true);
  const blockBytes = view.getUint16(at + 12, true);
  const bits = view.getUint16(at + 14, true);
  if (codec === CODECS.extensible) {
    if (length < 40) throw new WavError("the WAV file is truncated in its extensible fmt chunk");
    const tail = SUB_FORMAT_TAIL.every((byte, i) => view.getUint8(at + 26 + i) === byte);
    if (!tail) throw new WavError("the WAV file has an unknown sub-format: convert it to 16-bit PCM");
    codec = view.getUint16(at + 24, true);
  }
  const supported =
    (codec === CODECS.pcm && [8, 16, 24, 32].includes(bits)) || (codec === CODECS.float && [32, 64].includes(bits));
  if (!supported) throw new WavError(`WAV codec ${codec} with ${bits} bits is not supported: convert it to 16-bit PCM`);
  if (channels === 0) throw new WavError("the WAV file has no channels");
  if (sampleRateHz === 0) throw new WavError("the WAV file has a sample rate of 0 Hz");
  const bytesPerSample = bits / 8;
  if (blockBytes !== bytesPerSample * channels) {
    throw new WavError(`the WAV file says ${blockBytes} bytes a frame for ${channels} channels of ${bits} bits`);
  }
  return { codec: codec === CODECS.float ? "float" : "int", channels, sampleRateHz, bytesPerSample };
}

function dataLength(view: DataView, body: number, length: number): number {
  const rest = view.byteLength - body;
  // A length of 0 is an empty recording in a finished file, and "not known yet" where the file goes on past what RIFF says.
  const unfinished = length === 0 && view.getUint32(4, true) + 8 !== view.byteLength;
  if (unfinished || length >= UNKNOWN_LENGTH) return rest;
  if (length > rest) throw new WavError(`the WAV file is truncated: it says ${length} bytes of audio and has ${rest}`);
  return length;
}

function readSamples(view: DataView, body: number, length: number, format: Format): WavAudio {
  const { channels, bytesPerSample, sampleRateHz } = format;
  const read = sampleReader(view, format);
  const frames = Math.floor(length / (bytesPerSample * channels));
  const samples = new Int16Array(frames);
  for (let frame = 0, at = body; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++, at += bytesPerSample) sum += read(at);
    samples[frame] = Math.max(-32768, Math.min(32767, Math.round(sum / channels)));
  }
  return { sampleRateHz, channels, samples };
}

/** Reads the sample at a byte offset, scaled to the range of 16 bits. What is not a number is silence. */
function sampleReader(view: DataView, { codec, bytesPerSample }: Format): (at: number) => number {
  if (codec === "float") {
    const read =
      bytesPerSample === 4 ? (at: number) => view.getFloat32(at, true) : (at: number) => view.getFloat64(at, true);
    return (at) => Math.max(-32768, Math.min(32767, read(at) * 32768)) || 0;
  }
  switch (bytesPerSample) {
    case 1:
      return (at) => (view.getUint8(at) - 128) * 256;
    case 2:
      return (at) => view.getInt16(at, true);
    case 3:
      return (at) => view.getInt8(at + 2) * 256 + view.getUint16(at, true) / 256;
    default:
      return (at) => view.getInt32(at, true) / 65536;
  }
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}

function writeTag(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
