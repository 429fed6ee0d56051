// `npm test`: every check a change must pass, one part after another, and their sum as the last line.
// `npm test -- unit lint` runs some parts, `npm test -- test/memory` the tests at a path.

import { join } from "node:path";
import { runShown } from "./run-shown.ts";
import { countsOf, type TestCounts } from "./test-counts.ts";

interface Part {
  readonly name: string;
  readonly run: () => Promise<TestCounts>;
}

const root = join(import.meta.dir, "..");
const seconds = (count: number): number => count * 1000;
/** Of a test that names no limit of its own. Bun takes this from its command line only; else it is 5 s. */
const TEST_LIMIT_MS = seconds(20);
const onePassed: TestCounts = { passed: 1, failed: 0, skipped: 0 };
const oneFailed: TestCounts = { passed: 0, failed: 1, skipped: 0 };

const isEndToEnd = (file: string): boolean => file.startsWith("test/e2e/");
const endToEndTests = testFiles(isEndToEnd);
const unitTests = testFiles((file) => !isEndToEnd(file));

const types = check("types", "node_modules/typescript/bin/tsc", "-p", ".");
const lint = check("lint", "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings");
/** Those that compute, those with programs and workers of their own, and all others: a third of the time each. */
const unit = sideBySide("unit", unitTests, [/^test\/(wake|arbitration|memory)\//, /^test\/(config|check|web)\//]);
/** Before the end-to-end tests, because they run dist/earshot too. */
const build = check("build", "build.ts");
/** Mostly they wait: a third of the time each. */
const endToEnd = sideBySide("e2e", endToEndTests, [
  /\/(house|streams|sources|calibrate|every-sample|command-line|settings|kept-out|faults-clients)\.test\.ts$/,
  /\/(faults-\w+|relay|commands|hostile-peers)\.test\.ts$/,
]);
const binary = tests("binary", endToEndTests, "--test-name-pattern", "binary");

/** What can be asked for by name. */
const named: Readonly<Record<string, readonly Part[]>> = {
  types: [types],
  lint: [lint],
  unit: [unit],
  build: [build],
  e2e: [build, endToEnd],
  binary: [build, binary],
};

process.exitCode = await main(process.argv.slice(2));

async function main(names: readonly string[]): Promise<number> {
  const parts = names.length === 0 ? [types, lint, unit, build, endToEnd] : names.flatMap(partsNamed);
  const lines: string[] = [];
  let sum: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  for (const { name, run } of new Set(parts)) {
    console.log(`\n── ${name}`);
    const startedMs = performance.now();
    const counts = await run();
    const tookS = ((performance.now() - startedMs) / 1000).toFixed(1);
    lines.push(`${name.padEnd(12)} ${sentence(counts).padEnd(40)} ${tookS} s`);
    sum = {
      passed: sum.passed + counts.passed,
      failed: sum.failed + counts.failed,
      skipped: sum.skipped + counts.skipped,
    };
  }
  console.log(`\n${lines.join("\n")}\n\n${sentence(sum)}`);
  return sum.failed > 0 || sum.passed === 0 ? 1 : 0;
}

/** Parts by a name, or those tests that stand at a path. */
function partsNamed(name: string): readonly Part[] {
  const parts = named[name];
  if (parts) return parts;
  const path = name.replace(/^\.\//, "").replace(/\/$/, "");
  const files = testFiles((file) => file === path || file.startsWith(`${path}/`));
  return files.some(isEndToEnd) ? [build, tests(path, files)] : [tests(path, files)];
}

/** A part that is one program: it counts as one test. */
function check(name: string, ...command: readonly string[]): Part {
  return {
    name,
    run: async () => {
      const { exitCode } = await runShown(command, root, { limitMs: seconds(300) });
      return exitCode === 0 ? onePassed : oneFailed;
    },
  };
}

/** Several Buns at once: one for the files of each pattern that no pattern before it took, and one for all others. */
function sideBySide(name: string, files: readonly string[], patterns: readonly RegExp[]): Part {
  const laneOf = (file: string) => patterns.findIndex((pattern) => pattern.test(file));
  const lanes = [-1, ...patterns.keys()].map((lane) =>
    tests(
      name,
      files.filter((file) => laneOf(file) === lane),
    ),
  );
  return {
    name,
    run: async () => {
      const all = await Promise.all(lanes.map(({ run }) => run()));
      return all.reduce((sum, counts) => ({
        passed: sum.passed + counts.passed,
        failed: sum.failed + counts.failed,
        skipped: sum.skipped + counts.skipped,
      }));
    },
  };
}

/** Test files in one Bun, one after another. Nothing run, or an end before the summary, counts as a failure. */
function tests(name: string, files: readonly string[], ...flags: readonly string[]): Part {
  return {
    name,
    run: async () => {
      if (files.length === 0) {
        console.log(`no tests; the parts are ${Object.keys(named).join(", ")}, everything else is a path`);
        return oneFailed;
      }
      const command = ["test", "--timeout", String(TEST_LIMIT_MS), ...flags, ...files.map((file) => `./${file}`)];
      const { exitCode, output } = await runShown(command, root, { limitMs: seconds(1200) });
      const counts = countsOf(output);
      if (!counts) {
        console.log(`bun test ended with ${exitCode}, before its summary`);
        return oneFailed;
      }
      const bad = exitCode !== 0 || counts.passed + counts.failed === 0;
      return bad && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
    },
  };
}

function testFiles(wanted: (file: string) => boolean): string[] {
  return [...new Bun.Glob("test/**/*.test.{ts,tsx}").scanSync({ cwd: root })].filter(wanted).sort();
}

function sentence({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
