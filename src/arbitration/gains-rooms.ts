/**
 * Which relays are in one room, as far as can be told without mistaking a wall for a gain. Pure.
 *
 * Where nobody said it, one thing cannot be told: two relays of which one is always louder by as much are of one room with
 * other gains, or there is a wall between them and people are always on the same side. So nothing is concluded but from words
 * of which some were nearer to the one, and some to the other.
 */
import { median } from "./gains-information.ts";
import { STEP_OPERATIONS, type Steps } from "./gains-steps.ts";
import type { KeptShare, KeptWord } from "./gains-words.ts";

/** A relay whose gain is asked for. */
export interface RelayInRoom {
  readonly relayId: string;
  /** As configured. */
  readonly room: string | undefined;
  /** Its gain, dB, where somebody stated it: that is then believed, and the others are learned against it. */
  readonly statedGainDb?: number | undefined;
}

/** Which relays are known, or have shown, to be in one room. */
export interface KnownRooms {
  /** Of each relay the number of its group. */
  readonly groups: readonly number[];
  /** Groups with a name: of two of them it is known that they are two. */
  readonly named: ReadonlySet<number>;
}

/** @param relays in the order that groups are asked for */
export function* tellingRooms(relays: readonly RelayInRoom[], words: readonly KeptWord[]): Steps<KnownRooms> {
  const rooms = relays.map(({ room }) => room);
  const firsts = new Map<string, number>();
  for (const [i, room] of rooms.entries()) if (room !== undefined && !firsts.has(room)) firsts.set(room, i);
  const groups = rooms.map((room, i) => (room === undefined ? i : (firsts.get(room) ?? i)));
  const join = (i: number, j: number): void => {
    const [kept, given] = [Math.min(groups[i] ?? 0, groups[j] ?? 0), Math.max(groups[i] ?? 0, groups[j] ?? 0)];
    // A relay whose room is not known never makes two configured rooms into one.
    const joined = groups.flatMap((group, k) => (group === kept || group === given ? (rooms[k] ?? []) : []));
    if (new Set(joined).size > 1) return;
    groups.forEach((group, k) => {
      if (group === given) groups[k] = kept;
    });
  };
  const places = new Map(relays.map(({ relayId }, place) => [relayId, place]));
  for (const { shares, together } of words) {
    if (together !== true) continue;
    const [first, ...others] = shares.flatMap(({ relayId }) => places.get(relayId) ?? []);
    if (first !== undefined) for (const other of others) join(first, other);
    yield;
  }
  const sharesOf = relays.map((): (KeptShare | undefined)[] => []);
  for (const [word, { shares }] of words.entries()) {
    for (const share of shares) {
      const its = sharesOf[places.get(share.relayId) ?? -1];
      if (its !== undefined) its[word] ??= share;
    }
    yield;
  }
  // Where there is a wall somewhere it takes more to be alike; that is known when all were looked at.
  let walls = false;
  const shown: { readonly i: number; readonly j: number; readonly show: Shown }[] = [];
  let looked = 0;
  for (const i of relays.keys()) {
    for (let j = i + 1; j < relays.length; j++) {
      if (rooms[i] !== undefined && rooms[j] !== undefined) continue;
      const show = shownBy(pairsOf(sharesOf[i] ?? [], sharesOf[j] ?? []));
      walls ||= show.apart;
      if (show.alikeInOneRoom || show.alikeAmongRooms || show.keepTails) shown.push({ i, j, show });
      looked += OPERATIONS_OF_A_PAIR * words.length;
      if (looked < STEP_OPERATIONS) continue;
      looked = 0;
      yield;
    }
  }
  for (const { i, j, show } of shown) {
    const alike = walls ? show.alikeAmongRooms : show.alikeInOneRoom;
    if (groups[i] === groups[j] || !(alike || show.keepTails)) continue;
    join(i, j);
    yield;
  }
  return { groups, named: new Set(groups.filter((_, i) => rooms[i] !== undefined)) };
}

/**
 * Whom a relay can be compared with: those who share its room, or where nobody does, those of all named rooms, if there are two.
 *
 * @param among places of relays
 * @returns for each of them the places, its own among them; nothing for those of which words cannot say anything
 */
export function peersIn(
  { groups, named }: KnownRooms,
  among: readonly number[],
): ReadonlyMap<number, readonly number[]> {
  const members = new Map<number, number[]>();
  for (const place of among) {
    const group = groups[place] ?? -1;
    members.set(group, [...(members.get(group) ?? []), place]);
  }
  const ofNamed = among.filter((place) => named.has(groups[place] ?? -1));
  const twoNamed = [...members.keys()].filter((group) => named.has(group)).length > 1;
  return new Map(
    among.flatMap((place) => {
      const group = groups[place] ?? -1;
      const mates = members.get(group) ?? [];
      if (mates.length > 1) return [[place, mates] as const];
      return twoNamed && named.has(group) ? [[place, ofNamed] as const] : [];
    }),
  );
}

/** What two relays report of a word, the one against the other. */
interface Pair {
  readonly levelDb: number;
  /** Undefined where one of them has none. */
  readonly tailDb: number | undefined;
  /** How much more the level stands above the tail, dB: both have the gain in them. */
  readonly nearnessDb: number | undefined;
  readonly clue: number;
}

/** What the pairs of two relays show. */
interface Shown {
  /** There must be a wall between them. */
  readonly apart: boolean;
  /** They hear alike, if all relays may be in one room, or if there are others. */
  readonly alikeInOneRoom: boolean;
  readonly alikeAmongRooms: boolean;
  readonly keepTails: boolean;
}

