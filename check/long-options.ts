/** The command line of the long check. */
import { parseArgs } from "node:util";
import { UsageError, wholeNumber } from "./usage.ts";

export const HELP = `bun check/long.ts: is the engine exact, and does nothing wake it that is not there?

  --seed N       what sound, places and order hang on (another one each time, printed first)
  --minutes N    of mixed sound, in all streams together, to compare with the plain pipeline (60; 0 leaves it out)
  --streams N    at a time, in that comparison (6)
  --each N       how often each disturbance happens on noise, on music and on speech (1000; 0 leaves it out)
  --help

Listens to ../shared/audio and to Debian packages with hours of speech and music, which it downloads (180 MB) and unpacks
in $XDG_CACHE_HOME/earshot (~/.cache/earshot). Exit code 1 where something is not as it must be, with its place.`;

export interface LongOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly streams: number;
  readonly each: number;
  readonly help: boolean;
}

/**
 * @param anySeed what to take where none is named
 * @throws UsageError
 */
export function parseLongOptions(args: readonly string[], anySeed: number): LongOptions {
  const { values } = parse(args);
  const minutes = Number(values.minutes);
  if (!(minutes >= 0 && minutes <= 600)) {
    throw new UsageError(`--minutes takes a number of 0 to 600, not "${values.minutes}"`);
  }
  return {
    seed: values.seed === undefined ? anySeed : wholeNumber("seed", values.seed, 0),
    minutes,
    streams: wholeNumber("streams", values.streams, 1),
    each: wholeNumber("each", values.each, 0),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seed: { type: "string" },
        minutes: { type: "string", default: "60" },
        streams: { type: "string", default: "6" },
        each: { type: "string", default: "1000" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
