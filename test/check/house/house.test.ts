// A sample of `bun check/house.ts`: a real hub, ten real relays, and a few rounds in which some of them are killed.
import { expect, test } from "bun:test";
import { checkHouse } from "../../../check/house/check-house.ts";
import { historyText } from "../../../check/house/report.ts";
import { monotonicMs } from "../../../ffi/clock.ts";

const seed = Number(process.env.EARSHOT_TEST_SEED ?? 1);
const ROUNDS = 12;

test(`with seed ${seed}, exactly one of ten real relays answers in every round`, async () => {
  const { tally, violation } = await checkHouse({ seed, rounds: ROUNDS, monotonicMs, onProgress: () => {} });
  if (violation !== undefined) console.log(historyText(violation.history, violation.what));
  expect(violation?.what ?? []).toEqual([]);
  expect(tally.rounds).toBeGreaterThanOrEqual(ROUNDS);
  expect(tally.claims).toBeGreaterThan(ROUNDS);
  expect(tally.heard).toBeGreaterThan(ROUNDS / 2);
}, 60_000);
