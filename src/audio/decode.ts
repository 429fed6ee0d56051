// Any sound file to 16 kHz mono s16.
import { open } from "node:fs/promises";
import { nextFlacFrame } from "./flac-frames.ts";
import { PIECE_SAMPLES, Recording } from "./recording.ts";
import { wavReader } from "./wav.ts";

/** A sound file that cannot be used. The message names the file and says why. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/**
 * Called between two pieces of long work: a worker shows with it that it is alive. For what is no WAV file, a promise
 * from it is waited for, so that a worker can do something else in between.
 */
export type Progress = () => unknown;

/** What full scale is in the floats of audio-decode's FLAC decoder, and of its others. With these FLAC comes out bit for bit. */
const FLAC_FULL_SCALE = 32767;
const FULL_SCALE = 32768;
/** Bytes read from a disk at once: a slow memory card gives them in well under a second. */
const READ_BYTES = 1 << 20;
/** Bytes decoded at once: even of FLAC's digital silence, 1 : 500, this is under a second of work. */
const DECODE_BYTES = 16_384;
const MOST_BYTES = 2 ** 30;
/** Formats whose decoder takes a file only as a whole give no sign of life meanwhile: this much takes seconds at most. */
const MOST_WHOLE_BYTES = 32 << 20;
const MIB = 1 << 20;

/**
 * Reads a sound file: WAV by Earshot's own parser; FLAC, MP3, Ogg and what else `audio-decode` knows by that. Channels are
 * averaged, other rates resampled; 16 kHz mono 16-bit comes out bit for bit.
 * @param progress called at least every second on a slow computer
 * @returns 16 kHz mono s16
 * @throws DecodeError when the file cannot be read, is no sound file, is damaged, holds no audio, is longer than 2 hours
 * or larger than 1 GiB
 */
export async function readAudioFile(path: string, progress: Progress = () => {}): Promise<Int16Array> {
  return await decodeAudio(await readFile(path, progress), path, progress);
}

/**
 * Decodes the bytes of a sound file; see `readAudioFile`.
 * @param name what the file is called in errors
 * @throws DecodeError
 */
export async function decodeAudio(bytes: Uint8Array, name: string, progress: Progress = () => {}): Promise<Int16Array> {
  try {
    const samples = isRiff(bytes) ? decodeWav(bytes, progress) : await decodeCompressed(bytes, progress);
    if (samples.length === 0) throw new DecodeError("it holds no audio");
    return samples;
  } catch (cause) {
    throw new DecodeError(`${name}: ${reason(cause)}`, { cause });
  }
}

async function readFile(path: string, progress: Progress): Promise<Uint8Array> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    if (size > MOST_BYTES) {
      throw new DecodeError(
        `it has ${Math.ceil(size / MIB)} MiB, and at most ${MOST_BYTES / MIB} are kept in memory: cut it into shorter files, or convert it to FLAC`,
      );
    }
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await file.read(bytes, filled, Math.min(READ_BYTES, size - filled));
      if (bytesRead === 0) break;
      filled += bytesRead;
      progress();
    }
    return bytes.subarray(0, filled);
  } catch (cause) {
    throw new DecodeError(`${path}: cannot be read: ${reason(cause)}`, { cause });
  }
}

function decodeWav(bytes: Uint8Array, progress: Progress): Int16Array {
  const wav = wavReader(bytes);
  const recording = new Recording(wav.sampleRateHz);
  const piece = new Int16Array(PIECE_SAMPLES);
  for (let at = 0; at < wav.length; at += PIECE_SAMPLES) {
    recording.push(piece, wav.read(at, piece));
    progress();
  }
  return recording.finish();
}

/** One piece of what `audio-decode` gives. */
interface Decoded {
  readonly channelData: readonly Float32Array[];
  readonly sampleRate: number;
}

async function decodeCompressed(bytes: Uint8Array, progress: Progress): Promise<Int16Array> {
  // Loaded when needed: its decoders are megabytes of WebAssembly.
  const { default: decode } = await import("audio-decode");
  const format = streamedFormat(bytes);
  if (format === undefined) {
    if (bytes.length > MOST_WHOLE_BYTES) {
      throw new DecodeError(
        `its format can only be decoded as a whole, which is done up to ${MOST_WHOLE_BYTES / MIB} MiB: convert it to FLAC`,
      );
    }
    return toRecording([await decode(bytes)], FULL_SCALE, progress);
  }
  const scale = format === "flac" ? FLAC_FULL_SCALE : FULL_SCALE;
  return toRecording(decode(piecesOf(bytes, format, progress), format), scale, progress);
}

async function* piecesOf(bytes: Uint8Array, format: string, progress: Progress): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; ) {
    const end = format === "flac" ? nextFlacFrame(bytes, at + DECODE_BYTES) : at + DECODE_BYTES;
    await progress();
    // A copy: decoders may look at a view's whole buffer.
    yield bytes.slice(at, end);
    at = end;
  }
}

async function toRecording(
  decoded: AsyncIterable<Decoded> | Iterable<Decoded>,
  scale: number,
  progress: Progress,
): Promise<Int16Array> {
  let recording: Recording | undefined;
  const piece = new Int16Array(PIECE_SAMPLES);
  for await (const { channelData, sampleRate } of decoded) {
    const length = channelData[0]?.length ?? 0;
    if (length === 0) continue;
    recording ??= new Recording(sampleRate);
    if (sampleRate !== recording.sampleRateHz) {
      throw new DecodeError(`its sample rate changes from ${recording.sampleRateHz} to ${sampleRate} Hz`);
    }
    for (let at = 0; at < length; at += PIECE_SAMPLES) {
      const count = Math.min(PIECE_SAMPLES, length - at);
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (const channel of channelData) sum += channel[at + i] ?? 0;
        piece[i] = Math.max(-32768, Math.min(32767, Math.round((sum / channelData.length) * scale)));
      }
      recording.push(piece, count);
      await progress();
    }
  }
  return recording?.finish() ?? new Int16Array();
}

/** The name `audio-decode` has for a format that it can decode piece by piece; undefined for all others. */
function streamedFormat(bytes: Uint8Array): "flac" | "mp3" | "oga" | "opus" | undefined {
  const sound = bytes.subarray(id3Bytes(bytes));
  if (says(sound, 0, "fLaC")) return "flac";
  // A page of 27 bytes and one segment's length precede what names the codec.
  if (says(sound, 0, "OggS")) {
    if (says(sound, 28, "OpusHead")) return "opus";
    return says(sound, 29, "vorbis") ? "oga" : undefined;
  }
  // An MPEG audio frame's sync; layer 0 is AAC.
  if (sound[0] === 0xff && ((sound[1] ?? 0) & 0xe0) === 0xe0 && ((sound[1] ?? 0) & 0x06) !== 0) return "mp3";
  return undefined;
}

/** Length of the ID3v2 tag at the start: a header of 10 bytes, whose last four hold 7 bits of the rest's length each. */
function id3Bytes(bytes: Uint8Array): number {
  if (!says(bytes, 0, "ID3")) return 0;
  return 10 + bytes.subarray(6, 10).reduce((length, byte) => length * 128 + (byte & 0x7f), 0);
}

function isRiff(bytes: Uint8Array): boolean {
  // RIFF, RIFX and RF64 are all for the WAV parser, which says what is wrong with them.
  return says(bytes, 0, "RI") || says(bytes, 0, "RF");
}

function says(bytes: Uint8Array, at: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return false;
  return true;
}

function reason(cause: unknown): string {
  return cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
}
