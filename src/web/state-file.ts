/**
 * `activation_system.method: file`: the state goes through a JSON file, as in the system that this one replaces. Other
 * programs may read it, and the API answers with what it reads back. Nothing but the web worker knows.
 */
import { chmod, mkdir, readFile, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "@hono/zod-openapi";
import { levelsSchema } from "./schemas/live.ts";
import { stateSchema } from "./schemas/state.ts";

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
  #written: { readonly path: string; readonly snapshot: Snapshot } | undefined;
  #next: { readonly path: string; readonly snapshot: Snapshot } | undefined;

  /** Writes a snapshot; while one is being written, the newest of those that come waits for its turn. */
  async write(path: string, snapshot: Snapshot): Promise<void> {
    this.#next = { path, snapshot };
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      try {
        await replaceFile(next.path, `${JSON.stringify(next.snapshot)}\n`);
        this.#written = next;
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

  /** Removes what was written elsewhere before: nobody keeps it up to date. @param path where it goes now, if anywhere */
  keepOnly(path: string | undefined): void {
    if (this.#written === undefined || this.#written.path === path) return;
    const { path: old } = this.#written;
    this.#written = undefined;
    void rm(old, { force: true }).catch(() => {});
  }

  /** The last words: whoever reads the file when the program has ended must not take it for one that listens. */
  async end(): Promise<void> {
    if (this.#written === undefined) return;
    const { path, snapshot } = this.#written;
    await replaceFile(path, `${JSON.stringify(ended(snapshot))}\n`).catch(() => {});
  }

  #take() {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}

const ENDED = "earshot has ended";

function ended({ state, levels }: Snapshot): Snapshot {
  const silent = { rms: 0, current_rms: 0, is_active: false, active: false, armed: false, listening: false };
  const status = `Not listening for wake word: ${ENDED}`;
  const activation = {
    ...state.activation,
    ...silent,
    is_listening: false,
    state: "off" as const,
    reason: ENDED,
    status,
  };
  const reasons = [{ code: "ended", severity: "down" as const, message: ENDED }];
  const scores = Object.fromEntries(Object.keys(levels.scores).map((name) => [name, 0]));
  return {
    state: { ...state, activation, health: { ...state.health, status: "down", reasons } },
    levels: { ...levels, rms: 0, peak: 0, scores },
  };
}
