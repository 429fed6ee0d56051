import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { seededRandom } from "../support/clips.ts";
import { askHealth, observe } from "../support/health.ts";
import { descendants, type RunningEarshot, startEarshot } from "../support/running-earshot.ts";

const DEMO = join(import.meta.dir, "../../demo/alexa.wav");
const seed = fuzzSeed("garbage over sockets");

const UPGRADE = [
  "GET /ws HTTP/1.1",
  "Host: localhost",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
  "\r\n",
].join("\r\n");

describe("clients that behave badly", () => {
  const random = seededRandom(seed);
  let earshot: RunningEarshot;
  let child: number;

  beforeAll(async () => {
    earshot = await startEarshot({
      args: ["--source", `file:${DEMO}?loop`],
      config: "wake: { models: { alexa: } }\nactivation_system: { update_rate: 20ms }\n",
    });
    await earshot.until("armed", ({ activation }) => activation.armed);
    child = descendants(earshot.pid)[0] ?? 0;
  }, 20_000);
  afterAll(async () => {
    await earshot?.destroy();
  }, 10_000);

  /** Connects, says this, and reads nothing of what comes unless told to. */
  const open = async (said: string | Uint8Array, { reads = true } = {}): Promise<Socket> => {
    const socket = connect({ host: "127.0.0.1", port: earshot.port });
    socket.on("error", () => undefined);
    if (reads) socket.on("data", () => undefined);
    else socket.pause();
    await new Promise((connected) => socket.once("connect", connected));
    socket.write(said);
    return socket;
  };
  const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
  const pick = <T>(choices: readonly [T, ...T[]]): T => choices[Math.floor(random() * choices.length)] ?? choices[0];
  const residentKb = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await Bun.file(`/proc/${child}/status`).text())?.[1] ?? Number.NaN);
  /** How many of these connections Earshot holds open, as the system sees it. */
  const held = async (sockets: readonly Socket[]) => {
    const port = (text = "") => Number.parseInt(text.split(":")[1] ?? "", 16);
    const lines = (await Bun.file("/proc/net/tcp").text()).split("\n").map((line) => line.trim().split(/\s+/));
    const ports = lines
      .filter(([, from, , state]) => port(from) === earshot.port && state === "01")
      .map((line) => port(line[2]));
    return sockets.filter(({ localPort = 0 }) => ports.includes(localPort)).length;
  };
  const detectionId = async () =>
    (await earshot.get<{ detections: { id: number }[] }>("/api/detections")).detections[0]?.id ?? -1;
  const goesOnHearing = async () => {
    const before = await detectionId();
    const deadline = performance.now() + 10_000;
    while ((await detectionId()) === before && performance.now() < deadline) await Bun.sleep(50);
    expect(await detectionId()).toBeGreaterThan(before);
    const { health } = await askHealth(earshot);
    expect(health.workers.map(({ restarts }) => restarts)).toEqual([0, 0, 0]);
    expect(descendants(earshot.pid)).toContain(child);
  };

  test("pages that never read are cut off, cost little memory, and the others go on", async () => {
    const watched = await earshot.watch();
    const silent = await Promise.all(Array.from({ length: 10 }, () => open(UPGRADE, { reads: false })));
    expect(await held(silent)).toBe(10);
    const watching = observe(earshot);
    const residentBeforeKb = await residentKb();
    // Big messages, so that what the system keeps for each connection fills up in seconds and not in an hour.
    const deadline = performance.now() + 20_000;
    let mostKb = 0;
    while ((await held(silent)) > 0 && performance.now() < deadline) {
      const simulation = { model: "alexa", forMs: 60_000 };
      await Promise.all(Array.from({ length: 20 }, () => earshot.post("/api/simulate", simulation)));
      mostKb = Math.max(mostKb, await residentKb());
    }
    const seen = await watching.stop();
    expect(await held(silent)).toBe(0);
    expect(mostKb - residentBeforeKb).toBeLessThan(80_000);
    expect(seen.answered).toBe(seen.asked);
    const told = watched.messages.length;
    await earshot.post("/api/reset", {});
    await Bun.sleep(200);
    expect(watched.messages.length).toBeGreaterThan(told);
    watched.close();
    for (const socket of silent) socket.destroy();
  }, 40_000);

  test("garbage on every route", async () => {
    const { paths } = await earshot.get<{ paths: Record<string, Record<string, unknown>> }>("/openapi.json");
    const watching = observe(earshot);
    const sockets: Socket[] = [];
    const routes = [...Object.keys(paths), "/", "/ws", "/nowhere", "/../../etc/passwd", "/%00", "/%ff%fe", "//"];
    for (let round = 0; round < 4; round++) {
      for (const route of routes) {
        const method = pick(["GET", "POST", "PUT", "DELETE", "BREW"]);
        const head = `${method} ${route} HTTP/1.1\r\nHost: localhost\r\n`;
        const text = new TextDecoder("latin1").decode(bytes(200));
        const kinds: [string | Uint8Array, ...(string | Uint8Array)[]] = [
          bytes(1 + Math.floor(random() * 2000)),
          head,
          `${head}Content-Length: 1000\r\n\r\n{`,
          `${head}Content-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
          `${head}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n${text}`,
          `${head}X-Long: ${"a".repeat(100_000)}\r\n\r\n`,
          `${head}Content-Type: application/json\r\nContent-Length: 10000000\r\n\r\n${"[".repeat(100_000)}`,
          `${head}Content-Length: -1\r\nContent-Length: 99999999999999999999\r\n\r\n`,
        ];
        sockets.push(await open(pick(kinds)));
      }
    }
    const bodies = [null, [], "", 0, { wake: null }, { __proto__: 1 }, { wake: { models: { "\0": {} } } }];
    for (const [path, methods] of Object.entries(paths)) {
      if (!("post" in methods)) continue;
      for (const body of bodies) {
        const { status } = await earshot.post(path.replace("{name}", "alexa"), body);
        expect(status).toBeLessThan(500);
      }
    }
    await goesOnHearing();
    const seen = await watching.stop();
    expect(seen.answered).toBe(seen.asked);
    expect(seen.longestGapMs).toBeLessThan(1000);
    for (const socket of sockets) socket.destroy();
  }, 40_000);

  test("garbage inside WebSockets", async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 60; i++) {
      const socket = await open(UPGRADE);
      sockets.push(socket);
      const oversized = new Uint8Array(14).fill(0xff);
      oversized.set([0x82, 0xff]);
      socket.write(pick([bytes(500), oversized, new Uint8Array([0x81, 0x05, 1, 2, 3, 4, 5]), new Uint8Array(100_000)]));
    }
    const good = await earshot.watch();
    await goesOnHearing();
    expect(good.messages.some(({ type }) => type === "detection")).toBe(true);
    good.close();
    for (const socket of sockets) socket.destroy();
  }, 30_000);

  test("hundreds that connect and say next to nothing", async () => {
    const slow = await Promise.all(Array.from({ length: 300 }, () => open("GET /api/state HTTP/1.1\r\nX-")));
    const watching = observe(earshot);
    for (let i = 0; i < 20; i++) {
      for (const socket of slow) socket.write("a");
      await Bun.sleep(20);
    }
    const seen = await watching.stop();
    expect(seen.answered).toBe(seen.asked);
    await goesOnHearing();
    for (const socket of slow) socket.destroy();
  }, 30_000);

  test("nothing of that was called a defect in the log", () => {
    expect(earshot.log()).not.toMatch(/ error /);
  });
});
