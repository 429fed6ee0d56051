// What went wrong in hey-orac and is seen of the whole program from outside, each as a test by its name.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { HealthView } from "../../src/web/schemas/health.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { HttpServer } from "../command/http-server.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { joined, noise, voiceIn } from "../support/clips.ts";
import { type RunningEarshot, runCommand, startEarshot } from "../support/running-earshot.ts";
import { until } from "../support/until.ts";

/** Half a day and more from UTC. */
const ZONE = "Pacific/Auckland";
const PASSWORD = "long enough";
const QUIET = 0.002;
const PAGES = ["/", "/microphone"];
sayIfSynthetic("what went wrong in hey-orac");

describe("what went wrong in hey-orac, while it runs:", () => {
  const webhookAnswers = Promise.withResolvers<Response>();
  const webhook = new HttpServer(() => webhookAnswers.promise);
  let earshot: RunningEarshot;
  /** Sound that begins may not wake anybody for 2 s, and if it comes in pieces, for 2 s from the first of them. */
  const quiet = bytesOf(noise(2.4, QUIET, 1));
  let word: Uint8Array<ArrayBuffer>;

  beforeAll(async () => {
    word = bytesOf(joined(await voiceIn(alexaClips(1)[0] ?? ""), noise(0.6, QUIET, 3)));
    earshot = await startEarshot({
      args: ["--source", "none", "--model", "alexa"],
      env: { TZ: ZONE },
      config: "# mine\nweb: {}\n",
    });
    await earshot.until("it listens", ({ models }) => models.some(({ state }) => state === "listening"));
  }, 30_000);
  afterAll(async () => {
    webhookAnswers.resolve(new Response());
    webhook[Symbol.dispose]();
    await earshot?.destroy();
  }, 20_000);

  let streams = 0;
  /**
   * Says the word into a stream of its own that may wake, and again when that was listened to.
   *
   * @returns for each time "woke", or what was missing
   */
  async function says(times = 1): Promise<readonly string[]> {
    const source = `room ${++streams}`;
    const sender = await Sender.to(earshot.port, source);
    const heard = async () => {
      const { detections, nearMisses } = await earshot.get<StateView>("/api/state");
      const woke = detections.filter((one) => one.source === source).map(() => "woke");
      return [...woke, ...nearMisses.filter((one) => one.source === source).map(({ missing }) => missing)];
    };
    sender.send(quiet);
    sender.goOn();
    await earshot.until("it may wake", ({ streams }) =>
      streams.some(({ name, state }) => name === source && state === "listening"),
    );
    sender.pause();
    for (let time = 1; time <= times; time++) {
      // What comes at once was said up to now, and sound may come 4 s sooner than it is said.
      if (time > 1) await Bun.sleep(1500);
      sender.send(word);
      if (time === times) sender.goOn();
      await until("it was listened to", async () => ((await heard()).length === time ? true : undefined));
    }
    expect(await sender.end()).toStartWith("HTTP/1.1 200 ");
    return heard();
  }

  const configured = async (path = "/api/config/global") => earshot.get<Record<string, unknown>>(path);
  async function set(path: string, settings: unknown): Promise<void> {
    const { status, body } = await earshot.post(path, settings);
    expect({ status, body }).toMatchObject({ status: 200, body: { pending: [], written: true } });
  }

  test("a 5 s webhook in the detection loop", async () => {
    await set("/api/config", { wake: { models: { alexa: { webhook_url: `${webhook.url}/told` } } } });
    expect(await says()).toEqual(["woke"]);
    await until("the webhook is told", () => webhook.asked.length > 0 || undefined);
    // It has not answered, and will not before the end of this file: others are heard meanwhile, and nothing is lost.
    const startedMs = performance.now();
    expect(await says()).toEqual(["woke"]);
    expect(performance.now() - startedMs).toBeLessThan(4000);
    expect((await earshot.get<HealthView>("/api/health")).reasons.map(({ code }) => code)).not.toContain(
      "lost_samples",
    );
  }, 20_000);

  test("settings that are shown but enforced nowhere", async () => {
    await set("/api/config/global", { rms_filter: 32_767 });
    expect(await configured()).toMatchObject({ rms_filter: 32_767 });
    expect(await says()).toEqual(["too_quiet"]);
    await set("/api/config/global", { rms_filter: 0 });
    expect(await says()).toEqual(["woke"]);
    // Every setting there is: test/config/every-setting. What there is none for is refused, not taken and forgotten.
    const { status, body } = await earshot.post("/api/config/models/alexa", { api_url: "http://127.0.0.1:1" });
    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining("not supported here")]);
  }, 20_000);

  test("`|| 10` in place of a legal 0", async () => {
    await set("/api/config/models/alexa", { refractory: 0 });
    await set("/api/config/global", { cooldown: 10 });
    expect(await says(2)).toEqual(["woke", "cooling"]);
    await set("/api/config/global", { cooldown: 0, vad_threshold: 0 });
    expect(await configured()).toMatchObject({ cooldown: 0, cooldown_s: 0, vad_threshold: 0 });
    expect(await says(2)).toEqual(["woke", "woke"]);
    await set("/api/config/models/alexa", { sensitivity: 0 });
    expect(await configured("/api/config/models/alexa")).toMatchObject({ sensitivity: 0, threshold: 1, refractory: 0 });
    await set("/api/config/models/alexa", { sensitivity: null, refractory: null });
    expect(await earshot.get("/api/detections?limit=0")).toMatchObject({ error: { code: "bad_request" } });
  }, 20_000);

  test("saved but not applied", async () => {
    await set("/api/config/models/alexa", { threshold: 1, sure: 1 });
    expect(await Bun.file(join(earshot.folder, "earshot.yaml")).text()).toMatch(/^# mine\n[\s\S]*threshold: 1\b/);
    expect(await configured("/api/config/models/alexa")).toMatchObject({ threshold: 1 });
    const { models } = await earshot.until("it counts", () => true);
    expect(models).toMatchObject([{ name: "alexa", threshold: 1 }]);
    expect(await says()).toEqual(["below"]);
    await set("/api/config/models/alexa", { threshold: null, sure: null });
    expect(await says()).toEqual(["woke"]);
  }, 20_000);

  test("a health check that cannot fail", async () => {
    // Nobody is heard: a word would go unnoticed.
    await until("nobody answers any more", async () => {
      const { activation } = await earshot.get<StateView>("/api/state");
      return activation.is_listening ? undefined : true;
    });
    const deaf = await fetch(`${earshot.url}/api/health`);
    expect([deaf.status, ((await deaf.json()) as HealthView).status]).toEqual([503, "down"]);
    const said = await runCommand(["state", "--port", String(earshot.port)]);
    expect(said.code).toBe(1);
    const sender = await Sender.to(earshot.port, "hall");
    sender.send(quiet);
    sender.goOn();
    try {
      await until("health", async () => (await fetch(`${earshot.url}/api/health`)).status === 200 || undefined);
      expect((await runCommand(["state", "--port", String(earshot.port)])).code).toBe(0);
    } finally {
      await sender.end();
    }
    await until("and down again", async () => (await fetch(`${earshot.url}/api/health`)).status === 503 || undefined);
  }, 20_000);

  test("scripts that cannot fail", async () => {
    const root = join(import.meta.dir, "../..");
    const run = (...command: readonly string[]) =>
      Bun.spawn([...command], { cwd: root, stdio: ["ignore", "ignore", "ignore"] }).exited;
    const codes = await Promise.all([
      run("node", "setup/setup.mjs", "no-such-job"),
      runCommand(["doctor", "--config", "/nowhere/earshot.yaml"]).then(({ code }) => code),
      runCommand(["state", "--port", "1"]).then(({ code }) => code),
      runCommand(["listen", "/nowhere.wav"]).then(({ code }) => code),
      runCommand(["nonsense"]).then(({ code }) => code),
    ]);
    expect(codes.filter((code) => code === 0)).toEqual([]);
  }, 20_000);

  test("update_rate and method that were never implemented", async () => {
    const file = join(earshot.folder, "shared", "activation.json");
    await set("/api/config", { activation_system: { method: "file", file, update_rate: "20ms" } });
    const writesIn = async (ms: number) => {
      const seen = new Set<number>();
      for (const untilMs = performance.now() + ms; performance.now() < untilMs; await Bun.sleep(5)) {
        const { mtimeMs } = await Bun.file(file)
          .stat()
          .catch(() => ({ mtimeMs: 0 }));
        if (mtimeMs > 0) seen.add(mtimeMs);
      }
      return seen.size;
    };
    await until("the file", async () => (await Bun.file(file).exists()) || undefined);
    expect(await writesIn(800)).toBeGreaterThan(8);
    await set("/api/config", { activation_system: { update_rate: "400ms" } });
    expect(await writesIn(800)).toBeWithin(1, 5);
    const text = await Bun.file(file).text();
    expect(JSON.parse(text)).toMatchObject({ state: { method: "file", updateRateMs: 400 } });
    await set("/api/config", { activation_system: { method: "shared_memory" } });
    await until("no file", async () => !(await Bun.file(file).exists()) || undefined);
  }, 20_000);

  test("fonts and scripts from a CDN on an offline device", async () => {
    const wanted = [...PAGES];
    const seen = new Set<string>();
    for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await fetch(earshot.url + path);
      expect([path, response.status]).toEqual([path, 200]);
      const policy = response.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'self'");
      // No source but the hub itself: a browser asks nobody else, whatever stands in the page.
      expect(policy).not.toMatch(/https?:|\*|\w\.\w/);
      const text = await response.text();
      const loads = text.matchAll(/(?:src|href)\s*=\s*"([^"]+)"|url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)/g);
      for (const [, inPage, inStyle, imported] of response.headers.get("content-type")?.includes("javascript")
        ? []
        : loads) {
        const target = inPage ?? inStyle ?? imported ?? "";
        if (target.startsWith("data:") || target.startsWith("#")) continue;
        const { origin, pathname } = new URL(target, earshot.url + path);
        expect([target, origin]).toEqual([target, earshot.url]);
        wanted.push(pathname);
      }
    }
    expect([...seen].some((path) => path.endsWith(".js")) && [...seen].some((path) => path.endsWith(".css"))).toBe(
      true,
    );
  }, 20_000);

  test("local timestamps without a zone", async () => {
    expect(await says()).toEqual(["woke"]);
    const bodies = ["/api/state", "/api/activation", "/api/detections", "/api/audio/rms", "/api/arbitration"];
    const times: number[] = [];
    const walk = (value: unknown, key = ""): void => {
      if (typeof value === "string" && /^\d{4}-\d\d-\d\d|^\d\d:\d\d/.test(value)) throw new Error(`${key}: ${value}`);
      if (typeof value === "number" && /^(at|since|timestamp|last_update|openedAt)$/.test(key) && value > 0)
        times.push(value);
      if (typeof value === "object" && value !== null)
        for (const [inner, one] of Object.entries(value)) walk(one, inner);
    };
    for (const path of bodies) walk(await earshot.get(path));
    expect(times.length).toBeGreaterThan(5);
    // Unix time, in seconds where hey-orac had seconds: nothing that half a day could be taken off or added to.
    const ages = times.map((time) => Date.now() - (time < 1e11 ? time * 1000 : time));
    expect(Math.max(...ages.map(Math.abs))).toBeLessThan(10 * 60_000);
    const newest = earshot.log().trim().split("\n").at(-1) ?? "";
    const [, time = ""] = /^(\S+) /.exec(newest) ?? [];
    expect(time).toMatch(/^\d\d:\d\d:\d\d\.\d{3}Z$/);
    const day = new Date().toISOString().slice(0, 11);
    const apart = Math.abs(Date.now() - Date.parse(day + time)) % 86_400_000;
    expect(Math.min(apart, 86_400_000 - apart)).toBeLessThan(60_000);
  }, 20_000);

  test("no auth", async () => {
    const { paths } = await earshot.get<{ paths: Record<string, Record<string, unknown>> }>("/openapi.json");
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method, path]),
    );
    expect(routes.length).toBeGreaterThan(20);
    // From the next request on.
    await set("/api/config", { web: { password: PASSWORD, loopback_needs_token: true } });
    const doors = [...routes, ...[...PAGES, "/openapi.json", "/ws", "/relay"].map((path) => ["get", path])];
    const open: string[] = [];
    for (const [method = "", path = ""] of doors) {
      const url = earshot.url + path.replace(/\{\w+\}/g, "alexa");
      const upgrade = path === "/relay" || path === "/ws" ? UPGRADE : undefined;
      const body = method === "get" ? {} : { body: "{}", headers: { "content-type": "application/json" } };
      const response = await fetch(url, {
        method: method.toUpperCase(),
        ...body,
        ...(upgrade && { headers: upgrade }),
      });
      if (response.status !== 401) open.push(`${method} ${path}: ${response.status}`);
    }
    expect(open).toEqual([]);
    const headers = { authorization: `Basic ${btoa(`earshot:${PASSWORD}`)}` };
    expect((await fetch(`${earshot.url}/api/state`, { headers })).status).toBe(200);
    // Nor can anybody be let in by the network without it.
    const outside = await runCommand(["run", "--host", "0.0.0.0", "--port", "0", "--source", "none"]);
    expect([outside.code === 0, outside.stderr]).toEqual([false, expect.stringContaining("web.password")]);
  }, 20_000);
});

