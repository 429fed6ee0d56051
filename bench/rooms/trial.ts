// One house: who would have won, by each policy, with each spread of gains, after so many shared wakes.
import { GainMemory, type RelayInRoom } from "../../src/arbitration/gains.ts";
import { POLICIES } from "../../src/arbitration/policies/by-name.ts";
import type { Contender, Policy } from "../../src/arbitration/policy.ts";
import type { House, HouseKind } from "./house.ts";
import { COUNTS, type Report, type Round, shareOf, withGain } from "./reports.ts";
import type { Tally } from "./tally.ts";

export const GAIN_SPREADS_DB = [0, 3, 6] as const;
export const WAKES = [0, 1, 3, 6, 12] as const;
const NOTHING_KNOWN = { db: 0, uncertaintyDb: 4 };

export interface HouseRounds {
  readonly house: House;
  readonly kind: HouseKind;
  /** In the order in which they were said. */
  readonly learning: readonly Round[];
  readonly calibration: readonly Round[];
  readonly test: readonly Round[];
}

/** What it is called where nobody said which relays share a room. */
export const unnamed = (label: string): string => `${label}, rooms unknown`;
export const SAID_TOGETHER = "auto, calibrated with --one-room";

/** Adds what happens in a house to the tally. */
export function tryHouse({ house, kind, learning, calibration, test }: HouseRounds, tally: Tally): void {
  for (const count of COUNTS) {
    for (const spreadDb of GAIN_SPREADS_DB) {
      const gainDb = (relay: number): number => spreadDb * (house.relays[relay]?.gain ?? 0);
      const relays: readonly RelayInRoom[] = house.relays
        .slice(0, count)
        .map(({ room }, i) => ({ relayId: idOf(i), room: `room ${room}` }));
      const heardBy = (round: Round): readonly (Report | undefined)[] =>
        round.reportsOf(count).map((report, i) => report && withGain(report, gainDb(i)));
      const nowhere: readonly RelayInRoom[] = relays.map(({ relayId }) => ({ relayId, room: undefined }));
      const judge = (
        policy: Policy,
        label: string,
        gainOf: (contenders: readonly string[]) => GainOf,
        placed = relays,
      ): void => {
        for (const round of test) {
          if (kind === "several rooms" && round.room >= count) continue;
          const contenders = contendersOf(heardBy(round), placed);
          if (contenders.length === 0) continue;
          const known = gainOf(contenders.map(({ relayId }) => relayId));
          const [winner] = policy(contenders.map((one) => ({ ...one, gain: known(one.relayId) })));
          tally.add(
            { kind, count, spreadDb, label },
            outcomeOf(
              round,
              house,
              count,
              relays.findIndex(({ relayId }) => relayId === winner?.relayId),
            ),
          );
        }
      };

      for (const round of test) {
        const contenders = contendersOf(heardBy(round), relays);
        if (contenders.length === 0 || (kind === "several rooms" && round.room >= count)) continue;
        const outcomes = contenders.map(({ relayId }) => outcomeOf(round, house, count, placeOf(relays, relayId)));
        tally.add({ kind, count, spreadDb, label: "claimed in time" }, best(outcomes));
      }
      for (const name of ["rms", "band", "snr", "envelope", "first"] as const) {
        judge(POLICIES[name], name, () => () => NOTHING_KNOWN);
      }
      const gains = new Map(relays.map(({ relayId }, i) => [relayId, { db: gainDb(i), uncertaintyDb: 0 }]));
      const stated: GainOf = (relayId) => gains.get(relayId) ?? NOTHING_KNOWN;
      judge(POLICIES.band, "band, gains known", () => stated);
      judge(POLICIES.auto, "auto, gains known", () => stated);

      const mean = relays.reduce((sum, _, i) => sum + gainDb(i), 0) / count;
      const after = (memory: GainMemory, label: string, placed: readonly RelayInRoom[]): void => {
        judge(
          POLICIES.auto,
          label,
          (among) => {
            const learned = memory.gainsFor(among, placed);
            return (relayId) => learned.get(relayId) ?? NOTHING_KNOWN;
          },
          placed,
        );
        const all = memory.gains(
          placed.map(({ relayId }) => relayId),
          placed,
        );
        placed.forEach(({ relayId }, i) => {
          tally.addError({ kind, count, spreadDb, label }, (all.get(relayId)?.db ?? 0) - gainDb(i) + mean);
        });
      };
      const shared = learning.filter((round) => heardBy(round).filter((report) => report).length > 1);
      for (const [placed, named] of [
        [relays, (label: string) => label],
        [nowhere, unnamed],
      ] as const) {
        const memory = new GainMemory();
        for (let wakes = 0; wakes <= Math.max(...WAKES); wakes++) {
          const round = shared[wakes - 1];
          if (round && memory.heard(sharesOf(heardBy(round)), placed) !== undefined) tally.addMoved(placed === nowhere);
          if (WAKES.some((some) => some === wakes)) after(memory, named(`auto, ${wakes} wakes`), placed);
        }
      }
      const calibrated = new GainMemory();
      for (const round of calibration) calibrated.heard(sharesOf(heardBy(round)), relays, { calibration: true });
      after(calibrated, "auto, calibrated", relays);
      if (kind === "one room") {
        const saidTogether = new GainMemory();
        for (const round of calibration) {
          saidTogether.heard(sharesOf(heardBy(round)), nowhere, { calibration: true, together: true });
        }
        after(saidTogether, SAID_TOGETHER, nowhere);
      }
    }
  }
}

function placeOf(relays: readonly RelayInRoom[], id: string | undefined): number {
  return relays.findIndex(({ relayId }) => relayId === id);
}

/** What a policy that knows where everybody is would have made of it. */
function best(outcomes: readonly Outcome[]): Outcome {
  return { right: outcomes.some(({ right }) => right), extraM: Math.min(...outcomes.map(({ extraM }) => extraM)) };
}

type GainOf = (relayId: string) => { readonly db: number; readonly uncertaintyDb: number };

function idOf(relay: number): string {
  return `relay-${relay + 1}`;
}

function sharesOf(reports: readonly (Report | undefined)[]) {
  return reports.flatMap((report, i) => (report ? shareOf(idOf(i), report) : []));
}

function contendersOf(reports: readonly (Report | undefined)[], relays: readonly RelayInRoom[]): readonly Contender[] {
  return reports.flatMap((report, i): readonly Contender[] => {
    const relay = relays[i];
    if (!report || !relay) return [];
    const { evidence, endedAtMs } = report;
    return [{ ...relay, evidence, endedAtMs, gain: NOTHING_KNOWN, preferenceDb: 0, disbelieved: false }];
  });
}

export interface Outcome {
  readonly right: boolean;
  /** How much further away than the nearest relay, m. */
  readonly extraM: number;
}

/**
 * In one room the nearest relay is the right one. In several it is that of the person's room, or one that is no further to walk to:
 * whoever stands in a doorway is well served from either side.
 */
function outcomeOf({ room, distances }: Round, house: House, count: number, winner: number): Outcome {
  const nearest = Math.min(...distances.slice(0, count));
  const itsOwn = house.relays.findIndex((relay, i) => i < count && relay.room === room);
  const won = distances[winner] ?? Number.POSITIVE_INFINITY;
  const several = house.rooms.length > 1;
  const right = several ? winner === itsOwn || won <= (distances[itsOwn] ?? 0) : won === nearest;
  return { right, extraM: right && several ? 0 : Math.min(won - nearest, MOST_EXTRA_M) };
}

/** Further than any way through a house: for relays that no way of at most two doors leads to. */
const MOST_EXTRA_M = 15;
