import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import type { ActivationView } from "../../src/web/schemas/activations.ts";
import type { HistoryView, LiveMessage } from "../../src/web/schemas/live.ts";
import { alexaClips, nearlySureClip, sayIfSynthetic } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { clip } from "../support/clips.ts";
import { HeldUp } from "../support/held-up.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { listenOnPage } from "../support/said-on-page.ts";
import { until } from "../support/until.ts";
import {
  canMakeVirtualMicrophone,
  startVirtualMicrophone,
  type VirtualMicrophone,
} from "../support/virtual-microphone.ts";

const possible = canMakeVirtualMicrophone() && browserIsHere;
if (!possible) console.log("skipped: from the microphone to the page, which needs pulseaudio and chromium");
sayIfSynthetic("from the microphone to the page");

const CONFIG = `# The kitchen's ear.
wake:
  models:
    alexa:
      threshold: 0.5 # as it came
      refractory: 1500ms
activation:
  hold: 800ms
`;
/** From the end of the frame that fired; the benchmark word-to-page measures. */
const AT_ONCE_MS = 500;
const LISTENING = "Listening for wake word... (RMS: ";

describe.skipIf(!possible)("from the microphone to the page", () => {
  let microphone: VirtualMicrophone;
  let browser: Browser;
  let earshot: RunningEarshot;
  let watched: WatchedPage;
  let page: Page;
  const status = () => page.getByTestId("activation-status");
  /** Plays a word, and waits until the page has said that it was heard. */
  const heardOnPage = async (path: string): Promise<void> => {
    const said = await listenOnPage(page, "activation-status");
    const [shown, played] = await Promise.allSettled([said.until("Heard alexa"), microphone.play(path)]);
    if (shown.status === "rejected") throw new Error(`${shown.reason}\n${await earshot.account()}`);
    if (played.status === "rejected") throw played.reason;
  };

  beforeAll(async () => {
    [microphone, browser] = await Promise.all([startVirtualMicrophone(), startBrowser()]);
  }, 20_000);
  afterAll(async () => {
    await browser?.close();
    await earshot?.destroy();
    await microphone?.stop();
  }, 20_000);

  test("what is said in the first 2 s is scored and wakes nobody; then it is armed", async () => {
    const [path = ""] = alexaClips(1);
    const word = (await clip(path)).subarray(1600, 16_000);
    let isOver = false;
    const play = async () => {
      while (!isOver) await microphone.playPcm(word);
    };
    const playing = play();
    earshot = await startEarshot({ config: CONFIG, env: { ...microphone.env, EARSHOT_LOG__FORMAT: "json" } });
    const { activation } = await earshot
      .until("armed", (state) => state.activation.armed)
      .finally(() => {
        isOver = true;
      });
    const opened = logged(earshot, "audio source opened");
    expect(activation.since - opened).toBeGreaterThan(1950);
    const { frames } = await earshot.get<HistoryView>("/api/history");
    expect(frames.some(({ at, scores }) => at < activation.since && (scores[0] ?? 0) >= 0.5)).toBe(true);
    await playing;
    for (const { timestamp } of await earshot.detections()) expect(timestamp - opened).toBeGreaterThan(1950);
    await earshot.post("/api/reset", {});
  }, 20_000);

  test("the page shows a living ear, without an error and without a request to anywhere else", async () => {
    watched = await openPage(browser, earshot.url);
    page = watched.page;
    await seen(status(), LISTENING);
    await seen(page.getByTestId("connection"), "Connected");
    await page.locator('[data-testid="health"][data-status="ok"]').waitFor();
    expect(await page.getByTestId("score-alexa").getAttribute("data-live")).toBe("true");
    expect(await page.getByText("16000 Hz, 1 ch)").count()).toBe(1);
    expect(watched.troubles).toEqual([]);
  }, 20_000);

  for (const [index, path] of alexaClips(3).entries()) {
    test(`a person's "alexa" is seen in the API, on the WebSocket and on the page, clip ${index + 1}`, async () => {
      await earshot.until("armed", (state) => state.activation.state === "armed");
      const before = (await earshot.detections()).length;
      const live = await earshot.watch();
      using time = new HeldUp(earshot.pid);
      const activations = await activationsWhile(earshot, async () => {
        await heardOnPage(path);
        await seen(status(), LISTENING);
      });
      live.close();

      const [heard, ...older] = await earshot.detections();
      expect(older).toHaveLength(before);
      expect(heard).toMatchObject({ model: "alexa", model_name: "alexa", stream: 0, threshold: 0.5, simulated: false });
      expect(heard?.confidence).toBeGreaterThanOrEqual(0.5);

      const states = activations.map(({ state }) => state);
      expect(states.filter((state, i) => state !== states[i - 1])).toEqual(["armed", "awake", "armed"]);
      const awake = activations.find(({ state }) => state === "awake");
      expect(awake).toMatchObject({ is_listening: true, is_active: true, model: "alexa", status: "Heard alexa" });
      expect(awake?.confidence).toBe(heard?.confidence ?? 0);
      expect(activations.at(-1)).toMatchObject({ is_listening: false, armed: true, listening: true });

      const told = live.messages.filter(isDetection);
      expect(told.map(({ detection }) => detection)).toEqual(heard === undefined ? [] : [heard]);
      const [from, to] = [heard?.timestamp ?? 0, told[0]?.receivedAt ?? 0];
      expect(to - from - time.heldBetween(from, to)).toBeLessThan(AT_ONCE_MS);

      const shown = await page.getByTestId("last-detection").textContent();
      expect(shown).toContain("alexa");
      expect(shown).toContain(`confidence ${heard?.confidence.toFixed(2)}`);
      expect(watched.troubles).toEqual([]);
    }, 20_000);
  }

  test("a threshold changed through the API and by keyboard on the page counts at once, and the file's comments stay", async () => {
    const path = nearlySureClip();
    const file = Bun.file(join(earshot.folder, "earshot.yaml"));
    const { body } = await earshot.post("/api/config", { wake: { models: { alexa: { threshold: 1 } } } });
    expect(body).toMatchObject({ applied: ["wake.models.alexa.threshold"], pending: [], written: true });
    expect(await file.text()).toBe(CONFIG.replace("0.5", "1"));
    const before = (await earshot.detections()).length;
    await microphone.play(path);
    expect(await earshot.detections()).toHaveLength(before);

    const slider = page.getByLabel("Threshold of alexa");
    await slider.focus();
    for (let i = 0; i < 4; i++) await page.keyboard.press("PageDown");
    // Keys go on while the place is saved where it came to rest: that this counts now is older than what is shown.
    const [saving, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.route(
      "**/api/config/models/alexa",
      async (route) => {
        saving.resolve();
        await goOn.promise;
        await route.continue();
      },
      { times: 1 },
    );
    await page.keyboard.press("ArrowLeft");
    await saving.promise;
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    const chosen = Number(await slider.inputValue());
    expect(chosen).toBeLessThan(0.8);
    goOn.resolve();
    const { models } = await earshot.until("the threshold", (state) => state.models[0]?.threshold === chosen, 8000);
    expect(models[0]?.threshold).toBe(chosen);
    const written = CONFIG.replace("0.5", String(chosen));
    await until("the file", async () => ((await file.text()) === written ? true : undefined));
    await heardOnPage(path);
    expect((await earshot.detections())[0]?.threshold).toBe(chosen);
    expect(watched.troubles).toEqual([]);
  }, 20_000);

  test("the mute button makes it deaf, and says so, until it is pressed again", async () => {
    const [path = ""] = alexaClips(1);
    const before = (await earshot.detections()).length;
    await page.getByRole("button", { name: "Mute", exact: true }).click();
    await seen(status(), "Not listening for wake word");
    expect(await earshot.get("/api/state")).toMatchObject({
      audio: { muted: true },
      activation: { armed: false, is_active: false },
    });
    await microphone.play(path);
    await page.getByRole("button", { name: "Unmute" }).click();
    await seen(status(), LISTENING);
    expect(await earshot.detections()).toHaveLength(before);
    expect(watched.troubles).toEqual([]);
  }, 20_000);

  test("nothing sticks out of a phone's screen", async () => {
    const phone = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
    const onPhone = await openPage(browser, earshot.url, phone);
    await seen(onPhone.page.getByTestId("activation-status"), LISTENING);
    const { wide, screen } = await onPhone.page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      screen: document.documentElement.clientWidth,
    }));
    expect(screen).toBe(360);
    expect(wide).toBeLessThanOrEqual(screen);
    expect(onPhone.troubles).toEqual([]);
    await onPhone.close();
  }, 20_000);

  test("the page comes back by itself when the program was stopped and started again", async () => {
    const { folder, port } = earshot;
    const { code, tookMs } = await earshot.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(1000);
    await page.getByTestId("connection").filter({ hasNotText: "Connected" }).waitFor();
    await seen(status(), "No news");
    earshot = await startEarshot({ folder, port, env: microphone.env });
    await seen(page.getByTestId("connection"), "Connected");
    await seen(status(), LISTENING);
    const [path = ""] = alexaClips(1);
    await heardOnPage(path);
  }, 30_000);
});

