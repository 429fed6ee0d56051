import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages } from "../../setup/packages.mjs";
import { fakeMachine } from "./fake-machine.ts";

const lock = JSON.stringify({
  packages: {
    "": { name: "earshot" },
    "node_modules/bun": { version: "1.4.5" },
    "node_modules/@oven/bun-linux-x64": { version: "1.4.5", optional: true },
  },
});
const files = { "package-lock.json": lock };

const recordOf = (packages: Readonly<Record<string, { version: string }>>): Readonly<Record<string, string>> => ({
  ...files,
  "node_modules/.package-lock.json": JSON.stringify({ packages }),
});

describe("ensurePackages()", () => {
  test("installs with npm when there are no packages, and only once", () => {
    using machine = fakeMachine({
      files,
      programs: ["npm"],
      answer: (_, { write }) => void write("node_modules/x", ""),
    });
    ensurePackages(machine);
    ensurePackages(machine);
    expect(machine.ran).toHaveLength(1);
    expect(machine.ran[0]).toStartWith("npm install --no-save ");
    expect(machine.said).toHaveLength(1);
  });

  test("installs again when the lock has changed", () => {
    using machine = fakeMachine({
      files,
      programs: ["npm"],
      answer: (_, { write }) => void write("node_modules/x", ""),
    });
    ensurePackages(machine);
    machine.write("package-lock.json", lock.replace("1.4.5", "1.4.6"));
    ensurePackages(machine);
    expect(machine.ran).toHaveLength(2);
  });

  test("leaves alone what npm itself has brought to this lock, optional packages of other machines apart", () => {
    using machine = fakeMachine({ files: recordOf({ "node_modules/bun": { version: "1.4.5" } }), programs: ["npm"] });
    ensurePackages(machine);
    expect(machine.ran).toEqual([]);
    expect(machine.said).toEqual([]);
  });

  test.each([
    ["another version", { "node_modules/bun": { version: "1.4.4" } }],
    ["a package too many", { "node_modules/bun": { version: "1.4.5" }, "node_modules/left": { version: "1.0.0" } }],
    ["a package too few", {}],
  ])("installs when npm's record shows %s", (_, packages) => {
    using machine = fakeMachine({ files: recordOf(packages), programs: ["npm"] });
    ensurePackages(machine);
    expect(machine.ran).toHaveLength(1);
  });

  test("installs with Bun where there is no npm, and removes the lock that Bun writes", () => {
    using machine = fakeMachine({
      files,
      thisBun: "/opt/bun",
      answer: (_, { write }) => {
        write("node_modules/x", "");
        write("bun.lock", "{}");
        return undefined;
      },
    });
    ensurePackages(machine);
    expect(machine.ran).toEqual(["/opt/bun install --frozen-lockfile --no-save"]);
    expect(existsSync(join(machine.root, "bun.lock"))).toBe(false);
  });

  test("keeps a lock of Bun's that was there before", () => {
    using machine = fakeMachine({ files: { ...files, "bun.lock": "mine", "node_modules/x": "" }, thisBun: "/opt/bun" });
    ensurePackages(machine);
    expect(existsSync(join(machine.root, "bun.lock"))).toBe(true);
  });

  test("says what to install when there is neither npm nor Bun", () => {
    using machine = fakeMachine({ files });
    expect(() => ensurePackages(machine)).toThrow("neither npm nor Bun");
  });

  test.each([
    ["npm error code EAI_AGAIN\nnpm error request failed", "the npm registry cannot be reached"],
    ["ConnectionRefused downloading package manifest hono", "the npm registry cannot be reached"],
    ["npm error code ENOSPC", "the disk is full"],
    ["npm error code EACCES\nnpm error syscall mkdir", "may not write node_modules"],
  ])("explains %j and is not taken for installed afterwards", (output, remedy) => {
    let broken = true;
    using machine = fakeMachine({
      files: { ...files, "node_modules/x": "" },
      programs: ["npm"],
      answer: () => (broken ? { ok: false, output } : undefined),
    });
    expect(() => ensurePackages(machine)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(output), remedy: expect.stringContaining(remedy) }),
    );
    broken = false;
    ensurePackages(machine);
    expect(machine.ran).toHaveLength(2);
  });
});
