import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { StateView } from "../../src/web/schemas/state.ts";
import { alexaClips } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser } from "../support/browser.ts";
import { clip, joined, noise, silence } from "../support/clips.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

/** 1.4 s long, with its word before the end of the first second. */
const WORD = join(import.meta.dir, "../../demo/alexa.wav");
/** No sound server, no device. */
const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };

/** Health names these reasons and no others. */
function isBecause(...codes: readonly string[]) {
  return ({ health }: StateView) => health.reasons.map(({ code }) => code).join() === codes.join();
}

async function healthStatus({ url }: RunningEarshot): Promise<number> {
  return (await fetch(`${url}/api/health`)).status;
}

// Programs of their own that share nothing: they run side by side.
describe("without a sound server", () => {
  test.concurrent("a file is heard in real time from its first frame on, and its end is told as deafness", async () => {
    const startedMs = Date.now();
    await using earshot = await startEarshot({
      args: ["--model", "alexa", "--source", `file:${WORD}`],
      env: NO_MICROPHONE,
    });
    const { audio } = await earshot.until("its end", ({ audio }) => audio.state === "ended");
    expect(Date.now() - startedMs).toBeGreaterThan(1400);
    expect(audio).toMatchObject({ source: `file:${WORD}`, error: "the audio is over" });
    // The whole file is shorter than the 2 s for which a microphone wakes nobody. Inference may be a little behind.
    await earshot.until("the word", ({ detections }) => detections.length === 1);
    await earshot.until("that one reason", isBecause("audio_ended"));
    expect(await healthStatus(earshot)).toBe(503);
    const { activation } = await earshot.until("deaf", ({ activation: { state } }) => state === "off");
    expect(activation.reason).toContain("is over");
  }, 30_000);

  test.concurrent("a file with ?loop begins again and again", async () => {
    await using earshot = await startEarshot({
      args: ["--source", `file:${WORD}?loop`],
      env: NO_MICROPHONE,
      config: "wake: { models: { alexa: { refractory: 1s } } }",
    });
    await earshot.until("the word for the second time", ({ detections }) => detections.length >= 2);
    await earshot.until("all well", ({ health }) => health.status === "ok");
  }, 30_000);

  test.concurrent("what is piped into standard input is heard, and its end is told as deafness", async () => {
    // It may come faster than it was said, and nothing wakes within the first 2 s.
    const pcm = joined(silence(4), await clip(WORD), silence(0.5));
    await using earshot = await startEarshot({
      args: ["--model", "alexa", "--source", "stdin"],
      env: NO_MICROPHONE,
      stdin: new Blob([Uint8Array.from(new Uint8Array(pcm.buffer))]).stream(),
    });
    const { audio } = await earshot.until("its end", ({ audio }) => audio.state === "ended");
    expect(audio.source).toBe("stdin");
    await earshot.until("the word", ({ detections }) => detections.length === 1);
    await earshot.until("that one reason", isBecause("audio_ended"));
    expect(await healthStatus(earshot)).toBe(503);
  }, 20_000);
});

if (!browserIsHere) console.log("skipped: what the page says without a microphone, which needs chromium");

describe.skipIf(!browserIsHere)("without a microphone", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 20_000);
  afterAll(() => browser?.close(), 20_000);

  test.concurrent("it waits for a microphone, and shows that it waits", async () => {
    await using earshot = await startEarshot({ env: NO_MICROPHONE });
    const { audio } = await earshot.until("waiting", ({ audio }) => audio.state === "waiting");
    expect(audio).toMatchObject({ demo: false, device: "", error: expect.stringMatching(/device/) });
    await earshot.until("that one reason", isBecause("no_microphone"));
    expect(await healthStatus(earshot)).toBe(503);
    const { page, troubles } = await openPage(browser, earshot.url);
    await page.getByTestId("activation-status").filter({ hasText: "Not listening for wake word" }).waitFor();
    await page.getByText("Plug in a microphone").first().waitFor();
    await page.locator('[data-testid="health"][data-status="down"]').waitFor();
    expect(await page.getByTestId("demo-banner").count()).toBe(0);
    expect(troubles).toEqual([]);
    expect(await earshot.detections()).toEqual([]);
  }, 20_000);

  test.concurrent("asked to, it plays demo audio, says so loudly in log and page, and wakes at it", async () => {
    await using earshot = await startEarshot({ args: ["--demo-without-microphone"], env: NO_MICROPHONE });
    await earshot.until("demo audio", ({ audio }) => audio.demo);
    const { page, troubles } = await openPage(browser, earshot.url);
    await page.getByTestId("demo-banner").waitFor();
    await page.getByTestId("last-detection").waitFor();
    await earshot.until("that one reason", isBecause("demo_audio"));
    expect(await healthStatus(earshot)).toBe(200);
    expect(earshot.log()).toContain("NO MICROPHONE");
    expect(troubles).toEqual([]);
  }, 20_000);
});

