// A phone's browser as a relay of the house: over https with a certificate of `earshot tls init`, its microphone a recording.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import type { HealthView } from "../../src/web/schemas/health.ts";
import type { RelayView } from "../../src/web/schemas/relays.ts";
import type { ArbitrationView } from "../../src/web/schemas/rounds.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { clip, clipPaths, joined, noise, voiceIn } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { freePort } from "../support/free-port.ts";
import { type RunningEarshot, runCommand, startEarshot } from "../support/running-earshot.ts";
import { until } from "../support/until.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const possible = browserIsHere && Bun.which("openssl") !== null;
if (!possible) console.log("skipped: a browser as a relay, which needs chromium and openssl");
sayIfSynthetic("a browser as a relay");
const canHear = browserIsHere && canMakeVirtualMicrophone();
if (!canHear) console.log("skipped: a browser's microphone, which needs chromium and pulseaudio");

const PASSWORD = "long enough";
const CREDENTIALS = { username: "earshot", password: PASSWORD };
const LIMIT_MS = 15_000;
/** Amplitude of white noise: the quiet of a room, which is not digital silence. */
const QUIET = 0.002;
/** Two programs have the sound of one sound server up to 40 ms apart, and a word's end is found to 20. */
const SAME_TIME_MS = 60;

