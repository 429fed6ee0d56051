// WAV files (RIFF WAVE; Microsoft's "Multimedia Programming Interface and Data Specifications 1.0", WAVEFORMATEXTENSIBLE).

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

/** A WAV file whose samples are read piece by piece. */
export interface WavReader {
  readonly sampleRateHz: number;
  readonly channels: number;
  /** Samples of one channel in the file. */
  readonly length: number;
  /** Fills `into` from sample `from` on, all channels averaged into one. @returns samples read, fewer only at the end */
  read(from: number, into: Int16Array): number;
}

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
  const wav = wavReader(bytes);
  const samples = new Int16Array(wav.length);
  wav.read(0, samples);
  return { sampleRateHz: wav.sampleRateHz, channels: wav.channels, samples };
}

/** As {@link parseWav}, for what is too long to be read at once. @throws WavError */
export function wavReader(bytes: Uint8Array): WavReader {
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
      return samplesReader(view, body, dataLength(view, body, length), format);
    }
    at = body + length + (length % 2);
  }
  throw new WavError(`the WAV file is truncated: it ends without a ${format === undefined ? "fmt" : "data"} chunk`);
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

function samplesReader(view: DataView, body: number, dataBytes: number, format: Format): WavReader {
  const { channels, bytesPerSample, sampleRateHz } = format;
  const sampleAt = sampleReader(view, format);
  const length = Math.floor(dataBytes / (bytesPerSample * channels));
  return {
    sampleRateHz,
    channels,
    length,
    read(from, into) {
      const count = Math.max(0, Math.min(into.length, length - from));
      for (let i = 0, at = body + from * bytesPerSample * channels; i < count; i++) {
        let sum = 0;
        for (let channel = 0; channel < channels; channel++, at += bytesPerSample) sum += sampleAt(at);
        into[i] = Math.max(-32768, Math.min(32767, Math.round(sum / channels)));
      }
      return count;
    },
  };
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
