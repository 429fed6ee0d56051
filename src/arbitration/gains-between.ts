/**
 * What words say of the gains of relays in different rooms. A wall looks like a gain, but it is one for whoever is on this side
 * and the opposite for whoever is on that side; so all hangs on where a word was said. That is not known: it is guessed from
 * the clues that hang on no gain and from the gains as they are known, and these again from it (expectation maximisation).
 * Only of rooms that somebody named it is known that there are walls between them: of the others this would make certain what
 * is only likely.
 */
import type { GainEstimates, Report, Reports, Source, Walls } from "./gains-estimate.ts";
import type { KnownRooms } from "./gains-rooms.ts";
import type { KeptShare, KeptWord } from "./gains-words.ts";

/** How much quieter a word is in the next room, doors open or closed, and how much that differs; from simulated houses. */
const QUIETER_DB = 10;
const QUIETER_SPREAD_DB = 4;
/** How much what a wall takes differs from wall to wall. It takes the same from either side. */
const WALL_SPREAD_DB = 5;
const OWN_SPREAD_DB = 3;
/** What stays, however many words there are: the way behind a door is not the way before it. */
const BIAS_DB = 1.5;
/** Less likely than this, a word was not said in a room. */
const LEAST_SHARE = 0.02;
const ROUNDS = 3;

/**
 * @param estimate gains from what is known otherwise and these sources
 */
export function betweenRooms(
  words: readonly KeptWord[],
  relays: readonly string[],
  { groups, named }: KnownRooms,
  estimate: (between: readonly Source[], walls: Walls) => GainEstimates,
): GainEstimates {
  const rooms = [...named];
  let estimates = estimate([], { count: 0, spreadDb: WALL_SPREAD_DB });
  if (rooms.length < 2) return estimates;
  const places = words.map(({ shares }) =>
    shares.flatMap((share) => {
      const place = relays.indexOf(share.relayId);
      const group = groups[place] ?? -1;
      return named.has(group) ? [{ share, place, group }] : [];
    }),
  );
  // A wall that no word came through says nothing, and costs as much as one that says something.
  const numbers = new Map<string, number>();
  for (const heard of places) {
    for (const { group: one } of heard) {
      for (const { group: other } of heard) {
        const wall = `${one} ${other}`;
        if (one < other && !numbers.has(wall)) numbers.set(wall, numbers.size);
      }
    }
  }
  const wallOf = (one: number, other: number): number =>
    numbers.get(`${Math.min(one, other)} ${Math.max(one, other)}`) ?? 0;
  const walls = { count: numbers.size, spreadDb: WALL_SPREAD_DB };
  for (let round = 0; round < ROUNDS; round++) {
    const odds = places.map((heard) => saidIn(heard, estimates));
    const reports = rooms.flatMap((room) =>
      places.map((heard, word) => reportsOf(heard, room, odds[word]?.get(room) ?? 0, relays.length, wallOf)),
    );
    estimates = estimate([{ words: reports, biasDb: BIAS_DB }], walls);
  }
  return estimates;
}

interface Heard {
  readonly share: KeptShare;
  /** The relay's. */
  readonly place: number;
  /** Its room. */
  readonly group: number;
}

/** How likely a word was said in each of the rooms where it was heard; in none where it was heard in one only. */
function saidIn(heard: readonly Heard[], { gains, covariance }: GainEstimates): ReadonlyMap<number, number> {
  const rooms = [...new Set(heard.map(({ group }) => group))];
  if (rooms.length < 2) return new Map();
  const odds = rooms.map((room) => {
    const fits = heard.map(({ share, place, group }) => ({
      level: share.levelDb - (gains[place] ?? 0) + (group === room ? 0 : QUIETER_DB),
      variance:
        (group === room ? OWN_SPREAD_DB ** 2 : QUIETER_SPREAD_DB ** 2 + WALL_SPREAD_DB ** 2) +
        (covariance[place]?.[place] ?? 0),
    }));
    const weights = fits.reduce((sum, { variance }) => sum + 1 / variance, 0);
    const mean = fits.reduce((sum, { level, variance }) => sum + level / variance, 0) / weights;
    const clue = Math.max(...heard.filter(({ group }) => group === room).map(({ share }) => share.clue));
    return fits.reduce(
      (sum, { level, variance }) => sum - (level - mean) ** 2 / (2 * variance) - Math.log(variance) / 2,
      clue - Math.log(weights) / 2,
    );
  });
  const likeliest = Math.max(...odds);
  const total = odds.reduce((sum, one) => sum + Math.exp(one - likeliest), 0);
  return new Map(rooms.map((room, i) => [room, Math.exp((odds[i] ?? 0) - likeliest) / total]));
}

/** Levels of a word with what walls took put back, if it was said in this room; they count as much as that is likely. */
function reportsOf(
  heard: readonly Heard[],
  room: number,
  likely: number,
  relays: number,
  wallOf: (one: number, other: number) => number,
): Reports {
  const reports: (Report | undefined)[] = Array.from({ length: relays }, () => undefined);
  if (likely < LEAST_SHARE) return reports;
  const doubt = 1 / Math.sqrt(likely);
  for (const { share, place, group } of heard) {
    reports[place] =
      group === room
        ? { db: share.levelDb, spreadDb: OWN_SPREAD_DB * doubt }
        : { db: share.levelDb + QUIETER_DB, spreadDb: QUIETER_SPREAD_DB * doubt, wall: wallOf(room, group) };
  }
  return reports;
}
