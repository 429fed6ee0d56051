/** Pieces of sound, named so that a worker can read them by itself. */
import { readAudioFile } from "../../src/audio/decode.ts";
import { decodeG722 } from "./g722.ts";
import { readQueenClip } from "./queen-archive.ts";
import { readSkyClip } from "./sky-archive.ts";

/** Where a piece lies inside a larger file, bytes. */
export interface Piece {
  readonly path: string;
  readonly offset: number;
  readonly bytes: number;
}

export type ClipSource =
  | { readonly kind: "sound file"; readonly path: string }
  | { readonly kind: "g722"; readonly path: string }
  | { readonly kind: "queen"; readonly piece: Piece }
  | { readonly kind: "sky"; readonly piece: Piece };

export interface Clip {
  /** Unique and the same on every machine: which half a clip belongs to hangs on it. */
  readonly id: string;
  readonly source: ClipSource;
  /** About how long it is, to share out the work before anything is decoded. */
  readonly roughMs: number;
}

/**
 * @returns 16 kHz mono s16
 * @throws where it cannot be read or decoded
 */
export async function readClip({ source }: Clip): Promise<Int16Array> {
  switch (source.kind) {
    case "sound file":
      return await readAudioFile(source.path);
    case "g722":
      return decodeG722(await Bun.file(source.path).bytes());
    case "queen":
      return await readQueenClip(source.piece);
    case "sky":
      return await readSkyClip(source.piece);
  }
}
