import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PortAudio } from "../../ffi/portaudio.ts";
import { checkLoudspeaker } from "../../src/cli/check-loudspeaker.ts";
import { checkMicrophone } from "../../src/cli/check-microphone.ts";
import {
  type ClockReadings,
  checkClock,
  checkConfig,
  checkModels,
  checkThreads,
  checkVoice,
  type Finding,
  judgeClock,
} from "../../src/cli/checks.ts";
import { configOf } from "../config/sources.ts";

async function told(work: (tell: (finding: Finding) => void) => unknown): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  await work((finding) => findings.push(finding));
  return findings;
}

describe("doctor says of the configuration", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "earshot-checks-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("which file was read, and what stands over it", async () => {
    const config = join(folder, "my.yaml");
    writeFileSync(config, "audio: {gain: 3}\n");
    expect(await told((tell) => checkConfig({ config }, tell))).toEqual([
      { name: "configuration", level: "ok", message: `${config} was read` },
    ]);
    const [finding] = await told((tell) => checkConfig({ config, port: 7000, model: ["alexa"] }, tell));
    expect(finding?.message).toBe(`${config} was read, and over it --port, --model`);
  });

  test("that there is none, and defaults hold", async () => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      const [finding] = await told((tell) => checkConfig({}, tell));
      expect(finding).toMatchObject({
        level: "ok",
        message: `there is no ${join(process.cwd(), "earshot.yaml")}: defaults hold`,
      });
    } finally {
      process.chdir(here);
    }
  });

  test("what is wrong with it, and where", async () => {
    const config = join(folder, "bad.yaml");
    writeFileSync(config, "web: {port: 70000}\n");
    const [finding] = await told((tell) => checkConfig({ config }, tell));
    expect(finding).toMatchObject({ level: "failed", message: expect.stringContaining(`${config}:1:`) });
  });
});

describe("doctor says of a microphone that cannot be opened", () => {
  const { audio } = configOf('audio: {source: "no such device"}');
  const hintFor = async (permission: string | undefined) => {
    const config = { ...configOf(""), audio };
    const [finding] = await told((tell) => checkMicrophone(config, undefined, permission, tell));
    expect(finding?.level).toBe("failed");
    return finding?.hint;
  };

  test("to join a group only where that is what is missing", async () => {
    expect(await hintFor(undefined)).toBe("earshot devices lists what there is");
    expect(await hintFor("sudo usermod -aG audio $USER, then log in again")).toStartWith("sudo usermod -aG audio");
  }, 20_000);
});

test("doctor says of a hub without a microphone that none is wanted", async () => {
  const config = configOf("audio: {source: none}");
  const findings = await told((tell) => checkMicrophone(config, undefined, undefined, tell));
  expect(findings).toMatchObject([{ name: "microphone", level: "ok", message: expect.stringContaining("none") }]);
});

describe("doctor says of the voice check", () => {
  test("that its model loads", async () => {
    expect(await checkVoice()).toMatchObject({ name: "voice check", level: "ok" });
  }, 20_000);

  test("that it fails where its model is missing or altered", async () => {
    const missing = () => Promise.reject(new Error("ENOENT"));
    for (const readFile of [missing, async () => new Uint8Array(100)]) {
      const finding = await checkVoice(readFile);
      expect(finding).toMatchObject({ level: "failed", message: expect.stringContaining("silero_vad") });
    }
  }, 20_000);

  test("and asks for it only where a veto is wanted", async () => {
    const checked = async (yaml: string) => {
      const settings = {
        config: configOf(`wake: {models: {alexa: {enabled: true}}, ${yaml}}`),
        found: [],
        modelsTrouble: undefined,
      };
      return (await told((tell) => checkModels(settings, tell))).map(({ name }) => name);
    };
    expect(await checked("vad_threshold: 0.5")).toContain("voice check");
    expect(await checked("vad_threshold: 0")).not.toContain("voice check");
  }, 20_000);
});

describe("doctor tries the shared memory", () => {
  test("with a second thread that reads it and answers", async () => {
    expect(await told((tell) => checkThreads(tell))).toMatchObject([{ name: "shared memory", level: "ok" }]);
  });

  test("and fails when no answer comes, or a wrong one", async () => {
    const wrong = "onmessage = ({ data }) => { Atomics.store(data, 1, 7); Atomics.notify(data, 1); };";
    for (const answering of ["onmessage = () => {};", wrong]) {
      expect(await told((tell) => checkThreads(tell, answering))).toMatchObject([{ level: "failed" }]);
    }
  });
});

describe("doctor says of the clock", () => {
  const programAt = Date.UTC(2026, 5, 1);
  const right: ClockReadings = {
    monotonicMs: 201,
    referenceMs: 200,
    wallAt: Date.UTC(2026, 6, 1),
    programAt,
    synchronised: undefined,
  };

  test("that it is well here, after it measured", async () => {
    const [finding] = await told((tell) => checkClock(tell));
    expect(finding).toMatchObject({ name: "clock", message: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
    expect(finding?.level).not.toBe("failed");
  });

  test.each<[Partial<ClockReadings>, Finding["level"], RegExp]>([
    [{}, "ok", /^2026-07-01T00:00:00.000Z$/],
    [{ synchronised: true }, "ok", /, synchronised with the network$/],
    [{ synchronised: false }, "warning", /not synchronised/],
    [{ monotonicMs: 170 }, "failed", /counted 170 ms in 200 ms/],
    [{ monotonicMs: 0 }, "failed", /counted 0 ms/],
    [{ wallAt: Date.UTC(1970, 0, 1), synchronised: true }, "failed", /1970.* was written at 2026-06-01/],
    [{ wallAt: programAt - 60_000 }, "ok", /^2026-05-31/],
  ])("%j: %s", (readings, level, message) => {
    expect(judgeClock({ ...right, ...readings })).toMatchObject({ level, message: expect.stringMatching(message) });
  });
});

test("doctor warns of a machine without a loudspeaker, and is content where none is wanted", async () => {
  const checked = async (yaml: string) => {
    const initialise = () => ({ devices: () => [], close: () => {} }) as unknown as PortAudio;
    const [finding] = await told((tell) => checkLoudspeaker(configOf(yaml), tell, initialise));
    return finding;
  };
  expect(await checked("")).toMatchObject({ name: "loudspeaker", level: "warning" });
  expect(await checked("audio: {output: none}")).toMatchObject({ level: "ok" });
});