function seen(locator: Locator, text: string): Promise<void> {
  return locator.filter({ hasText: text }).waitFor();
}

type DetectionMessage = Extract<LiveMessage, { type: "detection" }>;

function isDetection<M extends LiveMessage>(message: M): message is M & DetectionMessage {
  return message.type === "detection";
}

/** What `/api/activation` says, again and again, while something is done, and once more when it is done. */
async function activationsWhile(
  earshot: RunningEarshot,
  something: () => Promise<void>,
): Promise<readonly ActivationView[]> {
  const activations: ActivationView[] = [];
  let over = false;
  const ask = async () => {
    for (let last = false; !last; await Bun.sleep(20)) {
      last = over;
      activations.push(await earshot.get<ActivationView>("/api/activation"));
    }
  };
  const doIt = async () => {
    try {
      await something();
    } finally {
      over = true;
    }
  };
  await Promise.all([doIt(), ask()]);
  return activations;
}

/** When an event was logged, UTC ms. */
function logged(earshot: RunningEarshot, event: string): number {
  for (const line of earshot.log().split("\n")) {
    if (!line.startsWith("{")) continue;
    const entry = JSON.parse(line) as { readonly "@timestamp"?: string; readonly message?: string };
    if (entry.message === event) return Date.parse(entry["@timestamp"] ?? "");
  }
  throw new Error(`not in the log: ${event}\n${earshot.log()}`);
}
