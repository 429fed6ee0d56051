// A stream in which the hub nearly hears a word that a relay is sure of, over real sockets: what is asked of it, and what the
// house tells of it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { monotonicMs } from "../../ffi/clock.ts";
import { RISES_UNTIL_MS, SECONDS } from "../../src/arbitration/heard-out.ts";
import { configSchema } from "../../src/config/schema.ts";
import { joined, noise, tone } from "../support/clips.ts";
import { NEAR, PlainRelay } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

/** Too little by the model's own threshold, 0.5. */
const FAINT = SECONDS * 0.4;

let hub: HubOverSockets;
let attic: PlainRelay;
let kitchen: PlainRelay;

beforeEach(async () => {
  hub = new HubOverSockets();
  const { memory } = hub;
  const row = memory.model(0).writer();
  Object.assign(row.value, { name: "alexa", phrase: "alexa", state: "listening", threshold: 0.5 });
  row.publish();
  const table = memory.modelTable.writer();
  Object.assign(table.value, { generation: 1, count: 1 });
  table.publish();
  kitchen = await new PlainRelay(hub.url, "kitchen").joined();
  attic = await new PlainRelay(hub.url, "attic", { capabilities: { detects: false, evidence: false } }).joined();
});
afterEach(async () => {
  for (const relay of [attic, kitchen]) await relay.close();
  await hub.close();
});

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 5000; performance.now() < endMs; await Bun.sleep(5)) if (holds()) return;
  throw new Error(`not within 5 s: ${what}`);
}

/** The attic hears something, and inference makes so much of it; the kitchen claims a word, softly. */
async function said(wake: object, score: number): Promise<void> {
  const { name, audio } = hub.config;
  hub.config = configSchema.parse({ name, audio, wake, arbitration: { policy: "rms" } });
  const stream = hub.streamOf("attic");
  await until("it is calm", () => hub.relays.wakeInMs > 40);
  const quiet = noise(0.4, 0.001, 2);
  for (const sound of [noise(0.9, 0.001, 1), joined(quiet, tone(800, 0.5, 0.5))]) attic.stream(Int16Array.from(sound));
  await until("its sound", () => hub.samplesOf(stream) >= 1.7 * 16_000);
  const scores = hub.memory.score(stream).writer();
  Object.assign(scores.value, { frame: 1, frameEndMs: monotonicMs(), models: 1, armed: true, asleep: false });
  scores.value.scores.set([score]);
  scores.publish();
  hub.relays.look();
  // Frames come every 80 ms, and nobody rings for those of streams.
  expect(hub.relays.wakeInMs).toBeLessThanOrEqual(40);
  kitchen.claim({ ...NEAR, rms: 0.01 }, 60);
  await until("it is decided", () => hub.relays.rounds()[0]?.verdict !== null && hub.relays.rounds().length > 0);
}

const claims = () => hub.relays.rounds()[0]?.claims.map(({ relayId, seconded }) => `${relayId} ${seconded}`);
const detections = () => hub.house.detections(9).map(({ source, confidence }) => ({ source, confidence }));

describe("a stream in which a word is nearly heard", () => {
  test("seconds it by the threshold that is configured, and is told as a detection when it answers", async () => {
    await said({ models: { alexa: { threshold: 0.2 } } }, FAINT);
    expect(claims()).toEqual(["kitchen false", "attic true"]);
    expect(hub.relays.rounds()[0]?.grants.map(({ relayId }) => relayId)).toEqual(["attic"]);
    expect(detections()).toEqual([]);
    await until("a detection", () => detections().length > 0);
    expect(detections()).toEqual([{ source: "attic", confidence: FAINT }]);
  }, 15_000);

  test("is told of once where inference is sure a moment later", async () => {
    await said({}, FAINT * 2);
    expect(claims()).toContain("attic true");
    hub.hear({ stream: hub.streamOf("attic"), source: "attic" });
    await until("a detection", () => detections().length > 0);
    await Bun.sleep(RISES_UNTIL_MS + 300);
    expect(detections()).toEqual([{ source: "attic", confidence: 0.9 }]);
  }, 15_000);

  test.each([
    ["the model's own threshold says that it was not there", {}, FAINT],
    ["it is quieter than the least level", { rms_filter: 30_000 }, FAINT * 2],
  ])(
    "does not where %s",
    async (_why, wake, score) => {
      await said(wake, score);
      expect(claims()).toEqual(["kitchen false"]);
    },
    15_000,
  );
});
