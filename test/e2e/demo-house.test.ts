// The house in one command: a hub, three relays that hear what is said in simulated rooms, a recogniser, a voice.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../support/free-port.ts";
import { runCommand } from "../support/running-earshot.ts";
import { espeakIsHere } from "../support/spoken.ts";

const RECOGNISER = "pocketsphinx_continuous";
if (!espeakIsHere) console.log("skipped: the demo's house, which needs espeak-ng");
if (Bun.which(RECOGNISER) === null)
  console.log(`the demo's house with a stand-in for ${RECOGNISER}, which is not installed`);

describe.skipIf(!espeakIsHere)("earshot demo house", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-demo-house-"));
  /** Where its temporary files go. */
  const own = join(folder, "tmp");

  beforeAll(() => {
    mkdirSync(own);
    const standIn = join(folder, RECOGNISER);
    writeFileSync(standIn, "#!/bin/sh\ncat > /dev/null\necho turn on the light\n");
    chmodSync(standIn, 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("tells who heard a command, who answers, what was understood and what came back, and leaves nothing", async () => {
    const port = freePort();
    const { stdout, stderr } = await runCommand(["demo", "house", "--port", String(port), "-n", "1"], {
      env: { PATH: `${process.env.PATH}:${folder}`, TMPDIR: own },
      limitMs: 90_000,
    });
    const told = `${stdout}\n${stderr}`;
    expect(told).toContain(`its page: http://127.0.0.1:${port}/`);
    expect(told).toContain('somebody in the kitchen says: "alexa, turn on the light"');
    expect(told).toMatch(/heard by (kitchen|living|study) \(-\d+ dB\)/);
    // Which of them is not this test's business: on a busy machine the nearest may be late.
    expect(told).toMatch(/understood: "[^"]*turn on the light" \(by (kitchen|living|study)\)/);
    expect(told).toMatch(/answered there, and nowhere else: "The light in the [a-z ]+ is on\."/);
    expect(told).toMatch(/1 command: [01] answered in their own room, 1 understood word for word/);
    expect(readdirSync(own)).toEqual([]);
    expect(await fetch(`http://127.0.0.1:${port}/`).then(String, () => "nobody")).toBe("nobody");
  }, 100_000);
});
