// What the rooms benchmark prints: Markdown tables.
import type { HouseKind } from "./house.ts";
import type { RoomsOptions } from "./options.ts";
import { COUNTS } from "./reports.ts";
import type { Tally } from "./tally.ts";
import { GAIN_SPREADS_DB, SAID_TOGETHER, unnamed, WAKES } from "./trial.ts";

const LABELS = [
  "rms",
  "band",
  "snr",
  "envelope",
  "first",
  ...WAKES.map((wakes) => `auto, ${wakes} wakes`),
  "auto, calibrated",
  "auto, gains known",
  "band, gains known",
  "claimed in time",
];
/** Where nobody said which relays share a room. */
const UNNAMED = [...WAKES.map((wakes) => unnamed(`auto, ${wakes} wakes`)), SAID_TOGETHER];
const KINDS: readonly HouseKind[] = ["one room", "several rooms"];

export function report(tally: Tally, { seed, rooms }: RoomsOptions): string {
  const tables = KINDS.flatMap((kind) => [table(tally, kind, "percent"), table(tally, kind, "extra")]);
  const errors = KINDS.map((kind) => table(tally, kind, "error"));
  const whereUnnamed = [
    ...KINDS.map((kind) => table(tally, kind, "percent", UNNAMED)),
    table(tally, "one room", "error", UNNAMED),
  ];
  const { moved } = tally;
  return [
    `\`bun bench/rooms.ts --seed ${seed} --rooms ${rooms}\`: ${rooms} houses of one room and ${Math.ceil(rooms / 2)} of several.`,
    ...tables,
    ...errors,
    "What follows is of the same houses and words where nobody said which relays share a room:",
    ...whereUnnamed,
    `Relays that were taken for moved, though none was: ${moved.named}, and ${moved.unnamed} where rooms were unknown.`,
  ].join("\n\n");
}

const TITLES = {
  percent: "percent of words that the right relay won",
  extra: "mean extra distance, m",
  error: "error of the learned gains, dB (root mean square)",
} as const;

function table(tally: Tally, kind: HouseKind, what: keyof typeof TITLES, labels = LABELS): string {
  const head = ["", ...GAIN_SPREADS_DB.map((db) => (db === 0 ? "gains equal" : `${db} dB apart`))];
  const lines: (readonly string[])[] = [];
  for (const label of labels) {
    const cells = GAIN_SPREADS_DB.map((spreadDb) => {
      const figures = COUNTS.map((count) => {
        const { percent, extraM, gainErrorDb } = tally.cell({ kind, count, spreadDb, label });
        if (what === "percent") return percent.toFixed(1);
        return what === "extra" ? extraM.toFixed(2) : gainErrorDb?.toFixed(1);
      });
      return figures.some((figure) => figure === undefined) ? undefined : figures.join(" / ");
    });
    if (GAIN_SPREADS_DB.some((spreadDb) => tally.cell({ kind, count: COUNTS[0] ?? 0, spreadDb, label }).rounds === 0))
      continue;
    const filled = cells.flatMap((cell) => cell ?? []);
    if (filled.length === cells.length) lines.push([label, ...filled]);
  }
  const rounds = COUNTS.map((count) => tally.cell({ kind, count, spreadDb: 0, label: "rms" }).rounds).join(" / ");
  const title = `**${kind === "one room" ? "One room" : "Several rooms"}: ${TITLES[what]}** with ${COUNTS.join(" / ")} relays (${rounds} words)`;
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [title, "", row(head), row(head.map(() => "---")), ...lines.map(row)].join("\n");
}
