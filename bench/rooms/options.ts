/** The command line of the rooms benchmark. */
import { parseArgs } from "node:util";

export const HELP = `bun bench/rooms.ts: which relay wins when somebody speaks, for each policy

  --seed N     what houses, people, words and noise hang on (1)
  --rooms N    how many houses of one room; half as many of several rooms are added (80: eleven minutes on one core)
  --out FILE   writes the tables into this page, between its two marks; docs/rooms.md is one
  --quick      10 houses: about a minute and a half on one core
  --help

Listens to ../shared/audio/alexa through simulated rooms, with the real wake-word network.`;

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface RoomsOptions {
  readonly seed: number;
  readonly rooms: number;
  readonly quick: boolean;
  readonly help: boolean;
  /** Undefined: the tables are printed. */
  readonly out?: string;
}

const QUICK_ROOMS = 10;

/** @throws UsageError */
export function parseOptions(args: readonly string[]): RoomsOptions {
  const { values } = parse(args);
  const [seed, rooms] = [Number(values.seed), Number(values.rooms)];
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed takes a whole number, not "${values.seed}"`);
  if (!Number.isSafeInteger(rooms) || rooms < 1)
    throw new UsageError(`--rooms takes a number of 1 or more, not "${values.rooms}"`);
  const { quick, help, out } = values;
  return { seed, rooms: quick ? QUICK_ROOMS : rooms, quick, help, ...(out !== undefined && { out }) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string", default: "1" },
        rooms: { type: "string", default: "80" },
        quick: { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
