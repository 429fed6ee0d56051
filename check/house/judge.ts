/** Whether a round was as it must be, from what all sides tell of it. Pure. */
import type { Seen } from "./orders.ts";
import type { RoundPlan } from "./plan.ts";

/** What `/api/arbitration` says of a round, as far as it matters here. */
export interface HubRound {
  readonly round: number;
  readonly zone: string;
  readonly openedAt: number;
  readonly claims: readonly { readonly relayId: string; readonly standing: string }[];
  readonly verdict: { readonly afterMs: number } | null;
  readonly grants: readonly { readonly relayId: string; readonly fence: number }[];
  readonly firstAudioAfterMs: number | null;
  readonly ended: { readonly why: string } | null;
}

export interface RoundHistory {
  readonly number: number;
  readonly plan: RoundPlan;
  /** By relay. */
  readonly seen: ReadonlyMap<string, readonly Seen[]>;
  /** The hub was killed in it. */
  readonly hubDied: boolean;
  /** Of this zone, since the round began, in the hub's life that followed. */
  readonly hub: readonly HubRound[];
  /** Rounds of the zone that were not over when they should have been. */
  readonly stuck: readonly number[];
  /** A busy machine let somebody wait for a processor for so long, there and back. */
  readonly withheldMs: number;
  /** The highest fence that any relay was told before this round. */
  readonly highestFence: number;
}

const WINDOW_MS = 300;
/** A winner that sends nothing makes room after this. */
const SILENCE_MS = 500;
/** Timers, hops of sound, and the way there and back. */
const SLACK_MS = 300;

/** @returns what is wrong, for people; empty where all is well */
export function judge(history: RoundHistory): readonly string[] {
  const { plan, seen, hubDied } = history;
  const relays = plan.parts.map(({ id }) => new RelaySight(id, seen.get(id) ?? []));
  return [
    ...(history.stuck.length > 0 ? [`not over: hub rounds ${history.stuck.join(", ")}`] : []),
    ...oneAtMost(history, relays),
    ...(hubDied ? [] : oneWhileAnyLives(history, relays)),
    ...relays.flatMap((relay) => [...told(relay, hubDied), ...ownRoundOnly(relay, history)]),
    ...(hubDied ? [] : bounds(history, relays)),
  ];
}

/** What became of one relay in a round. */
class RelaySight {
  readonly died: boolean;
  readonly stoppedMs: number;
  readonly claimed: readonly Extract<Seen, { readonly type: "claimed" }>[];
  readonly granted: readonly Extract<Seen, { readonly type: "granted" }>[];
  readonly lost: readonly Extract<Seen, { readonly type: "lost" }>[];
  readonly sent: readonly number[];

  constructor(
    readonly id: string,
    readonly seen: readonly Seen[],
  ) {
    const of = <T extends Seen["type"]>(type: T) =>
      seen.filter((one): one is Extract<Seen, { readonly type: T }> => one.type === type);
    this.died = of("died").length > 0;
    this.claimed = of("claimed");
    this.granted = of("granted");
    this.lost = of("lost");
    this.sent = of("sent").map(({ fence }) => fence);
    const continued = of("continued");
    this.stoppedMs = of("stopped").reduce((sum, { atMs }, i) => sum + ((continued[i]?.atMs ?? atMs) - atMs), 0);
  }

  /** Nothing happened to it: what it claimed must be answered, and it can serve. */
  get steady(): boolean {
    return !this.died && this.stoppedMs === 0 && !this.seen.some(({ type }) => type === "away");
  }

  /** From its first claim to the first word about it, ms. */
  get waitedMs(): number | undefined {
    const [first] = this.claimed;
    const answered = Math.min(...[...this.granted, ...this.lost].map(({ atMs }) => atMs));
    return first === undefined || answered === Number.POSITIVE_INFINITY ? undefined : answered - first.atMs;
  }
}

