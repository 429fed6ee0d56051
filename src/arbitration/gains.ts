/**
 * The gains of the house's microphones, learned from words that several of them heard. Knows no clock and stores nothing:
 * whoever owns it hands in words and keeps what {@link GainMemory.words} says.
 */
import type { GainEstimates } from "./gains-estimate.ts";
import { estimateHouse } from "./gains-house.ts";
import { MOVED_WORDS, movedRelay } from "./gains-moved.ts";
import { type KnownRooms, peersIn, type RelayInRoom, roomsOf } from "./gains-rooms.ts";
import { type HeardShare, type KeptWord, keptWord, type WordKind } from "./gains-words.ts";

export type { RelayInRoom } from "./gains-rooms.ts";

export interface Gain {
  /** How much louder than the others' its microphone is, dB. */
  readonly db: number;
  /** Standard deviation of what is wrong with that, dB. */
  readonly uncertaintyDb: number;
}

/** More say nothing new: what stays wrong is the same in all. */
const MOST_WORDS = 60;
/** What somebody said of rooms stays, however many words follow: the newest sayings. */
const MOST_SAYINGS = 10;

interface Known {
  readonly relays: readonly RelayInRoom[];
  /** Of those that a word tells of, and behind them one that stands for all others, if there are any. */
  readonly places: ReadonlyMap<string, number>;
  readonly estimates: GainEstimates;
  readonly rooms: KnownRooms;
}

export class GainMemory {
  #words: readonly KeptWord[];
  #known: Known | undefined;

  /** @param words of an earlier life */
  constructor(words: readonly KeptWord[] = []) {
    this.#words = newest(words, MOST_WORDS);
  }

  /** What to store. */
  get words(): readonly KeptWord[] {
    return this.#words;
  }

  /**
   * Takes what relays reported of one word, or of one sound that was made to set gains by.
   *
   * @param relays all of the house, with their rooms
   * @param kind by default a word
   * @returns the relay that was found to have been moved, if any: what was known of it is forgotten but for the last words
   */
  heard(shares: readonly HeardShare[], relays: readonly RelayInRoom[], kind: WordKind = {}): string | undefined {
    const word = keptWord(shares, kind);
    if (!word) return undefined;
    this.#words = newest([...this.#words, word], MOST_WORDS);
    this.#known = undefined;
    const moved = movedRelay(this.#words, spokenOf(this.#words, relays));
    if (moved !== undefined) this.#forgetBefore(moved, MOVED_WORDS);
    return moved;
  }

  /** Forgets the oldest words: what they cost rises with those who heard them. */
  keepNewest(words: number): void {
    this.#words = newest(this.#words, words);
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
   * Nothing is known of relays of which neither a person nor the words said that they share a room: what they differ by may be a wall.
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

  /**
   * The same for a verdict. Relays whose room is not configured compete as those of one room: what is known of some of them says less
   * than clues that are there for all, unless all of them are known to be in one room.
   */
  gainsFor(contenders: readonly string[], relays: readonly RelayInRoom[]): ReadonlyMap<string, Gain> {
    const gains = this.gains(contenders, relays);
    const asked = new Set(contenders);
    const unnamed = relays
      .filter(
        ({ relayId, room, statedGainDb }) => asked.has(relayId) && room === undefined && statedGainDb === undefined,
      )
      .map(({ relayId }) => relayId);
    if (unnamed.length < 2) return gains;
    const peers = this.peers(unnamed, relays);
    if (unnamed.some((id) => peers.get(id)?.length === unnamed.length)) return gains;
    const unknown = new GainMemory().gains(contenders, relays);
    return new Map([...gains].map(([id, gain]) => [id, unnamed.includes(id) ? (unknown.get(id) ?? gain) : gain]));
  }

  /**
   * Which relays can be compared with which: those who share a room, and those of named rooms. Where nobody said who shares one, and
   * the words have not shown it, nothing is known.
   *
   * @param among who is compared, by their ids
   * @param relays all of the house, with their rooms
   * @returns for each of them those whom it is best compared with, itself among them; nothing for those of which nothing is known
   */
  peers(among: readonly string[], relays: readonly RelayInRoom[]): ReadonlyMap<string, readonly string[]> {
    const { places, rooms } = this.#knownOf(relays);
    const ids = [...places.keys()];
    const idsOf = new Map<readonly number[], readonly string[]>();
    const peers = peersIn(
      rooms,
      among.flatMap((id) => places.get(id) ?? []),
    );
    for (const all of peers.values()) {
      if (!idsOf.has(all))
        idsOf.set(
          all,
          all.flatMap((place) => ids[place] ?? []),
        );
    }
    return new Map([...peers].map(([place, all]) => [ids[place] ?? "", idsOf.get(all) ?? []]));
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
    const asked = other === undefined ? spoken : [...spoken, other];
    const rooms = roomsOf(asked, this.#words);
    const estimates = estimateHouse(this.#words, asked, rooms);
    const places = new Map(spoken.map(({ relayId }, place) => [relayId, place]));
    this.#known = { relays, places, estimates, rooms };
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

/** The newest words, and before them what was said of rooms. */
function newest(words: readonly KeptWord[], most: number): readonly KeptWord[] {
  const sayings = new Set(words.filter(({ together }) => together === true).slice(-MOST_SAYINGS));
  return words.filter((word, i) => i >= words.length - most || sayings.has(word));
}

/** The relays of which a word tells. */
function spokenOf(words: readonly KeptWord[], relays: readonly RelayInRoom[]): readonly RelayInRoom[] {
  const ids = new Set(words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId)));
  return relays.filter(({ relayId }) => ids.has(relayId));
}
