/** What all words say together of the gains of a house: levels and tails within each room, and levels between rooms. Pure. */
import { betweenRooms } from "./gains-between.ts";
import { estimateGains, type GainEstimates, type Reports, type Source } from "./gains-estimate.ts";
import { type KnownRooms, type RelayInRoom, roomsOf } from "./gains-rooms.ts";
import type { KeptShare, KeptWord } from "./gains-words.ts";

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

/**
 * Gains of these relays, in their order, from these words.
 *
 * @param rooms which of the relays share one; other words may say more of that than these
 */
export function estimateHouse(
  raw: readonly KeptWord[],
  relays: readonly RelayInRoom[],
  rooms: KnownRooms = roomsOf(relays, raw),
): GainEstimates {
  const statedDb = new Map(relays.map(({ relayId, statedGainDb }) => [relayId, statedGainDb]));
  const stated = new Set(relays.flatMap(({ statedGainDb }, place) => (statedGainDb === undefined ? [] : [place])));
  const words =
    stated.size === 0
      ? raw
      : raw.map((word) => ({
          ...word,
          shares: word.shares.map((share) => without(share, statedDb.get(share.relayId) ?? 0)),
        }));
  const ids = relays.map(({ relayId }) => relayId);
  const { groups } = rooms;
  const within = [...new Set(groups)]
    .filter((group) => groups.indexOf(group) !== groups.lastIndexOf(group))
    .flatMap((group): readonly Source[] => {
      const reportsOf = (report: (share: KeptShare, word: KeptWord) => Reports[number]) =>
        words.map((word) =>
          ids.map((id, i) => {
            const share = groups[i] === group ? word.shares.find(({ relayId }) => relayId === id) : undefined;
            return share && report(share, word);
          }),
        );
      const levels = reportsOf(({ levelDb }) => ({ db: levelDb, spreadDb: LEVEL_SPREAD_DB }));
      const tails = reportsOf(({ tailDb, tailUncertaintyDb = 0 }, { calibration }) => {
        const spreadDb = Math.hypot(calibration ? CALIBRATION_SPREAD_DB : TAIL_SPREAD_DB, tailUncertaintyDb);
        return tailDb === undefined ? undefined : { db: tailDb, spreadDb };
      });
      return [
        { words: levels, biasDb: LEVEL_BIAS_DB },
        { words: tails, biasDb: TAIL_BIAS_DB },
      ];
    });
  return betweenRooms(words, ids, rooms, (between, walls) =>
    estimateGains([...within, ...between], ids.length, walls, stated),
  );
}

function without(share: KeptShare, gainDb: number): KeptShare {
  const { levelDb, tailDb } = share;
  return { ...share, levelDb: levelDb - gainDb, ...(tailDb !== undefined && { tailDb: tailDb - gainDb }) };
}
