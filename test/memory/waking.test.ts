// Who sleeps until something is written is woken when it is, every time.
import { describe, expect, test } from "bun:test";
import { Doorbell } from "../../src/memory/doorbell.ts";
import type { PingPongOrder } from "./ping-pong-worker.ts";
import { audioRingPlace } from "./rings.ts";
import { startWorker } from "./test-worker.ts";

const ROUNDS = 3000;
/** Longer than a test may take: one missed wake fails it. */
const LIMIT_MS = 60_000;
const TIMEOUT_MS = 15_000;

/** Two places, each large enough for a bell, a record or a ring. */
function places(kind: PingPongOrder["kind"]) {
  // A ring's index wraps on the way; a bell and a record begin at 0.
  const start = kind === "ring" ? 2 ** 31 - ROUNDS / 2 : 0;
  return { one: audioRingPlace(start), other: audioRingPlace(start) };
}

describe.each(["bell", "record", "ring"] as const)("a thread that blocks on a %s", (kind) => {
  test(
    `misses nothing in ${ROUNDS} rounds with another one`,
    async () => {
      const { one, other } = places(kind);
      const order = { kind, times: ROUNDS };
      const crew = [
        startWorker<PingPongOrder, number>("./ping-pong-worker.ts", {
          ...order,
          hear: one,
          tell: other,
          begins: false,
        }),
        startWorker<PingPongOrder, number>("./ping-pong-worker.ts", { ...order, hear: other, tell: one, begins: true }),
      ];
      expect(await Promise.all(crew.map(({ answer }) => answer))).toEqual([ROUNDS, ROUNDS]);
      await Promise.all(crew.map(({ kill }) => kill()));
    },
    TIMEOUT_MS,
  );
});

test(
  `a thread with an event loop misses no ring of a bell in ${ROUNDS} rounds with one that blocks`,
  async () => {
    const { one, other } = places("bell");
    const bell = new Doorbell(one.words, one.offset);
    const echo = new Doorbell(other.words, other.offset);
    const order = { kind: "bell", hear: one, tell: other, times: ROUNDS, begins: false } as const;
    const worker = startWorker<PingPongOrder, number>("./ping-pong-worker.ts", order);
    // This end has joined.
    Atomics.store(other.words, 0, 1);
    Atomics.notify(other.words, 0);
    for (let seen = 0; seen < ROUNDS; seen++) {
      bell.ring();
      while (echo.rings === seen) await echo.rung(seen, LIMIT_MS);
      expect(echo.rings).toBe(seen + 1);
    }
    expect(await worker.answer).toBe(ROUNDS);
    await worker.kill();
  },
  TIMEOUT_MS,
);
