/** From what was judged to what `earshot models test` says. Pure. */
import type { Judged } from "./models-test-scores.ts";

/** Tried on every recording. */
export const THRESHOLDS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95] as const;

/** Fewer say nothing about a word; less time says nothing about a house. */
const LEAST_CLIPS = 20;
const LEAST_HOURS = 0.5;
/** What openWakeWord calls a good model: less than one false accept in two hours. */
const BEARABLE_PER_HOUR = 0.5;
/** A head that hears less than this at any bearable threshold does not know the word. */
const LEAST_HEARD = 0.5;

export interface Row {
  readonly threshold: number;
  readonly heard: number;
  readonly missed: number;
  readonly falseAccepts: number;
  readonly perHour: number;
}

export interface Recommendation {
  /** undefined where nothing can be said. */
  readonly threshold: number | undefined;
  readonly reason: string;
}

export interface OtherScale {
  readonly inputScale: string;
  readonly heard: number;
}

/** Both tried with the settings of the house first, then with {@link THRESHOLDS}. */
export interface Evidence {
  readonly positives: readonly Judged[];
  readonly negatives: readonly Judged[];
  /** How much is heard when the samples are scaled otherwise; undefined where nobody tried. */
  readonly otherScale: OtherScale | undefined;
}

export interface Report {
  /** With the settings of the house. */
  readonly asItIs: Row;
  readonly hours: number;
  readonly positives: readonly ClipVerdict[];
  readonly falseAccepts: readonly FalseAccept[];
  readonly thresholds: readonly Row[];
  readonly otherScale: OtherScale | undefined;
  /** What to do about the scale, if anything. */
  readonly advice: string | undefined;
  readonly recommendation: Recommendation;
}

export interface ClipVerdict {
  readonly file: string;
  readonly heard: boolean;
  /** Of the frame that fired; of a clip that was missed, the highest score. */
  readonly confidence: number;
  /** The end of the frame that fired, from the beginning of the clip. */
  readonly atMs: number | undefined;
  /** It fired, but nobody was heard to speak. */
  readonly noVoice: boolean;
}

export interface FalseAccept {
  readonly file: string;
  readonly atMs: number;
  readonly confidence: number;
}

export function reportOn({ positives, negatives, otherScale }: Evidence, threshold: number): Report {
  const hours = negatives.reduce((sum, { durationMs }) => sum + durationMs, 0) / 3_600_000;
  const row = (index: number, at: number): Row => {
    const heard = positives.filter((clip) => isHeard(clip, index)).length;
    const falseAccepts = negatives.reduce((sum, one) => sum + acceptedHits(one, index).length, 0);
    return {
      threshold: at,
      heard,
      missed: positives.length - heard,
      falseAccepts,
      perHour: hours > 0 ? falseAccepts / hours : 0,
    };
  };
  const asItIs = row(0, threshold);
  const thresholds = THRESHOLDS.map((at, index) => row(index + 1, at));
  return {
    asItIs,
    hours,
    positives: positives.map(verdictOn),
    falseAccepts: negatives.flatMap((one) =>
      acceptedHits(one, 0).map(({ atMs, confidence }) => ({ file: one.file, atMs, confidence })),
    ),
    thresholds,
    otherScale,
    advice: scaleAdvice(otherScale, asItIs),
    recommendation: recommend(thresholds, positives.length, hours),
  };
}

function acceptedHits({ hits }: Judged, index: number) {
  return (hits[index] ?? []).filter(({ vetoed }) => !vetoed);
}

function isHeard(clip: Judged, index: number): boolean {
  return acceptedHits(clip, index).length > 0;
}

function verdictOn(clip: Judged): ClipVerdict {
  const [hit] = acceptedHits(clip, 0);
  const noVoice = hit === undefined && (clip.hits[0] ?? []).length > 0;
  return {
    file: clip.file,
    heard: hit !== undefined,
    confidence: hit?.confidence ?? clip.highest,
    atMs: hit?.atMs,
    noVoice,
  };
}

