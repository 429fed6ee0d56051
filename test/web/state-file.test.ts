import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replaceFile, type Snapshot, StateFile } from "../../src/web/state-file.ts";
import { LivedInHouse } from "./lived-in-house.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-state-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const snapshotOf = ({ house }: LivedInHouse): Snapshot => ({ state: house.state(), levels: house.levels() });

describe("the state file", () => {
  test("holds what was written, whole, and makes its folder", async () => {
    const file = new StateFile();
    const path = join(folder, "a/b/activation.json");
    const snapshot = snapshotOf(LivedInHouse.listening());
    await file.write(path, snapshot);
    expect(await file.read(path)).toEqual(snapshot);
    expect(JSON.parse(await readFile(path, "utf8")).state.activation.current_rms).toBe(0.25);
    expect(await readdir(join(folder, "a/b"))).toEqual(["activation.json"]);
  });

  test("ends up with the newest of the snapshots that come faster than it writes", async () => {
    const file = new StateFile();
    const path = join(folder, "activation.json");
    const lived = LivedInHouse.listening();
    const writes = Array.from({ length: 20 }, (_, n) => {
      lived.hear(n / 100, [0, 0]);
      return file.write(path, snapshotOf(lived));
    });
    await Promise.all(writes);
    expect((await file.read(path)).levels.rms).toBe(0.19);
  });

  test("says when the program has ended that nobody listens any more", async () => {
    const file = new StateFile();
    const path = join(folder, "activation.json");
    await file.write(path, snapshotOf(LivedInHouse.listening()));
    await file.end();
    const { state, levels } = await file.read(path);
    expect(state.activation).toMatchObject({
      state: "off",
      armed: false,
      is_active: false,
      reason: "earshot has ended",
    });
    expect(state.health.status).toBe("down");
    expect(levels.rms).toBe(0);
  });

  test("is removed when the state goes elsewhere, or nowhere", async () => {
    const file = new StateFile();
    const snapshot = snapshotOf(LivedInHouse.listening());
    await file.write(join(folder, "one.json"), snapshot);
    file.keepOnly(join(folder, "one.json"));
    file.keepOnly(undefined);
    while ((await readdir(folder)).length > 0) await Bun.sleep(1);
  });

  test("that holds no snapshot is not read as one", async () => {
    const file = new StateFile();
    for (const text of ["", "{", "{}", '{"state":{},"levels":{}}']) {
      const path = join(folder, "activation.json");
      await writeFile(path, text);
      await expect(file.read(path)).rejects.toThrow();
    }
    await expect(file.read(join(folder, "none.json"))).rejects.toThrow("ENOENT");
  });

  test("that cannot be written says why, is not read while what it holds is old, and recovers", async () => {
    const file = new StateFile();
    const snapshot = snapshotOf(LivedInHouse.listening());
    const path = join(folder, "sub/activation.json");
    await file.write(path, snapshot);
    await rm(join(folder, "sub"), { recursive: true });
    await writeFile(join(folder, "sub"), "a file where the folder was");
    await file.write(path, snapshot);
    expect(file.error).toMatch(/ENOTDIR|EEXIST/);
    await expect(file.read(path)).rejects.toThrow(/is old: /);
    await rm(join(folder, "sub"));
    await file.write(path, snapshot);
    expect(file.error).toBeUndefined();
    expect(await file.read(path)).toEqual(snapshot);
  });
});

describe("replaceFile()", () => {
  test("never lets a reader see half of it", async () => {
    const path = join(folder, "big");
    const texts = ["a", "b", "c"].map((letter) => letter.repeat(200_000));
    await replaceFile(path, texts[0] ?? "");
    let writing = true;
    const reading = (async () => {
      for (let reads = 0; writing; reads++) {
        const text = await readFile(path, "utf8");
        if (!texts.includes(text)) throw new Error(`read ${reads} saw ${text.length} bytes`);
      }
    })();
    for (let n = 0; n < 60; n++) await replaceFile(path, texts[n % 3] ?? "");
    writing = false;
    await reading;
    expect(await readdir(folder)).toEqual(["big"]);
  });

  test("keeps who may read it: a configuration may hold a password", async () => {
    const path = join(folder, "earshot.yaml");
    await writeFile(path, "old");
    for (const mode of [0o600, 0o640, 0o664]) {
      await chmod(path, mode);
      await replaceFile(path, "new");
      expect((await stat(path)).mode & 0o777).toBe(mode);
    }
  });

  test("writes where a link leads to, and leaves the link", async () => {
    await mkdir(join(folder, "etc"));
    await writeFile(join(folder, "etc/real.yaml"), "old");
    await symlink(join(folder, "etc/real.yaml"), join(folder, "earshot.yaml"));
    await replaceFile(join(folder, "earshot.yaml"), "new");
    expect(await readFile(join(folder, "etc/real.yaml"), "utf8")).toBe("new");
    expect((await lstat(join(folder, "earshot.yaml"))).isSymbolicLink()).toBe(true);
    expect(await readdir(join(folder, "etc"))).toEqual(["real.yaml"]);
  });

  test("leaves nothing behind where it fails", async () => {
    await mkdir(join(folder, "taken/by-a-folder"), { recursive: true });
    await expect(replaceFile(join(folder, "taken"), "text")).rejects.toThrow();
    await replaceFile(join(folder, "taken"), "text").catch(() => {});
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});
