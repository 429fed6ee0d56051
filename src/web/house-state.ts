/** What every relay is told of the whole house: from what the web worker knows to the protocol's `state`. Pure. */
import type { Relay } from "../arbitration/relay.ts";
import { type LiveRound, newestGrant } from "../arbitration/round.ts";
import type { Activation } from "../hub/activation.ts";
import type { HouseState } from "../relay/messages-to-relay.ts";

/** A larger house tells only of those with a part in a round: what is told to all grows with the square of them otherwise. */
const MOST_RELAYS = 100;
const MOST_ROUNDS = 64;
const MOST_CONTENDERS = 256;

export interface HouseSight {
  readonly nowMs: number;
  readonly activation: Activation;
  /** What this machine's microphone is called. */
  readonly localId: string;
  /** Those that are not over. */
  readonly rounds: readonly LiveRound[];
  readonly relays: ReadonlyMap<string, Relay>;
  /** Those that say an answer. */
  readonly responding: ReadonlySet<string>;
}

export function houseState({ nowMs, activation, localId, rounds, relays, responding }: HouseSight): HouseState {
  const { state, model, source, confidence, sinceMs } = activation;
  const all = [...relays.values()];
  const shown =
    all.length > MOST_RELAYS
      ? all.filter(({ facts, status }) => status !== 0 || responding.has(facts.id)).slice(0, MOST_RELAYS)
      : all;
  const forMs = (atMs: number) => Math.max(0, Math.round(nowMs - atMs));
  return {
    activation: {
      state,
      model,
      confidence,
      relay: model === "" ? null : source === "" ? localId : source,
      forMs: forMs(sinceMs),
    },
    rounds: rounds.slice(-MOST_ROUNDS).map((round) => ({
      round: round.id,
      zone: round.zone,
      phase: round.phase,
      contenders: [...round.entrants.keys()].slice(0, MOST_CONTENDERS),
      winner: round.phase === "open" ? null : newestGrant(round).relayId,
      forMs: forMs(round.openedAtMs),
    })),
    relays: shown.map(({ facts: { id, room, zone }, status }) => ({
      ...{ id, room: room ?? null, zone, status },
      responding: responding.has(id),
    })),
  };
}