function scaleAdvice(other: OtherScale | undefined, { heard }: Row): string | undefined {
  if (other === undefined || other.heard <= heard) return undefined;
  return `with input_scale ${other.inputScale} it hears ${other.heard} instead of ${heard}: set input_scale: ${other.inputScale}`;
}

/** The threshold that hears most among those with bearably few false accepts; the middle of those that hear alike. */
export function recommend(rows: readonly Row[], clips: number, hours: number): Recommendation {
  if (clips < LEAST_CLIPS || hours < LEAST_HOURS) {
    const minutes = (hours * 60).toFixed(hours < 0.1 ? 1 : 0);
    const wanted = `${LEAST_CLIPS} clips of the word and ${LEAST_HOURS * 60} minutes without it are the least`;
    return {
      threshold: undefined,
      reason: `too little to say: ${count(clips, "clip")} and ${minutes} minutes; ${wanted}`,
    };
  }
  const bearable = rows.filter(({ perHour }) => perHour <= BEARABLE_PER_HOUR);
  const most = Math.max(0, ...bearable.map(({ heard }) => heard));
  if (bearable.length === 0) {
    return { threshold: undefined, reason: `no threshold has at most ${BEARABLE_PER_HOUR} false accepts per hour` };
  }
  if (most < LEAST_HEARD * clips) {
    const why = `with at most ${BEARABLE_PER_HOUR} false accepts per hour it hears ${most} of ${clips} clips at best`;
    return { threshold: undefined, reason: `no threshold is good: ${why}` };
  }
  const best = bearable.filter(({ heard }) => heard === most);
  const chosen = best[Math.floor((best.length - 1) / 2)];
  if (chosen === undefined) return { threshold: undefined, reason: "nothing was tried" };
  const alike = best.length === 1 ? "" : `, as ${best[0]?.threshold} to ${best.at(-1)?.threshold} do`;
  const reason = `it hears ${most} of ${clips} clips${alike}, with ${chosen.perHour.toFixed(2)} false accepts per hour`;
  return { threshold: chosen.threshold, reason };
}

/** For people. */
export function reportLines(report: Report): readonly string[] {
  const { asItIs, hours, positives, falseAccepts, thresholds, advice, recommendation } = report;
  const percent = (part: number, all: number) => (all === 0 ? "0" : ((100 * part) / all).toFixed(1));
  const table = thresholds.map(({ threshold, heard, missed, falseAccepts, perHour }) =>
    [
      String(threshold).padStart(9),
      String(heard).padStart(6),
      String(missed).padStart(7),
      `${percent(missed, heard + missed)} %`.padStart(8),
      String(falseAccepts).padStart(14),
      perHour.toFixed(2).padStart(9),
    ].join(" "),
  );
  return [
    ...positives.map(({ file, heard, confidence, noVoice }) => {
      const why = noVoice ? "  (it fired, but no speech was found)" : "";
      return `${heard ? "heard " : "MISSED"}  ${confidence.toFixed(3)}  ${file}${why}`;
    }),
    ...falseAccepts.map(({ file, atMs, confidence }) => `FALSE   ${confidence.toFixed(3)}  ${file} at ${clock(atMs)}`),
    "",
    "threshold  heard  missed  missed %  false accepts  per hour",
    ...table,
    "",
    `threshold ${asItIs.threshold}: ${asItIs.heard} of ${count(positives.length, "clip")} heard, ${asItIs.missed} missed; ` +
      `${count(asItIs.falseAccepts, "false accept")} in ${hours.toFixed(2)} h, ${asItIs.perHour.toFixed(2)} per hour`,
    ...(advice === undefined ? [] : [`scale: ${advice}`]),
    recommendation.threshold === undefined
      ? `recommended: nothing: ${recommendation.reason}`
      : `recommended: threshold: ${recommendation.threshold}, because ${recommendation.reason}`,
  ];
}

function count(number: number, thing: string): string {
  return `${number} ${number === 1 ? thing : `${thing}s`}`;
}

/** 1:02:03.4 */
function clock(ms: number): string {
  const tenths = Math.round(ms / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  const minutes = Math.floor(tenths / 600);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}
