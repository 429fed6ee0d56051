/**
 * What the house has learned of its relays, kept over restarts: a file that is replaced whole. Written rarely, since it may lie
 * on an SD card.
 */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { KeptWord } from "../arbitration/gains-words.ts";

const FILE_NAME = "relay-gains.json";
/** Words wait so long for the file at most. */
const WRITE_MS = 600_000;

const db = z.number().min(-300).max(300);
const id = z.string().min(1).max(63);
const fileSchema = z.strictObject({
  version: z.literal(1),
  words: z
    .array(
      z.strictObject({
        calibration: z.boolean(),
        together: z.literal(true).optional(),
        shares: z
          .array(
            z.strictObject({
              relayId: id,
              levelDb: db,
              tailDb: db.optional(),
              tailUncertaintyDb: z.number().min(0).max(1000).optional(),
              clue: z.number().min(-1e4).max(1e4),
            }),
          )
          .min(2)
          .max(4096),
      }),
    )
    .max(1000),
  disbelieved: z
    .array(z.strictObject({ relayId: id, because: z.string().max(500), sinceUnixMs: z.number() }))
    .max(4096),
});

export interface Disbelieved {
  readonly relayId: string;
  readonly because: string;
  readonly sinceUnixMs: number;
}

export interface Learned {
  readonly words: readonly KeptWord[];
  readonly disbelieved: readonly Disbelieved[];
}

export const NOTHING_LEARNED: Learned = { words: [], disbelieved: [] };

/** Where it is for a configuration's hub: beside it. */
export function gainsFilePath(configFile: string): string {
  return join(dirname(configFile), FILE_NAME);
}

export class GainsFile {
  readonly path: string;
  readonly #monotonicMs: () => number;
  #learned: Learned = NOTHING_LEARNED;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();
  /** What is there cannot be read, nor set aside: it is not overwritten. */
  #untouchable = false;
  #error: string | undefined;

  constructor(path: string, monotonicMs: () => number) {
    this.path = path;
    this.#monotonicMs = monotonicMs;
  }

  /** Why it cannot be read or written, for people; undefined while all is well. */
  get error(): string | undefined {
    return this.#error;
  }

  /**
   * What an earlier life left. A file that makes no sense is set aside under another name, and nothing is known.
   *
   * @param unixMs for that name
   */
  async read(unixMs: number): Promise<Learned> {
    let text: string;
    try {
      text = await readFile(this.path, "utf8");
    } catch (error) {
      if ((error as { code?: unknown }).code === "ENOENT") return NOTHING_LEARNED;
      this.#untouchable = true;
      this.#error = `${this.path} cannot be read, and gains are not kept: ${messageOf(error)}`;
      return NOTHING_LEARNED;
    }
    try {
      const { words, disbelieved } = fileSchema.parse(JSON.parse(text));
      this.#learned = { words: words as readonly KeptWord[], disbelieved };
      return this.#learned;
    } catch (error) {
      const aside = `${this.path}.refused-${unixMs}`;
      const why = messageOf(error).split("\n")[0]?.slice(0, 200);
      try {
        await rename(this.path, aside);
        this.#error = `${this.path} made no sense and is now ${aside}: gains are learned anew (${why})`;
      } catch (failure) {
        this.#untouchable = true;
        this.#error = `${this.path} makes no sense (${why}) and cannot be set aside: ${messageOf(failure)}`;
      }
      return NOTHING_LEARNED;
    }
  }

  /** There is something to keep. @param soon a person did it, or it must not be lost */
  keep(learned: Learned, soon: boolean): void {
    this.#learned = learned;
    this.#dueAtMs = Math.min(this.#dueAtMs, this.#monotonicMs() + (soon ? 0 : WRITE_MS));
  }

  /** Writes what is due. Call it now and then. @returns whether anything was */
  look(): boolean {
    const due = this.#monotonicMs() >= this.#dueAtMs;
    if (due) this.#write();
    return due;
  }

  /** Writes what is not written yet, and resolves when it is. */
  async end(): Promise<void> {
    if (this.#dueAtMs < Number.POSITIVE_INFINITY) this.#write();
    await this.#writing;
  }

  #write(): void {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    if (this.#untouchable) return;
    const text = `${JSON.stringify({ version: 1, ...this.#learned })}\n`;
    // One after the other: the newest is the last.
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#replace(text);
        this.#error = undefined;
      } catch (error) {
        this.#error = `${this.path} cannot be written, and gains are not kept: ${messageOf(error)}`;
      }
    });
  }

  /** A reader sees the old file or the new one. */
  async #replace(text: string): Promise<void> {
    const temporary = `${this.path}.${process.pid}.new`;
    try {
      const file = await open(temporary, "w", 0o644);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
