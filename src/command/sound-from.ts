/** A sound file that came as an answer, as samples to be played. */
import { DecodeError, decodeAudio } from "../audio/decode.ts";
import { WavError, type WavReader, wavReader } from "../audio/wav.ts";
import type { ErrorWords } from "./failure.ts";
import { SinkError, type Sound } from "./sink.ts";

/** Longer than anybody listens to. */
const MOST_S = 120;
/** A compressed file of that length. */
const MOST_COMPRESSED_BYTES = 4 << 20;
const RATES_HZ = { least: 4_000, most: 192_000 };
/** So much is read before the event loop has its turn: a millisecond or so. */
const PIECE_SAMPLES = 1 << 16;

/**
 * @param bytes a WAV file, which keeps its rate, or one that `decodeAudio` knows, which becomes 16 kHz
 * @throws SinkError when it is no sound file, empty, damaged, or too long
 */
export async function soundFrom(bytes: Uint8Array, words: ErrorWords): Promise<Sound> {
  const bad = (why: string, cause?: unknown) =>
    new SinkError("bad_answer", `${words.server} sent sound that cannot be played: ${why}`, words.hint, { cause });
  try {
    if (bytes[0] === 0x52 && bytes[1] === 0x49) {
      const wav = wavReader(bytes);
      if (wav.sampleRateHz < RATES_HZ.least || wav.sampleRateHz > RATES_HZ.most) throw bad(`${wav.sampleRateHz} Hz`);
      if (wav.length > MOST_S * wav.sampleRateHz) throw bad(`it is longer than ${MOST_S} s`);
      if (wav.length === 0) throw bad("it is empty");
      return { pcm: await samplesOf(wav), sampleRateHz: wav.sampleRateHz };
    }
    if (bytes.length > MOST_COMPRESSED_BYTES) throw bad(`it has more than ${MOST_COMPRESSED_BYTES >> 20} MiB`);
    const pcm = await decodeAudio(bytes, "the answer", othersTurn);
    if (pcm.length > MOST_S * 16_000) throw bad(`it is longer than ${MOST_S} s`);
    return { pcm, sampleRateHz: 16_000 };
  } catch (error) {
    if (error instanceof WavError || error instanceof DecodeError) throw bad(error.message, error);
    throw error;
  }
}

async function samplesOf(wav: WavReader): Promise<Int16Array> {
  const pcm = new Int16Array(wav.length);
  for (let at = 0; at < wav.length; at += PIECE_SAMPLES) {
    wav.read(at, pcm.subarray(at, at + PIECE_SAMPLES));
    await othersTurn();
  }
  return pcm;
}

function othersTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
