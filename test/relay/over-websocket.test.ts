// Both ends over a real WebSocket on loopback: what Bun's sockets do is not what a test's wire does.
import { afterEach, describe, expect, test } from "bun:test";
import { dialWebSocket } from "../../src/relay/dial.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import { RelayClient } from "../../src/relay/relay-client.ts";
import type { RelayEvent } from "../../src/relay/relay-events.ts";
import { KITCHEN_TOKEN, SECRET, serveSmallHub, until } from "./serve-small-hub.ts";
import { IDENTITY, sampleAt } from "./small-wire.ts";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

function serve(options: Parameters<typeof serveSmallHub>[0] = {}) {
  const served = serveSmallHub(options);
  ends.push(served.end);
  return served;
}

function relayOf(url: string, token?: string) {
  const events: RelayEvent[] = [];
  const monotonicMs = () => performance.now() - 4000;
  const client = new RelayClient({
    identity: IDENTITY,
    dial: dialWebSocket(url, token),
    monotonicMs,
    random: () => 0,
    whileAway: "silent",
    tell: (event) => events.push(event),
  });
  const timer = setInterval(() => client.tick(), 20);
  ends.push(() => {
    clearInterval(timer);
    client.stop();
  });
  client.start();
  let samples = 0;
  const hear = (detections: readonly { readonly model: string; readonly confidence: number }[] = []) => {
    const pcm = Int16Array.from({ length: 1280 }, (_, i) => sampleAt(samples + i));
    samples += pcm.length;
    client.hear({ pcm, endMs: monotonicMs(), rms: 0.1, noiseFloor: 0.001, scores: [], detections });
  };
  return { client, events, hear };
}

describe("over a real WebSocket", () => {
  test("a relay claims, is granted, is heard with every sample, and is answered", async () => {
    const { hub, url } = serve();
    const { client, events, hear } = relayOf(url);
    await until(() => client.connected);
    const [session] = hub.members.values();
    if (session === undefined) throw new Error("nobody joined");
    await until(() => session.clock !== undefined);
    // One process has one clock: the offset is what the relay's was made to be off by.
    expect(Math.abs((session.clock?.offsetMs ?? 0) - 4000)).toBeLessThanOrEqual(session.clock?.uncertaintyMs ?? 0);

    hub.onClaim = (from, { number }) => from.tell({ type: "granted", claims: [number], round: 1, fence: 2 ** 40 });
    for (let i = 0; i < 20; i++) hear();
    hear([{ model: "alexa", confidence: 0.9 }]);
    await until(() => events.some(({ type }) => type === "granted"));
    for (let i = 0; i < 5; i++) hear();
    client.endSound();
    await until(() => hub.audioHeard.at(-1)?.last === true);
    const heard = hub.audioHeard.flatMap(({ samples }) => [...samples]);
    const first = hub.audioHeard[0]?.firstSample ?? 0;
    expect(first + heard.length).toBe(26 * 1280);
    expect(heard).toEqual(Array.from({ length: heard.length }, (_, i) => sampleAt(first + i)));
    expect(hub.audioHeard.findLast(({ last }) => !last)?.fence).toBe(2 ** 40);

    const pcm = Int16Array.from({ length: 3 * 22_050 }, (_, i) => i % 30_000);
    session.reply(2 ** 40, "It is noon.", { sampleRateHz: 22_050, pcm });
    await until(() => events.some(({ type }) => type === "reply_end"));
    expect(events.flatMap((event) => (event.type === "speech" ? [...event.pcm] : []))).toEqual([...pcm]);
  });

  test("a hub that ends says so, and its successor is found", async () => {
    const { relays, url, port, end } = serve();
    const { client, events } = relayOf(url);
    await until(() => client.connected);
    relays.dismissAll();
    await until(() => events.some((event) => event.type === "away"));
    expect(events.at(-1)).toMatchObject({ code: "hub_ends" });
    end();
    const { hub } = serve({ port });
    await until(() => client.connected);
    expect(hub.said[0]).toBe("1: admitted kitchen");
  });

  test("a relay that ends is noticed at once", async () => {
    const { hub, url } = serve();
    const { client } = relayOf(url);
    await until(() => client.connected);
    client.stop();
    await until(() => hub.said.at(-1) === "1: left closed");
  });

  test("a token lets in under its name, and its revocation sends away", async () => {
    const { hub, relays, url } = serve({ needsToken: true });
    const stranger = relayOf(url);
    const liar = relayOf(url, "wrong");
    await until(() => stranger.events.length > 0 && liar.events.length > 0);
    expect(stranger.events[0]).toMatchObject({ type: "away" });
    expect(liar.events[0]).toMatchObject({ type: "away" });
    const { client, events } = relayOf(url, SECRET);
    await until(() => client.connected);
    expect(hub.said).toEqual(["1: admitted kitchen"]);
    relays.keepOnly([KITCHEN_TOKEN]);
    expect(client.connected).toBe(true);
    relays.keepOnly([]);
    await until(() => events.at(-1)?.type === "away");
    expect(events.at(-1)).toMatchObject({ code: "revoked" });
  });

  test("rubbish gets an error and no harm is done", async () => {
    const { hub, url } = serve();
    const socket = new WebSocket(url, [SUBPROTOCOL]);
    socket.binaryType = "arraybuffer";
    const said: string[] = [];
    socket.onmessage = ({ data }) => said.push(String(data));
    await until(() => socket.readyState === WebSocket.OPEN);
    socket.send(JSON.stringify({ type: "hello", versions: [1], id: "lab", capabilities: {} }));
    socket.send(new Uint8Array([1, 2, 3]));
    socket.send("{");
    await until(() => said.filter((text) => text.includes('"error"')).length === 2);
    expect(hub.members.size).toBe(1);
    socket.close();
    await until(() => hub.members.size === 0);
  });
});
