/**
 * Sound of claims that are not decided yet: kept until the verdict, then passed on from its first sample, or overwritten.
 * Bounded: a relay that sends more than a claim can need loses the newest.
 */

/** A piece of what a relay recorded for one of its claims, 16 kHz mono. */
export interface ClaimPiece {
  readonly pcm: Int16Array;
  /** Samples that are missing before it: they were lost on the way. */
  readonly missingSamples: number;
  /** When its first sample was heard, hub clock, ms; undefined where nobody says. */
  readonly atMs?: number | undefined;
  /** Nothing follows. */
  readonly last: boolean;
  /** The last, though the person may still speak: muted, or the microphone is gone. */
  readonly isCutOff?: boolean;
}

/** A whole command that comes at once, with its wake word: 25 s. */
const MOST_OF_CLAIM = 25 * 16_000;
/** Of all claims together: 64 MB. */
const MOST_OF_ALL = 32 * 1024 * 1024;

interface Held {
  readonly connection: number;
  readonly claim: number;
  readonly pieces: ClaimPiece[];
  samples: number;
}

export class HeldSound {
  readonly #held = new Map<string, Held>();
  #samples = 0;

  /** Samples that are kept now. */
  get samples(): number {
    return this.#samples;
  }

  /** @returns whether there was room for it */
  keep(connection: number, claim: number, piece: ClaimPiece): boolean {
    const key = `${connection} ${claim}`;
    const held = this.#held.get(key) ?? { connection, claim, pieces: [], samples: 0 };
    const { length } = piece.pcm;
    if (held.samples + length > MOST_OF_CLAIM || this.#samples + length > MOST_OF_ALL) {
      piece.pcm.fill(0);
      return false;
    }
    held.pieces.push(piece);
    held.samples += length;
    this.#samples += length;
    this.#held.set(key, held);
    return true;
  }

  /** Hands out what was kept of a claim, the oldest first; it is the taker's then. */
  take(connection: number, claim: number): readonly ClaimPiece[] {
    const key = `${connection} ${claim}`;
    const held = this.#held.get(key);
    if (held === undefined) return [];
    this.#held.delete(key);
    this.#samples -= held.samples;
    return held.pieces;
  }

  /** Overwrites what was kept of a claim. */
  drop(connection: number, claim: number): void {
    for (const { pcm } of this.take(connection, claim)) pcm.fill(0);
  }

  /** Overwrites all of a connection. */
  dropAll(connection: number): void {
    for (const held of [...this.#held.values()]) if (held.connection === connection) this.drop(connection, held.claim);
  }
}
