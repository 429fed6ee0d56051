import { expect, test } from "bun:test";
import { joined, type Relay } from "../../src/arbitration/relay.ts";
import { INITIAL_ACTIVATION } from "../../src/hub/activation.ts";
import { TO_RELAY } from "../../src/relay/messages-to-relay.ts";
import { houseState } from "../../src/web/house-state.ts";
import { facts } from "../arbitration/small-house.ts";

const relays = (count: number, inRounds: number): ReadonlyMap<string, Relay> =>
  new Map(
    Array.from({ length: count }, (_, index) => {
      const relay = joined(facts(`relay ${index}`), index, 0);
      return [relay.facts.id, { ...relay, status: index < inRounds ? 1 : 0 }];
    }),
  );
const sight = {
  nowMs: 5000,
  activation: INITIAL_ACTIVATION,
  localId: "hall",
  rounds: [],
  responding: new Set<string>(),
};

test("the state of a house is what the protocol promises, and names this machine's own microphone", () => {
  const activation = { ...INITIAL_ACTIVATION, state: "awake", model: "alexa", sinceMs: 4200 } as const;
  const state = houseState({ ...sight, activation, relays: relays(2, 1) });
  expect(TO_RELAY.state.parse({ type: "state", ...state })).toEqual({ type: "state", ...state });
  expect(state.activation).toEqual({ state: "awake", model: "alexa", confidence: 0, relay: "hall", forMs: 800 });
  expect(state.relays.map(({ id, status }) => [id, status])).toEqual([
    ["relay 0", 1],
    ["relay 1", 0],
  ]);
  expect(houseState({ ...sight, relays: new Map() }).activation.relay).toBeNull();
});

test("a house of more than 100 relays tells of those with a part in a round, 100 at most", () => {
  expect(houseState({ ...sight, relays: relays(100, 0) }).relays).toHaveLength(100);
  expect(houseState({ ...sight, relays: relays(101, 3) }).relays).toHaveLength(3);
  expect(houseState({ ...sight, relays: relays(1000, 1000) }).relays).toHaveLength(100);
});

test("who says an answer is told, so that those near it are not woken by it", () => {
  const state = houseState({ ...sight, relays: relays(3, 0), responding: new Set(["relay 1"]) });
  expect(state.relays.map(({ responding }) => responding)).toEqual([false, true, false]);
});
