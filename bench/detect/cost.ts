/** What a way of detecting costs, and what that says. */
import { HOP_MS } from "../../src/wake/features.ts";
import { aligned, quantile, rounded } from "../table.ts";

/** What was measured of one way, all of it while the other ways waited. */
export interface Measured {
  readonly name: string;
  readonly streams: number;
  /** How many of the streams the network slept over at the end. */
  readonly asleep: number;
  /** CPU time of a pass, mean of each round: a pass is one hop of every stream. */
  readonly cpuMs: readonly number[];
  /** From the begin to the end of each pass. */
  readonly wallMs: readonly number[];
}

/** CPU milliseconds for a second of one stream: the median of the rounds. */
export function cpuPerSecondMs({ cpuMs, streams }: Measured): number {
  return ((quantile(cpuMs, 0.5) / streams) * 1000) / HOP_MS;
}

/** How much of one core all streams of a way take together; below 1 is real time. */
export function coreShare({ cpuMs }: Measured): number {
  return quantile(cpuMs, 0.5) / HOP_MS;
}

/** Ratios compare with the first. */
export function costTable(ways: readonly Measured[]): string {
  const head = [
    "",
    "CPU ms per s and stream",
    "ratio",
    "share of a core",
    "times real time",
    "pass ms median",
    "pass ms p99",
    "asleep",
  ];
  const [first] = ways;
  const lines = ways.map((way) => [
    way.name,
    rounded(cpuPerSecondMs(way)),
    `${rounded(cpuPerSecondMs(way) / (first ? cpuPerSecondMs(first) : Number.NaN))}x`,
    `${rounded(100 * coreShare(way))} %`,
    rounded(1 / coreShare(way)),
    rounded(quantile(way.wallMs, 0.5)),
    rounded(quantile(way.wallMs, 0.99)),
    way.asleep > 0 ? String(way.asleep) : "",
  ]);
  return aligned([head, ...lines]);
}

/** What is asked of the detection, as a figure that is measured and a bound. */
export interface Aim {
  readonly what: string;
  readonly figure: number;
  readonly bound: number;
  /** Whether the figure may not be above the bound, or not below it. */
  readonly rule: "at most" | "at least";
}

/** One line: what was asked, what came out. */
export function aimLine({ what, figure, bound, rule }: Aim): string {
  const met = rule === "at most" ? figure <= bound : figure >= bound;
  return `${met ? "met   " : "MISSED"} ${what}: ${rounded(figure)} (${rule} ${bound})`;
}
