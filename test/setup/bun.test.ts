import { describe, expect, test } from "bun:test";
import { ensureBun } from "../../setup/bun.mjs";
import { fakeMachine } from "./fake-machine.ts";

const project = {
  "package.json": JSON.stringify({ dependencies: { bun: "1.4.5" } }),
  "package-lock.json": JSON.stringify({ packages: {} }),
  "node_modules/.package-lock.json": JSON.stringify({ packages: {} }),
};
const right = { stdout: "1.4.5\n" };
const placeholder = { ok: false, stdout: "" };

describe("ensureBun()", () => {
  test("takes the one of node_modules", () => {
    using machine = fakeMachine({ files: { ...project, "node_modules/.bin/bun": "" }, answer: () => right });
    expect(ensureBun(machine)).toEqual({ path: `${machine.root}/node_modules/.bin/bun`, version: "1.4.5" });
  });

  test("takes the program of the platform's package where install scripts did not run", () => {
    using machine = fakeMachine({
      files: { ...project, "node_modules/.bin/bun": "", "node_modules/@oven/bun-linux-aarch64/bin/bun": "" },
      answer: (command) => (command.startsWith("node_modules/@oven/") ? right : placeholder),
    });
    expect(ensureBun(machine).path).toEndWith("@oven/bun-linux-aarch64/bin/bun");
  });

  test("passes over a Bun in PATH of another version", () => {
    using machine = fakeMachine({
      files: {
        ...project,
        "node_modules/@oven/bun-linux-x64-musl/bin/bun": "",
        "node_modules/@oven/bun-linux-x64/bin/bun": "",
      },
      programs: ["bun"],
      answer: (command) => {
        if (command.includes("musl")) return placeholder;
        return command.startsWith("node_modules/@oven/") ? right : { stdout: "1.2.23\n" };
      },
    });
    expect(ensureBun(machine).path).toEndWith("@oven/bun-linux-x64/bin/bun");
  });

  test("takes the one in PATH when it is the only one that runs", () => {
    using machine = fakeMachine({
      files: { ...project, "node_modules/.bin/bun": "" },
      programs: ["bun"],
      answer: (command) => (command.startsWith("node_modules/") ? placeholder : right),
    });
    expect(ensureBun(machine).path).toEndWith("/bin/bun");
  });

  test("installs the packages again when none of them runs, and then names what it has tried", () => {
    using machine = fakeMachine({
      files: { ...project, "node_modules/.bin/bun": "" },
      programs: ["npm"],
      answer: (command, { write }) => {
        if (!command.startsWith("npm")) return placeholder;
        write("node_modules/.bin/bun", "");
        return undefined;
      },
    });
    expect(() => ensureBun(machine)).toThrow("no Bun 1.4.5 runs on this machine (tried ");
    expect(machine.ran.filter((command) => command.startsWith("npm install"))).toHaveLength(1);
  });
});
