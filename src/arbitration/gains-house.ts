/** What all words say together of the gains of a house: levels and tails within each room, and levels between rooms. Pure. */
import { estimatingBetween } from "./gains-between.ts";
import { estimatingGains, type GainEstimates } from "./gains-estimate.ts";
import type { Report, Source } from "./gains-information.ts";
import type { KnownRooms, RelayInRoom } from "./gains-rooms.ts";
import type { Steps } from "./gains-steps.ts";
import { firstOfEach, type KeptShare, type KeptWord } from "./gains-words.ts";

/** How levels of a room differ by where somebody stands, and how much of it stays: a favourite chair. From simulated rooms. */
const LEVEL_SPREAD_DB = 1.8;
const LEVEL_BIAS_DB = 1;
/**
 * The same of tails: waves of the diffuse field, and corners where it is not. A voice that fades has some of the nearness of
 * its word left in the tail, so that what stays is more than corners make of it.
 */
const TAIL_SPREAD_DB = 1.8;
const CALIBRATION_SPREAD_DB = 0.9;
const TAIL_BIAS_DB = 0.7;

/** What one relay kept of a word. */
export interface PlacedShare {
  readonly share: KeptShare;
  /** The relay's, among those whose gains are asked for. */
  readonly place: number;
  /** The number of its room. */
  readonly group: number;
}

/**
 * Gains of these relays, in their order, from these words.
 *
 * @param rooms which of the relays share one; other words may say more of that than these
 */
export function* estimatingHouse(
  words: readonly KeptWord[],
  relays: readonly RelayInRoom[],
  rooms: KnownRooms,
): Steps<GainEstimates> {
  const { groups } = rooms;
  const stated = new Set(relays.flatMap(({ statedGainDb }, place) => (statedGainDb === undefined ? [] : [place])));
  const places = new Map(relays.map(({ relayId }, place) => [relayId, place]));
  const said: (readonly PlacedShare[])[] = [];
  for (const { shares } of words) {
    said.push(
      firstOfEach(shares).flatMap((share) => {
        const place = places.get(share.relayId);
        if (place === undefined) return [];
        const clean = without(share, relays[place]?.statedGainDb ?? 0);
        return [{ share: clean, place, group: groups[place] ?? -1 }];
      }),
    );
    yield;
  }
  const members = Map.groupBy(groups.keys(), (place) => groups[place] ?? -1);
  const within = [...members].flatMap(([group, { length }]) => (length > 1 ? sourcesWithin(group, said, words) : []));
  yield;
  return yield* estimatingBetween(said, rooms, (between) =>
    estimatingGains([...within, ...between], relays.length, stated),
  );
}

/** What levels and tails say of the gains of those of one room. */
function sourcesWithin(
  room: number,
  said: readonly (readonly PlacedShare[])[],
  words: readonly KeptWord[],
): readonly Source[] {
  const there = said.map((heard) => heard.filter(({ group }) => group === room));
  const levels = there.map((heard) =>
    heard.map(({ share: { levelDb }, place }): Report => ({ place, db: levelDb, spreadDb: LEVEL_SPREAD_DB })),
  );
  const tails = there.map((heard, i) => {
    const usualDb = words[i]?.calibration === true ? CALIBRATION_SPREAD_DB : TAIL_SPREAD_DB;
    return heard.flatMap(({ share: { tailDb, tailUncertaintyDb = 0 }, place }): readonly Report[] =>
      tailDb === undefined ? [] : [{ place, db: tailDb, spreadDb: Math.hypot(usualDb, tailUncertaintyDb) }],
    );
  });
  return [
    { words: levels, biasDb: LEVEL_BIAS_DB },
    { words: tails, biasDb: TAIL_BIAS_DB },
  ];
}

function without(share: KeptShare, gainDb: number): KeptShare {
  if (gainDb === 0) return share;
  const { levelDb, tailDb } = share;
  return { ...share, levelDb: levelDb - gainDb, ...(tailDb !== undefined && { tailDb: tailDb - gainDb }) };
}
