/**
 * What one kind of report says of the gains of the relays that made it: least squares, from which all is taken that is not known and
 * not asked for, the loudness of each word, what walls take, and what is wrong in the same way every time. Pure.
 */
import { eliminating, Symmetric } from "./gains-linear.ts";
import { STEP_OPERATIONS, type Steps } from "./gains-steps.ts";

/** One quantity of one word, at each relay that has it: all share an unknown loudness. */
export type Reports = readonly Report[];

export interface Report {
  /** The relay's. */
  readonly place: number;
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
  readonly walls?: Walls;
}

/** Degrees of freedom of Student's distribution: what is wrong now and then is far wrong. */
const FREEDOM = 5;

/** A source and how much each of its reports counts, which changes with what gains are believed to be. */
export class Weighed {
  readonly #words: readonly Reports[];
  readonly #biasDb: number;
  readonly #walls: Walls;
  /** Relays that report anything, and at which of them each stands. */
  readonly #places: readonly number[];
  readonly #indexes: ReadonlyMap<number, number>;
  /** Of all reports of all words, one after the other. */
  readonly #weights: Float64Array;

  constructor({ words, biasDb, walls = { count: 0, spreadDb: 1 } }: Source) {
    // Of one relay alone a word of unknown loudness says nothing.
    this.#words = words.filter((reports) => reports.length > 1);
    this.#biasDb = biasDb;
    this.#walls = walls;
    this.#places = [...new Set(this.#words.flatMap((reports) => reports.map(({ place }) => place)))];
    this.#indexes = new Map(this.#places.map((place, index) => [place, index]));
    this.#weights = new Float64Array(this.#words.reduce((sum, { length }) => sum + length, 0)).fill(1);
  }

  /**
   * Adds what it says.
   *
   * @param all of all relays: the precision of their gains, and behind it in the last row precision times the gains that fit best
   */
  *addTo(all: Symmetric): Steps<void> {
    const relays = this.#places.length;
    if (relays === 0) return;
    const plain = yield* this.#information();
    // What stays wrong is one more unknown of each relay, which is in all that its gain is in.
    const both = new Symmetric(2 * relays + 1);
    for (let i = 0; i <= relays; i++) {
      for (let j = 0; j <= i; j++) {
        const value = plain.at(this.#walls.count + i, this.#walls.count + j);
        both.add(relays + i, relays + j, value);
        if (j === relays) continue;
        both.add(relays + i, j, value);
        if (i === relays) continue;
        both.add(i, j, value);
        if (i !== j) both.add(relays + j, i, value);
      }
      if (i < relays) both.add(i, i, this.#biasDb ** -2);
    }
    yield;
    yield* eliminating(both, relays);
    const last = all.size - 1;
    for (let i = 0; i <= relays; i++) {
      for (let j = 0; j <= i; j++) {
        all.add(this.#places[i] ?? last, this.#places[j] ?? last, both.at(relays + i, relays + j));
      }
    }
    yield;
  }

  /** Of walls, which are as good as taken out; of relays; and in the last row their product with what fits best. */
  *#information(): Steps<Symmetric> {
    const { count: walls, spreadDb } = this.#walls;
    const size = walls + this.#places.length + 1;
    const information = new Symmetric(size);
    /** Of the word, by unknown: how much loudness hangs on it. */
    const sums = new Float64Array(size);
    let operations = 0;
    let first = 0;
    for (const reports of this.#words) {
      this.#addWord(information, sums, reports, first);
      first += reports.length;
      operations += reports.length ** 2;
      if (operations < STEP_OPERATIONS) continue;
      operations = 0;
      yield;
    }
    for (let wall = 0; wall < walls; wall++) information.add(wall, wall, spreadDb ** -2);
    yield* eliminating(information, walls);
    return information;
  }

  /** @param first where its weights begin */
  #addWord(information: Symmetric, sums: Float64Array, reports: Reports, first: number): void {
    const last = information.size - 1;
    const shareOf = ({ spreadDb }: Report, i: number): number => (this.#weights[first + i] ?? 0) / spreadDb ** 2;
    const total = reports.reduce((sum, report, i) => sum + shareOf(report, i), 0);
    const mean = reports.reduce((sum, report, i) => sum + shareOf(report, i) * report.db, 0) / total;
    const touched: number[] = [];
    reports.forEach((report, i) => {
      const { place, db, wall } = report;
      const share = shareOf(report, i);
      // In each report are its relay's gain and, negative, its wall's loss.
      const relay = this.#walls.count + (this.#indexes.get(place) ?? 0);
      information.add(relay, relay, share);
      information.add(last, relay, share * (db - mean));
      sums[relay] = (sums[relay] ?? 0) + share;
      touched.push(relay);
      if (wall === undefined) return;
      information.add(wall, wall, share);
      information.add(relay, wall, -share);
      information.add(last, wall, -share * (db - mean));
      if (sums[wall] === 0) touched.push(wall);
      sums[wall] = (sums[wall] ?? 0) - share;
    });
    touched.forEach((one, i) => {
      const factor = (sums[one] ?? 0) / total;
      for (let j = 0; j <= i; j++) {
        const other = touched[j] ?? 0;
        information.add(one, other, -factor * (sums[other] ?? 0));
      }
    });
    for (const one of touched) sums[one] = 0;
  }

  /** Weighs each report by how far it is from what these gains make of its word. */
  *weighBy(gains: readonly number[]): Steps<void> {
    let operations = 0;
    let first = 0;
    for (const reports of this.#words) {
      const residuals = reports.map(({ place, db }) => db - (gains[place] ?? 0));
      const middle = median(residuals);
      residuals.forEach((residual, i) => {
        const spread = Math.hypot(reports[i]?.spreadDb ?? 1, this.#biasDb);
        this.#weights[first + i] = (FREEDOM + 1) / (FREEDOM + ((residual - middle) / spread) ** 2);
      });
      first += reports.length;
      operations += 50 * reports.length;
      if (operations < STEP_OPERATIONS) continue;
      operations = 0;
      yield;
    }
  }
}

/** 0 for none. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  if (sorted.length === 0) return 0;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
