/**
 * What gains explain what relays of one room reported of the same words, and how sure that is. Pure: least squares with a
 * prior (Gaussian throughout, hence in closed form), weighed anew a few times so that what fits nowhere counts little.
 */
import { identity, type Matrix, solve, sum } from "./gains-linear.ts";

/** One quantity of one word at each relay, dB: all share an unknown loudness. Undefined where a relay has none. */
export type Reports = readonly (Report | undefined)[];

export interface Report {
  readonly db: number;
  /** Standard deviation of what is not its gain, dB. */
  readonly spreadDb: number;
  /** Which wall it came through, whose loss is not known either. */
  readonly wall?: number;
}

/** Walls that words came through: how many, and how much their losses differ from what was put back, dB. */
export interface Walls {
  readonly count: number;
  readonly spreadDb: number;
}

/** A kind of report: what is wrong with it is partly the same in every word. */
export interface Source {
  readonly words: readonly Reports[];
  /** What stays, however many words there are: a favourite chair, a corner in which late sound is louder. Standard deviation, dB. */
  readonly biasDb: number;
}

export interface GainEstimates {
  /** dB, one for each relay. */
  readonly gains: readonly number[];
  /** How wrong they may be together, dB². */
  readonly covariance: Matrix;
}

/**
 * How far apart gains may be, standard deviation in dB, and how likely each is before anything was heard. Many houses have
 * one kind of relay, whose microphones are alike; so that is what is believed until the words say otherwise.
 */
const SPREADS_DB: readonly (readonly [spreadDb: number, probability: number])[] = [
  [0.1, 0.42],
  [1, 0.08],
  [2, 0.125],
  [3.5, 0.125],
  [5.5, 0.125],
  [8, 0.125],
];
const ROUNDS = 3;
/** Degrees of freedom of Student's distribution: what is wrong now and then is far wrong. */
const FREEDOM = 5;

interface Information {
  readonly precision: Matrix;
  /** Precision times the gains that fit best. */
  readonly weighed: readonly number[];
}

/** No gain that somebody stated is better than this, dB. */
const STATED_SPREAD_DB = 0.3;

/**
 * @param count of relays; every report stands at its relay's place
 * @param stated relays of which nothing is to be learned, by their place: somebody stated their gain, and it was taken off
 */
export function estimateGains(
  sources: readonly Source[],
  count: number,
  walls: Walls = { count: 0, spreadDb: 1 },
  stated: ReadonlySet<number> = new Set(),
): GainEstimates {
  const size = count + walls.count;
  let estimates: GainEstimates = { gains: [], covariance: [] };
  let weights: Weights = () => 1;
  for (let round = 0; round < ROUNDS; round++) {
    const parts = sources.map((source, index) => informationOf(source, index, count, size, weights));
    const precision = parts.reduce((all, part) => sum(all, part.precision), identity(size, 0));
    const weighed = Array.from({ length: size }, (_, i) =>
      parts.reduce((all, part) => all + (part.weighed[i] ?? 0), 0),
    );
    estimates = mixed(withoutWalls({ precision, weighed }, count, walls), stated, round === ROUNDS - 1);
    weights = studentWeights(sources, estimates);
  }
  return estimates;
}

type Weights = (source: number, word: number, relay: number) => number;

/** Of one source: the loudness of each word taken out, and what stays the same in all of them. Relays come first, then walls. */
function informationOf(
  { words, biasDb }: Source,
  index: number,
  count: number,
  size: number,
  weights: Weights,
): Information {
  const precision = identity(size, 0);
  const weighed = new Array<number>(size).fill(0);
  words.forEach((reports, word) => {
    const shares = reports.map((report, relay) => (report ? weights(index, word, relay) / report.spreadDb ** 2 : 0));
    const total = shares.reduce((all, share) => all + share, 0);
    if (total === 0) return;
    const mean = reports.reduce((all, report, i) => all + (shares[i] ?? 0) * (report?.db ?? 0), 0) / total;
    // Which unknowns are in each report, and with which sign: its relay's gain, less its wall's loss.
    const sums = new Array<number>(size).fill(0);
    reports.forEach((report, i) => {
      const share = shares[i] ?? 0;
      if (!report || share === 0) return;
      const unknowns: readonly (readonly [number, number])[] =
        report.wall === undefined
          ? [[i, 1]]
          : [
              [i, 1],
              [count + report.wall, -1],
            ];
      for (const [at, sign] of unknowns) {
        sums[at] = (sums[at] ?? 0) + sign * share;
        weighed[at] = (weighed[at] ?? 0) + sign * share * (report.db - mean);
        const row = precision[at] ?? [];
        for (const [other, otherSign] of unknowns) row[other] = (row[other] ?? 0) + sign * otherSign * share;
      }
    });
    const touched = sums.flatMap((value, at) => (value === 0 ? [] : [at]));
    for (const i of touched) {
      const row = precision[i] ?? [];
      for (const j of touched) row[j] = (row[j] ?? 0) - ((sums[i] ?? 0) * (sums[j] ?? 0)) / total;
    }
  });
  return withoutBias({ precision, weighed }, count, biasDb);
}

