// The house with real processes: `bun check/house.ts`, or `npm run check:house`. A hub, ten relays, and a thousand rounds in
// which some are slow and some are killed: whether exactly one answers each. Exit code 1 where something is not as it must be.
import { monotonicMs } from "../ffi/clock.ts";
import { checkHouse } from "./house/check-house.ts";
import { growthOf } from "./house/growth.ts";
import { HELP, parseHouseOptions } from "./house/options.ts";
import { historyText, houseText } from "./house/report.ts";
import { UsageError } from "./usage.ts";

const PROGRESS_ROUNDS = 50;

async function main(): Promise<void> {
  const options = parseHouseOptions(process.argv.slice(2), Math.floor(Math.random() * 2 ** 31));
  if (options.help) {
    console.log(HELP);
    return;
  }
  const { seed, rounds } = options;
  console.error(`seed ${seed}`);
  let told = 0;
  const report = await checkHouse({
    ...{ seed, rounds, monotonicMs },
    onProgress: (played) => {
      if (played < told + PROGRESS_ROUNDS) return;
      told = played;
      console.error(`${played} rounds`);
    },
  });
  const { violation } = report;
  const growth = report.grown === undefined ? [] : growthOf(report.grown);
  if (violation !== undefined) console.log(historyText(violation.history, violation.what));
  console.log(houseText(report));
  for (const line of growth) console.log(line);
  if (violation === undefined && growth.length === 0) return;
  console.log(`FAILED; again: bun check/house.ts --seed ${seed} --rounds ${rounds}`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
