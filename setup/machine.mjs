// What the setup may touch of the machine, in one object, so that tests can hand in another one.

import { spawnSync } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Outcome
 * @property {boolean} ok it ran and its exit code was 0
 * @property {string} stdout
 * @property {string} output stdout and stderr
 */

/**
 * @typedef {object} Machine
 * @property {string} root the project's folder
 * @property {string} arch as in process.arch
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {boolean} isRoot
 * @property {string | undefined} thisBun path of the Bun that runs the setup, if it is Bun
 * @property {string} aptLists folder of apt's package lists
 * @property {(line: string) => void} say tells the user
 * @property {(command: readonly string[]) => Outcome} run runs a program to its end, without standard input
 */

/** Something that the user has to put right. Its message is all that is shown: no stack trace. */
export class SetupProblem extends Error {
  /**
   * @param {string} message what is wrong, with what
   * @param {string} [remedy] what to do
   */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** @returns {Machine} */
export function thisMachine() {
  const root = fileURLToPath(new URL("..", import.meta.url));
  return {
    root,
    arch: process.arch,
    env: process.env,
    isRoot: process.getuid?.() === 0,
    thisBun: process.versions.bun ? process.execPath : undefined,
    aptLists: "/var/lib/apt/lists",
    // On stderr, so that the job's own output is alone on stdout.
    say: (line) => console.error(`setup: ${line}`),
    run: ([program = "", ...args]) => {
      const done = spawnSync(program, args, {
        cwd: root,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        maxBuffer: 64 << 20,
      });
      const output = [done.stdout, done.stderr, done.error?.message].filter(Boolean).join("\n");
      return { ok: done.status === 0, stdout: done.stdout ?? "", output };
    },
  };
}

/**
 * The first program of that name in PATH.
 * @param {Machine} machine
 * @param {string} name
 * @returns {string | undefined} its real path
 */
export function programInPath(machine, name) {
  for (const folder of (machine.env.PATH ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    if (isProgram(path)) return realpathSync(path);
  }
  return undefined;
}

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * What a program said when it failed, without the long middle.
 * @param {string} output
 */
export function excerpt(output) {
  const lines = output.trim().split("\n");
  return (lines.length <= 16 ? lines : [...lines.slice(0, 8), "...", ...lines.slice(-6)]).join("\n");
}
