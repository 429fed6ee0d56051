/**
 * The models folder, looked at again and again: which heads lie in it and are whole. A file that is being copied, or
 * replaced, is waited for until it has been the same for a second, and meanwhile what was there before holds. The
 * clocks and the look are handed in.
 */
import { access, constants, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FoundModel, modelNameOf } from "./found-models.ts";

/** One file, as it was seen. */
export interface FileLook {
  /** Its name within the folder. */
  readonly file: string;
  readonly bytes: number;
  /** When its content was written, UTC, ms. */
  readonly writtenAt: number;
  /** When anything about it changed, such as its name or who may read it, UTC, ms. */
  readonly changedAt: number;
  /** Why it cannot be read. */
  readonly problem?: string;
}

export type FolderLook =
  | { readonly kind: "listed"; readonly files: readonly FileLook[] }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly reason: string };

export interface ModelsFolderOptions {
  /** Looks into a folder. Never rejects. */
  readonly look: (folder: string) => Promise<FolderLook>;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
}

/** A file, or its absence, must stay as it is for this long before it is believed. */
const SETTLE_MS = 900;
/** A copy may begin with an empty file, or with one that nobody may read: that much longer it is waited for. */
const DOUBTFUL_MS = 5000;
/** A name as the configuration takes it. */
const NAME = /^[\w.-]{1,63}$/;

/** What is seen of one file, and what was believed of it. */
interface Watched {
  /** Of what is there now; "" for nothing. */
  readonly seen: string;
  readonly sinceMs: number;
  /** What holds; undefined for nothing. */
  readonly settled: FoundModel | undefined;
}

export class ModelsFolder {
  readonly #options: ModelsFolderOptions;
  #folder: string | undefined;
  #watched = new Map<string, Watched>();
  /** Why it cannot be looked into; what was found before holds meanwhile. */
  trouble: string | undefined;

  constructor(options: ModelsFolderOptions) {
    this.#options = options;
  }

  /**
   * Looks once. Files that are older than a second are believed at the first look into a folder.
   * @param known what a predecessor found there: at the first look it holds until it is seen otherwise
   * @returns what lies in it, in the order of the files' names
   */
  async look(folder: string, known: readonly FoundModel[] = []): Promise<readonly FoundModel[]> {
    const first = folder !== this.#folder;
    if (first) this.#begin(folder, known);
    const look = await this.#options.look(folder);
    this.trouble = look.kind === "unreadable" ? `${folder} cannot be looked into: ${look.reason}` : undefined;
    if (look.kind !== "unreadable") this.#take(folder, look.kind === "listed" ? look.files : [], first);
    return this.#found();
  }

  #begin(folder: string, known: readonly FoundModel[]): void {
    this.#folder = folder;
    this.#watched = new Map();
    for (const model of known) {
      const file = model.path.slice(model.path.lastIndexOf("/") + 1);
      if (model.path !== join(folder, file)) continue;
      this.#watched.set(file, { seen: model.version, sinceMs: Number.NEGATIVE_INFINITY, settled: model });
    }
  }

  #take(folder: string, files: readonly FileLook[], first: boolean): void {
    const nowMs = this.#options.monotonicMs();
    const looks = new Map(files.map((look) => [look.file, look]));
    for (const file of new Set([...this.#watched.keys(), ...looks.keys()])) {
      const look = looks.get(file);
      const next = this.#watch(join(folder, file), this.#watched.get(file), look, nowMs, first);
      if (next.seen === "" && next.settled === undefined) this.#watched.delete(file);
      else this.#watched.set(file, next);
    }
  }

  #watch(
    path: string,
    before: Watched | undefined,
    look: FileLook | undefined,
    nowMs: number,
    first: boolean,
  ): Watched {
    const seen = look === undefined ? "" : versionOf(look);
    const sinceMs = before !== undefined && before.seen === seen ? before.sinceMs : nowMs;
    const ageMs = look === undefined ? 0 : this.#options.unixMs() - Math.max(look.writtenAt, look.changedAt);
    const sameForMs = Math.max(nowMs - sinceMs, first ? ageMs : 0);
    const doubtful = look !== undefined && (look.problem !== undefined || look.bytes === 0);
    if (sameForMs < (doubtful ? DOUBTFUL_MS : SETTLE_MS)) return { seen, sinceMs, settled: before?.settled };
    return { seen, sinceMs, settled: look && foundModel(path, look, seen) };
  }

  #found(): readonly FoundModel[] {
    const found: FoundModel[] = [];
    for (const { settled } of this.#watched.values()) if (settled !== undefined) found.push(settled);
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}

function versionOf({ bytes, writtenAt, changedAt, problem }: FileLook): string {
  return [bytes, writtenAt, changedAt, ...(problem === undefined ? [] : ["unreadable"])].join("-");
}

function foundModel(path: string, { file, bytes, problem }: FileLook, version: string): FoundModel {
  const name = modelNameOf(file);
  const wrong = problemWith(name, bytes, problem);
  return { name, path, version, ...(wrong !== undefined && { problem: wrong }) };
}

function problemWith(name: string, bytes: number, unreadable: string | undefined): string | undefined {
  if (!NAME.test(name))
    return "rename it: a model is called after its file, with letters, digits, _ . and -, 63 at most";
  if (unreadable !== undefined) return `it cannot be read: ${unreadable}`;
  return bytes === 0 ? "it is empty: was it copied whole?" : undefined;
}

/** What of a folder may be heads: files that end in `.onnx`, links to such too, but for hidden ones. */
export async function lookIntoFolder(folder: string): Promise<FolderLook> {
  try {
    const names = await readdir(folder);
    const heads = names.filter((name) => /\.onnx$/i.test(name) && !name.startsWith("."));
    const looks = await Promise.all(heads.map((file) => lookAtFile(folder, file)));
    return { kind: "listed", files: looks.filter((look) => look !== undefined) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? { kind: "absent" } : { kind: "unreadable", reason: message };
  }
}

/** @returns undefined for what is gone meanwhile, and for what is no file */
async function lookAtFile(folder: string, file: string): Promise<FileLook | undefined> {
  const path = join(folder, file);
  try {
    const status = await stat(path);
    if (!status.isFile()) return undefined;
    const problem = await access(path, constants.R_OK).then(
      () => undefined,
      (error: Error) => error.message,
    );
    const { size, mtimeMs, ctimeMs } = status;
    const look = { file, bytes: size, writtenAt: mtimeMs, changedAt: ctimeMs };
    return problem === undefined ? look : { ...look, problem };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return { file, bytes: 0, writtenAt: 0, changedAt: 0, problem: (error as Error).message };
  }
}
