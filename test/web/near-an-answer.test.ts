// Who is near a loudspeaker that says an answer, over real sockets: what it says wakes nobody there, and everybody elsewhere.
import { afterAll, beforeAll, expect, test } from "bun:test";
import { wavOf } from "../../src/audio/wav-write.ts";
import { configSchema } from "../../src/config/schema.ts";
import { SpeechEnds } from "../../src/detect/speech-ends.ts";
import { HttpServer } from "../command/http-server.ts";
import { PlainRelay, type PlainRelayOptions } from "../support/plain-relay.ts";
import { HubOverSockets } from "./hub-over-sockets.ts";

const SOUND_ONLY: PlainRelayOptions = { capabilities: { detects: false, evidence: false } };
const audio = Buffer.from(wavOf(new Int16Array(16_000 * 20))).toString("base64");

let hub: HubOverSockets;
let handler: HttpServer;
let kitchen: PlainRelay;
const here: PlainRelay[] = [];

async function come(id: string, options: PlainRelayOptions = {}): Promise<PlainRelay> {
  const relay = new PlainRelay(hub.url, id, { answers: "pass", ...options });
  here.push(relay);
  return relay.joined();
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const endMs = performance.now() + 5000; performance.now() < endMs; await Bun.sleep(5)) if (holds()) return;
  throw new Error(`not within 5 s: ${what}`);
}

beforeAll(async () => {
  hub = new HubOverSockets();
  handler = new HttpServer(() => Response.json({ text: "They call me Alexa.", audio }));
  hub.config = configSchema.parse({
    name: "hall",
    audio: { source: "none" },
    relays: {
      ...{ kitchen: { room: "Kitchen" }, counter: { room: "Kitchen" }, stove: { room: "Kitchen" } },
      ...{ porch: { room: "Porch" }, study: { room: "Study" }, shed: { zone: "shed" } },
    },
    command: {
      sink: { kind: "program", program: "sh", args: ["-c", "cat > /dev/null; echo who are you"] },
      intent: { kind: "webhook", url: handler.url },
    },
  });
  for (const id of ["counter", "porch", "somewhere"]) await come(id, SOUND_ONLY);
  kitchen = await come("kitchen", { capabilities: { plays: true } });
  const ends = new SpeechEnds({ memory: hub.memory, voice: undefined });
  const claim = kitchen.claim();
  const { fence } = await kitchen.told("granted");
  kitchen.sound(claim, fence, new Int16Array(16_000));
  kitchen.say({ type: "audio_end", claim });
  await until("its answer", () => {
    void ends.step().then((stepped) => stepped && hub.memory.webBell.ring());
    return kitchen.messages.some(({ type }) => type === "reply");
  });
}, 20_000);
afterAll(async () => {
  for (const relay of here) await relay.close();
  handler[Symbol.dispose]();
  await hub.close();
});

test("streams of its room are guarded, and those of which nobody knows where they are; streams of other rooms are not", async () => {
  await until("a guard", () => hub.isGuarded(hub.streamOf("counter")));
  expect(hub.isGuarded(hub.streamOf("somewhere"))).toBe(true);
  expect(hub.isGuarded(hub.streamOf("porch"))).toBe(false);
});

test("a wake word in the answer, claimed in its room, is nobody's; in another room and zone it is somebody's", async () => {
  const stove = await come("stove");
  stove.claim();
  expect(await stove.told("rejected", "granted")).toMatchObject({ type: "rejected" });
  expect(hub.logged).toContain("word of an answer");
  // Words of one zone that are nearer to each other are one utterance.
  const { atMs } = await kitchen.told("granted");
  await Bun.sleep(Math.max(0, atMs + 1700 - kitchen.nowMs()));
  for (const id of ["study", "shed"]) {
    const elsewhere = await come(id);
    elsewhere.claim();
    expect(await elsewhere.told("rejected", "granted", "cancelled")).toMatchObject({ type: "granted" });
  }
}, 10_000);

test("when it was heard, the word is a person's again", async () => {
  const { fence } = await kitchen.told("granted");
  kitchen.say({ type: "finished", fence });
  await until("nobody is guarded", () => !hub.isGuarded(hub.streamOf("counter")));
  // The word of the study is no longer the same utterance.
  await Bun.sleep(1000);
  const oven = await come("stove");
  oven.claim();
  expect(await oven.told("rejected", "granted", "cancelled")).toMatchObject({ type: "granted" });
}, 10_000);