/** A bias of variance b² for each relay: A becomes A - A (1/b² + A)^-1 A over the relays, and so does what it is multiplied with. */
function withoutBias({ precision, weighed }: Information, count: number, biasDb: number): Information {
  const ofRelays = precision.slice(0, count);
  const shifted = ofRelays.map((row, i) => row.slice(0, count).map((value, j) => value + (i === j ? biasDb ** -2 : 0)));
  const { solution } = solve(
    shifted,
    ofRelays.map((row, i) => [...row, weighed[i] ?? 0]),
  );
  return without({ precision, weighed }, [0, count], solution, weighed.length);
}

/**
 * What is left of the first `rows` unknowns when some are taken out: less their columns times the solution for their rows, which has
 * that of `weighed` behind it.
 */
function without(
  { precision, weighed }: Information,
  [first, end]: readonly [number, number],
  solution: Matrix,
  rows: number,
): Information {
  const left = precision.slice(0, rows).map((row) => row.slice(0, rows));
  const weighedLeft = weighed.slice(0, rows);
  left.forEach((row, i) => {
    for (let k = first; k < end; k++) {
      const factor = precision[i]?.[k] ?? 0;
      if (factor === 0) continue;
      const solved = solution[k - first] ?? [];
      for (let j = 0; j < rows; j++) row[j] = (row[j] ?? 0) - factor * (solved[j] ?? 0);
      weighedLeft[i] = (weighedLeft[i] ?? 0) - factor * (solved[rows] ?? 0);
    }
  });
  return { precision: left, weighed: weighedLeft };
}

/** Walls are solved for once, since what is believed of them is the same whatever gains are: what is left knows relays alone. */
function withoutWalls(all: Information, count: number, { spreadDb }: Walls): Information {
  const size = all.weighed.length;
  if (size === count) return all;
  const ofWalls = all.precision.slice(count);
  const shifted = ofWalls.map((row, i) => row.slice(count).map((value, j) => value + (i === j ? spreadDb ** -2 : 0)));
  const { solution } = solve(
    shifted,
    ofWalls.map((row, i) => [...row.slice(0, count), all.weighed[count + i] ?? 0]),
  );
  return without(all, [count, size], solution, count);
}

/**
 * Over all spreads that gains may have, each as likely as it makes what was reported.
 *
 * @param withCovariance costs as much again for each relay
 */
function mixed(
  { precision, weighed }: Information,
  stated: ReadonlySet<number>,
  withCovariance: boolean,
): GainEstimates {
  const count = weighed.length;
  const ones = identity(count, 1);
  const fits = SPREADS_DB.map(([spreadDb, probability]) => {
    const priorSpread = (relay: number): number => (stated.has(relay) ? STATED_SPREAD_DB : spreadDb);
    const prior = ones.map((row, i) => row.map((one) => one / priorSpread(i) ** 2));
    const unit = weighed.map((value, i) => [value, ...(withCovariance ? (ones[i] ?? []) : [])]);
    const { solution, logDeterminant } = solve(sum(precision, prior), unit);
    const gains = solution.map(([gain]) => gain ?? 0);
    const fit = gains.reduce((all, gain, i) => all + gain * (weighed[i] ?? 0), 0);
    const logLikelihood = 0.5 * fit - 0.5 * (logDeterminant + (count - stated.size) * Math.log(spreadDb ** 2));
    const covariance = solution.map((row) => row.slice(1));
    return { gains, covariance, log: Math.log(probability) + logLikelihood };
  });
  const highest = Math.max(...fits.map(({ log }) => log));
  const shares = fits.map(({ log }) => Math.exp(log - highest));
  const total = shares.reduce((all, share) => all + share, 0);
  const mean = (of: (fit: (typeof fits)[number]) => number): number =>
    fits.reduce((all, fit, k) => all + ((shares[k] ?? 0) / total) * of(fit), 0);
  const relays = Array.from({ length: count }, (_, i) => i);
  const gains = relays.map((i) => mean((fit) => fit.gains[i] ?? 0));
  const off = (fit: (typeof fits)[number], i: number): number => (fit.gains[i] ?? 0) - (gains[i] ?? 0);
  const covariance = relays.map((i) =>
    relays.map((j) => mean((fit) => (fit.covariance[i]?.[j] ?? 0) + off(fit, i) * off(fit, j))),
  );
  return { gains, covariance };
}

/** How much each report counts, by how far it is from what the gains make of its word. */
function studentWeights(sources: readonly Source[], { gains }: GainEstimates): Weights {
  const all = sources.map(({ words, biasDb }) =>
    words.map((reports) => {
      const residuals = reports.map((report, i) => (report ? report.db - (gains[i] ?? 0) : undefined));
      const middle = median(residuals.filter((residual) => residual !== undefined));
      return residuals.map((residual, i) => {
        if (residual === undefined) return 0;
        const spread = Math.hypot(reports[i]?.spreadDb ?? 1, biasDb);
        return (FREEDOM + 1) / (FREEDOM + ((residual - middle) / spread) ** 2);
      });
    }),
  );
  return (source, word, relay) => all[source]?.[word]?.[relay] ?? 0;
}

/** 0 for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
