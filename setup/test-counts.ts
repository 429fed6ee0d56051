// The figures at the end of what `bun test` prints. Its JUnit report would be easier to read, but leaves out files
// that throw while they load.

/** Counts of one run of `bun test`; tests marked as to do count as skipped. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * @param output everything that `bun test` wrote, with or without colours
 * @returns undefined if there is no summary: it crashed or was killed
 */
export function countsOf(output: string): TestCounts | undefined {
  const lines = Bun.stripANSI(output).split("\n");
  const end = lines.findLastIndex((line) => /^Ran \d+ tests? across \d+ files?\./.test(line));
  if (end < 0) return undefined;
  const figures = new Map<string, number>();
  for (let at = end - 1; at >= 0; at -= 1) {
    const figure = /^ *(\d+) ([a-z]+)/.exec(lines[at] ?? "");
    if (!figure) break;
    figures.set(figure[2] ?? "", Number(figure[1]));
  }
  const count = (name: string): number => figures.get(name) ?? 0;
  return { passed: count("pass"), failed: count("fail"), skipped: count("skip") + count("todo") };
}
