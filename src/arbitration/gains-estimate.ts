/**
 * What gains explain what relays reported of the same words, and how sure that is. Pure: least squares with a prior (Gaussian
 * throughout, hence in closed form), weighed anew a few times so that what fits nowhere counts little.
 */
import { type Source, Weighed } from "./gains-information.ts";
import { eliminating, Symmetric } from "./gains-linear.ts";
import type { Steps } from "./gains-steps.ts";

export interface GainEstimates {
  /** dB, one for each relay. */
  readonly gains: readonly number[];
  /** How wrong they may be together, dB². */
  readonly covariance: Symmetric;
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
/** No gain that somebody stated is better than this, dB. */
const STATED_SPREAD_DB = 0.3;

/**
 * @param count of relays; every report names its relay's place among them
 * @param stated relays of which nothing is to be learned, by their place: somebody stated their gain, and it was taken off
 */
export function* estimatingGains(
  sources: readonly Source[],
  count: number,
  stated: ReadonlySet<number> = new Set(),
): Steps<GainEstimates> {
  const all: Weighed[] = [];
  for (const source of sources) {
    all.push(new Weighed(source));
    yield;
  }
  for (let round = 1; ; round++) {
    const information = new Symmetric(count + 1);
    for (const source of all) yield* source.addTo(information);
    const estimates = yield* mixing(information, stated);
    if (round === ROUNDS) return estimates;
    for (const source of all) yield* source.weighBy(estimates.gains);
  }
}

/** Over all spreads that gains may have, each as likely as it makes what was reported. */
function* mixing(information: Symmetric, stated: ReadonlySet<number>): Steps<GainEstimates> {
  const count = information.size - 1;
  const fits: { readonly gains: Float64Array; readonly log: number }[] = [];
  const covariance = new Symmetric(count);
  let highest = Number.NEGATIVE_INFINITY;
  for (const [spreadDb, probability] of SPREADS_DB) {
    // Unit vectors behind it: where these meet, taking gains out leaves the inverse, negative; where they meet the last row, the gains.
    const system = new Symmetric(2 * count + 1);
    const last = 2 * count;
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) system.add(i, j, information.at(i, j));
      system.add(i, i, (stated.has(i) ? STATED_SPREAD_DB : spreadDb) ** -2);
      system.add(count + i, i, 1);
      system.add(last, i, information.at(count, i));
      if (i % ROWS_OF_A_STEP === 0) yield;
    }
    const logDeterminant = yield* eliminating(system, count);
    const logPrior = Math.log(probability) - ((count - stated.size) / 2) * Math.log(spreadDb ** 2);
    const log = logPrior - 0.5 * system.at(last, last) - 0.5 * logDeterminant;
    fits.push({ gains: Float64Array.from({ length: count }, (_, i) => -system.at(last, count + i)), log });
    // Shares of the likeliest so far: what follows may make all before it next to nothing.
    const [keeps, takes] = [Math.exp(Math.min(0, highest - log)), Math.exp(Math.min(0, log - highest))];
    highest = Math.max(highest, log);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j <= i; j++) {
        covariance.add(i, j, (keeps - 1) * covariance.at(i, j) - takes * system.at(count + i, count + j));
      }
      if (i % ROWS_OF_A_STEP === 0) yield;
    }
  }
  const shares = fits.map(({ log }) => Math.exp(log - highest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const gains = Array.from({ length: count }, (_, i) =>
    fits.reduce((sum, fit, k) => sum + ((shares[k] ?? 0) / total) * (fit.gains[i] ?? 0), 0),
  );
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let together = covariance.at(i, j);
      for (const [k, fit] of fits.entries()) {
        const [one, other] = [(fit.gains[i] ?? 0) - (gains[i] ?? 0), (fit.gains[j] ?? 0) - (gains[j] ?? 0)];
        together += (shares[k] ?? 0) * one * other;
      }
      covariance.add(i, j, together / total - covariance.at(i, j));
    }
    if (i % ROWS_OF_A_STEP === 0) yield;
  }
  return { gains, covariance };
}

/** Of a matrix that is copied or added up. */
const ROWS_OF_A_STEP = 8;
