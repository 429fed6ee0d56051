import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ListenFlags, listen } from "../../src/cli/listen.ts";
import { clip, clipPaths, joined, noise, saySkipped, speechIsHere } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-listen-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What `earshot listen --json` says of these files, with these settings and no file of settings beside it. */
async function said(files: readonly string[], flags: ListenFlags, yaml = "") {
  const config = join(folder, "earshot.yaml");
  await Bun.write(config, yaml);
  const lines: Record<string, unknown>[] = [];
  const complaints: string[] = [];
  const failed = await listen(
    files,
    { json: true, config, model: ["alexa"], ...flags },
    { say: (line) => lines.push(JSON.parse(line)), complain: (line) => complaints.push(line) },
  );
  return { lines, complaints, failed };
}

const ofType = (lines: readonly Record<string, unknown>[], type: string) => lines.filter((line) => line.type === type);

saySkipped("listening to recordings");
describe.skipIf(!speechIsHere)("earshot listen", () => {
  const [path = ""] = clipPaths("alexa");

  test("tells a word with the same keys as ever, and a summary", async () => {
    const { lines, failed } = await said([path], {});
    expect(failed).toBe(0);
    expect(lines.map(({ type }) => type)).toEqual(["detection", "summary"]);
    expect(Object.keys(lines[0] ?? {})).toEqual(["type", "file", "model", "label", "confidence", "atMs"]);
    expect(lines[1]).toMatchObject({ files: 1, failed: 0, detections: 1 });
  }, 20_000);

  test("goes by the veto of the settings, and tells it as a near miss to whoever asks", async () => {
    const strict = "wake: {models: {alexa: {vad_threshold: 1}}}";
    const vetoed = await said([path], { nearMisses: true }, strict);
    expect(ofType(vetoed.lines, "detection")).toEqual([]);
    const [miss, ...more] = ofType(vetoed.lines, "near_miss");
    expect(more).toEqual([]);
    expect(miss).toMatchObject({ file: path, model: "alexa", reason: "no_voice" });
    expect(miss?.voice).toBeWithin(0, 1);
    const untold = await said([path], {}, strict);
    expect(untold.lines.map(({ type }) => type)).toEqual(["summary"]);
  }, 20_000);

  test("tells scores that came near a threshold that is too high", async () => {
    const file = join(folder, "word.wav");
    const pcm = joined(await clip(path), noise(2, 0.001, 1));
    await Bun.write(file, encodeWav(pcm));
    const { lines } = await said([file], { nearMisses: true, threshold: 1 });
    expect(ofType(lines, "detection")).toEqual([]);
    const [miss] = ofType(lines, "near_miss");
    expect(miss).toMatchObject({ model: "alexa", reason: "below" });
    expect(miss?.confidence).toBeWithin(0.5, 1);
  }, 20_000);

  test("goes on after a file that cannot be read, and counts it", async () => {
    const { lines, complaints, failed } = await said([join(folder, "missing.wav"), path], {});
    expect(failed).toBe(1);
    expect(complaints).toHaveLength(1);
    expect(lines.map(({ type }) => type)).toEqual(["error", "detection", "summary"]);
  }, 20_000);
});
