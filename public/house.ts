/** What the page says of each relay of the house. */
import { describePart } from "../src/web/round-words.ts";
import type { RelayView } from "../src/web/schemas/relays.ts";
import type { RoundView } from "../src/web/schemas/rounds.ts";
import type { StreamView } from "../src/web/schemas/sound.ts";
import type { StateView } from "../src/web/schemas/state.ts";
import { describeStream, type Wellness } from "./words.ts";

/** The numbers that relays are told their status by. */
const CONTENDING = 1;
const WINNER = 2;
const CANCELLED = 3;

/** How a relay is doing: `busy` while a wake word is about it. */
export interface Doing extends Omit<Wellness, "mood"> {
  readonly mood: Wellness["mood"] | "busy";
}

/** The microphones of the house: this machine's own among them unless it is wanted to have none. */
export function microphones({ relays, audio }: StateView): readonly RelayView[] {
  return audio.state === "none" ? relays.filter(({ kind }) => kind !== "local") : relays;
}

/** The stream in which the hub listens for a relay; undefined where the relay does so itself. */
export function streamOf({ id, kind, detects }: RelayView, streams: readonly StreamView[]): StreamView | undefined {
  if (kind === "local") return streams.find((stream) => stream.id === 0);
  return detects ? undefined : streams.find((stream) => stream.id !== 0 && stream.name === id);
}

/** @param asleep whether the network sleeps over its stream */
export function describeRelay(
  { id, status, connected, expected, trouble }: RelayView,
  stream: StreamView | undefined,
  asleep: boolean,
  rounds: readonly RoundView[],
): Doing {
  if (!connected) {
    const detail = expected ? "No wake word is noticed there. Start it again, or look at its network." : null;
    return { mood: expected ? "bad" : "unknown", word: "Away", detail };
  }
  if (trouble !== null)
    return { mood: "bad", word: "Hears nothing", detail: `A wake word would go unnoticed: ${trouble}.` };
  switch (status) {
    case WINNER:
      return { mood: "busy", word: "Answers", detail: null };
    case CONTENDING:
      return { mood: "busy", word: "Heard a wake word", detail: "It is not settled yet who answers." };
    case CANCELLED: {
      const winner = rounds.find((round) => round.phase !== "over" && claims(id, round))?.grants.at(-1)?.relayId;
      return {
        mood: "unknown",
        word: winner === undefined ? "Does not answer" : `Leaves it to ${winner}`,
        detail: null,
      };
    }
    default:
      return describeStream({ state: stream?.state ?? "listening", asleep });
  }
}

/** `Last word: lost to kitchen`; null while the newest round is under way for it, and where it was not there. */
export function lastPart({ id, status, since, connected }: RelayView, [newest]: readonly RoundView[]): string | null {
  // A relay that came after the round may have the name of one that took part.
  if (newest === undefined || !connected || status !== 0 || since > newest.openedAt + 1000) return null;
  const part = describePart(id, newest);
  return part === null ? null : `Last word: ${part}`;
}

/** By which way it is here, as short as can be. */
export function describeKind({ kind, detects }: RelayView): string {
  if (kind === "local") return "this machine";
  if (kind === "sender") return "sender";
  if (kind === "loqa") return "Loqa relay";
  return detects ? "relay" : "relay, sound only";
}

/** Where it is and what it is: `kitchen · relay`. The room only where its name is not the same, the zone where there are several. */
export function describePlace(relay: RelayView, relays: readonly RelayView[]): string {
  const zoned = relays.some(({ zone }) => zone !== relay.zone);
  const room = relay.room === relay.id ? null : relay.room;
  return [room, zoned ? `zone ${relay.zone}` : null, describeKind(relay)]
    .filter((part) => part !== null && part !== "")
    .join(" · ");
}

/** Whether there is anything to tell of who answered: with one microphone, it always does. */
export function hasChoice({ relays, rounds }: StateView): boolean {
  return rounds.length > 0 && (relays.length > 1 || rounds.some(({ claims }) => claims.length > 1));
}

function claims(relayId: string, round: RoundView): boolean {
  return round.claims.some((claim) => claim.relayId === relayId);
}
