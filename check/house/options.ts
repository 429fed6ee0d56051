/** The command line of the house check. */
import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "../usage.ts";

export const HELP = `bun check/house.ts: does exactly one relay answer, whoever is slow and whoever is killed?

  --seed N      what happens hangs on it (another one each time, printed first)
  --rounds N    that are played (1000)
  --help

Starts a hub and ten relays, each a process, and kills them with SIGKILL at every step of a round. Exit code 1 with the
first round that was not as it must be, and all that happened in it.`;

export interface HouseOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly help: boolean;
}

/** @param anySeed what to take where none is named @throws UsageError */
export function parseHouseOptions(args: readonly string[], anySeed: number): HouseOptions {
  const { values } = parse(args);
  return {
    seed: values.seed === undefined ? anySeed : wholeNumber("seed", values.seed, 0),
    rounds: wholeNumber("rounds", values.rounds, 1),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        rounds: { type: "string", default: "1000" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
