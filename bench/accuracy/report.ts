/** The figures as Markdown tables, for the terminal and for the documentation alike. */
import { defaultSettings } from "../../src/wake/detector.ts";
import type { TriggerSettings } from "../../src/wake/trigger.ts";
import type { Corpus } from "./corpora.ts";
import { countFalseAccepts, countMisses, delaysOf, type FalseAccepts, type Misses } from "./counting.ts";
import {
  falseAcceptsIn,
  type Measured,
  type ModelTracks,
  missesIn,
  PLAIN,
  pointAt,
  THRESHOLDS,
  withThreshold,
  wordsOf,
} from "./curves.ts";
import { NOISES } from "./noise.ts";
import type { Half } from "./seeded.ts";

export interface ReportOptions {
  readonly corpora: readonly Corpus[];
  readonly measured: readonly Measured[];
  readonly seed: number;
  readonly form: string;
  readonly snrsDb: readonly number[];
  /** What could not be listened to. */
  readonly leftOut: readonly string[];
}

type Cells = readonly string[];

/** A Markdown table that is aligned in plain text too. */
export function markdownTable(head: Cells, rows: readonly Cells[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => (row[column] ?? "").length)));
  const line = (row: Cells): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

function missCell({ clips, missed }: Misses): string {
  return clips === 0 ? "" : `${missed}/${clips}`;
}

function shareCell({ clips, missed }: Misses): string {
  return clips === 0 ? "" : `${((100 * missed) / clips).toFixed(1)} %`;
}

function rateCell({ count, hours }: FalseAccepts): string {
  return hours === 0 ? "" : `${count} (${(count / hours).toFixed(2)}/h)`;
}

/** In words: "0.5", "0.4, 2 frames or 0.95, voice 0.8". */
export function settingsName({ threshold, patience, sure, vadThreshold }: TriggerSettings): string {
  const frames = patience === 1 ? "" : `, ${patience} frames${sure === undefined ? "" : ` or ${sure}`}`;
  return `${threshold}${frames}${vadThreshold === 0 ? "" : `, voice ${vadThreshold}`}`;
}

function settingsOf({ model }: Measured): readonly (readonly [string, TriggerSettings])[] {
  return [
    ["plain", PLAIN],
    ["default", defaultSettings(model)],
  ];
}

function heardTable(corpora: readonly Corpus[]): string {
  const rows = corpora.map(({ name, says, nearlySays, clips }) => [
    name,
    String(clips.length),
    says ?? (nearlySays === undefined ? "nothing" : `nearly ${nearlySays}`),
  ]);
  return markdownTable(["corpus", "clips", "says"], rows);
}

function missesTable({ measured, snrsDb }: ReportOptions): string {
  const conditions = ["as recorded", ...snrsDb.flatMap((snr) => NOISES.map((noise) => `${noise} ${snr} dB`))];
  const rows = measured.flatMap((one) =>
    [...new Set(one.positives.map(({ corpus }) => corpus.name))].flatMap((name) =>
      settingsOf(one).map(([kind, settings]) => {
        const ofCorpus = one.positives.filter(({ corpus }) => corpus.name === name);
        const cells = conditions.map((wanted) => {
          const misses = missesIn(
            ofCorpus.filter(({ condition }) => condition === wanted),
            settings,
          );
          return wanted === "as recorded" ? missCell(misses) : shareCell(misses);
        });
        return [name, `${kind}: ${settingsName(settings)}`, ...cells];
      }),
    ),
  );
  return markdownTable(["", "settings", ...conditions], rows);
}

/** Words in all conditions. */
function delaysTable({ measured }: ReportOptions): string {
  const rows = measured.flatMap((one) =>
    [...new Set(one.positives.map(({ corpus }) => corpus.name))].map((name) => {
      const tracks = tracksOf(one.positives.filter(({ corpus }) => corpus.name === name));
      const delays = delaysOf(tracks, defaultSettings(one.model), PLAIN);
      const at = (share: number): string => `${delays[Math.floor(share * (delays.length - 1))] ?? 0} ms`;
      return [name, String(delays.length), at(0.5), at(0.9), at(1)];
    }),
  );
  return markdownTable(["", "words both notice", "median", "90 %", "longest"], rows);
}

