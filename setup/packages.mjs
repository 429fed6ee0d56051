// The npm packages: installed exactly as package-lock.json says, and only when node_modules is not that already.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { excerpt, programInPath, SetupProblem } from "./machine.mjs";

/** Holds the hash of the lock that node_modules was installed from; written after a whole installation only. */
const stampName = "node_modules/.earshot-lock";

/** What Bun may write when it reads package-lock.json, whatever it is told. */
const locksOfBun = ["bun.lock", "bun.lockb"];

/**
 * `npm ci` would refuse a lock that leaves out an optional package for some other system. With --no-save, `npm install`
 * takes the lock's versions and leaves it as it is. The others undo what the user's own npm may be set to; a package
 * that asks for a newer Node is fine, because Bun runs it.
 */
const npmFlags = [
  "--no-save",
  "--package-lock=true",
  "--include=dev",
  "--include=optional",
  "--engine-strict=false",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
  // npm's own defaults take minutes to find out that there is no network.
  "--fetch-retries=2",
  "--fetch-retry-mintimeout=1000",
  "--fetch-retry-maxtimeout=4000",
];

/** @type {readonly (readonly [RegExp, string])[]} */
const knownFailures = [
  [/ENOSPC|NoSpaceLeft/, "the disk is full: the packages need about 500 MB."],
  [/EACCES|EROFS|EPERM|AccessDenied/, "this user may not write node_modules: run it as the owner of the folder."],
  [
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ConnectionRefused|FailedToOpenSocket|DNSResolve|UnableToResolve|network/i,
    "the npm registry cannot be reached: connect this machine to the network (or set npm's proxy) and try again.",
  ],
];

/**
 * @param {import("./machine.mjs").Machine} machine
 * @param {{again?: boolean}} [options] again: begin anew even if node_modules looks right
 * @throws {SetupProblem} if they cannot be installed
 */
export function ensurePackages(machine, { again = false } = {}) {
  const lock = readFileSync(join(machine.root, "package-lock.json"), "utf8");
  const hash = createHash("sha256").update(lock).digest("hex");
  const stamp = join(machine.root, stampName);
  if (!again && (readIfThere(stamp) === hash || npmInstalledIt(machine.root, lock))) {
    if (readIfThere(stamp) !== hash) unlessForbidden(() => writeFileSync(stamp, hash));
    return;
  }
  unlessForbidden(() => rmSync(again ? join(machine.root, "node_modules") : stamp, { recursive: true, force: true }));
  install(machine);
  writeFileSync(stamp, hash);
}

/** @param {import("./machine.mjs").Machine} machine */
function install(machine) {
  const npm = programInPath(machine, "npm");
  const bun = machine.thisBun ?? programInPath(machine, "bun");
  if (npm) {
    machine.say(
      "installing the npm packages of package-lock.json (npm install; a minute or two, about 450 MB on disk)",
    );
    const done = machine.run(["npm", "install", ...npmFlags]);
    explain(done, "npm install");
  } else if (bun) {
    machine.say("installing the npm packages of package-lock.json (bun install; about 450 MB on disk)");
    const written = locksOfBun.map((name) => join(machine.root, name)).filter((path) => !existsSync(path));
    const done = machine.run([bun, "install", "--frozen-lockfile", "--no-save"]);
    for (const path of written) rmSync(path, { force: true });
    explain(done, "bun install");
  } else {
    throw new SetupProblem(
      "there is neither npm nor Bun in PATH, so the npm packages cannot be installed.",
      "On Debian and Raspberry Pi OS: sudo apt-get install -y npm",
    );
  }
}

/**
 * @param {import("./machine.mjs").Outcome} done
 * @param {string} command
 */
function explain(done, command) {
  if (done.ok) return;
  const known = knownFailures.find(([pattern]) => pattern.test(done.output));
  throw new SetupProblem(`${command} failed:\n${excerpt(done.output)}`, known?.[1]);
}

/**
 * Whether npm itself brought node_modules to this lock (its own record, node_modules/.package-lock.json, is written
 * last), for instance because the user has run `npm ci`.
 * @param {string} root
 * @param {string} lock text of package-lock.json
 */
function npmInstalledIt(root, lock) {
  const record = readIfThere(join(root, "node_modules/.package-lock.json"));
  if (record === undefined) return false;
  try {
    const installed = JSON.parse(record).packages;
    const { "": _project, ...wanted } = JSON.parse(lock).packages;
    return (
      Object.keys(installed).every((path) => path in wanted) &&
      Object.entries(wanted).every(
        ([path, { version, optional }]) =>
          installed[path]?.version === version || (optional === true && !(path in installed)),
      )
    );
  } catch {
    return false;
  }
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * The stamp only saves time: a folder that this user may not write is reported by what must write there, if anything.
 * @param {() => void} change
 */
function unlessForbidden(change) {
  try {
    change();
  } catch {}
}
