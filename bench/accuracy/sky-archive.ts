/**
 * The speech of "Beneath a Steel Sky" (1994) in `sky.dsk`, with its index `sky.dnr`: 8-bit PCM, 11,025 Hz, a line of
 * dialogue a file, packed by ProPack behind a header of 22 bytes.
 *
 * The index: the number of entries (u32), then entries of 8 bytes: number (u16), offset (24 bits; with the highest bit
 * set it counts in 16 bytes), size (22 bits and two flags), all little-endian. Speech has the numbers from 50,000 on.
 */
import { dirname, join } from "node:path";
import { resampleAll } from "../../src/audio/resampler.ts";
import type { Clip, Piece } from "./clips.ts";
import { isPropack, unpackPropack } from "./propack.ts";

const ENTRY_BYTES = 8;
const HEADER_BYTES = 22;
const FIRST_SPEECH = 50_000;
const LAST_SPEECH = 59_999;
const RATE_HZ = 11_025;
/** About what packing leaves of the 11,025 bytes of a second. */
const BYTES_PER_MS = 8;

/** @param index path of sky.dnr; sky.dsk lies beside it */
export async function listSkyClips(index: string): Promise<readonly Clip[]> {
  const view = new DataView(await Bun.file(index).arrayBuffer());
  const path = join(dirname(index), "sky.dsk");
  const clips: Clip[] = [];
  for (let at = 4; at + ENTRY_BYTES <= view.byteLength; at += ENTRY_BYTES) {
    const number = view.getUint16(at, true);
    const place = view.getUint32(at + 2, true) & 0xff_ff_ff;
    const bytes = (view.getUint32(at + 4, true) >>> 8) & 0x3f_ff_ff;
    const offset = (place & 0x7f_ff_ff) * (place & 0x80_00_00 ? 16 : 1);
    if (number < FIRST_SPEECH || number > LAST_SPEECH || !(await isSpeech(path, offset))) continue;
    const source = { kind: "sky" as const, piece: { path, offset, bytes } };
    clips.push({ id: `sky/${number}`, source, roughMs: bytes / BYTES_PER_MS });
  }
  return clips;
}

/** A few entries are not packed, and no speech. */
async function isSpeech(path: string, offset: number): Promise<boolean> {
  return isPropack(
    await Bun.file(path)
      .slice(offset + HEADER_BYTES, offset + HEADER_BYTES + 4)
      .bytes(),
  );
}

export async function readSkyClip({ path, offset, bytes }: Piece): Promise<Int16Array> {
  const packed = await Bun.file(path)
    .slice(offset + HEADER_BYTES, offset + bytes)
    .bytes();
  return resampleAll(
    Int16Array.from(unpackPropack(packed), (sample) => (sample - 128) << 8),
    RATE_HZ,
  );
}