/** About as long as so many multiplications takes what is done for one word. */
const OPERATIONS_OF_A_PAIR = 40;

function shownBy(pairs: readonly Pair[]): Shown {
  return {
    apart: hearApart(pairs),
    alikeInOneRoom: hearAlike(pairs, false),
    alikeAmongRooms: hearAlike(pairs, true),
    keepTails: keepTails(pairs),
  };
}

function pairsOf(one: readonly (KeptShare | undefined)[], other: readonly (KeptShare | undefined)[]): readonly Pair[] {
  return one.flatMap((a, word): readonly Pair[] => {
    const b = other[word];
    if (a === undefined || b === undefined) return [];
    const levelDb = a.levelDb - b.levelDb;
    const tailDb = a.tailDb === undefined || b.tailDb === undefined ? undefined : a.tailDb - b.tailDb;
    return [
      { levelDb, tailDb, nearnessDb: tailDb === undefined ? undefined : levelDb - tailDb, clue: a.clue - b.clue },
    ];
  });
}

/**
 * What pairs of one room differ by at most, root mean square, by what hangs on no gain; and by how much their levels waver
 * at most, dB. Doors make of these 6, 5 dB and 9 dB. From simulated houses, as all here; more words allow for more.
 */
const ALIKE = { clue: 2, nearnessDb: 2, waverDb: 3 } as const;
const ALIKE_IN_MANY = { clue: 2.5, nearnessDb: 3, waverDb: 5 } as const;
/** Where nobody moves levels waver by less: then what seems nearer now and then is chance. */
const LEAST_WAVER_DB = 1;
const FEWEST_WORDS = 2;
const MANY_WORDS = 6;
/** This share of the words at least must have been nearer to the one, and as many to the other. */
const EITHER_SHARE = 1 / 6;
/** One word may seem nearer by chance: by its clues and by its tail together that must have been so this often. */
const LEAST_CHANGES = 2;
/** Who differs by more is not in one room, root mean square. */
const APART_CLUE = 4;
const LEAST_WORDS_APART = 3;

/**
 * Whether both hear people about as nearly, and now the one and now the other more nearly.
 *
 * @param walls whether there are other rooms: then it takes more, since people in a third one are about as near to either
 */
function hearAlike(pairs: readonly Pair[], walls: boolean): boolean {
  const nearness = pairs.flatMap(({ nearnessDb }) => nearnessDb ?? []);
  if (pairs.length < FEWEST_WORDS || nearness.length < pairs.length / 2) return false;
  const clues = pairs.map(({ clue }) => clue);
  const levels = pairs.map(({ levelDb }) => levelDb);
  const mean = levels.reduce((sum, db) => sum + db, 0) / levels.length;
  const waverDb = rms(levels.map((db) => db - mean)) * Math.sqrt(levels.length / (levels.length - 1));
  const most = walls || pairs.length < MANY_WORDS ? ALIKE : ALIKE_IN_MANY;
  if (rms(clues) >= most.clue || rms(nearness) >= most.nearnessDb) return false;
  if (waverDb < LEAST_WAVER_DB || waverDb >= most.waverDb) return false;
  const either = Math.max(1, pairs.length * EITHER_SHARE);
  const [byTail, byClues] = [fewerSide(nearness), fewerSide(clues)];
  return walls
    ? Math.min(byTail, byClues) >= Math.max(either, LEAST_CHANGES)
    : byTail >= either && byTail + byClues >= LEAST_CHANGES;
}

/** Whether there must be a wall between them. */
function hearApart(pairs: readonly Pair[]): boolean {
  return pairs.length >= LEAST_WORDS_APART && rms(pairs.map(({ clue }) => clue)) > APART_CLUE;
}

/** How many are positive, or negative where these are fewer. */
function fewerSide(values: readonly number[]): number {
  return Math.min(values.filter((value) => value > 0).length, values.filter((value) => value < 0).length);
}

function rms(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
}

/** Where people come so near that relays do not hear alike: this many words must have been nearer to each. */
const LEAST_WORDS_EACH = 3;
/** Less could be chance, and behind a wall nobody is near. */
const NEARER_DB = 3;
/** Through a door tails change by 10 dB and more with who is nearer; within a room by this at most. */
const MOST_CHANGE_DB = 3;
const MOST_SPREAD_DB = 2.5;

/** Whether people were much nearer now to the one and now to the other, and the difference of the tails stayed as it was. */
function keepTails(pairs: readonly Pair[]): boolean {
  const tailsWhere = (nearer: (nearnessDb: number) => boolean): readonly number[] =>
    pairs.flatMap(({ tailDb, nearnessDb }) =>
      tailDb !== undefined && nearnessDb !== undefined && nearer(nearnessDb) ? [tailDb] : [],
    );
  const nearOne = tailsWhere((nearnessDb) => nearnessDb > NEARER_DB);
  const nearOther = tailsWhere((nearnessDb) => nearnessDb < -NEARER_DB);
  if (Math.min(nearOne.length, nearOther.length) < LEAST_WORDS_EACH) return false;
  const all = [...nearOne, ...nearOther];
  const middle = median(all);
  const spread = 1.5 * median(all.map((difference) => Math.abs(difference - middle)));
  return Math.abs(median(nearOne) - median(nearOther)) < MOST_CHANGE_DB && spread < MOST_SPREAD_DB;
}
