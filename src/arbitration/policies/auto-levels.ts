/** What levels say of how near somebody is, when the microphones' gains are known more or less. */
import type { Evidence } from "../evidence.ts";
import type { Contender } from "../policy.ts";
import { cleanBandDb, finiteDb, shownDb } from "./ranking.ts";

interface Place {
  /** How much levels of one word differ by where the relays are, standard deviation, dB. */
  readonly spreadDb: number;
  /** How much of that is not nearness, for two relays: what rooms, heads and doors make of it. */
  readonly errorDb: number;
  /** How much the noise differs from relay to relay. */
  readonly noiseDb: number;
}

/** All from simulated rooms: in a room everything is nearly as loud everywhere, and what differs is distance. */
const PLACES = {
  "in a room": { spreadDb: 1.8, errorDb: 1.4, noiseDb: 4 },
  "between rooms": { spreadDb: 8, errorDb: 8, noiseDb: 6 },
} as const satisfies Record<string, Place>;

/**
 * How wrong a gain may be, in units of its uncertainty, and how likely: microphones are either alike, and then the
 * uncertainty is much too great, or they are not.
 */
const ERRORS: readonly (readonly [factor: number, probability: number])[] = [
  [0.06, 0.3],
  [0.25, 0.1],
  [0.5, 0.15],
  [0.85, 0.15],
  [1.35, 0.15],
  [2, 0.15],
];
/** From a standard normal distribution's slope to that of the logarithm of odds. */
const LOGISTIC = 1.7;

/** The level that all of them report: even over the bands, or else that of 1.5 to 6.5 kHz. */
export function comparableLevels(all: readonly Evidence[]) {
  const even = all.every(({ evenDb }) => evenDb !== undefined && Number.isFinite(evenDb));
  return {
    even,
    levelOf: (evidence: Evidence): number => (even ? finiteDb(evidence.evenDb ?? Number.NaN) : cleanBandDb(evidence)),
  };
}

/** The same without the microphones' gains. */
export function levelsOf(contenders: readonly Contender[]) {
  const { even, levelOf } = comparableLevels(contenders.map(({ evidence }) => evidence));
  const where = even ? "over all bands" : "in 1.5-6.5 kHz";
  return {
    levelOf: ({ evidence, gain }: Contender): number => levelOf(evidence) - gain.db,
    shown: ({ evidence, gain: { db, uncertaintyDb } }: Contender): string =>
      `${shownDb(levelOf(evidence))} ${where}, gain ${shownDb(db)} ± ${shownDb(uncertaintyDb)}, ${shownDb(evidence.snrDb)} above the noise`,
  };
}

/**
 * The logarithm of the odds that a contender is nearer than the others are on average, from two levels of the same word: without
 * the gain, which is as good as the gain is known, and above the noise, which is as good as the noise is the same.
 *
 * How far the levels of this very word lie apart says how far gains do: where they lie so near to each other as they do with
 * like microphones, they are believed, however little is known; where they lie further apart than distances explain, they are
 * not, unless the gains are known.
 */
export function nearnessByLevel(
  contenders: readonly Contender[],
  levelOf: (contender: Contender) => number,
  where: keyof typeof PLACES,
): (contender: Contender) => number {
  const { spreadDb, errorDb, noiseDb } = PLACES[where];
  const hypotheses = ERRORS.map(([factor, probability]) => {
    const joined = contenders.map((one) => {
      const gainVariance = Math.max((factor * one.gain.uncertaintyDb) ** 2, LEAST_VARIANCE);
      const error = 1 / (1 / gainVariance + 1 / noiseDb ** 2);
      const [level, clarity] = [levelOf(one), finiteDb(one.evidence.snrDb)];
      return {
        one,
        error,
        level: { value: error * (level / gainVariance + clarity / noiseDb ** 2), variance: spreadDb ** 2 + error },
        // What both levels differ by has nothing of nearness in it.
        difference: { value: level - clarity, variance: gainVariance + noiseDb ** 2 },
      };
    });
    const levels = fitOf(joined.map(({ level }) => level));
    const differences = fitOf(joined.map(({ difference }) => difference));
    const odds = new Map(
      joined.map(({ one, error, level }) => {
        const share = spreadDb ** 2 / level.variance;
        return [one, (LOGISTIC * share * (level.value - levels.mean)) / Math.sqrt(errorDb ** 2 + 2 * share * error)];
      }),
    );
    return { odds, log: levels.logLikelihood + differences.logLikelihood + Math.log(probability) };
  });
  const likeliest = Math.max(...hypotheses.map(({ log }) => log));
  const shares = hypotheses.map(({ log }) => Math.exp(log - likeliest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  return (one) => hypotheses.reduce((sum, { odds }, i) => sum + ((shares[i] ?? 0) / total) * (odds.get(one) ?? 0), 0);
}

/** No gain is known better than to a tenth of a decibel. */
const LEAST_VARIANCE = 0.01;

/** How well one unknown loudness explains these values. */
function fitOf(values: readonly { readonly value: number; readonly variance: number }[]) {
  const weights = values.reduce((sum, { variance }) => sum + 1 / variance, 0);
  const mean = values.reduce((sum, { value, variance }) => sum + value / variance, 0) / weights;
  const logLikelihood = values.reduce(
    (sum, { value, variance }) => sum - (value - mean) ** 2 / (2 * variance) - Math.log(variance) / 2,
    -Math.log(weights) / 2,
  );
  return { mean, logLikelihood };
}