function falseAcceptsTable({ corpora, measured }: ReportOptions): string {
  const names = [...new Set(measured.flatMap(({ negatives }) => negatives.map(({ corpus }) => corpus.name)))];
  // Words of other models are short and many: one row for them all.
  const synthetic = new Set(corpora.filter((corpus) => corpus.synthetic).map(({ name }) => name));
  const rowOf = (name: string): string => (synthetic.has(name) ? "espeak-ng: words of other models" : name);
  const rows: Cells[] = [...new Set(names.map(rowOf)), "all"].map((row) => {
    const groups = (one: Measured): readonly ModelTracks[] =>
      row === "all" ? one.negatives : one.negatives.filter(({ corpus }) => rowOf(corpus.name) === row);
    const hours = Math.max(...measured.map((one) => falseAcceptsIn(groups(one), PLAIN).hours));
    const cells = measured.map((one) => {
      const [plain, standard] = settingsOf(one).map(([, settings]) => falseAcceptsIn(groups(one), settings));
      return plain && standard && plain.hours > 0 ? `${plain.count} → ${standard.count}` : "";
    });
    return [row, hours.toFixed(2), ...cells];
  });
  const rates = measured.map((one) =>
    settingsOf(one)
      .map(([, settings]) => falseAcceptsIn(one.negatives, settings))
      .map(({ count, hours }) => (hours > 0 ? (count / hours).toFixed(2) : ""))
      .join(" → "),
  );
  return markdownTable(
    ["", "hours", ...measured.map(({ model }) => model.name)],
    [...rows, ["per hour", "", ...rates]],
  );
}

function nearTable({ measured }: ReportOptions): string | undefined {
  const rows = measured.flatMap((one) =>
    one.near.flatMap((group) =>
      settingsOf(one).map(([kind, settings]) => {
        const { clips, missed } = missesIn([group], settings);
        return [group.corpus.name, one.model.name, `${kind}: ${settingsName(settings)}`, `${clips - missed}/${clips}`];
      }),
    ),
  );
  return rows.length > 0 ? markdownTable(["", "wakes", "settings", "clips that do"], rows) : undefined;
}

function thresholdTable(one: Measured, snrsDb: readonly number[]): string {
  const conditions = ["as recorded", ...snrsDb.map((snr) => `${snr} dB`)];
  const rows = [...THRESHOLDS.map((threshold) => withThreshold(one.model, threshold))].map((settings) => [
    String(settings.threshold),
    ...conditions.map((wanted) => {
      const { missedShare } = pointAt(one, (name) => name.endsWith(wanted), settings);
      return one.positives.length > 0 ? `${(100 * missedShare).toFixed(1)} %` : "";
    }),
    rateCell(falseAcceptsIn(one.negatives, settings)),
  ]);
  return markdownTable(["threshold", ...conditions.map((name) => `missed ${name}`), "false accepts"], rows);
}

function halvesTable({ measured }: ReportOptions): string {
  const halves: readonly Half[] = ["tuning", "test"];
  const rows = measured.flatMap((one) =>
    settingsOf(one).map(([kind, settings]) => {
      const recorded = wordsOf(one).filter(({ condition }) => condition === "as recorded");
      const cells = halves.flatMap((half) => [
        missCell(countMisses(tracksOf(recorded), settings, half)),
        rateCell(countFalseAccepts(tracksOf(one.negatives), settings, half)),
      ]);
      return [one.model.name, `${kind}: ${settingsName(settings)}`, ...cells];
    }),
  );
  const sums = ["plain", "default"].map((kind) => {
    const counted = halves.map((half) =>
      measured.reduce((sum, one) => {
        const [, settings] = settingsOf(one).find(([name]) => name === kind) ?? ["", PLAIN];
        return sum + countFalseAccepts(tracksOf(one.negatives), settings, half).count;
      }, 0),
    );
    return ["all", kind, ...counted.flatMap((count) => ["", String(count)])];
  });
  return markdownTable(
    ["", "settings", "tuning: missed", "false accepts", "test: missed", "false accepts"],
    [...rows, ...sums],
  );
}

function tracksOf(groups: readonly ModelTracks[]) {
  return groups.flatMap(({ tracks }) => tracks);
}

/** The whole report. */
export function report(options: ReportOptions): string {
  const { corpora, measured, seed, form, snrsDb, leftOut } = options;
  const near = nearTable(options);
  return [
    "## Misses",
    'Words that were not heard, of all. "Plain" is openWakeWord\'s own rule: it fires in the first frame at 0.5. By default a score has to reach its model\'s threshold in two frames in a row, or the higher one in one frame, and somebody must have spoken within the last 0.8 s, says Silero VAD with at least the probability behind "voice".',
    missesTable(options),
    "## Delay",
    "How much later than plain a word is noticed by default, in all conditions together; below nought, earlier. A frame is 80 ms.",
    delaysTable(options),
    "## False accepts",
    "What wakes a model that nobody called: plain → default.",
    falseAcceptsTable(options),
    ...(near === undefined
      ? []
      : ["Nearly the word: no false accepts, for a person might want them, and no misses.", near]),
    "## Two halves",
    "The clips fall in two halves by the hash of their names. What is chosen by figures is chosen on the first, and judged on the second.",
    halvesTable(options),
    "## Over thresholds",
    "With the default settings but for the threshold; noise of all kinds together; words by people where there are any, else by espeak-ng.",
    ...measured.flatMap((one) => [`### ${one.model.name}`, thresholdTable(one, snrsDb)]),
    "## What was listened to",
    heardTable(corpora),
    ...leftOut.map((message) => `Left out: ${message}.`),
    `Seed ${seed}; ${form}.`,
  ].join("\n\n");
}