/** A request whose body goes on: each piece is on its way when it is sent, whatever a client would wait for. */
class Sender {
  readonly #answer = Promise.withResolvers<string>();
  #room: Timer | undefined;
  #seed = 10;

  private constructor(
    readonly socket: Socket,
    source: string,
  ) {
    socket.on("data", (bytes) => this.#answer.resolve(bytes.toString()));
    const path = `/api/streams/${encodeURIComponent(source)}`;
    socket.write(`PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n`);
  }

  static async to(port: number, source: string): Promise<Sender> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    return new Sender(socket, source);
  }

  send(bytes: Uint8Array): void {
    this.socket.write(`${bytes.length.toString(16)}\r\n`);
    this.socket.write(bytes);
    this.socket.write("\r\n");
  }

  /** From now on there is the quiet of a room, in real time. */
  goOn(): void {
    this.#room ??= setInterval(() => this.send(bytesOf(noise(0.1, QUIET, this.#seed++))), 100);
  }

  pause(): void {
    clearInterval(this.#room);
    this.#room = undefined;
  }

  /** @returns the answer */
  async end(): Promise<string> {
    this.pause();
    this.socket.write("0\r\n\r\n");
    const answer = await this.#answer.promise;
    this.socket.destroy();
    return answer;
  }
}

function bytesOf(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(pcm.slice().buffer);
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};
