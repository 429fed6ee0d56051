/**
 * `activation_system.method: file`: the state goes through a JSON file, as in the system that this one replaces. Other
 * programs may read it, and the API answers with what it reads back. Nothing but the web worker knows.
 */
import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "@hono/zod-openapi";
import { levelsSchema, stateSchema } from "./schemas.ts";

export const snapshotSchema = z.object({ state: stateSchema, levels: levelsSchema });
export type Snapshot = z.infer<typeof snapshotSchema>;

/**
 * Replaces a file whole: a reader sees the old one or the new one. The folder is made if it is missing; who may read the
 * file stays as it was, and a link goes on leading to it.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const target = await realpath(path).catch(() => path);
  await mkdir(dirname(target), { recursive: true });
  const mode = await stat(target).then(
    (old) => old.mode & 0o777,
    () => 0o644,
  );
  const temporary = `${target}.${process.pid}.new`;
  try {
    await writeFile(temporary, text, { mode });
    // A mode at creation is cut by the umask.
    await chmod(temporary, mode);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

export class StateFile {
  /** Why the last write failed. */
  error: string | undefined;
  #busy = false;
  #next: { readonly path: string; readonly snapshot: Snapshot } | undefined;

  /** Writes a snapshot; while one is being written, the newest of those that come waits for its turn. */
  async write(path: string, snapshot: Snapshot): Promise<void> {
    this.#next = { path, snapshot };
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        await replaceFile(next.path, `${JSON.stringify(next.snapshot)}\n`);
        this.error = undefined;
      } catch (error) {
        this.error = error instanceof Error ? error.message : String(error);
      }
    }
    this.#busy = false;
  }

  /** @throws when there is no file, when what it holds is not a snapshot, or is an old one because writing fails */
  async read(path: string): Promise<Snapshot> {
    if (this.error !== undefined) throw new Error(`what ${path} holds is old: ${this.error}`);
    return snapshotSchema.parse(JSON.parse(await readFile(path, "utf8")));
  }

  #take() {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}
