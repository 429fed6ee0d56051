/** Which relays are in one room, as far as can be told without mistaking a wall for a gain. Pure. */
import { median } from "./gains-estimate.ts";
import type { KeptWord } from "./gains-words.ts";

/** Where nobody said which room, this many words must have been nearer to the one, and as many to the other. */
const LEAST_WORDS_EACH = 3;
/**
 * Nearer: by so much does the level stand higher above the tail, dB. Both have the gain in them. Less could be chance, and
 * behind a wall nobody is near.
 */
const NEARER_DB = 3;
/** Through a door tails change by 10 dB and more with who is nearer; within a room by this at most. */
const MOST_CHANGE_DB = 3;
const MOST_SPREAD_DB = 2.5;

/**
 * @param rooms of each relay, as configured; undefined where it is not
 * @returns for each relay the number of its group: those that are known, or have shown, to be in one room
 */
export function groupsOf(
  relays: readonly string[],
  rooms: readonly (string | undefined)[],
  words: readonly KeptWord[],
): readonly number[] {
  const groups = relays.map((_, i) => {
    const room = rooms[i];
    return room === undefined ? i : rooms.indexOf(room);
  });
  for (let i = 0; i < relays.length; i++) {
    for (let j = i + 1; j < relays.length; j++) {
      if (rooms[i] !== undefined && rooms[j] !== undefined) continue;
      if (groups[i] === groups[j] || !sharesARoom(words, relays[i] ?? "", relays[j] ?? "")) continue;
      const [kept, given] = [Math.min(groups[i] ?? 0, groups[j] ?? 0), Math.max(groups[i] ?? 0, groups[j] ?? 0)];
      // A relay whose room is not known never makes two configured rooms into one.
      const joined = groups.flatMap((group, k) => (group === kept || group === given ? (rooms[k] ?? []) : []));
      if (new Set(joined).size > 1) continue;
      groups.forEach((group, k) => {
        if (group === given) groups[k] = kept;
      });
    }
  }
  return groups;
}

/** Whether people were nearer now to the one and now to the other, and the difference of the tails stayed as it was. */
function sharesARoom(words: readonly KeptWord[], one: string, other: string): boolean {
  const nearOne: number[] = [];
  const nearOther: number[] = [];
  for (const { shares } of words) {
    const a = shares.find(({ relayId }) => relayId === one);
    const b = shares.find(({ relayId }) => relayId === other);
    if (a?.tailDb === undefined || b?.tailDb === undefined) continue;
    const nearness = a.levelDb - a.tailDb - (b.levelDb - b.tailDb);
    if (nearness > NEARER_DB) nearOne.push(a.tailDb - b.tailDb);
    if (nearness < -NEARER_DB) nearOther.push(a.tailDb - b.tailDb);
  }
  if (Math.min(nearOne.length, nearOther.length) < LEAST_WORDS_EACH) return false;
  const all = [...nearOne, ...nearOther];
  const middle = median(all);
  const spread = 1.5 * median(all.map((difference) => Math.abs(difference - middle)));
  return Math.abs(median(nearOne) - median(nearOther)) < MOST_CHANGE_DB && spread < MOST_SPREAD_DB;
}
