// What a job needs, step by step: packages, Bun, Debian packages; then the job itself.

import { ensureBun } from "./bun.mjs";
import { ensureDebianPackages } from "./debian.mjs";
import { jobNamed } from "./jobs.mjs";
import { runLikeExec } from "./launch.mjs";
import { SetupProblem, thisMachine } from "./machine.mjs";

/**
 * Sets up what is missing for a job and runs it.
 * @param {readonly string[]} commandLine the job's name, then its arguments
 * @param {import("./machine.mjs").Machine} [machine]
 * @returns {Promise<number>} the job's exit code; 1 if something is missing that the job cannot do without
 */
export async function setUpAndRun([name = "", ...args], machine = thisMachine()) {
  try {
    const job = jobNamed(name, args);
    if (!["x64", "arm64"].includes(machine.arch)) {
      throw new SetupProblem(
        `Earshot runs on 64-bit x86 and ARM processors; this system's programs are built for "${machine.arch}".`,
        "On a Raspberry Pi 3 or newer, use the 64-bit Raspberry Pi OS.",
      );
    }
    const bun = ensureBun(machine);
    ensureDebianPackages(machine, job);
    machine.say(`${name}: all set (Bun ${bun.version})`);
    return await runLikeExec([bun.path, ...job.command], { cwd: job.folder ?? machine.root, env: machine.env });
  } catch (problem) {
    if (!(problem instanceof SetupProblem)) throw problem;
    machine.say(problem.message);
    if (problem.remedy) machine.say(problem.remedy);
    return 1;
  }
}
