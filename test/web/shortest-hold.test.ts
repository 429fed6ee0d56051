// A command that nobody but time ends: its time begins when something of it is heard, however short it is.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { PlainRelay } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

let hub: HubOverSockets;
beforeEach(() => {
  hub = new HubOverSockets();
  hub.config = { ...hub.config, activation: { ...hub.config.activation, hold: 20 } };
});
afterEach(() => hub.close());

test("a winner whose sound comes later than the shortest hold keeps its grant, and is told the end", async () => {
  const relay = await new PlainRelay(hub.url, "kitchen", { speaks: false }).joined();
  relay.beat(false);
  const claim = relay.claim();
  const { fence, round } = await relay.told("granted");
  await Bun.sleep(200);
  expect(relay.messages.map(({ type }) => type)).not.toContain("over");
  expect(hub.relays.arbitration().now).toMatchObject([{ round, phase: "granted", winner: "kitchen", fence }]);
  relay.sound(claim, fence);
  const over = await relay.told("over");
  expect(over).toMatchObject({ fence, why: "finished" });
  await relay.close();
}, 10_000);
