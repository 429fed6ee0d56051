/**
 * The speech of "Flight of the Amazon Queen" (1995) in ScummVM's `queen.1c`: MP3, 11,025 Hz, a line of dialogue a file.
 *
 * Header: "QTBL", version (6 bytes), 2 bytes, compression (1: MP3), then the number of entries (u16) and the entries of 21
 * bytes: name (12), bundle (1), offset (u32), size (u32), all big-endian.
 */
import { decodeAudio } from "../../src/audio/decode.ts";
import type { Clip, Piece } from "./clips.ts";

const COMPRESSION_AT = 12;
const ENTRIES_AT = 15;
const ENTRY_BYTES = 21;
const NAME_BYTES = 12;
const MP3 = 1;
/** About what its MP3 takes for a millisecond. */
const BYTES_PER_MS = 2;

/** @throws RangeError where the archive is of another kind */
export async function listQueenClips(path: string): Promise<readonly Clip[]> {
  const header = new Uint8Array(await Bun.file(path).slice(0, ENTRIES_AT).arrayBuffer());
  if (new TextDecoder().decode(header.subarray(0, 4)) !== "QTBL" || header[COMPRESSION_AT] !== MP3)
    throw new RangeError(`${path} is no archive with speech in MP3`);
  const entries = new DataView(header.buffer).getUint16(ENTRIES_AT - 2);
  const table = await Bun.file(path)
    .slice(ENTRIES_AT, ENTRIES_AT + entries * ENTRY_BYTES)
    .arrayBuffer();
  return Array.from({ length: entries }, (_, index) => {
    const entry = new DataView(table, index * ENTRY_BYTES, ENTRY_BYTES);
    const name = new TextDecoder().decode(new Uint8Array(table, index * ENTRY_BYTES, NAME_BYTES)).replace(/\0.*/, "");
    const bytes = entry.getUint32(NAME_BYTES + 5);
    const piece: Piece = { path, offset: entry.getUint32(NAME_BYTES + 1), bytes };
    return { id: `queen/${name}`, source: { kind: "queen" as const, piece }, roughMs: bytes / BYTES_PER_MS };
  }).filter(({ id }) => id.endsWith(".SB"));
}

export async function readQueenClip({ path, offset, bytes }: Piece): Promise<Int16Array> {
  return await decodeAudio(
    await Bun.file(path)
      .slice(offset, offset + bytes)
      .bytes(),
    `${path} at ${offset}`,
  );
}
