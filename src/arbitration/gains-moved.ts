/** Whether a relay has been moved, or its microphone changed. Pure. */
import type { GainEstimates } from "./gains-estimate.ts";
import { estimatingHouse } from "./gains-house.ts";
import { median } from "./gains-information.ts";
import { peersIn, type RelayInRoom, tellingRooms } from "./gains-rooms.ts";
import type { Steps } from "./gains-steps.ts";
import { type KeptWord, wordsOfEach } from "./gains-words.ts";

/** It has been when this many words in a row say so, and by this much. */
export const MOVED_WORDS = 4;
const MOVED_DB = 5;
const MOVED_SIGMAS = 3;

/** Of two relays each seems to have changed by half. */
function leastChangeDb(relays: number): number {
  return relays > 2 ? MOVED_DB : MOVED_DB / 2;
}

/** Whose gain the last words contradict the most, if they do: those of the others change, too, but less. */
export function* findingMoved(words: readonly KeptWord[], relays: readonly RelayInRoom[]): Steps<string | undefined> {
  const recent = words.slice(-MOVED_WORDS);
  const earlier = words.slice(0, -MOVED_WORDS);
  const [recentOf, earlierOf] = [wordsOfEach(recent), wordsOfEach(earlier)];
  // Rooms as they were: few words show none, and whoever shares no room that is known has no gain that could change.
  const rooms = yield* tellingRooms(relays, earlier);
  const compared = peersIn(
    rooms,
    relays.map((_, place) => place),
  );
  const judged = relays.flatMap(({ relayId }, place) =>
    compared.has(place) && recentOf.get(relayId) === MOVED_WORDS && (earlierOf.get(relayId) ?? 0) >= MOVED_WORDS
      ? [place]
      : [],
  );
  if (judged.length < 2) return undefined;
  const then = yield* estimatingHouse(earlier, relays, rooms);
  const now = yield* estimatingHouse(recent, relays, rooms);
  const change = (place: number): number => (now.gains[place] ?? 0) - (then.gains[place] ?? 0);
  const usual = median(judged.map(change));
  const [most] = judged.toSorted((one, other) => Math.abs(change(other) - usual) - Math.abs(change(one) - usual));
  if (most === undefined) return undefined;
  const changeDb = Math.abs(change(most) - usual);
  const uncertaintyDb = Math.sqrt(then.covariance.at(most, most));
  const moved = changeDb > leastChangeDb(judged.length) && changeDb > MOVED_SIGMAS * uncertaintyDb;
  const id = relays[most]?.relayId;
  return moved &&
    recent.every((word) => louder(word, id, relays, then) * Math.sign(change(most) - usual) > changeDb / 2)
    ? id
    : undefined;
}

/**
 * How much louder a relay heard this word than the others did, gains taken off, dB. Each word has to say that it was moved: one
 * that was measured all wrong is no reason.
 */
function louder(
  { shares }: KeptWord,
  id: string | undefined,
  relays: readonly RelayInRoom[],
  { gains }: GainEstimates,
): number {
  const places = new Map(relays.map(({ relayId }, place) => [relayId, place]));
  const knownDb = (id: string): number => {
    const place = places.get(id) ?? -1;
    return (gains[place] ?? 0) + (relays[place]?.statedGainDb ?? 0);
  };
  const clean = shares.map(({ relayId, levelDb }) => ({
    relayId,
    db: levelDb - knownDb(relayId),
  }));
  const own = clean.find(({ relayId }) => relayId === id)?.db ?? 0;
  return own - median(clean.filter(({ relayId }) => relayId !== id).map(({ db }) => db));
}
