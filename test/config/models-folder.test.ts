import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rename, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FoundModel } from "../../src/config/found-models.ts";
import { type FileLook, type FolderLook, lookIntoFolder, ModelsFolder } from "../../src/config/models-folder.ts";

const FOLDER = "/heads";
/** UTC of the first look, ms. */
const BEGAN_AT = 1_700_000_000_000;

/** A folder in memory, and a clock. */
class FakeFolder {
  readonly files = new Map<string, FileLook>();
  state: Exclude<FolderLook, { kind: "listed" }> | undefined;
  #nowMs = 0;
  readonly watch: ModelsFolder;

  constructor(readonly known: readonly FoundModel[] = []) {
    this.watch = new ModelsFolder({
      look: async () => this.state ?? { kind: "listed", files: [...this.files.values()] },
      monotonicMs: () => this.#nowMs,
      unixMs: () => BEGAN_AT + this.#nowMs,
    });
  }

  put(file: string, bytes: number, options: { readonly problem?: string; readonly ageMs?: number } = {}): void {
    const { problem, ageMs = 0 } = options;
    const at = BEGAN_AT + this.#nowMs - ageMs;
    this.files.set(file, { file, bytes, writtenAt: at, changedAt: at, ...(problem !== undefined && { problem }) });
  }

  /** Names of what is found after so many looks, a second apart; the first one is at once. */
  async names(looks = 1): Promise<readonly string[]> {
    return (await this.found(looks)).map(({ name }) => name);
  }

  async found(looks = 1): Promise<readonly FoundModel[]> {
    let found: readonly FoundModel[] = [];
    for (let look = 0; look < looks; look++) {
      if (look > 0) this.pass(1000);
      found = await this.watch.look(FOLDER, this.known);
    }
    return found;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }
}

describe("a head in the models folder", () => {
  test("that has lain there for a while is found at the first look", async () => {
    const folder = new FakeFolder();
    folder.put("hey_marvin_v0.2.onnx", 800, { ageMs: 5000 });
    expect(await folder.found()).toEqual([
      { name: "hey_marvin", path: "/heads/hey_marvin_v0.2.onnx", version: expect.any(String) },
    ]);
  });

  test("that is dropped in is found when it has been the same for a second", async () => {
    const folder = new FakeFolder();
    expect(await folder.names()).toEqual([]);
    folder.put("computer.onnx", 800);
    expect(await folder.names()).toEqual([]);
    folder.pass(1000);
    expect(await folder.names()).toEqual(["computer"]);
  });

  test("that grows is waited for, however long it takes, and is not refused meanwhile", async () => {
    const folder = new FakeFolder();
    await folder.names();
    for (let bytes = 100; bytes < 3000; bytes += 100) {
      folder.put("computer.onnx", bytes);
      expect(await folder.found()).toEqual([]);
      folder.pass(1000);
    }
    expect(await folder.names(2)).toEqual(["computer"]);
  });

  test("that is being copied while the program starts is waited for too", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 100, { ageMs: 200 });
    expect(await folder.names()).toEqual([]);
    expect(await folder.names(2)).toEqual(["computer"]);
  });

  test("that is replaced has another version once the new one is whole, and stays the old one until then", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 800, { ageMs: 5000 });
    const [old] = await folder.found();
    folder.pass(1000);
    folder.put("computer.onnx", 300);
    expect(await folder.found()).toEqual([old as FoundModel]);
    folder.pass(1000);
    folder.put("computer.onnx", 900);
    expect(await folder.found()).toEqual([old as FoundModel]);
    const [replaced] = await folder.found(2);
    expect(replaced).toMatchObject({ name: "computer" });
    expect(replaced?.version).not.toBe(old?.version);
  });

  test("that is replaced by one of the same size has another version", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 800, { ageMs: 5000 });
    const [old] = await folder.found();
    folder.pass(1000);
    folder.put("computer.onnx", 800);
    const [replaced] = await folder.found(2);
    expect(replaced?.version).not.toBe(old?.version);
  });

  test("that is taken away is gone, but not when it is only written anew", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 800, { ageMs: 5000 });
    await folder.names();
    folder.pass(1000);
    folder.files.clear();
    expect(await folder.names()).toEqual(["computer"]);
    folder.pass(500);
    folder.put("computer.onnx", 810);
    expect(await folder.names(2)).toEqual(["computer"]);
    folder.pass(1000);
    folder.files.clear();
    expect(await folder.names(2)).toEqual([]);
  });

  test("that nobody may read, or that is empty, is waited for longer, then refused by name, and mended", async () => {
    for (const [bytes, problem, reason] of [
      [800, "permission denied", "it cannot be read: permission denied"],
      [0, undefined, "it is empty: was it copied whole?"],
    ] as const) {
      const folder = new FakeFolder();
      await folder.names();
      folder.put("computer.onnx", bytes, problem === undefined ? {} : { problem });
      expect(await folder.found(5)).toEqual([]);
      folder.pass(1000);
      expect(await folder.found()).toMatchObject([{ name: "computer", problem: reason }]);
      folder.put("computer.onnx", 800);
      const [mended] = await folder.found(2);
      expect(mended).toMatchObject({ name: "computer" });
      expect(mended).not.toHaveProperty("problem");
    }
  });

  test("whose name no model can have is refused with what to do", async () => {
    const folder = new FakeFolder();
    folder.put("größe (1).onnx", 800, { ageMs: 5000 });
    folder.put("ok.onnx", 800, { ageMs: 5000 });
    expect(await folder.found()).toMatchObject([
      { path: "/heads/größe (1).onnx", problem: expect.stringContaining("rename it") },
      { name: "ok" },
    ]);
  });
});

