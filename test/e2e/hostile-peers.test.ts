// Peers that mean harm, or are broken, at both doors for relays while another relay's command is said: it loses no sample, each
// of them is told what was wrong, and nothing of them stays.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { status } from "@grpc/grpc-js";
import { parseWav } from "../../src/audio/wav.ts";
import { SUBPROTOCOL } from "../../src/relay/limits.ts";
import { bytesOf, formOf, HttpServer } from "../command/http-server.ts";
import { LoqaRelay } from "../loqa/loqa-relay.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { clipPaths, joined, noise, saySkipped, speechIsHere, voiceIn } from "../support/clips.ts";
import { freePort } from "../support/free-port.ts";
import { NEAR, PlainRelay } from "../support/plain-relay.ts";
import { descendants, type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { until } from "../support/until.ts";

const RATE = 16_000;
const PIECE = 1280;
saySkipped("hostile peers while a command is said");

/** A WebSocket, and how it ended: the last message, and the code of its close. */
class Peer {
  readonly socket: WebSocket;
  readonly open = Promise.withResolvers<void>();
  readonly ended = Promise.withResolvers<{ readonly code: number; readonly told: string | undefined }>();
  #told: string | undefined;

  constructor(url: string) {
    this.socket = new WebSocket(`${url.replace("http", "ws")}/relay`, [SUBPROTOCOL]);
    this.socket.onopen = () => this.open.resolve();
    this.socket.onmessage = ({ data }) => {
      const { type, code } = JSON.parse(String(data)) as { readonly type: string; readonly code?: string };
      if (type === "bye" || type === "refused") this.#told = `${type} ${code}`;
    };
    this.socket.onclose = ({ code }) => this.ended.resolve({ code, told: this.#told });
  }

  hello(id: string): void {
    this.socket.send(JSON.stringify({ type: "hello", versions: [1], id, capabilities: { detects: true } }));
  }
}

describe.skipIf(!speechIsHere)("hostile peers", () => {
  const loqaPort = freePort();
  const transcriptions = new HttpServer(() => Response.json({ text: "turn on the light" }));
  const sockets: Socket[] = [];
  let hub: RunningEarshot;
  let said: Int16Array;

  beforeAll(async () => {
    const word = await voiceIn(alexaClips(1)[0] ?? "");
    const command = joined(...(await Promise.all(clipPaths("computer", 6).map(voiceIn))));
    said = joined(noise(0.5, 0.0005, 1), word, command, noise(5, 0.0005, 2));
    hub = await startEarshot({
      args: ["--source", "none", "--model", "alexa"],
      config: `
name: hall
loqa: { enabled: true, port: ${loqaPort} }
command: { sink: { kind: openai, url: "${transcriptions.url}" } }
`,
    });
    await hub.until("it listens", ({ models }) => models.some(({ state }) => state === "listening"));
  }, 30_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await hub?.destroy();
    transcriptions[Symbol.dispose]();
  }, 20_000);

  /** Of all its processes. */
  function held(): { readonly descriptors: number; readonly megabytes: number } {
    const pids = [hub.pid, ...descendants(hub.pid)];
    const pages = pids.map((pid) => Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]));
    return {
      descriptors: pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0),
      megabytes: (pages.reduce((sum, count) => sum + count, 0) * 4096) / 1e6,
    };
  }

  /** Says all of it in real time, as it would be heard, until the hub has enough. */
  async function saysACommand(relay: PlainRelay): Promise<void> {
    const wordEnds = 1.1 * RATE;
    const claim = relay.claim({ ...NEAR, durationMs: 600 });
    const beganMs = performance.now() - wordEnds / 16;
    for (let at = 0; at + PIECE <= said.length; at += PIECE) {
      const dueMs = beganMs + (at + PIECE) / 16;
      await Bun.sleep(Math.max(0, dueMs - performance.now()));
      if (relay.messages.some(({ type }) => type === "enough")) return;
      const granted = relay.messages.find((message) => message.type === "granted");
      relay.sound(claim, granted?.fence, said.slice(at, at + PIECE));
    }
  }

  /** Bytes as they are. @returns closed: resolves when the hub has closed it, with what it said */
  async function raw(port: number, bytes: string | Uint8Array): Promise<{ readonly closed: Promise<string> }> {
    const socket = connect(port, "127.0.0.1");
    sockets.push(socket);
    const heard: Buffer[] = [];
    socket.on("error", () => {});
    socket.on("data", (some: Buffer) => heard.push(some));
    const closed = new Promise<string>((resolve) =>
      socket.once("close", () => resolve(Buffer.concat(heard).toString("latin1"))),
    );
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write(bytes);
    return { closed };
  }

  async function atTheWebSocket(): Promise<Record<string, unknown>> {
    const peers = Array.from({ length: 6 }, () => new Peer(hub.url));
    await Promise.all(peers.map(({ open }) => open.promise));
    const [garbage, huge, flood, binary, stranger, frozen] = peers as [Peer, Peer, Peer, Peer, Peer, Peer];
    garbage.hello("garbage");
    for (let n = 0; n < 40; n++) garbage.socket.send(`{"type":"claim","claim":${n},"\u0000`);
    huge.hello("huge");
    huge.socket.send("x".repeat(5_000_000));
    flood.hello("flood");
    for (let n = 0; n < 400; n++) flood.socket.send(JSON.stringify({ type: "beat", hears: true, atMs: n }));
    binary.hello("binary");
    for (let n = 0; n < 40; n++) binary.socket.send(crypto.getRandomValues(new Uint8Array(500)));
    // Says hello, and is half-open from then on: neither pong nor close.
    frozen.hello("frozen");
    frozen.socket.onmessage = null;
    await raw(hub.port, "GET /relay HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConn");
    const noHttp = await raw(hub.port, new Uint8Array(1000).fill(0xff));
    const ends = { garbage, huge, flood, binary, stranger, frozen };
    const told = Object.entries(ends).map(async ([name, { ended }]) => [name, await ended.promise] as const);
    return { ...Object.fromEntries(await Promise.all(told)), noHttp: (await noHttp.closed).split("\r\n")[0] };
  }

  async function atTheGrpc(): Promise<Record<string, unknown>> {
    const peers = ["nonsense", "enormous", "hasty"].map((id) => new LoqaRelay(loqaPort, id));
    const [nonsense, enormous, hasty] = peers as [LoqaRelay, LoqaRelay, LoqaRelay];
    for (let n = 0; n < 25; n++) nonsense.sendRaw(new Uint8Array([0xff, 0xff, n]));
    enormous.sendRaw(new Uint8Array(5_000_000));
    for (let n = 0; n < 1500; n++) hasty.send({ audio: new Uint8Array(2) });
    const noHttp2 = await raw(loqaPort, "GET / HTTP/1.1\r\nHost: hub\r\n\r\n");
    // In the middle of a frame, and then nothing.
    await raw(loqaPort, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0040\u0000");
    await noHttp2.closed;
    const codes = await Promise.all(peers.map((peer) => until(`${peer.id} is told`, () => peer.status?.code)));
    for (const peer of peers) peer.goAway();
    return Object.fromEntries(codes.map((code, at) => [peers[at]?.id, code]));
  }

  test("are told what is wrong, take nothing from a command that is being said, and leave nothing", async () => {
    const kitchen = await new PlainRelay(hub.url, "kitchen", { speaks: false }).joined();
    const saidBefore = hub.log().length;
    const before = held();
    const saying = saysACommand(kitchen);
    await kitchen.told("granted");
    const [webSocket, grpc] = await Promise.all([atTheWebSocket(), atTheGrpc()]);
    await saying;

    const asked = await until("the command is understood", () => transcriptions.asked[0]);
    const given = parseWav(await bytesOf((await formOf(asked)).get("file"))).samples;
    expect(given).toEqual(said.subarray(0, given.length));
    // To its end: what is missing is quiet.
    expect(given.length).toBeGreaterThan(said.length - 5 * RATE);
    expect(await kitchen.told("reply")).toMatchObject({ type: "reply" });

    expect(webSocket).toEqual({
      garbage: { code: 4001, told: "bye too_many_errors" },
      huge: { code: 1009, told: undefined },
      flood: { code: 4001, told: "bye too_fast" },
      binary: { code: 4001, told: "bye too_many_errors" },
      stranger: { code: 4000, told: "refused no_hello" },
      frozen: { code: 4002, told: undefined },
      noHttp: "HTTP/1.1 400 Bad Request",
    });
    expect(grpc).toEqual({
      nonsense: status.INVALID_ARGUMENT,
      enormous: status.RESOURCE_EXHAUSTED,
      hasty: status.RESOURCE_EXHAUSTED,
    });

    for (const socket of sockets) socket.destroy();
    const after = await until("nothing of them is left", () => {
      const now = held();
      return now.descriptors <= before.descriptors ? now : undefined;
    });
    console.log(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    expect(after.megabytes - before.megabytes).toBeLessThan(100);
    const { relays } = await hub.get<{ relays: { id: string; connected: boolean }[] }>("/api/relays");
    expect(relays.filter(({ connected }) => connected).map(({ id }) => id)).toEqual(["hall", "kitchen"]);
    expect(hub.log().slice(saidBefore)).not.toContain("worker");
    await kitchen.close();
  }, 40_000);
});