describe.skipIf(!possible)("a browser as a relay", () => {
  const folder = mkdtempSync(join(tmpdir(), "earshot-browser-"));
  const port = freePort();
  const url = `https://127.0.0.1:${port}`;
  let earshot: RunningEarshot;
  let browser: Browser;
  let watched: WatchedPage;
  let page: Page;
  let authority = "";
  /** Acts on what was understood. */
  const heard: string[] = [];
  const intent = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      heard.push(((await request.json()) as { readonly transcript: string }).transcript);
      return Response.json({ text: "It is noon." });
    },
  });
  const status = () => page.getByTestId("lent-status");
  const says = (text: string) => status().filter({ hasText: text }).waitFor({ timeout: LIMIT_MS });

  async function get<T>(path: string): Promise<T> {
    const headers = { authorization: `Basic ${btoa(`earshot:${PASSWORD}`)}` };
    return (await fetch(url + path, { headers, tls: { ca: authority } })).json() as Promise<T>;
  }

  async function start(): Promise<void> {
    const config = `web: {password: ${PASSWORD}, tls: {cert: earshot-tls.crt, key: earshot-tls.key}}
wake: {models: {alexa: {}}}
audio: {source: none}
command:
  sink: {kind: program, program: echo, args: [what time is it]}
  intent: {kind: webhook, url: "${intent.url.href}"}
  speech: {kind: program, program: cat, args: ["${join(import.meta.dir, "../../demo/alexa.wav")}"]}
`;
    earshot = await startEarshot({ folder, port, config });
    const limitMs = performance.now() + LIMIT_MS;
    while ((await get<HealthView>("/api/health").catch(() => undefined))?.status === undefined) {
      if (performance.now() > limitMs) throw new Error(`it does not answer\n${earshot.log()}`);
      await Bun.sleep(50);
    }
  }

  beforeAll(async () => {
    const made = await runCommand(["tls", "init"], { folder });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    authority = await Bun.file(join(folder, "earshot-ca.crt")).text();
    const [path = ""] = alexaClips(1);
    const [command = path] = clipPaths("computer", 1);
    // A word, and what is said behind it: a second one would be no command, but another word.
    const sound = joined(noise(3, QUIET, 1), await clip(path), await clip(command), noise(9, QUIET, 2));
    const file = join(folder, "said.wav");
    await Bun.write(file, encodeWav(sound));
    const own = new X509Certificate(await Bun.file(join(folder, "earshot-tls.crt")).text());
    const spki = createHash("sha256")
      .update(own.publicKey.export({ type: "spki", format: "der" }))
      .digest("base64");
    [browser] = await Promise.all([
      startBrowser([
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${file}`,
        // This certificate and no other: what trusting its authority does on a phone.
        `--ignore-certificate-errors-spki-list=${spki}`,
      ]),
      start(),
    ]);
    watched = await openPage(browser, `${url}/microphone`, {
      httpCredentials: CREDENTIALS,
      permissions: ["microphone"],
      viewport: { width: 390, height: 844 },
    });
    page = watched.page;
    // As in Safari and Firefox: its sound goes through the audio thread then.
    await page.evaluate(() => Reflect.deleteProperty(globalThis, "MediaStreamTrackProcessor"));
  }, 40_000);
  afterAll(async () => {
    await browser?.close();
    await earshot?.destroy();
    intent.stop(true);
    rmSync(folder, { recursive: true, force: true });
  }, 20_000);

  test("the page is secure, and says what it wants", async () => {
    expect(await page.evaluate(() => isSecureContext)).toBe(true);
    await says("Lend this microphone");
  }, 20_000);

  test("its microphone is heard by the hub, which grants it, and the page says that it answers, and what", async () => {
    const sent: string[] = [];
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => void sent.push(String(payload))));
    await page.getByLabel("Name of this microphone").fill("phone");
    await page.getByRole("button", { name: "Lend this microphone" }).click();
    await says("Listening for the wake word");
    await page.getByTestId("lateness").filter({ hasText: "as the browser measures it" }).waitFor();
    await says("This microphone answers");
    const { relays } = await get<{ relays: RelayView[] }>("/api/relays");
    expect(relays.find(({ id }) => id === "phone")).toMatchObject({ kind: "relay", detects: false });
    await says("It is noon.");
    expect(heard).toEqual(["what time is it"]);
    // It says so when the answer was played.
    const finished = () => sent.filter((message) => message.startsWith('{"type":"finished"'));
    for (const limitMs = performance.now() + LIMIT_MS; finished().length === 0; await Bun.sleep(20)) {
      if (performance.now() > limitMs) throw new Error(`it was not played: ${sent.join("\n")}`);
    }
    expect(finished()).toHaveLength(1);
    expect(watched.troubles).toEqual([]);
  }, 40_000);

  test("nothing sticks out of a phone's screen", async () => {
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(390);
  }, 20_000);

  test("it comes back by itself when the hub was stopped and started again", async () => {
    await earshot.stop();
    await says("The hub is away");
    await start();
    await says("Listening for the wake word");
  }, 40_000);

  test("it stops when told, and the hub hears no more of it", async () => {
    await page.getByTestId("stop").click();
    await says("Lend this microphone");
    const limitMs = performance.now() + LIMIT_MS;
    for (;;) {
      const { relays } = await get<{ relays: RelayView[] }>("/api/relays");
      if (!relays.some(({ id, connected }) => id === "phone" && connected)) break;
      if (performance.now() > limitMs) throw new Error(JSON.stringify(relays));
      await Bun.sleep(50);
    }
  }, 30_000);
});

describe.skipIf(!canHear)("a browser beside the hub's own microphone", () => {
  let microphone: VirtualMicrophone;
  let hub: RunningEarshot;
  let browser: Browser;

  beforeAll(async () => {
    microphone = await startVirtualMicrophone();
    // Chromium takes no monitor for a microphone.
    await pactl("load-module", "module-remap-source", "master=vmic.monitor", "source_name=vbrowser", "remix=no");
    await pactl("set-default-source", "vbrowser");
    const config =
      "audio: { output: none }\nwake: { models: { alexa: { refractory: 1s } } }\narbitration: { window: 1s }";
    [hub, browser] = await Promise.all([
      startEarshot({ env: microphone.env, config }),
      startBrowser(["--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required"], microphone.env),
    ]);
    await hub.until("armed", ({ activation }) => activation.armed);
  }, 40_000);
  afterAll(async () => {
    await browser?.close();
    await hub?.destroy();
    await microphone?.stop();
  }, 20_000);

  async function pactl(...args: readonly string[]): Promise<void> {
    const child = Bun.spawn(["pactl", ...args], { env: microphone.env, stdin: "ignore", stdout: "ignore" });
    if ((await child.exited) !== 0) throw new Error(`pactl ${args.join(" ")} failed`);
  }

  test("dates a word by when it was heard, as the hub does, and the page says how that is known", async () => {
    const { page, troubles } = await openPage(browser, `${hub.url}/microphone`, { permissions: ["microphone"] });
    await page.getByLabel("Name of this microphone").fill("phone");
    await page.getByRole("button", { name: "Lend this microphone" }).click();
    await page.getByTestId("lent-status").filter({ hasText: "Listening for the wake word" }).waitFor();
    await page.getByTestId("lateness").filter({ hasText: "by the time that each piece of it carries" }).waitFor();
    // Sound that begins may not wake anybody for 2 s.
    const words = (await Promise.all(alexaClips(3).map(voiceIn))).flatMap((word) => [word, noise(1.4, QUIET, 2)]);
    await microphone.playPcm(joined(noise(2.5, QUIET, 1), ...words));
    const apart = await until("both have claimed three words", async () => {
      const { rounds } = await hub.get<ArbitrationView>("/api/arbitration");
      const both = rounds.filter(({ claims }) => claims.length === 2);
      return both.length < 3 ? undefined : both.map(({ claims }) => laterMs(claims, "phone")).sort((a, b) => a - b);
    });
    // Two detectors may fire in frames apart: then they find the word's end at two places.
    expect(Math.abs(apart[1] ?? Number.NaN)).toBeLessThan(SAME_TIME_MS);
    expect(troubles).toEqual([]);
  }, 40_000);
});

/** How much later it dates the end of a word than the other of two. */
function laterMs(claims: ArbitrationView["rounds"][number]["claims"], id: string): number {
  const own = claims.find(({ relayId }) => relayId === id)?.endedAfterMs ?? Number.NaN;
  const other = claims.find(({ relayId }) => relayId !== id)?.endedAfterMs ?? Number.NaN;
  return own - other;
}
