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

interface Known {
  readonly relays: readonly RelayInRoom[];
  /** Of those that a word tells of, and behind them one that stands for all others, if there are any. */
  readonly places: ReadonlyMap<string, number>;
  readonly estimates: GainEstimates;
}

export class GainMemory {
  #words: readonly KeptWord[];
  #known: Known | undefined;

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
    const moved = movedRelay(this.#words, spokenOf(this.#words, relays));
    if (moved !== undefined) this.#forgetBefore(moved, MOVED_WORDS);
    return moved;
  }

  /** Forgets the oldest words: what they cost rises with those who heard them. */
  keepNewest(words: number): void {
    this.#words = this.#words.slice(Math.max(0, this.#words.length - words));
    this.#known = undefined;
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
    const { places, estimates } = this.#knownOf(relays);
    const asked = new Set(among);
    const members = relays.filter(({ relayId }) => asked.has(relayId));
    const gainOf = ({ relayId }: RelayInRoom): number => estimates.gains[places.get(relayId) ?? -1] ?? 0;
    const covarianceOf = (one: RelayInRoom, other: RelayInRoom): number => {
      const [i, j] = [places.get(one.relayId), places.get(other.relayId)];
      if (i !== undefined && j !== undefined) return estimates.covariance[i]?.[j] ?? 0;
      return one === other ? (estimates.covariance[places.size]?.[places.size] ?? 0) : 0;
    };
    const stated = members.some(({ statedGainDb }) => statedGainDb !== undefined);
    const mean = (of: (member: RelayInRoom) => number): number =>
      stated ? 0 : members.reduce((sum, member) => sum + of(member), 0) / members.length;
    const level = mean(gainOf);
    const shared = mean((one) => mean((other) => covarianceOf(one, other)));
    return new Map(
      members.map((member) => {
        const { relayId, statedGainDb } = member;
        if (statedGainDb !== undefined) return [relayId, { db: statedGainDb, uncertaintyDb: 0 }];
        const own = covarianceOf(member, member) - 2 * mean((other) => covarianceOf(member, other)) + shared;
        return [relayId, { db: gainOf(member) - level, uncertaintyDb: Math.sqrt(Math.max(own, 0)) }];
      }),
    );
  }

  /** Those of which no word tells are all alike: one of them is estimated for all, so that a large house costs no more than its words. */
  #knownOf(relays: readonly RelayInRoom[]): Known {
    const known = this.#known;
    const same =
      known?.relays === relays ||
      (known?.relays.length === relays.length &&
        known.relays.every(({ relayId, room, statedGainDb }, i) => {
          const asked = relays[i];
          return asked?.relayId === relayId && asked.room === room && asked.statedGainDb === statedGainDb;
        }));
    if (known !== undefined && same) return known;
    const spoken = spokenOf(this.#words, relays);
    const there = new Set(spoken);
    const other = relays.find((relay) => !there.has(relay) && relay.statedGainDb === undefined);
    const estimates = estimateHouse(this.#words, other === undefined ? spoken : [...spoken, other]);
    this.#known = { relays, places: new Map(spoken.map(({ relayId }, place) => [relayId, place])), estimates };
    return this.#known;
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

/** The relays of which a word tells. */
function spokenOf(words: readonly KeptWord[], relays: readonly RelayInRoom[]): readonly RelayInRoom[] {
  const ids = new Set(words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId)));
  return relays.filter(({ relayId }) => ids.has(relayId));
}
