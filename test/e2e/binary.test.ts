import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { basename } from "node:path";
import type { Browser } from "playwright-core";
import { alexaClips } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser } from "../support/browser.ts";
import { speechIsHere } from "../support/clips.ts";
import { earshotCommand, type RunningEarshot, runCommand, startEarshot } from "../support/running-earshot.ts";
import { listenOnPage } from "../support/said-on-page.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const [program = ""] = earshotCommand(true);
const possible = existsSync(program) && canMakeVirtualMicrophone() && browserIsHere;
if (!possible) console.log("skipped: the compiled binary, which needs npm run build, pulseaudio and chromium");

/** The parent and the small programs it needs are found by their paths: there is no Bun and no Node. */
const BARE = { PATH: "/nowhere" };

describe.skipIf(!possible)("the compiled binary", () => {
  let microphone: VirtualMicrophone;
  let browser: Browser;
  let earshot: RunningEarshot;

  beforeAll(async () => {
    [microphone, browser] = await Promise.all([startVirtualMicrophone(), startBrowser()]);
    earshot = await startEarshot({ binary: true, args: ["--model", "alexa"], env: { ...microphone.env, ...BARE } });
  }, 20_000);
  afterAll(async () => {
    await browser?.close();
    await earshot?.destroy();
    await microphone?.stop();
  }, 20_000);

  test("binary: from an empty folder and without Bun, a word goes from the microphone to the API, the WebSocket and the page", async () => {
    await earshot.until("armed", (state) => state.activation.armed);
    expect(readdirSync(earshot.folder)).toEqual([]);
    const watched = await openPage(browser, earshot.url);
    const live = await earshot.watch();
    const said = await listenOnPage(watched.page, "activation-status");
    const [path = ""] = alexaClips(1);
    await Promise.all([said.until("Heard alexa"), microphone.play(path)]);
    const [heard] = await earshot.detections();
    expect(heard).toMatchObject({ model: "alexa", simulated: false });
    expect(live.messages.filter(({ type }) => type === "detection")).toMatchObject([{ detection: heard }]);
    expect(await watched.page.getByTestId("last-detection").textContent()).toContain("alexa");
    expect(watched.troubles).toEqual([]);
    live.close();
    await watched.close();
  }, 20_000);

  test("binary: its other commands work too, listen on compressed recordings among them", async () => {
    const [path = ""] = alexaClips(1);
    const run = (...args: readonly string[]) => runCommand(args, { binary: true, env: { ...microphone.env, ...BARE } });
    const [listened, devices] = await Promise.all([run("listen", "--json", path), run("devices", "--json")]);
    expect(listened).toMatchObject({ code: 0, stderr: "" });
    expect(basename(path)).toEndWith(speechIsHere ? ".flac" : ".wav");
    expect(JSON.parse(listened.stdout.split("\n")[0] ?? "")).toMatchObject({ type: "detection", model: "alexa" });
    expect(devices.code).toBe(0);
    expect(JSON.parse(devices.stdout)).toContainEqual(expect.objectContaining({ name: "default" }));
  }, 20_000);

  test("binary: it ends on SIGTERM within a second, and leaves nothing running", async () => {
    const { code, tookMs } = await earshot.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(1000);
    await expect(fetch(earshot.url)).rejects.toThrow();
  }, 20_000);
});
