// The right Bun: the exact version that package.json names, wherever it is.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isProgram, programInPath, SetupProblem } from "./machine.mjs";
import { ensurePackages } from "./packages.mjs";

/**
 * Installs the packages if need be and finds Bun among them.
 * @param {import("./machine.mjs").Machine} machine
 * @returns {{path: string, version: string}}
 * @throws {SetupProblem} if no Bun of that version runs here
 */
export function ensureBun(machine) {
  const version = JSON.parse(readFileSync(join(machine.root, "package.json"), "utf8")).dependencies.bun;
  ensurePackages(machine);
  let path = findBun(machine, version);
  if (!path) {
    machine.say(`node_modules holds no Bun ${version} that runs`);
    ensurePackages(machine, { again: true });
    path = findBun(machine, version);
  }
  if (!path) {
    throw new SetupProblem(
      `no Bun ${version} runs on this machine (tried ${candidates(machine).join(", ") || "nothing: there is none"}).`,
      `Install Bun ${version} and put it into PATH.`,
    );
  }
  return { path, version };
}

/**
 * @param {import("./machine.mjs").Machine} machine
 * @param {string} version
 * @returns {string | undefined} path of a Bun that answers with this version
 */
export function findBun(machine, version) {
  return candidates(machine).find((path) => machine.run([path, "--version"]).stdout.trim() === version);
}

/**
 * @param {import("./machine.mjs").Machine} machine
 * @returns {string[]} without those that are not there
 */
function candidates(machine) {
  const modules = join(machine.root, "node_modules");
  return [
    // A placeholder that exits with 1 where install scripts did not run.
    join(modules, ".bin/bun"),
    machine.thisBun,
    programInPath(machine, "bun"),
    // The package's install script takes the program from here; without it, it is still there.
    ...foldersIn(join(modules, "@oven")).map((folder) => join(folder, "bin/bun")),
  ].flatMap((path) => (path !== undefined && isProgram(path) ? [path] : []));
}

/** @param {string} parent */
function foldersIn(parent) {
  try {
    return readdirSync(parent).map((name) => join(parent, name));
  } catch {
    return [];
  }
}
