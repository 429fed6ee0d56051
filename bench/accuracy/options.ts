/** The command line of the accuracy benchmark. */
import { parseArgs } from "node:util";

export const HELP = `bun bench/accuracy.ts: misses against false accepts per hour, for each model

  --quick              three minutes: one language of prompts, noise at 10 dB; writes nothing
  --seed N             what gaps, order, noise and samples hang on (1)
  --positives DIR      a folder of clips with the word of --model, once each, instead of all words
  --model NAME         a model of the catalogue or the path of an .onnx head (all of the catalogue)
  --negatives DIR      a folder of recordings without wake words, instead of all others
  --out FOLDER         where accuracy.md and accuracy.svg go (docs; nowhere with --quick or folders of your own)
  --help

Listens to ../shared/audio, to espeak-ng, and to Debian packages with hours of speech and music, which it downloads
(180 MB) and unpacks, as it keeps scores, in $XDG_CACHE_HOME/earshot (~/.cache/earshot). The first full run takes about
twenty minutes on two cores.`;

/** A command line that makes no sense. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export interface AccuracyOptions {
  readonly quick: boolean;
  readonly help: boolean;
  readonly seed: number;
  readonly positives?: string;
  readonly negatives?: string;
  readonly model?: string;
  /** Undefined: nothing is written. */
  readonly out?: string;
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): AccuracyOptions {
  const { values } = parse(args);
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new UsageError(`--seed takes a whole number, not "${values.seed}"`);
  const { positives, negatives, model, quick, help } = values;
  if (positives !== undefined && model === undefined)
    throw new UsageError("--positives needs --model NAME: whose word do the clips hold?");
  const standard = !quick && positives === undefined && negatives === undefined && model === undefined;
  const out = values.out ?? (standard ? "docs" : undefined);
  return {
    quick,
    help,
    seed,
    ...(positives !== undefined && { positives }),
    ...(negatives !== undefined && { negatives }),
    ...(model !== undefined && { model }),
    ...(out !== undefined && { out }),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        seed: { type: "string", default: "1" },
        positives: { type: "string" },
        negatives: { type: "string" },
        model: { type: "string" },
        out: { type: "string" },
      },
    });
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
