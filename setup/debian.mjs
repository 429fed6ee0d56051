// Debian's packages: which, what for, and how they get here.

import { readdirSync } from "node:fs";
import { excerpt, programInPath, SetupProblem } from "./machine.mjs";

/**
 * @typedef {object} DebianPackage
 * @property {string} name
 * @property {"listen" | "test"} from the job that wants it; the tests want all of them
 * @property {string} why
 */

/** @type {readonly DebianPackage[]} */
export const debianPackages = [
  { name: "libportaudio2", from: "listen", why: "reads the microphone" },
  { name: "pulseaudio", from: "test", why: "the virtual microphone" },
  { name: "pulseaudio-utils", from: "test", why: "plays speech into it (paplay, pactl)" },
  { name: "libasound2-plugins", from: "test", why: "lets PortAudio see it" },
  { name: "chromium", from: "test", why: "looks at the page" },
  { name: "jackd2", from: "test", why: "imitates a device that knows only 48 kHz" },
  { name: "espeak-ng", from: "test", why: "speaks wake words" },
  { name: "sox", from: "test", why: "the reference for resampling and decoding" },
  { name: "libsox-fmt-mp3", from: "test", why: "the same for MP3" },
  { name: "flac", from: "test", why: "the same for FLAC" },
  { name: "openssl", from: "test", why: "makes certificates" },
  { name: "nats-server", from: "test", why: "brings answers to Loqa's relays" },
];

/**
 * Installs what is missing, if this user may; otherwise says the command that does.
 * @param {import("./machine.mjs").Machine} machine
 * @param {Pick<import("./jobs.mjs").Job, "name" | "debian" | "goesOnWithout">} job
 * @throws {SetupProblem} if something is missing that the job does not go on without
 */
export function ensureDebianPackages(machine, job) {
  const wanted = debianPackages.filter(({ from }) => job.debian === "test" || from === job.debian);
  if (wanted.length === 0) return;
  if (!programInPath(machine, "dpkg-query")) {
    sayWhatOthersNeed(machine, wanted);
    return;
  }
  const missing = missingOf(machine, wanted);
  if (missing.length === 0) return;
  const problem = installThem(machine, missing);
  if (!problem) return;
  if (!job.goesOnWithout) throw problem;
  machine.say(problem.message);
  machine.say(problem.remedy ?? "");
  machine.say("going on without: there will be no microphone");
}

/**
 * @param {import("./machine.mjs").Machine} machine
 * @param {readonly DebianPackage[]} wanted
 */
function missingOf(machine, wanted) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are for dpkg-query.
  const query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n", ...wanted.map(({ name }) => name)];
  const installed = new Set(machine.run(query).stdout.split("\n"));
  return wanted.filter(({ name }) => !installed.has(`${name} installed`));
}

/**
 * @param {import("./machine.mjs").Machine} machine
 * @param {readonly DebianPackage[]} missing
 * @returns {SetupProblem | undefined} why they could not be installed
 */
function installThem(machine, missing) {
  const names = missing.map(({ name }) => name);
  const list = missing.map(({ name, why }) => `${name} (${why})`).join(", ");
  // Without --no-remove, pulseaudio would quietly take a desktop's PipeWire away.
  const install = ["apt-get", "install", "-y", "--no-install-recommends", "--no-remove", ...names];
  const byHand = `Run: sudo apt-get update && sudo ${install.join(" ")}`;
  const asRoot = machine.isRoot ? [] : ["sudo", "-n"];
  if (!machine.isRoot && !machine.run(["sudo", "-n", "true"]).ok) {
    return new SetupProblem(`missing Debian packages, which only root can install: ${list}`, byHand);
  }
  machine.say(`installing Debian packages${machine.isRoot ? "" : " with sudo"}: ${list}`);
  const quietly = [...asRoot, "env", "DEBIAN_FRONTEND=noninteractive"];
  const waiting = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2"];
  const attempt = () => machine.run([...quietly, ...install, ...waiting]);
  const update = () => {
    machine.say("refreshing the package lists (apt-get update)");
    machine.run([...quietly, "apt-get", "update", ...waiting]);
  };
  if (!hasLists(machine)) update();
  let done = attempt();
  if (!done.ok && !/remove is disabled/.test(done.output)) {
    // The usual reason: the lists are older than the archive.
    update();
    done = attempt();
  }
  return done.ok ? undefined : new SetupProblem(whyNot(done.output), byHand);
}

/** @param {string} output of apt-get */
function whyNot(output) {
  const shown = excerpt(output);
  if (/remove is disabled/.test(output)) {
    return `these packages would push others off this machine (a desktop's PipeWire, for pulseaudio), which the setup does not do by itself:\n${shown}`;
  }
  if (/resolv|Could not connect|unreachable|timed out|Unable to fetch|Failed to fetch/i.test(output)) {
    return `apt-get failed: the package archive cannot be reached; is this machine on the network?\n${shown}`;
  }
  return `apt-get failed:\n${shown}`;
}

/** @param {import("./machine.mjs").Machine} machine */
function hasLists(machine) {
  try {
    return readdirSync(machine.aptLists).some((name) => name.includes("_Packages"));
  } catch {
    return false;
  }
}

/**
 * @param {import("./machine.mjs").Machine} machine
 * @param {readonly DebianPackage[]} wanted
 */
function sayWhatOthersNeed(machine, wanted) {
  machine.say(
    `this is not Debian: the setup cannot see whether what these Debian packages hold is here: ${wanted
      .map(({ name, why }) => `${name} (${why})`)
      .join(", ")}`,
  );
}
