/**
 * The gains of the house's microphones, learned from words that several of them heard. Knows no clock and stores nothing:
 * whoever owns it hands in words and keeps what {@link GainMemory.words} says.
 */
import type { GainEstimates } from "./gains-estimate.ts";
import { estimateHouse, type RelayInRoom } from "./gains-house.ts";
import { MOVED_WORDS, movedRelay } from "./gains-moved.ts";
import { type HeardShare, type KeptWord, keptWord } from "./gains-words.ts";

export type { RelayInRoom } from "./gains-house.ts";

export interface Gain {
  /** How much louder than the others' its microphone is, dB. */
  readonly db: number;
  /** Standard deviation of what is wrong with that, dB. */
  readonly uncertaintyDb: number;
}

/** More say nothing new: what stays wrong is the same in all. */
const MOST_WORDS = 60;
export class GainMemory {
  #words: readonly KeptWord[];
  #known: { readonly relays: readonly RelayInRoom[]; readonly estimates: GainEstimates } | undefined;

  /** @param words of an earlier life */
  constructor(words: readonly KeptWord[] = []) {
    this.#words = words.slice(-MOST_WORDS);
  }

  /** What to store. */
  get words(): readonly KeptWord[] {
    return this.#words;
  }

  /**
   * Takes what relays reported of one word, or of one sound that was made to set gains by.
   *
   * @param relays all of the house, with their rooms
   * @returns the relay that was found to have been moved, if any: what was known of it is forgotten but for the last words
   */
  heard(shares: readonly HeardShare[], relays: readonly RelayInRoom[], calibration = false): string | undefined {
    const word = keptWord(shares, calibration);
    if (!word) return undefined;
    this.#words = [...this.#words, word].slice(-MOST_WORDS);
    this.#known = undefined;
    const moved = movedRelay(this.#words, relays);
    if (moved !== undefined) this.#forgetBefore(moved, MOVED_WORDS);
    return moved;
  }

  /** Forgets a relay: somebody says that it has been moved. */
  forget(relayId: string): void {
    this.#forgetBefore(relayId, 0);
  }

  /**
   * Gains of these relays against each other; the mean of them is 0 dB, unless some are stated. With an uncertainty of about 4 dB
   * where nothing is known, and of 0 where it was stated.
   *
   * @param among who is compared, by their ids
   * @param relays all of the house, with their rooms
   */
  gains(among: readonly string[], relays: readonly RelayInRoom[]): ReadonlyMap<string, Gain> {
    const { gains, covariance } = this.#estimates(relays);
    const places = among.map((id) => relays.findIndex(({ relayId }) => relayId === id)).filter((place) => place >= 0);
    const stated = places.some((place) => relays[place]?.statedGainDb !== undefined);
    const mean = (of: (place: number) => number): number =>
      stated ? 0 : places.reduce((sum, place) => sum + of(place), 0) / places.length;
    const level = mean((place) => gains[place] ?? 0);
    const shared = mean((i) => mean((j) => covariance[i]?.[j] ?? 0));
    return new Map(
      places.map((place) => {
        const { relayId = "", statedGainDb } = relays[place] ?? {};
        if (statedGainDb !== undefined) return [relayId, { db: statedGainDb, uncertaintyDb: 0 }];
        const own = (covariance[place]?.[place] ?? 0) - 2 * mean((other) => covariance[place]?.[other] ?? 0) + shared;
        const db = (gains[place] ?? 0) - level;
        return [relayId, { db, uncertaintyDb: Math.sqrt(Math.max(own, 0)) }];
      }),
    );
  }

  #estimates(relays: readonly RelayInRoom[]): GainEstimates {
    const same =
      this.#known?.relays.length === relays.length &&
      this.#known.relays.every(({ relayId, room, statedGainDb }, i) => {
        const asked = relays[i];
        return asked?.relayId === relayId && asked.room === room && asked.statedGainDb === statedGainDb;
      });
    if (this.#known && same) return this.#known.estimates;
    const estimates = estimateHouse(this.#words, relays);
    this.#known = { relays, estimates };
    return estimates;
  }

  #forgetBefore(relayId: string, kept: number): void {
    const itsWords = this.#words.filter(({ shares }) => shares.some((share) => share.relayId === relayId));
    const recent = new Set(kept > 0 ? itsWords.slice(-kept) : []);
    this.#words = this.#words
      .map((word) =>
        recent.has(word) ? word : { ...word, shares: word.shares.filter((share) => share.relayId !== relayId) },
      )
      .filter(({ shares }) => shares.length > 1);
    this.#known = undefined;
  }
}
