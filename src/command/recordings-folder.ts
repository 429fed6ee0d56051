/**
 * Commands as WAV files, where somebody asked for that: each is deleted when it is as old as was said. Nothing else in the
 * folder is touched.
 */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { wavOf } from "../audio/wav-write.ts";

/** `earshot-20261122T083659123Z-1a2b3c4d.wav`: when it was said, and which command it was. */
const NAME = /^earshot-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-[\w-]+\.wav$/;

export interface RecordingsFolderOptions {
  /** Undefined where nothing is to be kept. */
  readonly folder: () => string | undefined;
  readonly keepForMs: () => number;
  readonly unixMs: () => number;
  readonly log: { warn(event: string, fields: Record<string, unknown>): void };
}

export class RecordingsFolder {
  readonly #options: RecordingsFolderOptions;
  /** The folders that were written to or looked into: what lies there grows old after it was switched off too. */
  readonly #known = new Set<string>();

  constructor(options: RecordingsFolderOptions) {
    this.#options = options;
  }

  /**
   * Copies what it is given before it returns, and writes it where somebody wants that. Never throws.
   *
   * @param id of the command
   * @param pcm 16 kHz mono
   */
  async keep(id: string, pcm: Int16Array): Promise<void> {
    const { folder: wanted, unixMs, log } = this.#options;
    const folder = wanted();
    if (folder === undefined) return;
    const wav = wavOf(pcm);
    const at = new Date(unixMs()).toISOString().replace(/[-:.]/g, "");
    const file = join(folder, `earshot-${at}-${id.replaceAll(/[^\w-]/g, "").slice(0, 36)}.wav`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Whoever may read it is whoever Earshot runs as.
      await writeFile(file, wav, { mode: 0o600 });
    } catch (error) {
      log.warn("recording not kept", { file, error: error instanceof Error ? error.message : String(error) });
    } finally {
      wav.fill(0);
    }
  }

  /** Deletes what is too old. Never throws. */
  async tidy(): Promise<void> {
    const { folder, keepForMs, unixMs, log } = this.#options;
    const now = folder();
    if (now !== undefined) this.#known.add(now);
    const oldest = unixMs() - keepForMs();
    for (const known of this.#known) {
      const names = await readdir(known).catch(() => []);
      for (const name of names) {
        const saidAt = saidAtUnixMs(name);
        if (saidAt === undefined || saidAt > oldest) continue;
        await rm(join(known, name), { force: true }).catch((error: Error) =>
          log.warn("recording not deleted", { file: join(known, name), error: error.message }),
        );
      }
    }
  }
}

function saidAtUnixMs(name: string): number | undefined {
  const parts = NAME.exec(name)?.slice(1).map(Number);
  if (parts === undefined) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, ms = 0] = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second, ms);
}
