/** What is known of the gains of a house's microphones at one time, and whom it lets one compare. Pure; never changes. */
import type { GainEstimates } from "./gains-estimate.ts";
import { estimatingHouse } from "./gains-house.ts";
import { type KnownRooms, peersIn, type RelayInRoom, tellingRooms } from "./gains-rooms.ts";
import { atOnce, type Steps } from "./gains-steps.ts";
import type { KeptWord } from "./gains-words.ts";

export interface Gain {
  /** How much louder than the others' its microphone is, dB. */
  readonly db: number;
  /** Standard deviation of what is wrong with that, dB. */
  readonly uncertaintyDb: number;
}

export class KnownGains {
  /** All of the house, with their rooms. */
  readonly relays: readonly RelayInRoom[];
  /** Of those that a word tells of, and behind them one that stands for all others, if there are any. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #estimates: GainEstimates;
  readonly #rooms: KnownRooms;

  private constructor(
    relays: readonly RelayInRoom[],
    spoken: readonly RelayInRoom[],
    rooms: KnownRooms,
    estimates: GainEstimates,
  ) {
    this.relays = relays;
    this.#places = new Map(spoken.map(({ relayId }, place) => [relayId, place]));
    this.#rooms = rooms;
    this.#estimates = estimates;
  }

  /**
   * What words say. Those of which no word tells are all alike: one of them is estimated for all, so that a large house costs no more
   * than its words.
   *
   * @param relays all of the house, with their rooms
   */
  static *from(words: readonly KeptWord[], relays: readonly RelayInRoom[]): Steps<KnownGains> {
    const spoken = spokenOf(words, relays);
    const there = new Set(spoken);
    const other = relays.find((relay) => !there.has(relay) && relay.statedGainDb === undefined);
    const asked = other === undefined ? spoken : [...spoken, other];
    yield;
    const rooms = yield* tellingRooms(asked, words);
    return new KnownGains(relays, spoken, rooms, yield* estimatingHouse(words, asked, rooms));
  }

  /**
   * Gains of these relays against each other; the mean of them is 0 dB, unless some are stated. With an uncertainty of about 4 dB
   * where nothing is known, and of 0 where it was stated.
   *
   * Nothing is known of relays of which neither a person nor the words said that they share a room: what they differ by may be a wall.
   *
   * @param among who is compared, by their ids
   */
  gains(among: readonly string[]): ReadonlyMap<string, Gain> {
    const { gains, covariance } = this.#estimates;
    const asked = new Set(among);
    const members = this.relays.filter(({ relayId }) => asked.has(relayId));
    const unspoken = this.#places.size;
    const places = members.map(({ relayId }) => this.#places.get(relayId) ?? unspoken);
    const gainOf = (place: number): number => (place === unspoken ? 0 : (gains[place] ?? 0));
    // What is wrong of one of whom no word tells is wrong of nobody else.
    const meanWith = (i: number): number => {
      const place = places[i] ?? unspoken;
      if (place === unspoken) return covariance.at(place, place) / places.length;
      return (
        places.reduce((sum, other) => sum + (other === unspoken ? 0 : covariance.at(place, other)), 0) / places.length
      );
    };
    const stated = members.some(({ statedGainDb }) => statedGainDb !== undefined);
    const shares = stated ? [] : places.map((_, i) => meanWith(i));
    const level = stated ? 0 : mean(places.map(gainOf));
    const shared = mean(shares);
    return new Map(
      members.map(({ relayId, statedGainDb }, i) => {
        if (statedGainDb !== undefined) return [relayId, { db: statedGainDb, uncertaintyDb: 0 }];
        const place = places[i] ?? unspoken;
        const own = covariance.at(place, place) - 2 * (shares[i] ?? 0) + shared;
        return [relayId, { db: gainOf(place) - level, uncertaintyDb: Math.sqrt(Math.max(own, 0)) }];
      }),
    );
  }

  /**
   * The same for a verdict. Relays whose room is not configured compete as those of one room: what is known of some of them says less
   * than clues that are there for all, unless all of them are known to be in one room.
   */
  gainsFor(contenders: readonly string[]): ReadonlyMap<string, Gain> {
    const gains = this.gains(contenders);
    const asked = new Set(contenders);
    const unnamed = this.relays
      .filter(
        ({ relayId, room, statedGainDb }) => asked.has(relayId) && room === undefined && statedGainDb === undefined,
      )
      .map(({ relayId }) => relayId);
    if (unnamed.length < 2) return gains;
    const peers = this.peers(unnamed);
    if (unnamed.some((id) => peers.get(id)?.length === unnamed.length)) return gains;
    const unknown = atOnce(KnownGains.from([], this.relays)).gains(contenders);
    const strangers = new Set(unnamed);
    return new Map([...gains].map(([id, gain]) => [id, strangers.has(id) ? (unknown.get(id) ?? gain) : gain]));
  }

  /**
   * Which relays can be compared with which: those who share a room, and those of named rooms. Where nobody said who shares one, and
   * the words have not shown it, nothing is known.
   *
   * @param among who is compared, by their ids
   * @returns for each of them those whom it is best compared with, itself among them; nothing for those of which nothing is known
   */
  peers(among: readonly string[]): ReadonlyMap<string, readonly string[]> {
    const ids = [...this.#places.keys()];
    const idsOf = new Map<readonly number[], readonly string[]>();
    const peers = peersIn(
      this.#rooms,
      among.flatMap((id) => this.#places.get(id) ?? []),
    );
    for (const all of peers.values()) {
      if (idsOf.has(all)) continue;
      idsOf.set(
        all,
        all.flatMap((place) => ids[place] ?? []),
      );
    }
    return new Map([...peers].map(([place, all]) => [ids[place] ?? "", idsOf.get(all) ?? []]));
  }
}

/** 0 for none. */
function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The relays of which a word tells. */
export function spokenOf(words: readonly KeptWord[], relays: readonly RelayInRoom[]): readonly RelayInRoom[] {
  const ids = new Set(words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId)));
  return relays.filter(({ relayId }) => ids.has(relayId));
}