describe("the models folder", () => {
  test("need not be there, and may come later", async () => {
    const folder = new FakeFolder();
    folder.state = { kind: "absent" };
    expect(await folder.names(2)).toEqual([]);
    expect(folder.watch.trouble).toBeUndefined();
    folder.state = undefined;
    folder.put("computer.onnx", 800, { ageMs: 60_000 });
    folder.pass(1000);
    expect(await folder.names(2)).toEqual(["computer"]);
  });

  test("that cannot be looked into is a trouble, and what was found goes on", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 800, { ageMs: 5000 });
    await folder.names();
    folder.state = { kind: "unreadable", reason: "EIO: i/o error" };
    folder.pass(10_000);
    expect(await folder.names(3)).toEqual(["computer"]);
    expect(folder.watch.trouble).toBe("/heads cannot be looked into: EIO: i/o error");
    folder.state = undefined;
    expect(await folder.names()).toEqual(["computer"]);
    expect(folder.watch.trouble).toBeUndefined();
  });

  test("gives the files in the order of their names, whenever they came", async () => {
    const folder = new FakeFolder();
    for (const file of ["c.onnx", "a.onnx", "b.onnx"]) folder.put(file, 10, { ageMs: 5000 });
    expect(await folder.names()).toEqual(["a", "b", "c"]);
  });

  test("of another name begins anew", async () => {
    const folder = new FakeFolder();
    folder.put("computer.onnx", 800, { ageMs: 5000 });
    await folder.names();
    const [moved] = await folder.watch.look("/elsewhere");
    expect(moved?.path).toBe("/elsewhere/computer.onnx");
  });

  test("is taken over from a predecessor: what it found holds while a file is replaced", async () => {
    const before = new FakeFolder();
    before.put("computer.onnx", 800, { ageMs: 5000 });
    const known = await before.found();
    const folder = new FakeFolder([...known, { name: "other", path: "/not/here/other.onnx", version: "1" }]);
    folder.put("computer.onnx", 300);
    expect(await folder.found()).toEqual(known);
    expect(await folder.found(2)).not.toEqual(known);
  });
});

describe("a real folder", () => {
  let parent = "";
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "earshot-folder-"));
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  test("has heads: files and links that end in .onnx, but no hidden ones, no folders, no dangling links", async () => {
    const folder = join(parent, "kinds");
    await mkdir(join(folder, "folder.onnx"), { recursive: true });
    await writeFile(join(folder, "a.onnx"), "12345");
    await writeFile(join(folder, "B.ONNX"), "1");
    await writeFile(join(folder, "._a.onnx"), "1");
    await writeFile(join(folder, "a.onnx.part"), "1");
    await symlink(join(folder, "a.onnx"), join(folder, "link.onnx"));
    await symlink(join(folder, "nowhere"), join(folder, "dangling.onnx"));
    const look = await lookIntoFolder(folder);
    if (look.kind !== "listed") throw new Error(look.kind);
    const seen = look.files.map(({ file, bytes, problem }) => [file, bytes, problem]);
    expect(seen.sort()).toEqual([
      ["B.ONNX", 1, undefined],
      ["a.onnx", 5, undefined],
      ["link.onnx", 5, undefined],
    ]);
  });

  test("that is not there, or is a file, is told apart", async () => {
    expect(await lookIntoFolder(join(parent, "none"))).toEqual({ kind: "absent" });
    await writeFile(join(parent, "file"), "");
    expect(await lookIntoFolder(join(parent, "file"))).toMatchObject({ kind: "unreadable" });
  });

  test("shows a head that comes, grows, is replaced even with an old date, and goes", async () => {
    const folder = join(parent, "life");
    await mkdir(folder);
    let nowMs = 0;
    const watch = new ModelsFolder({ look: lookIntoFolder, monotonicMs: () => nowMs, unixMs: Date.now });
    const look = async () => {
      nowMs += 1000;
      return (await watch.look(folder)).map(({ name, version }) => ({ name, version }));
    };
    const path = join(folder, "computer.onnx");
    expect(await look()).toEqual([]);
    await writeFile(path, "half");
    expect(await look()).toEqual([]);
    await writeFile(path, "half and whole");
    expect(await look()).toEqual([]);
    const [whole] = await look();
    expect(whole?.name).toBe("computer");
    const other = join(parent, "other");
    await writeFile(other, "HALF AND WHOLE");
    await utimes(other, new Date(0), new Date(0));
    await rename(other, path);
    expect(await look()).toEqual(whole === undefined ? [] : [whole]);
    const [replaced] = await look();
    expect(replaced?.version).not.toBe(whole?.version ?? "");
    await truncate(path, 3);
    await look();
    const [cut] = await look();
    expect(cut?.version).not.toBe(replaced?.version ?? "");
    await rm(path);
    await look();
    expect(await look()).toEqual([]);
  });
});
