import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GainsFile, gainsFilePath, type Learned, NOTHING_LEARNED } from "../../src/hub/gains-file.ts";

const LEARNED: Learned = {
  words: [
    {
      calibration: true,
      together: true,
      shares: [
        { relayId: "kitchen", levelDb: -31.5, tailDb: -50.25, tailUncertaintyDb: 0.4, clue: 1.5 },
        { relayId: "Flur", levelDb: -36, clue: 0.5 },
      ],
    },
  ],
  disbelieved: [
    { relayId: "hall", because: "rms claimed 12.0 dB higher than its audio shows", sinceUnixMs: 1_700_000 },
  ],
};

let folder: string;
let clock: { nowMs: number };
const opened = () => new GainsFile(gainsFilePath(join(folder, "earshot.yaml")), () => clock.nowMs);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "earshot-gains-"));
  clock = { nowMs: 1000 };
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the file of what was learned", () => {
  test("lies beside the configuration and gives back what was kept", async () => {
    const file = opened();
    expect(file.path).toBe(join(folder, "relay-gains.json"));
    expect(await file.read(0)).toEqual(NOTHING_LEARNED);
    file.keep(LEARNED, false);
    await file.end();
    expect(await opened().read(0)).toEqual(LEARNED);
    expect(readdirSync(folder)).toEqual(["relay-gains.json"]);
  });

  test("is written ten minutes after the first word that it does not have, at the end, or at once where a person did it", async () => {
    const file = opened();
    expect(file.look()).toBe(false);
    file.keep(LEARNED, false);
    clock.nowMs += 599_000;
    file.keep(LEARNED, false);
    expect(file.look()).toBe(false);
    clock.nowMs += 1000;
    expect(file.look()).toBe(true);
    expect(file.look()).toBe(false);
    await file.end();
    const { mtimeMs } = statSync(file.path);
    await file.end();
    expect(statSync(file.path).mtimeMs).toBe(mtimeMs);
    file.keep(NOTHING_LEARNED, true);
    expect(file.look()).toBe(true);
    await file.end();
    expect(JSON.parse(readFileSync(file.path, "utf8"))).toEqual({ version: 1, ...NOTHING_LEARNED });
  });

  test.each([
    "{",
    "[]",
    '{"version":2,"words":[],"disbelieved":[]}',
    '{"version":1,"words":[{"shares":[]}],"disbelieved":[]}',
  ])("that makes no sense is set aside, named, and not lost: %s", async (text) => {
    const file = opened();
    writeFileSync(file.path, text);
    expect(await file.read(77)).toEqual(NOTHING_LEARNED);
    expect(file.error).toContain(`${file.path} made no sense and is now ${file.path}.refused-77`);
    expect(readFileSync(`${file.path}.refused-77`, "utf8")).toBe(text);
    file.keep(LEARNED, true);
    await file.end();
    expect(file.error).toBeUndefined();
    expect(await opened().read(0)).toEqual(LEARNED);
  });

  test("that cannot be read is left as it is, and says so", async () => {
    const file = opened();
    mkdirSync(file.path);
    expect(await file.read(0)).toEqual(NOTHING_LEARNED);
    expect(file.error).toContain("cannot be read");
    file.keep(LEARNED, true);
    await file.end();
    expect(statSync(file.path).isDirectory()).toBe(true);
    expect(readdirSync(folder)).toEqual(["relay-gains.json"]);
  });

  test("that cannot be written says so, and leaves nothing behind", async () => {
    const file = opened();
    await file.read(0);
    mkdirSync(join(file.path, "in the way"), { recursive: true });
    file.keep(LEARNED, true);
    await file.end();
    expect(file.error).toContain("cannot be written");
    expect(readdirSync(folder)).toEqual(["relay-gains.json"]);
  });
});
