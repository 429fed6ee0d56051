/** A relay's status, read off the rounds: it cannot disagree with them. */
import { RELAY_STATUS, type Relay, type RelayStatus } from "./relay.ts";
import { entrantOf, type LiveRound } from "./round.ts";

/** Of all the rounds it takes part in, the one in which it got furthest counts. */
export function statusOf({ facts, connection }: Relay, rounds: Iterable<LiveRound>): RelayStatus {
  let status: RelayStatus = RELAY_STATUS.connected;
  for (const round of rounds) {
    const standing = entrantOf(round, facts.id, connection)?.standing;
    if (standing === "granted") return RELAY_STATUS.winner;
    if (standing === "contending") status = RELAY_STATUS.contending;
    else if (standing !== undefined && status === RELAY_STATUS.connected) status = RELAY_STATUS.cancelled;
  }
  return status;
}
