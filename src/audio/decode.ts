// Any sound file to 16 kHz mono s16.
import { resampleAll } from "./resampler.ts";
import { parseWav, WavError } from "./wav.ts";

/** A sound file that cannot be used. The message names the file and says why. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** What full scale is in the floats of audio-decode's FLAC decoder, and of its others. With these FLAC comes out bit for bit. */
const FLAC_FULL_SCALE = 32767;
const FULL_SCALE = 32768;

/**
 * Reads a sound file: WAV by Earshot's own parser; FLAC, MP3, Ogg and what else `audio-decode` knows by that. Channels are
 * averaged, other rates resampled; 16 kHz mono 16-bit comes out bit for bit.
 * @returns 16 kHz mono s16
 * @throws DecodeError when the file cannot be read, is no sound file, is damaged, or holds no audio
 */
export async function readAudioFile(path: string): Promise<Int16Array> {
  let bytes: Uint8Array;
  try {
    bytes = await Bun.file(path).bytes();
  } catch (cause) {
    throw new DecodeError(`${path}: cannot be read: ${reason(cause)}`, { cause });
  }
  return await decodeAudio(bytes, path);
}

/**
 * Decodes the bytes of a sound file; see `readAudioFile`.
 * @param name what the file is called in errors
 * @throws DecodeError
 */
export async function decodeAudio(bytes: Uint8Array, name: string): Promise<Int16Array> {
  try {
    const { samples, sampleRateHz } = isRiff(bytes) ? parseWav(bytes) : await decodeCompressed(bytes);
    if (samples.length === 0) throw new DecodeError("it holds no audio");
    return resampleAll(samples, sampleRateHz);
  } catch (cause) {
    throw new DecodeError(`${name}: ${reason(cause)}`, { cause });
  }
}

function isFlac(bytes: Uint8Array): boolean {
  return bytes[0] === 0x66 && bytes[1] === 0x4c && bytes[2] === 0x61 && bytes[3] === 0x43;
}

function isRiff(bytes: Uint8Array): boolean {
  // RIFF, RIFX and RF64 are all for the WAV parser, which says what is wrong with them.
  return bytes[0] === 0x52 && (bytes[1] === 0x49 || bytes[1] === 0x46);
}

async function decodeCompressed(bytes: Uint8Array): Promise<{ samples: Int16Array; sampleRateHz: number }> {
  // Loaded when needed: its decoders are megabytes of WebAssembly.
  const { default: decode } = await import("audio-decode");
  const { channelData, sampleRate } = await decode(bytes);
  const length = channelData[0]?.length ?? 0;
  const scale = isFlac(bytes) ? FLAC_FULL_SCALE : FULL_SCALE;
  const samples = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (const channel of channelData) sum += channel[i] ?? 0;
    samples[i] = Math.max(-32768, Math.min(32767, Math.round((sum / channelData.length) * scale)));
  }
  return { samples, sampleRateHz: sampleRate };
}

function reason(cause: unknown): string {
  if (cause instanceof WavError || cause instanceof DecodeError || cause instanceof RangeError) return cause.message;
  return cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
}
