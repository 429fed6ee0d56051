import type { Contender, Policy, Term } from "../policy.ts";
import { cluesAmong } from "./auto-clues.ts";
import { levelsOf, type Nearness, nearness } from "./auto-levels.ts";
import { ranked } from "./ranking.ts";

/** What a decibel of preference is worth: three of them make a toss-up four to one. */
const PER_PREFERRED_DB = 0.5;

/**
 * The nearest, as far as can be told. Scores are logarithms of odds, so that what is known adds up:
 *
 * - which room: levels differ by much between rooms, and how they do is known badly (doors);
 * - which relay of that room: levels differ by little, but tell distances well, if the microphones' gains are known. How
 *   well they are is weighed in;
 * - clues that hang on no gain, in either case: the less is known of gains, the more they decide. What they share with the
 *   level is not counted twice.
 *
 * Relays whose room nobody configured are taken for those of one more room. A room is worth what its best relay is, so that
 * many relays in one are no more than one.
 */
export const auto: Policy = (claims) => {
  // Sums of the same numbers differ in their last digits with the order, and so would what nearly ties.
  const contenders = claims.toSorted((one, other) => (one.relayId < other.relayId ? -1 : 1));
  // Whoever is not believed must not decide about others either.
  const believed = contenders.filter(({ disbelieved }) => !disbelieved);
  if (believed.length > 0 && believed.length < contenders.length) {
    return [...auto(believed), ...auto(contenders.filter(({ disbelieved }) => disbelieved))];
  }
  const among = cluesAmong(contenders.map(({ evidence }) => evidence));
  const cluesOf = ({ evidence }: Contender) => among(evidence);
  const { levelOf, shown } = levelsOf(contenders);
  const worth = (near: Nearness, one: Contender): number =>
    near.clues.reduce((sum, { value }) => sum + value, near.level) + favour(one);

  const rooms = new Map<string | undefined, Contender[]>();
  for (const contender of contenders) rooms.set(contender.room, [...(rooms.get(contender.room) ?? []), contender]);

  const inRoom = new Map<Contender, { readonly near: Nearness; readonly behind: number }>();
  for (const room of rooms.values()) {
    const nearnessOf = nearness(room, levelOf, cluesOf, "in a room");
    const best = Math.max(...room.map((one) => worth(nearnessOf(one), one)));
    for (const one of room) {
      const near = nearnessOf(one);
      inRoom.set(one, { near, behind: worth(near, one) - best });
    }
  }
  if (rooms.size === 1) {
    return ranked(contenders, (one) => [
      { name: "level", value: inRoom.get(one)?.near.level ?? 0, because: shown(one) },
      ...(inRoom.get(one)?.near.clues ?? []),
      ...favoured(one),
    ]);
  }
  const between = nearness(contenders, levelOf, cluesOf, "between rooms");
  const worthBetween = new Map(contenders.map((one) => [one, worth(between(one), one)]));
  return ranked(contenders, (one) => {
    const room = rooms.get(one.room) ?? [];
    const best = Math.max(...room.map((other) => worthBetween.get(other) ?? 0));
    const because = `${one.room ?? "rooms unknown"}: the best of ${room.length} there, ${shown(one)}`;
    return [
      { name: "room", value: best, because },
      { name: "in the room", value: inRoom.get(one)?.behind ?? 0, because: "odds against the likeliest of its room" },
    ];
  });
};

function favour({ preferenceDb }: Contender): number {
  return preferenceDb * PER_PREFERRED_DB;
}

function favoured(one: Contender): readonly Term[] {
  const because = `configured, ${one.preferenceDb} dB`;
  return one.preferenceDb === 0 ? [] : [{ name: "preference", value: favour(one), because }];
}
