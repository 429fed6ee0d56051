import { describe, expect, test } from "bun:test";
import { HouseBroadcast } from "../../src/relay/house-broadcast.ts";
import type { HubSession } from "../../src/relay/hub-session.ts";
import type { HouseState } from "../../src/relay/messages-to-relay.ts";

const STATE: HouseState = {
  activation: { state: "armed", model: "", confidence: 0, relay: null, forMs: 0 },
  rounds: [],
  relays: [],
};

/** @param sendMs what it takes to tell one relay */
function house({ relays = 3, sendMs = 0 } = {}) {
  const clock = { nowMs: 1000 };
  const told: { readonly atMs: number; readonly relay: number; readonly text: string }[] = [];
  const session = (relay: number) => ({
    show: (text: string) => {
      clock.nowMs += sendMs;
      told.push({ atMs: clock.nowMs, relay, text });
    },
  });
  const sessions = Array.from({ length: relays }, (_, index) => session(index) as unknown as HubSession);
  const broadcast = new HouseBroadcast({ sessions: () => sessions, monotonicMs: () => clock.nowMs });
  let made = 0;
  const look = (confidence = 0) =>
    broadcast.look(() => {
      made++;
      return { ...STATE, activation: { ...STATE.activation, confidence } };
    });
  return { clock, told, broadcast, look, made: () => made };
}

describe("what the house is doing", () => {
  test("is told to every relay as soon as it changes, and not when it does not", () => {
    const { told, broadcast, look, clock } = house();
    look();
    expect([told.length, broadcast.wakeAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
    broadcast.change();
    look();
    expect(told.map(({ relay, atMs }) => [relay, atMs])).toEqual([0, 1, 2].map((relay) => [relay, 1000]));
    expect(JSON.parse(told[0]?.text ?? "")).toEqual({ type: "state", ...STATE });
    clock.nowMs += 1000;
    look();
    expect(told.length).toBe(3);
  });

  test("is made once for all of them", () => {
    const { told, broadcast, look, made } = house({ relays: 50 });
    broadcast.change();
    look();
    expect([told.length, made(), new Set(told.map(({ text }) => text)).size]).toEqual([50, 1, 1]);
  });

  test("is told together when it changes often: the newest, 20 ms after what was told before", () => {
    const { told, broadcast, look, clock } = house({ relays: 1 });
    for (let i = 0; i < 60; i++, clock.nowMs++) {
      broadcast.change();
      look(i / 100);
    }
    const confidence = (text: string) => (JSON.parse(text) as HouseState).activation.confidence;
    expect(told.map(({ atMs, text }) => [atMs, confidence(text)])).toEqual([
      [1000, 0],
      [1020, 0.2],
      [1040, 0.4],
    ]);
    expect(broadcast.wakeAtMs).toBe(1060);
  });

  test("takes a tenth of the time at most, and gives way after every hundred relays", () => {
    const { told, broadcast, look, clock } = house({ relays: 250, sendMs: 0.2 });
    broadcast.change();
    for (const [so, underWay] of [
      [100, true],
      [200, true],
      [250, false],
    ] as const) {
      look();
      expect([told.length, broadcast.isUnderWay]).toEqual([so, underWay]);
    }
    broadcast.change();
    expect(broadcast.wakeAtMs - clock.nowMs).toBeCloseTo(500, 6);
    look();
    expect(told.length).toBe(250);
    clock.nowMs += 501;
    look();
    expect(told.length).toBe(350);
  });

  test("that changes while others are still told is told to all again", () => {
    const { told, broadcast, look, clock } = house({ relays: 150 });
    broadcast.change();
    look(0.1);
    broadcast.change();
    look(0.2);
    expect(new Set(told.map(({ text }) => text)).size).toBe(1);
    clock.nowMs += 20;
    look(0.3);
    look(0.4);
    expect(told.length).toBe(300);
    expect(told.at(-1)?.text).toContain('"confidence":0.3');
  });

  test("is not made for nobody", () => {
    const { broadcast, look, made } = house({ relays: 0 });
    broadcast.change();
    look();
    expect([made(), broadcast.wakeAtMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  });
});
