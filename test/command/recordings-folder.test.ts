import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseWav } from "../../src/audio/wav.ts";
import { RecordingsFolder } from "../../src/command/recordings-folder.ts";

const MINUTE = 60_000;
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-recordings-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function kept(into: string | undefined = folder) {
  const settings = { folder: into as string | undefined, keepForMs: 10 * MINUTE, nowMs: Date.UTC(2026, 10, 22, 8, 0) };
  const warned: Record<string, unknown>[] = [];
  const recordings = new RecordingsFolder({
    folder: () => settings.folder,
    keepForMs: () => settings.keepForMs,
    unixMs: () => settings.nowMs,
    log: { warn: (_event, fields) => void warned.push(fields) },
  });
  return { recordings, settings, warned };
}

const SAID = Int16Array.from({ length: 4000 }, (_, i) => i - 2000);
const wavs = async (where = folder) => (await readdir(where)).filter((name) => name.endsWith(".wav")).sort();

describe("a folder of recordings", () => {
  test("has each command as it was when it was handed in, readable by nobody else", async () => {
    const { recordings } = kept(join(folder, "deep/er"));
    const pcm = SAID.slice();
    const written = recordings.keep("1a2b-3c4d", pcm);
    pcm.fill(0);
    await written;
    const names = await wavs(join(folder, "deep/er"));
    expect(names).toEqual(["earshot-20261122T080000000Z-1a2b-3c4d.wav"]);
    const file = join(folder, "deep/er", names[0] ?? "");
    expect(parseWav(await Bun.file(file).bytes()).samples).toEqual(SAID);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect((await stat(join(folder, "deep/er"))).mode & 0o077).toBe(0);
  });

  test("leaves no copy of a command in memory", async () => {
    const filled = spyOn(Uint8Array.prototype, "fill");
    try {
      await kept().recordings.keep("id", SAID);
      const copies = (filled.mock.contexts as readonly unknown[]).filter(
        (bytes): bytes is Uint8Array => bytes instanceof Uint8Array && bytes.length > SAID.byteLength,
      );
      expect(copies.map((bytes) => bytes.every((byte) => byte === 0))).toEqual([true]);
    } finally {
      filled.mockRestore();
    }
  });

  test("is not there where nobody wants it", async () => {
    const { recordings, settings } = kept();
    settings.folder = undefined;
    await recordings.keep("id", SAID);
    await recordings.tidy();
    expect(await wavs()).toEqual([]);
  });

  test("loses what is too old, to the millisecond, and nothing else", async () => {
    const { recordings, settings } = kept();
    await recordings.keep("old", SAID);
    settings.nowMs += 1;
    await recordings.keep("younger", SAID);
    for (const name of ["earshot-notes.wav", "earshot-20200101T000000000Z-x.wav.bak", "mine.wav"])
      await writeFile(join(folder, name), "mine");
    settings.nowMs += 10 * MINUTE - 1;
    await recordings.tidy();
    expect(await wavs()).toEqual(["earshot-20261122T080000001Z-younger.wav", "earshot-notes.wav", "mine.wav"]);
    settings.nowMs += 1;
    await recordings.tidy();
    expect(await readdir(folder)).toHaveLength(3);
  });

  test("of an earlier start is tidied too, and one that was switched off grows old", async () => {
    await kept().recordings.keep("before", SAID);
    const { recordings, settings } = kept();
    await recordings.tidy();
    expect(await wavs()).toHaveLength(1);
    settings.folder = undefined;
    settings.nowMs += 11 * MINUTE;
    await recordings.tidy();
    expect(await wavs()).toEqual([]);
  });

  test("that gives way to another is tidied all the same", async () => {
    const { recordings, settings } = kept();
    await recordings.keep("old", SAID);
    await recordings.tidy();
    settings.folder = join(folder, "other");
    await recordings.tidy();
    settings.nowMs += 11 * MINUTE;
    await recordings.tidy();
    expect(await wavs()).toEqual([]);
  });

  test("that cannot be written costs a line, and nothing else", async () => {
    await writeFile(join(folder, "file"), "");
    const { recordings, warned } = kept(join(folder, "file"));
    await recordings.keep("id", SAID);
    await recordings.tidy();
    expect(warned).toHaveLength(1);
    expect(String(warned[0]?.file)).toStartWith(join(folder, "file/earshot-"));
  });

  test("takes no name from outside as a path", async () => {
    await kept().recordings.keep("../../etc/pass wd", SAID);
    expect(await wavs()).toEqual(["earshot-20261122T080000000Z-etcpasswd.wav"]);
  });
});
