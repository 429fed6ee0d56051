// Counts of who won, by house kind, number of relays, spread of gains and what decided.
import type { HouseKind } from "./house.ts";
import type { Outcome } from "./trial.ts";

export interface Column {
  readonly kind: HouseKind;
  readonly count: number;
  readonly spreadDb: number;
  /** Policy, and what it knew. */
  readonly label: string;
}

export interface Cell {
  readonly rounds: number;
  readonly percent: number;
  readonly extraM: number;
  /** Root mean square error of the gains, dB; undefined where none were learned. */
  readonly gainErrorDb: number | undefined;
}

interface Counts {
  rounds: number;
  right: number;
  extraM: number;
  squares: number;
  gains: number;
}

export class Tally {
  readonly #cells = new Map<string, Counts>();
  #moved = { named: 0, unnamed: 0 };

  add(column: Column, { right, extraM }: Outcome): void {
    const counts = this.#of(column);
    counts.rounds++;
    counts.right += right ? 1 : 0;
    counts.extraM += extraM;
  }

  addError(column: Column, errorDb: number): void {
    const counts = this.#of(column);
    counts.gains++;
    counts.squares += errorDb * errorDb;
  }

  /** A relay was found to have been moved; none was. */
  addMoved(roomsUnknown: boolean): void {
    this.#moved[roomsUnknown ? "unnamed" : "named"]++;
  }

  /** How many were, where rooms were named and where they were not. */
  get moved(): { readonly named: number; readonly unnamed: number } {
    return this.#moved;
  }

  cell(column: Column): Cell {
    const { rounds, right, extraM, squares, gains } = this.#of(column);
    return {
      rounds,
      percent: (100 * right) / rounds,
      extraM: extraM / rounds,
      gainErrorDb: gains > 0 ? Math.sqrt(squares / gains) : undefined,
    };
  }

  #of({ kind, count, spreadDb, label }: Column): Counts {
    const key = `${kind}/${count}/${spreadDb}/${label}`;
    const counts = this.#cells.get(key) ?? { rounds: 0, right: 0, extraM: 0, squares: 0, gains: 0 };
    this.#cells.set(key, counts);
    return counts;
  }
}
