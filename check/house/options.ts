/** The command line of the house check. */
import { parseArgs } from "node:util";
import { UsageError } from "../long-options.ts";

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
  const whole = (name: "seed" | "rounds", text: string, least: number): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new UsageError(`--${name} takes a whole number from ${least} on, not "${text}"`);
  };
  return {
    seed: values.seed === undefined ? anySeed : whole("seed", values.seed, 0),
    rounds: whole("rounds", values.rounds, 1),
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