/** The hub accepted sound of at most one, and of the one that was told so. */
function oneAtMost({ hub, hubDied }: RoundHistory, relays: readonly RelaySight[]): string[] {
  const wrong: string[] = [];
  const heard = hub.filter(({ firstAudioAfterMs }) => firstAudioAfterMs !== null);
  if (heard.length > 1) wrong.push(`sound was accepted in ${heard.length} rounds of one utterance`);
  const [accepted] = heard.flatMap(({ grants }) => grants.slice(-1));
  const holders = new Map<number, string>();
  for (const { id, granted } of relays) {
    for (const { fence } of granted) {
      const other = holders.get(fence);
      if (other !== undefined && other !== id) wrong.push(`${other} and ${id} were both granted fence ${fence}`);
      holders.set(fence, id);
    }
  }
  if (accepted === undefined) return wrong;
  const holder = holders.get(accepted.fence);
  if (holder !== undefined && holder !== accepted.relayId) {
    wrong.push(`fence ${accepted.fence} is ${accepted.relayId}'s for the hub, and ${holder} believes it has it`);
  }
  // One that stood still may believe it until it hears more; what it sends bears an older fence. After that nobody may.
  const believers = relays.filter(({ granted, steady }) => steady && granted.length > 0);
  if (!hubDied && believers.length > 1) {
    const replaced = believers.filter(({ lost, id }) => id === accepted.relayId || lost.length > 0);
    if (replaced.length < believers.length)
      wrong.push(`${believers.map(({ id }) => id).join(" and ")} believe they answer`);
  }
  for (const { id, sent, granted } of relays) {
    const strange = sent.find((fence) => !granted.some((grant) => grant.fence === fence));
    if (strange !== undefined) wrong.push(`${id} sent sound with fence ${strange}, which it was never told`);
  }
  return wrong;
}

function oneWhileAnyLives({ hub }: RoundHistory, relays: readonly RelaySight[]): string[] {
  const living = relays.filter(({ steady, claimed }) => steady && claimed.length > 0);
  if (living.length === 0 || hub.some(({ firstAudioAfterMs }) => firstAudioAfterMs !== null)) return [];
  return [`nobody was heard, although ${living.map(({ id }) => id).join(", ")} claimed and lived`];
}

/** Whoever lives was told of every claim. */
function told({ id, died, claimed, granted, lost }: RelaySight, hubDied: boolean): string[] {
  if (died || claimed.length === 0) return [];
  const wrong: string[] = [];
  const gaveUp = lost.some(({ why }) => why === "no_verdict");
  if (gaveUp && !hubDied) wrong.push(`${id} was told nothing for so long that it gave up`);
  if (granted.length === 0 && lost.length === 0) wrong.push(`${id} claimed and was told nothing`);
  return wrong;
}

/** Nothing of an earlier round, or of an earlier hub, comes into this one. */
function ownRoundOnly({ id, seen, granted }: RelaySight, { highestFence, hub }: RoundHistory): string[] {
  const wrong: string[] = [];
  let claims = 0;
  for (const one of seen) {
    if (one.type === "away" || one.type === "started") claims = 0;
    if (one.type === "claimed") claims++;
    if (one.type === "granted" && claims === 0) wrong.push(`${id} was granted fence ${one.fence} without a claim`);
  }
  for (const { fence } of granted) if (fence <= highestFence) wrong.push(`${id} was granted the old fence ${fence}`);
  const strange = hub.some(({ claims }) => claims.some(({ relayId }) => relayId === id)) && !seen.some(isClaim);
  if (strange && !seen.some(({ type }) => type === "died"))
    wrong.push(`the hub knows of a claim that ${id} never made`);
  return wrong;
}

function isClaim({ type }: Seen): boolean {
  return type === "claimed";
}

/** Nobody waits for longer than the window, and for those who were disturbed while it was theirs to answer. */
function bounds({ hub, withheldMs }: RoundHistory, relays: readonly RelaySight[]): string[] {
  const wrong: string[] = [];
  for (const { round, verdict } of hub) {
    if (verdict !== null && verdict.afterMs > WINDOW_MS + SLACK_MS + withheldMs) {
      wrong.push(`hub round ${round} was open for ${Math.round(verdict.afterMs)} ms`);
    }
  }
  const disturbed = relays.filter(({ steady }) => !steady).length;
  for (const relay of relays) {
    const { waitedMs } = relay;
    const mostMs = WINDOW_MS + SILENCE_MS * disturbed + SLACK_MS + relay.stoppedMs + withheldMs;
    if (!relay.died && waitedMs !== undefined && waitedMs > mostMs) {
      wrong.push(`${relay.id} waited ${Math.round(waitedMs)} ms, ${Math.round(mostMs)} at most`);
    }
  }
  return wrong;
}
