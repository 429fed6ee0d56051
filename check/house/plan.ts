/** What happens in a round, from the seed: who hears it, who claims and when, who is slow, and who is killed where. Pure. */
import { type Random, shuffled } from "../../bench/accuracy/seeded.ts";
import { STEPS, type Step } from "./orders.ts";

/** Claims come so long after a word's end, before what {@link SPREAD_MS} adds: what a detector lags behind. */
const LAG_MS = 80;
const SPREAD_MS = 350;
const WINDOW_MS = 300;
/** So near to the window's end some claims come. */
const EDGE_MS = 5;
const LONGEST_PAUSE_MS = 2000;
/** Of all rounds in which the hub lives. */
const KILLED_SHARE = 0.3;

export interface Part {
  readonly id: string;
  /** Linear 0..1. */
  readonly level: number;
  /** After the word's end, ms; none where it only hears it. */
  readonly claimsAfterMs: readonly number[];
  readonly doubled: boolean;
  readonly rises: boolean;
  /** It is not sure by itself, and claims when it is asked. */
  readonly seconds: boolean;
  readonly soundMs: number;
  /** Its process stops for so long, from so long after the word's end on. */
  readonly pause: { readonly afterMs: number; readonly lastsMs: number } | undefined;
}

export interface RoundPlan {
  readonly zone: string;
  readonly parts: readonly Part[];
  readonly fault: { readonly at: Step; readonly victim: "relay" | "hub" } | undefined;
  /** One of the claimants that strikes alone; undefined: whoever gets there first. */
  readonly striker: string | undefined;
}

export interface PlanOptions {
  readonly zone: string;
  /** Of the zone, those that are connected. */
  readonly relays: readonly string[];
  readonly random: Random;
  /** Where the hub is killed, if it is. */
  readonly hubDiesAt: Step | undefined;
}

/** @returns undefined where nobody is there to hear anything */
export function planRound({ zone, relays, random, hubDiesAt }: PlanOptions): RoundPlan | undefined {
  const chance = (share: number) => random() < share;
  const order = shuffled(relays, random);
  const claimants = order.slice(0, 1 + Math.floor(random() * order.length));
  if (claimants.length === 0) return undefined;
  const hearers = order.slice(claimants.length).filter(() => chance(0.6));
  const firstMs = LAG_MS + random() * SPREAD_MS * 0.3;
  const parts = claimants.map((id, place): Part => {
    const atEdge = place > 0 && chance(0.2);
    const afterMs =
      place === 0
        ? firstMs
        : atEdge
          ? firstMs + WINDOW_MS + (2 * random() - 1) * EDGE_MS
          : LAG_MS + random() * SPREAD_MS;
    const again = chance(0.1) ? [afterMs + random() * 150] : [];
    return {
      ...{ id, level: 0.02 * 10 ** random(), claimsAfterMs: [afterMs, ...again] },
      doubled: chance(0.1),
      rises: atEdge || chance(0.7),
      seconds: false,
      soundMs: 60 + random() * 200,
      pause: chance(0.05) ? { afterMs: -200 + random() * 600, lastsMs: random() * LONGEST_PAUSE_MS } : undefined,
    };
  });
  const silent = hearers.map((id): Part => {
    const level = 0.01;
    const none = { claimsAfterMs: [], doubled: false, rises: false, pause: undefined };
    return { ...none, id, level, seconds: chance(0.3), soundMs: 60 + random() * 200 };
  });
  const fault = hubDiesAt === undefined ? relayFault(random) : ({ at: hubDiesAt, victim: "hub" } as const);
  const isLosers = fault?.at === "claimed" || fault?.at === "before_claim";
  const striker = isLosers ? claimants[Math.floor(random() * claimants.length)] : undefined;
  return { zone, parts: [...parts, ...silent], fault, striker };
}

function relayFault(random: Random): RoundPlan["fault"] {
  const strikes = random() < KILLED_SHARE;
  const at = STEPS[Math.floor(random() * STEPS.length)];
  return strikes && at !== undefined ? { at, victim: "relay" } : undefined;
}
