/**
 * `activation_system.method: file`: the state goes through a JSON file, as in the system that this one replaces. Other
 * programs may read it, and the API answers with what it reads back. Nothing but the web worker knows.
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "@hono/zod-openapi";
import { levelsSchema, stateSchema } from "./schemas.ts";

export const snapshotSchema = z.object({ state: stateSchema, levels: levelsSchema });
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Replaces a file whole: a reader sees the old one or the new one. The folder is made if it is missing. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.new`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}

export class StateFile {
  /** Why the last write failed. */
  error: string | undefined;
  #busy = false;

  /** Writes a snapshot, unless the last one is still being written: then the next will be newer. */
  async write(path: string, snapshot: Snapshot): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await replaceFile(path, `${JSON.stringify(snapshot)}\n`);
      this.error = undefined;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    } finally {
      this.#busy = false;
    }
  }

  /** @throws when there is no file, or what it holds is not a snapshot */
  async read(path: string): Promise<Snapshot> {
    return snapshotSchema.parse(JSON.parse(await readFile(path, "utf8")));
  }
}
