import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SmallHouse } from "./small-house.ts";

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
console.log(`closing of rounds: FUZZ_SEED=${seed}`);

const WINDOW_MS = 300;

/** What another relay does once somebody has claimed. Times are after that claim. */
interface Neighbour {
  readonly knows: "hears" | "hears nothing" | "cannot say";
  /** Of its messages, one way; undefined where nobody has measured it. */
  readonly delayMs: number | undefined;
  readonly pendingMs: number | undefined;
  readonly says: "claim" | "pass" | "leave" | "nothing";
  readonly saysMs: number;
}

const neighbour: fc.Arbitrary<Neighbour> = fc.record({
  knows: fc.constantFrom("hears", "hears", "hears nothing", "cannot say"),
  delayMs: fc.option(fc.constantFrom(1.25, 10.25, 30.25, 100.25), { nil: undefined }),
  pendingMs: fc.option(fc.integer({ min: 1, max: 320 }), { nil: undefined }),
  says: fc.constantFrom("claim", "pass", "leave", "nothing"),
  saysMs: fc.integer({ min: 1, max: 340 }),
});

/** When a relay is waited for no longer, by the rules, and whether that is because it spoke. */
function done({ knows, delayMs, pendingMs, says, saysMs }: Neighbour): {
  readonly atMs: number;
  readonly spoke: boolean;
} {
  if (knows === "hears nothing") return { atMs: 0, spoke: false };
  const patience = delayMs === undefined ? WINDOW_MS : Math.min(WINDOW_MS, 200 + 2 * delayMs);
  const speaks = says === "claim" || says === "leave" || (says === "pass" && knows === "hears");
  const spokenMs = speaks ? saysMs : Number.POSITIVE_INFINITY;
  const rises = knows === "hears" && pendingMs !== undefined && pendingMs < Math.min(spokenMs, patience);
  const boundMs = rises ? WINDOW_MS : patience;
  return { atMs: Math.min(spokenMs, boundMs), spoke: spokenMs < boundMs };
}

describe("a round", () => {
  test("closes when the last who might have heard it has spoken or had its time, and the loudest until then wins", () => {
    fc.assert(
      fc.property(fc.uniqueArray(neighbour, { maxLength: 6, selector: ({ saysMs }) => saysMs }), (neighbours) => {
        const house = new SmallHouse();
        house.quiet("first");
        for (const [at, { knows, delayMs }] of neighbours.entries()) {
          const id = `n${at}`;
          if (knows === "cannot say") house.join(id, { can: { onset: false, ask: false } });
          else house.join(id);
          for (let pings = 0; delayMs !== undefined && pings < 60; pings++) {
            house.step({ type: "delay", relayId: id, connection: house.connection(id), delayMs });
          }
        }
        house.pass(500);
        for (const [at, { knows }] of neighbours.entries()) {
          if (knows !== "cannot say") house.beat(`n${at}`, knows === "hears");
        }
        house.claim("first", { rms: 0.01 });
        const openedMs = house.nowMs;

        const acts = neighbours.flatMap(({ knows, pendingMs, says, saysMs }, at) => {
          if (knows === "hears nothing") return [];
          const id = `n${at}`;
          const act = (): void => {
            if (says === "claim") house.claim(id, { rms: (at + 2) / 100, endedAtMs: openedMs });
            if (says === "pass") house.answer(id, "pass");
            if (says === "leave") house.leave(id);
          };
          const pending =
            pendingMs === undefined ? [] : [{ atMs: pendingMs, act: () => void house.answer(id, "pending") }];
          return [...pending, { atMs: saysMs, act }];
        });
        for (const { atMs, act } of acts.toSorted((a, b) => a.atMs - b.atMs)) {
          house.pass(openedMs + atMs - house.nowMs);
          act();
        }
        house.pass(400);

        const closedMs = Math.max(0, ...neighbours.map((plan) => done(plan).atMs));
        const inTime = neighbours.flatMap((plan, at) => {
          if (plan.knows === "hears nothing" || plan.says !== "claim") return [];
          return done(plan).spoke || plan.saysMs < closedMs ? [at] : [];
        });
        const [record] = house.arbiter.records();
        expect(record?.verdict?.afterMs).toBeCloseTo(closedMs, 2);
        expect(house.winners[0]).toBe(inTime.length === 0 ? "first" : `n${Math.max(...inTime)}`);
      }),
      { seed, numRuns: 1500, includeErrorInReport: true },
    );
  });
});
