import { describe, expect, test } from "bun:test";
import { debianPackages, ensureDebianPackages } from "../../setup/debian.mjs";
import { type Answer, fakeMachine } from "./fake-machine.ts";

const start = { name: "start", debian: "listen", goesOnWithout: true } as const;
const tests = { name: "test", debian: "test", goesOnWithout: false } as const;

const lists = { "lists/some_Packages": "" };
const programs = ["dpkg-query"];
const allInstalled = debianPackages.map(({ name }) => `${name} installed\n`).join("");
/** The rest of a package, left after its removal, is not the package. */
const removed = "libportaudio2 config-files\n";

/** Answers dpkg-query, and everything else as asked. */
function answering(installed: string, others: Answer = () => undefined): Answer {
  return (command, machine) => (command.startsWith("dpkg-query") ? { stdout: installed } : others(command, machine));
}

describe("ensureDebianPackages()", () => {
  test("says and runs nothing when all is there", () => {
    using machine = fakeMachine({ programs, answer: answering(allInstalled) });
    ensureDebianPackages(machine, tests);
    expect(machine.ran).toHaveLength(1);
    expect(machine.said).toEqual([]);
  });

  test("looks for nothing when the job wants nothing", () => {
    using machine = fakeMachine({ programs });
    ensureDebianPackages(machine, { name: "build", debian: "none", goesOnWithout: true });
    expect(machine.ran).toEqual([]);
  });

  test("wants only PortAudio to listen", () => {
    using machine = fakeMachine({ files: lists, programs, isRoot: true, answer: answering(removed) });
    ensureDebianPackages(machine, start);
    expect(machine.ran[1]).toContain("apt-get install -y --no-install-recommends --no-remove libportaudio2 -o");
    expect(machine.said).toEqual(["installing Debian packages: libportaudio2 (reads the microphone)"]);
  });

  test("refreshes empty package lists first", () => {
    using machine = fakeMachine({ programs, isRoot: true, answer: answering("") });
    ensureDebianPackages(machine, start);
    expect(machine.ran.slice(1).map((command) => command.includes("apt-get update"))).toEqual([true, false]);
  });

  test("refreshes the package lists and tries once more when they are out of date", () => {
    let attempts = 0;
    using machine = fakeMachine({
      files: lists,
      programs,
      isRoot: true,
      answer: answering("", (command) => {
        if (!command.includes("install")) return undefined;
        attempts += 1;
        return { ok: attempts > 1, output: "E: Unable to locate package" };
      }),
    });
    ensureDebianPackages(machine, tests);
    expect(attempts).toBe(2);
  });

  test("uses sudo where it asks for no password", () => {
    using machine = fakeMachine({ files: lists, programs, answer: answering("") });
    ensureDebianPackages(machine, start);
    expect(machine.ran[2]).toStartWith("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get install");
  });

  test("goes on to listen without a right to install, and says the command", () => {
    using machine = fakeMachine({ files: lists, programs, answer: answering("", () => ({ ok: false })) });
    ensureDebianPackages(machine, start);
    expect(machine.said).toEqual([
      "missing Debian packages, which only root can install: libportaudio2 (reads the microphone)",
      "Run: sudo apt-get update && sudo apt-get install -y --no-install-recommends --no-remove libportaudio2",
      "going on without: there will be no microphone",
    ]);
  });

  test("does not test without a right to install, and says the command", () => {
    using machine = fakeMachine({
      files: lists,
      programs,
      answer: answering(allInstalled.replace("chromium installed\n", ""), () => ({ ok: false })),
    });
    expect(() => ensureDebianPackages(machine, tests)).toThrow(
      expect.objectContaining({ remedy: expect.stringMatching(/^Run: sudo apt-get update && .* chromium$/) }),
    );
  });

  test.each([
    ["E: Failed to fetch some.deb  Temporary failure resolving 'host'", "cannot be reached"],
    ["E: Packages need to be removed but remove is disabled.", "would push others off this machine"],
    ["E: Could not get lock /var/lib/dpkg/lock-frontend", "apt-get failed"],
  ])("explains %j", (output, reason) => {
    using machine = fakeMachine({
      files: lists,
      programs,
      isRoot: true,
      answer: answering("", (command) => (command.includes("install") ? { ok: false, output } : undefined)),
    });
    expect(() => ensureDebianPackages(machine, tests)).toThrow(reason);
  });

  test("says what it cannot see where there is no dpkg", () => {
    using machine = fakeMachine();
    ensureDebianPackages(machine, tests);
    expect(machine.ran).toEqual([]);
    expect(machine.said.join("\n")).toContain("this is not Debian");
  });
});
