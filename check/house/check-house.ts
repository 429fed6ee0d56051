/** All rounds of a house check, to its end or to the first that is not as it must be. */
import { seededRandom } from "../../bench/accuracy/seeded.ts";
import { HousePlay, type Layout } from "./house-play.ts";
import type { Footprint } from "./hub-process.ts";
import { judge, type RoundHistory } from "./judge.ts";
import { STEPS, type Step } from "./orders.ts";
import { Tally } from "./tally.ts";

const IDS = Array.from({ length: 10 }, (_, i) => `r${i}`);
const ONE_ZONE: Layout = new Map([["house", IDS]]);
const FOUR_ZONES: Layout = new Map([
  ["attic", IDS.slice(0, 3)],
  ["hall", IDS.slice(3, 6)],
  ["cellar", IDS.slice(6, 8)],
  ["yard", IDS.slice(8)],
]);
/** All ten hear the same people in this share of the rounds; in the others four rounds go on at once. */
const TOGETHER_SHARE = 0.06;
/** The hub is killed in the first part of the rounds, and in the rest it must not grow. */
const MORTAL_SHARE = 0.6;
/** From one kill of the hub to the next, times a round is played in each zone. */
const HUB_KILL_EVERY = 12;
/** What a program has just started with is no measure of it. */
const WARM_UP_ROUNDS = 30;
const QUIET_MS = 1500;

export interface HouseReport {
  readonly tally: Tally;
  readonly restarts: { readonly hub: number; readonly relays: number };
  readonly tookMs: number;
  /** Of the hub in the last part of its last life; undefined where that was too short to measure. */
  readonly grown: { readonly rounds: number; readonly before: Footprint; readonly after: Footprint } | undefined;
  readonly violation: { readonly history: RoundHistory; readonly what: readonly string[] } | undefined;
}

export interface HouseCheckOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly monotonicMs: () => number;
  readonly onProgress: (rounds: number) => void;
}

/** @throws Error when the house does not come up, or not again */
export async function checkHouse({ seed, rounds, monotonicMs, onProgress }: HouseCheckOptions): Promise<HouseReport> {
  const beganMs = monotonicMs();
  const tally = new Tally();
  const house = new HousePlay(IDS);
  let before: { readonly rounds: number; readonly footprint: Footprint } | undefined;
  let warmedAt = Number.POSITIVE_INFINITY;
  let violation: HouseReport["violation"];
  let isTogether = true;
  let hubKills = 0;
  try {
    await house.start(ONE_ZONE);
    for (let batch = 0; tally.rounds < rounds && violation === undefined; batch++) {
      if (isTogether && tally.rounds >= rounds * TOGETHER_SHARE) {
        isTogether = false;
        await house.arrange(FOUR_ZONES);
      }
      const isMortal = tally.rounds < rounds * MORTAL_SHARE;
      let hubDiesAt: Step | undefined;
      if (isMortal && batch % HUB_KILL_EVERY === HUB_KILL_EVERY / 4) hubDiesAt = STEPS[hubKills++ % STEPS.length];
      if (!isMortal && warmedAt === Number.POSITIVE_INFINITY) warmedAt = tally.rounds + WARM_UP_ROUNDS;
      if (before === undefined && tally.rounds >= warmedAt) {
        await Bun.sleep(QUIET_MS);
        before = { rounds: tally.rounds, footprint: house.footprint() };
      }
      for (const history of await house.play(seededRandom(seed, `batch ${batch}`), hubDiesAt)) {
        tally.count(history);
        const what = judge(history);
        if (what.length > 0) violation ??= { history, what };
      }
      onProgress(tally.rounds);
    }
    await Bun.sleep(before === undefined ? 0 : QUIET_MS);
    const grown = before && {
      rounds: tally.rounds - before.rounds,
      before: before.footprint,
      after: house.footprint(),
    };
    return { tally, restarts: house.restarts, tookMs: monotonicMs() - beganMs, grown, violation };
  } finally {
    await house.end();
  }
}
