// How long a round waits for a relay that does not answer, over real sockets: as long as that relay's messages take, and a
// detector's lag, never longer than the window.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { configSchema } from "../../src/config/schema.ts";
import type { ToHub } from "../../src/relay/messages-to-hub.ts";
import { PlainRelay } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

/** Everything that it says takes so much longer. */
class SlowRelay extends PlainRelay {
  slowerMs = 0;

  override say(message: ToHub): void {
    if (this.slowerMs > 0) setTimeout(() => super.say(message), this.slowerMs);
    else super.say(message);
  }
}

let hub: HubOverSockets;
let here: PlainRelay[];
beforeEach(() => {
  hub = new HubOverSockets();
  const { name, audio } = hub.config;
  hub.config = configSchema.parse({ name, audio, arbitration: { window: 2000 } });
  here = [];
});
afterEach(async () => {
  for (const relay of here) await relay.close();
  await hub.close();
});

/** Comes, and says that it hears something, so that it is waited for. */
async function come(id: string, slowerMs: number): Promise<PlainRelay> {
  const relay = new SlowRelay(hub.url, id, { speaks: false });
  here.push(relay);
  await relay.joined();
  relay.slowerMs = slowerMs;
  relay.beat(true);
  for (const endMs = performance.now() + 5000; performance.now() < endMs; await Bun.sleep(10)) {
    const delayMs = hub.relays.relays().find((view) => view.id === id)?.delayMs ?? null;
    if (delayMs !== null && (slowerMs === 0 || delayMs > slowerMs / 3)) return relay;
  }
  throw new Error(`the delay of ${id} was not measured`);
}

/** @returns ms from a claim to its grant while another hears something and says nothing */
async function waitedFor(slowerMs: number): Promise<number> {
  await come("silent", slowerMs);
  const claimant = await come("claimant", 0);
  const beganMs = performance.now();
  claimant.claim();
  await claimant.told("granted");
  expect(hub.relays.rounds()[0]?.waitedFor).toMatchObject([{ relayId: "silent", outcome: "no_answer" }]);
  return performance.now() - beganMs;
}

describe("the window of a round", () => {
  test("is short for a relay whose messages are quick", async () => {
    expect(await waitedFor(0)).toBeWithin(190, 1000);
  }, 15_000);

  test("is longer for one whose messages are slow", async () => {
    expect(await waitedFor(300)).toBeWithin(500, 2200);
  }, 15_000);
});
