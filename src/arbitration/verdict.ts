/** Who of the claimants is best: a policy's ranking, with what no policy has to care about. */
import { compareText } from "./claim.ts";
import type { Contender, Policy, Ranked } from "./policy.ts";
import type { Relay } from "./relay.ts";
import type { Entrant } from "./round.ts";

/**
 * Ranks claimants, best first; each appears once. Policies compare those with evidence; the others follow by confidence, then
 * the earlier end, then the relay's id, and so do claimants that a policy forgot. What a policy sees is in the order of
 * the ids, not in that of arrival.
 */
export function ranked(
  entrants: readonly Entrant[],
  relays: ReadonlyMap<string, Relay>,
  policy: Policy,
): readonly Ranked[] {
  const ordered = entrants.toSorted((a, b) => compareText(a.relayId, b.relayId));
  const compared = policy(ordered.flatMap((entrant) => contender(entrant, relays.get(entrant.relayId)) ?? []));
  const left = new Map(ordered.map((entrant) => [entrant.relayId, entrant]));
  const ranking = compared.filter(({ relayId }) => left.delete(relayId));
  const others = [...left.values()].sort(
    ({ claim: a }, { claim: b }) => b.confidence - a.confidence || a.endedAtMs - b.endedAtMs,
  );
  return [...ranking, ...others.map(withoutEvidence)];
}

function contender({ relayId, claim }: Entrant, relay: Relay | undefined): Contender | undefined {
  if (claim.evidence === undefined || relay === undefined) return undefined;
  const { room, gain, preferenceDb, disbelieved } = relay.facts;
  return { relayId, room, evidence: claim.evidence, endedAtMs: claim.endedAtMs, gain, preferenceDb, disbelieved };
}

function withoutEvidence({ relayId, claim }: Entrant): Ranked {
  const because = `nothing was measured; confidence ${claim.confidence.toFixed(2)}`;
  return { relayId, score: Number.NEGATIVE_INFINITY, terms: [{ name: "no evidence", value: 0, because }] };
}
