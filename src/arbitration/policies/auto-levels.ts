/** What levels say of how near somebody is, when the microphones' gains are known more or less; and what clues add to that. */
import type { Evidence } from "../evidence.ts";
import type { Contender, Term } from "../policy.ts";
import type { Clue, ClueWeights } from "./auto-clues.ts";
import { cleanBandDb, finiteDb, shownDb } from "./ranking.ts";

interface Place {
  /** How much levels of one word differ by where the relays are, standard deviation, dB. */
  readonly spreadDb: number;
  /** How much the noise differs from relay to relay. */
  readonly noiseDb: number;
  /** What a decibel of level says, logarithm of odds, where gains are known; half of it where they may be wrong by so much. */
  readonly perDb: number;
  readonly halvedByDb: number;
  /** What the clues say beside a level whose gain is known, and by themselves. */
  readonly known: ClueWeights;
  readonly unknown: ClueWeights;
}

/**
 * All from simulated rooms (`bun bench/rooms.ts`), the weights from conditional logistic regression with gains wrong by 0 to
 * 10 dB; so they allow for what level and clues have in common. In a room everything is nearly as loud everywhere, and what
 * differs is distance. There a sudden attack, when a level is known, speaks against a relay: of two that hear a word as
 * loudly, the drier one is the one that is spoken to, and the other the nearer one. How even a spectrum is says how many
 * doors are between, but also who made the microphone: its weight is that for microphones that differ by 2 dB.
 */
const PLACES = {
  "in a room": {
    spreadDb: 1.8,
    noiseDb: 4,
    perDb: 1.5,
    halvedByDb: 0.94,
    known: { dryness: 0, attack: -2.3, evenness: 0 },
    unknown: { dryness: 1.6, attack: 2.1, evenness: 0 },
  },
  "between rooms": {
    spreadDb: 8,
    noiseDb: 6,
    perDb: 0.58,
    halvedByDb: 2.7,
    known: { dryness: 2.6, attack: 2.5, evenness: 0.3 },
    unknown: { dryness: 2.8, attack: 4, evenness: 0.3 },
  },
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
 * the gain, which is as good as the gain is known, and above the noise, which is as good as the noise is the same. And from
 * clues that hang on no gain; beside a level that is known they say something else than by themselves.
 *
 * How far the levels of this very word lie apart says how far gains do: where they lie so near to each other as they do with
 * like microphones, they are believed, however little is known; where they lie further apart than distances explain, they are
 * not, unless the gains are known.
 */
export function nearness(
  contenders: readonly Contender[],
  levelOf: (contender: Contender) => number,
  cluesOf: (contender: Contender) => readonly Clue[],
  where: keyof typeof PLACES,
): (contender: Contender) => Nearness {
  const { spreadDb, noiseDb, perDb, halvedByDb, known, unknown } = PLACES[where];
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
    const said = new Map(
      joined.map(({ one, error, level }) => {
        const share = halvedByDb ** 2 / (halvedByDb ** 2 + error);
        return [one, { share, level: perDb * share * (level.value - levels.mean) }];
      }),
    );
    return { said, log: levels.logLikelihood + differences.logLikelihood + Math.log(probability) };
  });
  const likeliest = Math.max(...hypotheses.map(({ log }) => log));
  const shares = hypotheses.map(({ log }) => Math.exp(log - likeliest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const mean = (one: Contender, what: "level" | "share"): number =>
    hypotheses.reduce((sum, { said }, i) => sum + ((shares[i] ?? 0) / total) * (said.get(one)?.[what] ?? 0), 0);
  return (one) => {
    const share = mean(one, "share");
    return {
      level: mean(one, "level"),
      clues: cluesOf(one).flatMap(({ name, value, because }) => {
        const weight = unknown[name] + share * (known[name] - unknown[name]);
        return weight === 0 ? [] : [{ name, value: weight * value, because }];
      }),
    };
  };
}

/** Logarithms of odds: of the levels, and of each clue. */
export interface Nearness {
  readonly level: number;
  readonly clues: readonly Term[];
}

/** What clues say of the room a word was said in while nothing is known of gains. */
export const CLUES_BETWEEN_ROOMS: ClueWeights = PLACES["between rooms"].unknown;

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
