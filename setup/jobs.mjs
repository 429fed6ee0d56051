// The jobs that the scripts of package.json name, and what each needs besides Bun and the npm packages.

import { readdirSync } from "node:fs";
import { SetupProblem } from "./machine.mjs";

/** Files of bench/ that others use. */
const partsOfBenches = ["table", "native-plain", "process-cpu", "state-latency-worker"];

/** Parts of the tests that need nothing from Debian. */
const partsWithoutDebian = ["types", "lint", "build"];

/**
 * @typedef {object} Job
 * @property {string} name
 * @property {readonly string[]} command arguments for Bun, from the project's folder
 * @property {"listen" | "test" | "none"} debian which Debian packages it wants
 * @property {boolean} goesOnWithout whether it runs although a Debian package is missing
 * @property {string} [folder] where it runs, if not in the project's folder
 */

/**
 * @param {string} name
 * @param {readonly string[]} args
 * @returns {Job}
 */
export function jobNamed(name, args) {
  switch (name) {
    case "start":
      return {
        name,
        command: ["src/main.ts", "run", "--demo-without-microphone", ...args],
        debian: "listen",
        goesOnWithout: true,
      };
    case "test": {
      const some = args.length > 0 && args.every((part) => partsWithoutDebian.includes(part));
      return { name, command: ["setup/test.ts", ...args], debian: some ? "none" : "test", goesOnWithout: false };
    }
    case "build":
      return { name, command: ["build.ts", ...args], debian: "none", goesOnWithout: true };
    case "earshot":
      return { name, command: ["src/main.ts", ...args], debian: "listen", goesOnWithout: true };
    case "bench": {
      const [bench = "", ...rest] = args;
      const known = benches();
      if (!known.includes(bench))
        throw new SetupProblem(`no benchmark named "${bench}": there are ${known.join(", ")}.`);
      return { name, command: [`bench/${bench}.ts`, ...rest], debian: "test", goesOnWithout: false };
    }
    case "check:long":
      return { name, command: ["check/long.ts", ...args], debian: "test", goesOnWithout: false };
    case "check:house":
      return { name, command: ["check/house.ts", ...args], debian: "none", goesOnWithout: true };
    default:
      throw new SetupProblem(
        `no job named "${name}": there are start, test, build, earshot, bench, check:long and check:house.`,
      );
  }
}

/** Every file of bench/ that can be run by itself. */
function benches() {
  const files = readdirSync(new URL("../bench", import.meta.url), { withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map(({ name }) => name.replace(/\.ts$/, ""));
  return names.filter((name) => !partsOfBenches.includes(name));
}
