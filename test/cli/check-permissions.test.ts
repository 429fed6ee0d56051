import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { constants, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkConfigFile, checkSoundAccess, type Machine } from "../../src/cli/check-permissions.ts";
import type { Finding } from "../../src/cli/checks.ts";

let folder = "";
let soundFolder = "";
let groupFile = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "earshot-permissions-"));
  soundFolder = join(folder, "snd");
  groupFile = join(folder, "group");
  mkdirSync(soundFolder);
  for (const node of ["pcmC0D0p", "pcmC1D0c", "controlC1"]) writeFileSync(join(soundFolder, node), "");
  writeFileSync(groupFile, `daemon:x:1:\nlisteners:x:${statSync(soundFolder).gid}:\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const refuse = () => Promise.resolve(false);
const allow = () => Promise.resolve(true);

async function sound(machine: Machine, source = "default") {
  const findings: Finding[] = [];
  const said = await checkSoundAccess(source, (finding) => findings.push(finding), {
    soundFolder,
    groupFile,
    environment: {},
    ...machine,
  });
  return { said, devices: findings.find(({ name }) => name === "sound devices"), server: findings[0] };
}

/** What goes on while a sound server listens. */
async function withServer<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = join(folder, "native");
  const listener = Bun.listen({ unix: path, socket: { data() {} } });
  try {
    return await work(path);
  } finally {
    listener.stop(true);
  }
}

describe("the sound devices", () => {
  test("that may be opened are named, and only those that capture", async () => {
    const asked: [string, number][] = [];
    const may = (path: string, mode: number) => {
      asked.push([path, mode]);
      return allow();
    };
    const node = join(soundFolder, "pcmC1D0c");
    const { said, devices } = await sound({ may });
    expect(devices).toMatchObject({ level: "ok", message: `this user may open ${node}` });
    expect(said).toBeUndefined();
    expect(asked).toEqual([[node, constants.R_OK | constants.W_OK]]);
  });

  test("that may not be opened come with the group that owns them, and how to join it", async () => {
    const { said, devices } = await sound({ may: refuse });
    expect(devices?.level).toBe("failed");
    const isRoots = statSync(soundFolder).gid === 0;
    expect(devices?.message).toEndWith(`snd/pcmC1D0c: group listeners owns it`);
    expect(said).toContain(isRoots ? "given to no group" : "sudo usermod -aG listeners $USER, then log in again");
    expect(said).toBe(devices?.hint);
  });

  test("that may not be opened are no failure while a sound server answers, for which they are not needed", async () => {
    const { devices } = await withServer((path) =>
      sound({ may: refuse, environment: { PULSE_SERVER: `{machine}unix:${path}` } }),
    );
    expect(devices?.level).toBe("warning");
  });

  test("that are not there are said to be absent, which is well where a sound server answers", async () => {
    const soundFolder = join(folder, "none");
    expect((await sound({ soundFolder })).devices).toMatchObject({
      level: "warning",
      message: "the kernel sees no sound card",
    });
    const { devices } = await withServer((path) => sound({ soundFolder, environment: { PULSE_SERVER: path } }));
    expect(devices).toMatchObject({ level: "ok", message: expect.stringContaining("the kernel sees no sound card") });
  });

  test("do not matter where no device is listened to", async () => {
    expect(await sound({ may: refuse }, "stdin")).toEqual({ said: undefined, devices: undefined, server: undefined });
  });
});

describe("the sound server", () => {
  test("that is named and does not answer is a warning", async () => {
    const { server } = await sound({ may: allow, environment: { PULSE_SERVER: "unix:/nowhere/native" } });
    expect(server).toMatchObject({ level: "warning", message: expect.stringContaining("unix:/nowhere/native") });
  });

  test("is found where the session has it, and nobody needs one", async () => {
    const { server: none } = await sound({ may: allow, environment: { XDG_RUNTIME_DIR: join(folder, "run") } });
    expect(none).toMatchObject({ level: "ok", message: expect.stringContaining("none at unix:") });
    expect((await sound({ may: allow })).server).toMatchObject({
      level: "ok",
      message: expect.stringMatching(/^none/),
    });
  });

  test("of another machine is asked by TCP, and the first of several that answers is enough", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    try {
      const PULSE_SERVER = `unix:/nowhere/native tcp:127.0.0.1:${listener.port}`;
      expect((await sound({ may: allow, environment: { PULSE_SERVER } })).server).toMatchObject({
        level: "ok",
        message: `${PULSE_SERVER} answers`,
      });
    } finally {
      listener.stop(true);
    }
  });
});

describe("the configuration file", () => {
  async function changes(file: string, may?: Machine["may"]): Promise<Finding | undefined> {
    const findings: Finding[] = [];
    await checkConfigFile(file, (finding) => findings.push(finding), may);
    return findings[0];
  }

  test("that can be replaced is well, also before it is there", async () => {
    for (const file of [groupFile, join(folder, "new.yaml"), join(folder, "not/yet/earshot.yaml")]) {
      expect(await changes(file)).toMatchObject({ level: "ok", message: `the page's changes can be kept in ${file}` });
    }
  });

  test("in a folder that may not be written is a warning that says what is lost and what to do", async () => {
    expect(await changes(join(folder, "not/yet/earshot.yaml"), refuse)).toMatchObject({
      level: "warning",
      message: expect.stringContaining(`${folder} cannot be written: volume, mute and thresholds`),
      hint: expect.stringContaining(`sudo chown $USER ${folder}`),
    });
  });

  test("behind a link is written where the link leads", async () => {
    const link = join(soundFolder, "link.yaml");
    symlinkSync(groupFile, link);
    expect((await changes(link, refuse))?.message).toStartWith(`${folder} cannot be written`);
    rmSync(link);
  });
});
