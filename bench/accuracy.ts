// How many wake words are missed, and how often something else wakes: `bun bench/accuracy.ts [--quick]`; --help says more.
// Every stream goes through the network once; Earshot's own trigger is then tried on the scores with many settings.
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { CATALOGUE } from "../src/wake/catalogue.ts";
import { defaultSettings } from "../src/wake/detector.ts";
import {
  type Corpus,
  type CorpusOptions,
  debianCorpora,
  generatedCorpora,
  negativesFrom,
  positivesFrom,
  recordedCorpora,
} from "./accuracy/corpora.ts";
import { type Measured, measure, PLAIN, pointAt, THRESHOLDS, withThreshold } from "./accuracy/curves.ts";
import { NOISES, type NoiseMaterial } from "./accuracy/noise.ts";
import { type AccuracyOptions, HELP, parseOptions, UsageError } from "./accuracy/options.ts";
import { planAll, SNRS_DB } from "./accuracy/plans.ts";
import { type Curve, plotSvg } from "./accuracy/plot.ts";
import type { Condition } from "./accuracy/render.ts";
import { report } from "./accuracy/report.ts";
import { scoreStreams } from "./accuracy/scoring.ts";

const QUICK_MS = 600_000;
const QUICK_SNRS_DB = [10];
/** The noise of the plot's second half. */
const PLOTTED_SNR_DB = 10;
const RECORDINGS = join(import.meta.dir, "../../shared/audio");

const say = (message: string): void => console.error(message);

async function gather(asked: AccuracyOptions, models: readonly string[], options: CorpusOptions) {
  const recorded = await recordedCorpora(RECORDINGS, options.onLeftOut);
  const debian = await debianCorpora(options);
  const material: NoiseMaterial = {
    voices: recorded
      .filter(({ says, nearlySays }) => says === undefined && nearlySays === undefined)
      .flatMap(({ clips }) => clips),
    music: debian.filter(({ name }) => name === "music").flatMap(({ clips }) => clips),
  };
  const positives =
    asked.positives === undefined
      ? [...recorded.filter(({ says }) => says !== undefined), ...(await generatedCorpora(models, options))]
      : [await positivesFrom(asked.positives, models[0] ?? "")];
  const negatives =
    asked.negatives === undefined
      ? [...recorded.filter(({ says }) => says === undefined), ...debian]
      : [await negativesFrom(asked.negatives)];
  return { corpora: [...positives, ...negatives] satisfies readonly Corpus[], material };
}

function curveOf(measured: Measured, condition: (name: string) => boolean): Curve {
  const { model } = measured;
  const at = (settings: Parameters<typeof pointAt>[2]) => pointAt(measured, condition, settings);
  return {
    name: model.name,
    points: THRESHOLDS.map((threshold) => at(withThreshold(model, threshold))),
    standard: at(defaultSettings(model)),
    plain: at(PLAIN),
  };
}

async function main(): Promise<void> {
  const asked = parseOptions(process.argv.slice(2));
  if (asked.help) {
    console.log(HELP);
    return;
  }
  const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "earshot");
  const scoreFolder = join(cacheFolder, "scores");
  await mkdir(scoreFolder, { recursive: true });
  const entries = asked.model === undefined ? CATALOGUE.map(({ name }) => name) : [asked.model];
  const snrsDb = asked.quick ? QUICK_SNRS_DB : SNRS_DB;
  say(`seed ${asked.seed}; gathering sounds in ${cacheFolder}`);
  const leftOut: string[] = [];
  const { corpora, material } = await gather(asked, entries, {
    cacheFolder,
    mostMs: asked.quick ? QUICK_MS : Number.POSITIVE_INFINITY,
    quick: asked.quick,
    seed: asked.seed,
    onLeftOut: (message) => {
      leftOut.push(message);
      say(`left out: ${message}`);
    },
  });
  const possible = NOISES.filter(
    (noise) => noise === "pink" || (noise === "music" ? material.music : material.voices).length > 0,
  );
  const noises: readonly Condition[] = snrsDb.flatMap((snrDb) =>
    possible.map((noise) => ({ kind: "noise", noise, snrDb }) as const),
  );
  const plans = planAll(corpora, noises, asked.seed);
  let told = 0;
  const scored = await scoreStreams(plans, { models: entries, material, cacheFolder: scoreFolder }, (share) => {
    if (share < told + 0.1 && share < 1) return;
    told = share;
    say(`${Math.round(share * 100)} % of ${plans.length} streams`);
  });
  const measured = measure(scored.models, corpora, plans, scored.streams);
  const tables = report({ corpora, measured, seed: asked.seed, form: scored.form, snrsDb, leftOut });
  console.log(tables);

  if (asked.out === undefined) return;
  const withWords = measured.filter(({ positives }) => positives.length > 0);
  const svg = plotSvg([
    { title: "as recorded", curves: withWords.map((one) => curveOf(one, (name) => name === "as recorded")) },
    {
      title: `in noise at ${PLOTTED_SNR_DB} dB`,
      curves: withWords.map((one) => curveOf(one, (name) => name.endsWith(` ${PLOTTED_SNR_DB} dB`))),
    },
  ]);
  await mkdir(asked.out, { recursive: true });
  await Bun.write(join(asked.out, "accuracy.svg"), svg);
  await Bun.write(join(asked.out, "accuracy.md"), `${INTRODUCTION}\n\n${tables}\n`);
  say(`wrote accuracy.md and accuracy.svg to ${asked.out}`);
}

const INTRODUCTION = `# How accurate Earshot is

Written by \`bun bench/accuracy.ts\`; what it does and how to try your own recordings, \`bun bench/accuracy.ts --help\` says.

![Misses against false accepts per hour](accuracy.svg)

Both axes grow with the square root.

How it is measured: clips are laid one behind the other in streams of about four minutes, with 1 to 1.5 s (behind a wake
word 2 to 3 s) of noise between them at the level of the clips' own background, so that there is neither digital silence
nor a step. Each stream is heard as a live one: deaf for its first 2 s. A word counts as heard if something fires between
the clip's beginning and 1 s after its end. In noise, speech (the frames of 20 ms within 20 dB of the loudest) is brought
to -26 dB of full scale, and noise lies the stated distance below on average: pink noise, babble of six voices, or music.
False accepts are counted per hour of the clips, gaps left out. Words by real people are few: "people" is what counts,
"espeak-ng" is a synthetic voice and says more about noise than about people. Thresholds and rule were chosen on the tuning
half: what brings the false accepts of plain 0.5 to less than half and misses least.`;

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  say(`${error.message}\n\n${HELP}`);
  process.exitCode = 2;
}
