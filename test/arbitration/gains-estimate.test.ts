// Gains are estimated by taking out of the equations, source by source, what is not asked for. Here all unknowns stay in one system.
import { expect, test } from "bun:test";
import { estimatingGains } from "../../src/arbitration/gains-estimate.ts";
import { median, type Report, type Source } from "../../src/arbitration/gains-information.ts";
import { atOnce } from "../../src/arbitration/gains-steps.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { seededRandom } from "../support/clips.ts";

const seed = fuzzSeed("gains-estimate");
const SPREADS = [0.1, 1, 2, 3.5, 5.5, 8];
const PROBABILITIES = [0.42, 0.08, 0.125, 0.125, 0.125, 0.125];
const STATED_SPREAD_DB = 0.3;

/** The inverse, and the logarithm of the determinant. */
function inverted(matrix: readonly (readonly number[])[]): { inverse: number[][]; logDeterminant: number } {
  const rows = matrix.map((row, i) => [...row, ...matrix.map((_, j) => (i === j ? 1 : 0))]);
  let logDeterminant = 0;
  for (const [pivot, row] of rows.entries()) {
    const value = row[pivot] ?? 0;
    logDeterminant += Math.log(value);
    rows[pivot] = row.map((one) => one / value);
    for (const [i, other] of rows.entries()) {
      const factor = other[pivot] ?? 0;
      if (i !== pivot) rows[i] = other.map((one, j) => one - factor * (rows[pivot]?.[j] ?? 0));
    }
  }
  return { inverse: rows.map((row) => row.slice(matrix.length)), logDeterminant };
}

type Weight = (source: number, word: number, report: number) => number;

/** With gains, what stays wrong, what walls take, and the loudness of each word as unknowns. */
function plainly(sources: readonly Source[], count: number, stated: ReadonlySet<number>, weight: Weight) {
  const priors: number[] = Array.from({ length: count }, () => 0);
  const unknown = (precision: number): number => priors.push(precision) - 1;
  const reports = sources.flatMap(({ words, biasDb, walls = { count: 0, spreadDb: 1 } }, source) => {
    const biases = Array.from({ length: count }, () => unknown(biasDb ** -2));
    const losses = Array.from({ length: walls.count }, () => unknown(walls.spreadDb ** -2));
    return words.flatMap((heard, word) => {
      const loudness = heard.length === 0 ? -1 : unknown(0);
      return heard.map(({ place, db, spreadDb, wall }, i) => {
        const loss = wall === undefined ? [] : [[losses[wall] ?? -1, -1]];
        const unknowns = [[place, 1], [biases[place] ?? -1, 1], [loudness, 1], ...loss];
        return { unknowns, db, share: weight(source, word, i) / spreadDb ** 2 };
      });
    });
  });
  const fits = SPREADS.map((spreadDb, k) => {
    const matrix = priors.map((prior, i) =>
      priors.map((_, j) => (i !== j ? 0 : i >= count ? prior : (stated.has(i) ? STATED_SPREAD_DB : spreadDb) ** -2)),
    );
    const right = priors.map(() => 0);
    for (const { unknowns, db, share } of reports) {
      for (const [i = -1, sign = 0] of unknowns) {
        right[i] = (right[i] ?? 0) + sign * share * db;
        const row = matrix[i] ?? [];
        for (const [j = -1, other = 0] of unknowns) row[j] = (row[j] ?? 0) + sign * other * share;
      }
    }
    const { inverse, logDeterminant } = inverted(matrix);
    const best = inverse.map((row) => row.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0));
    const fit = best.reduce((sum, value, i) => sum + value * (right[i] ?? 0), 0);
    const prior = Math.log(PROBABILITIES[k] ?? 0) - (count - stated.size) * Math.log(spreadDb);
    return { best, inverse, log: prior + fit / 2 - logDeterminant / 2 };
  });
  const highest = Math.max(...fits.map(({ log }) => log));
  const total = fits.reduce((sum, { log }) => sum + Math.exp(log - highest), 0);
  const mean = (of: (fit: (typeof fits)[number]) => number): number =>
    fits.reduce((sum, fit) => sum + (Math.exp(fit.log - highest) / total) * of(fit), 0);
  const gains = Array.from({ length: count }, (_, i) => mean(({ best }) => best[i] ?? 0));
  const off = (best: readonly number[], i: number): number => (best[i] ?? 0) - (gains[i] ?? 0);
  const covariance = gains.map((_, i) =>
    gains.map((_, j) => mean(({ best, inverse }) => (inverse[i]?.[j] ?? 0) + off(best, i) * off(best, j))),
  );
  return { gains, covariance };
}

/** Estimated, weighed by what does not fit, and so twice more. */
function estimatedPlainly(sources: readonly Source[], count: number, stated: ReadonlySet<number>) {
  const once = plainly(sources, count, stated, () => 1);
  const weightsBy = ({ gains }: Pick<typeof once, "gains">): Weight => {
    const weights = sources.map(({ words, biasDb }) =>
      words.map((heard) => {
        const residuals = heard.map(({ place, db }) => db - (gains[place] ?? 0));
        const middle = median(residuals);
        return heard.map(
          ({ spreadDb }, i) => 6 / (5 + ((residuals[i] ?? 0) - middle) ** 2 / (spreadDb ** 2 + biasDb ** 2)),
        );
      }),
    );
    return (source, word, report) => weights[source]?.[word]?.[report] ?? 0;
  };
  const twice = plainly(sources, count, stated, weightsBy(once));
  return plainly(sources, count, stated, weightsBy(twice));
}

test("estimatingGains() finds the gains and how sure they are that one system of all unknowns has", () => {
  const random = seededRandom(seed);
  for (let house = 0; house < 4; house++) {
    const count = 2 + Math.floor(random() * 4);
    const walls = { count: 3, spreadDb: 5 };
    const stated = new Set(house % 2 === 0 ? [] : [count - 1]);
    const source = (throughWalls: boolean, biasDb: number): Source => ({
      words: Array.from({ length: 5 }, () =>
        Array.from({ length: count }, (_, place): Report => {
          const wall = throughWalls && random() < 0.5 ? { wall: Math.floor(random() * walls.count) } : {};
          return { place, db: 12 * random() - 6 + 3 * place, spreadDb: 1 + random(), ...wall };
        }).filter(() => random() < 0.8),
      ),
      biasDb,
      ...(throughWalls && { walls }),
    });
    const sources = [source(false, 1), source(false, 0.7), source(true, 1.5)];
    const found = atOnce(estimatingGains(sources, count, stated));
    const { gains, covariance } = estimatedPlainly(sources, count, stated);
    for (let i = 0; i < count; i++) {
      expect(found.gains[i]).toBeCloseTo(gains[i] ?? Number.NaN, 7);
      for (let j = 0; j < count; j++) {
        expect(found.covariance.at(i, j)).toBeCloseTo(covariance[i]?.[j] ?? Number.NaN, 7);
      }
    }
  }
});