const possible = canMakeVirtualMicrophone();
if (!possible) console.log("skipped: microphones as sources, which need pulseaudio");

describe.skipIf(!possible)("a microphone as the source", () => {
  let microphone: VirtualMicrophone;
  let stereo: VirtualMicrophone;
  beforeAll(async () => {
    [microphone, stereo] = await Promise.all([
      startVirtualMicrophone(),
      startVirtualMicrophone({ sampleRateHz: 48_000, channels: 2 }),
    ]);
  }, 20_000);
  afterAll(async () => {
    await Promise.all([microphone?.stop(), stereo?.stop()]);
  }, 30_000);

  test("an unknown name is waited for, with an error that lists what there is; a part of a name or an index brings it to life", async () => {
    await using earshot = await startEarshot({ config: "audio: { source: Jabra }", env: microphone.env });
    const { audio, activation } = await earshot.until("waiting", ({ audio }) => audio.state === "waiting");
    expect(audio).toMatchObject({
      device: "",
      error: 'no capture device named "Jabra": found "pulse", "default" (earshot devices lists them)',
    });
    expect(activation).toMatchObject({ state: "off", armed: false, is_active: false });
    await earshot.until("that one reason", isBecause("no_microphone"));
    expect(await healthStatus(earshot)).toBe(503);

    const changed = await earshot.post("/api/config", { audio: { source: "PUL" } });
    expect(changed.body).toMatchObject({ applied: ["audio.source"], pending: [] });
    const byName = await earshot.until("a device by name", ({ audio }) => audio.state === "open");
    expect(byName.audio.device).toStartWith("pulse ");
    await earshot.post("/api/config", { audio: { source: "1" } });
    await earshot.until("a device by index", ({ audio }) => audio.device.startsWith("default "));
    await earshot.until("armed", ({ activation }) => activation.armed);
    await earshot.until("all well", ({ health }) => health.status === "ok");
  }, 30_000);

  test("a flag's source cannot be changed while it runs, and the refusal says why", async () => {
    await using earshot = await startEarshot({ args: ["--source", "0"], env: microphone.env });
    const { audio } = await earshot.until("open", ({ audio }) => audio.state === "open");
    expect(audio.device).toStartWith("pulse ");
    const { status, body } = await earshot.post("/api/config", { audio: { source: "default" } });
    expect(status).toBe(409);
    expect(JSON.stringify(body)).toContain("--source");
  }, 30_000);

  test("a stereo microphone of 48 kHz is heard like any other", async () => {
    await using earshot = await startEarshot({ args: ["--model", "alexa"], env: stereo.env });
    await earshot.until("armed", ({ activation }) => activation.armed);
    const [path = ""] = alexaClips(1);
    await stereo.play(path);
    await earshot.until("the word", ({ detections }) => detections.length === 1);
  }, 30_000);

  test("noise makes the level rise and wakes nobody", async () => {
    await using earshot = await startEarshot({ args: ["--model", "alexa"], env: microphone.env });
    await earshot.until("open", ({ audio }) => audio.state === "open");
    const playing = microphone.playPcm(noise(3, 0.5, 1));
    const { activation } = await earshot.until("a level", ({ activation }) => activation.rms > 0.25);
    // White noise between -0.5 and 0.5 has 0.5 / sqrt(3).
    expect(activation.rms).toBeCloseTo(0.289, 1);
    await playing;
    expect(await earshot.detections()).toEqual([]);
  }, 20_000);
});
