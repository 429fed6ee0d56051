/**
 * What words say of the gains of relays in different rooms. A wall looks like a gain, but it is one for whoever is on this side
 * and the opposite for whoever is on that side; so all hangs on where a word was said. That is not known: it is guessed from
 * the clues that hang on no gain and from the gains as they are known, and these again from it (expectation maximisation).
 * Only of rooms that somebody named it is known that there are walls between them: of the others this would make certain what
 * is only likely.
 */
import type { GainEstimates } from "./gains-estimate.ts";
import type { PlacedShare } from "./gains-house.ts";
import type { Reports, Source } from "./gains-information.ts";
import type { KnownRooms } from "./gains-rooms.ts";
import type { Steps } from "./gains-steps.ts";

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
 * @param words who heard each of them
 * @param estimating gains from what is known otherwise and these sources
 */
export function* estimatingBetween(
  words: readonly (readonly PlacedShare[])[],
  { named }: KnownRooms,
  estimating: (between: readonly Source[]) => Steps<GainEstimates>,
): Steps<GainEstimates> {
  let estimates = yield* estimating([]);
  if (named.size < 2) return estimates;
  const heard = words.map((shares) => shares.filter(({ group }) => named.has(group)));
  for (let round = 0; round < ROUNDS; round++) {
    const walls = new Map<string, number>();
    const reports: Reports[] = [];
    for (const shares of heard) {
      for (const [room, likely] of saidIn(shares, estimates)) {
        if (likely >= LEAST_SHARE) reports.push(reportsOf(shares, room, likely, walls));
      }
      yield;
    }
    const source = { words: reports, biasDb: BIAS_DB, walls: { count: walls.size, spreadDb: WALL_SPREAD_DB } };
    estimates = yield* estimating([source]);
  }
  return estimates;
}

/** How likely a word was said in each of the rooms where it was heard; in none where it was heard in one only. */
function saidIn(heard: readonly PlacedShare[], { gains, covariance }: GainEstimates): ReadonlyMap<number, number> {
  const rooms = [...new Set(heard.map(({ group }) => group))];
  if (rooms.length < 2) return new Map();
  const odds = rooms.map((room) => {
    const fits = heard.map(({ share, place, group }) => ({
      level: share.levelDb - (gains[place] ?? 0) + (group === room ? 0 : QUIETER_DB),
      variance:
        (group === room ? OWN_SPREAD_DB ** 2 : QUIETER_SPREAD_DB ** 2 + WALL_SPREAD_DB ** 2) +
        covariance.at(place, place),
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

/**
 * Levels of a word with what walls took put back, if it was said in this room; they count as much as that is likely.
 *
 * @param walls the numbers of those that words came through, by the rooms on either side: the others say nothing, and cost as much
 */
function reportsOf(heard: readonly PlacedShare[], room: number, likely: number, walls: Map<string, number>): Reports {
  const doubt = 1 / Math.sqrt(likely);
  return heard.map(({ share: { levelDb }, place, group }) => {
    if (group === room) return { place, db: levelDb, spreadDb: OWN_SPREAD_DB * doubt };
    const between = `${Math.min(room, group)} ${Math.max(room, group)}`;
    const wall = walls.get(between) ?? walls.size;
    walls.set(between, wall);
    return { place, db: levelDb + QUIETER_DB, spreadDb: QUIETER_SPREAD_DB * doubt, wall };
  });
}
