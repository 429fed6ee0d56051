// How long after a word it can be seen: `bun bench/word-to-page.ts [WORDS]`, 36 words by default, about two and a half minutes.
// Needs two cores at rest, one of which the browser shares with Earshot.
//
// People's "alexa" from ../shared/audio go through a virtual microphone. The word's end is the end of the frame of 80 ms
// in which the pipeline first crosses the threshold when it scans the clip from its first sample on. Two ways to count:
// - from the word's end, as the sound is handed to the player: with player, sound server, PortAudio, and the program's own
//   frames, which begin anywhere and may cross the threshold up to 80 ms earlier or later than those of the scan;
// - from the end of the program's own frame, as capture dates it: what Earshot adds to the model.
import { cpus, loadavg } from "node:os";
import type { Page } from "playwright-core";
import { createDetector } from "../src/wake/detector.ts";
import { createEngine } from "../src/wake/engine.ts";
import { scan } from "../src/wake/scan.ts";
import type { ActivationView } from "../src/web/schemas/activations.ts";
import { openPage, startBrowser } from "../test/support/browser.ts";
import { clip, clipPaths, joined, silence } from "../test/support/clips.ts";
import { type RunningEarshot, startEarshot } from "../test/support/running-earshot.ts";
import { startVirtualMicrophone } from "../test/support/virtual-microphone.ts";
import { formatTable } from "./table.ts";

const WORDS = 36;
const POLL_MS = 4;
/** Some words are not sure enough in every phase of the frames. */
const MOST_WAIT_MS = 1500;
const CONFIG = `wake: { models: { alexa: { refractory: 1500ms } } }
activation: { hold: 500ms }
`;

interface Word {
  readonly pcm: Int16Array;
  /** From the first sample. */
  readonly endMs: number;
}

/** When a word was seen, UTC ms. */
interface Sighting {
  readonly frameEndMs: number;
  readonly apiMs: number;
  readonly socketMs: number;
  readonly pageMs: number;
}

/** The words that are heard when a quiet room precedes them, and when they end. */
async function knownWords(count: number): Promise<readonly Word[]> {
  const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
  const detector = createDetector(engine, { live: false });
  const before = silence(2);
  const words: Word[] = [];
  for (const path of clipPaths("alexa", Math.ceil(count * 1.2))) {
    const pcm = await clip(path);
    for await (const { atMs, detections } of scan(detector, joined(before, pcm, silence(0.5)))) {
      if (detections.length === 0) continue;
      words.push({ pcm, endMs: atMs - 2000 });
      break;
    }
  }
  await engine.close();
  return words.slice(0, count);
}

/** A player that is running already: what it is given sounds at once. */
function startPlayer(env: Readonly<Record<string, string>>) {
  const player = Bun.spawn(
    ["pacat", "--raw", "--rate=16000", "--channels=1", "--format=s16le", "--latency-msec=20", "--device=vmic"],
    {
      env,
      stdin: "pipe",
      stdout: "ignore",
      stderr: "inherit",
    },
  );
  return {
    /** @returns when its first sample was handed over, UTC ms */
    play(pcm: Int16Array): number {
      const atMs = Date.now();
      player.stdin.write(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
      player.stdin.flush();
      return atMs;
    },
    async stop() {
      player.kill();
      await player.exited;
    },
  };
}

/** Lets the page note when it says "Heard". */
async function watchPage(page: Page): Promise<{ heardAtMs(): Promise<number> }> {
  await page.evaluate(() => {
    const status = document.querySelector('[data-testid="activation-status"]');
    if (status === null) throw new Error("no status on the page");
    const seen = { heard: false };
    const look = () => {
      const heard = status.textContent?.startsWith("Heard") ?? false;
      if (heard && !seen.heard) document.body.dataset.heardAtMs = String(Date.now());
      seen.heard = heard;
    };
    new MutationObserver(look).observe(status, { childList: true, characterData: true, subtree: true });
  });
  return {
    heardAtMs: async () => Number(await page.evaluate(() => document.body.dataset.heardAtMs ?? "0")),
  };
}

async function untilAwake(earshot: RunningEarshot, sequence: number, limitMs: number): Promise<number | undefined> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const { state, sequence: now } = await earshot.get<ActivationView>("/api/activation");
    if (state === "awake" && now > sequence) return Date.now();
    await Bun.sleep(POLL_MS);
  }
  return undefined;
}

const words = await knownWords(Number(process.argv[2] ?? WORDS));
if (words.length === 0) throw new Error("no recordings at ../shared/audio");
const [microphone, browser] = await Promise.all([startVirtualMicrophone(), startBrowser()]);
const earshot = await startEarshot({ config: CONFIG, env: microphone.env });
const player = startPlayer(microphone.env);
const sightings: { readonly wordEndMs: number; readonly sighting: Sighting }[] = [];
try {
  await earshot.until("armed", ({ activation }) => activation.armed);
  const { page } = await openPage(browser, earshot.url);
  await page.getByTestId("activation-status").filter({ hasText: "Listening" }).waitFor();
  const watched = await watchPage(page);
  const live = await earshot.watch();
  for (const { pcm, endMs } of words) {
    const { activation } = await earshot.until("armed", ({ activation: { state } }) => state === "armed");
    // So that the program's frames begin anywhere in the word.
    await Bun.sleep(1000 + Math.random() * 80);
    live.messages.length = 0;
    const startedMs = player.play(pcm);
    const apiMs = await untilAwake(earshot, activation.sequence, endMs + MOST_WAIT_MS);
    await Bun.sleep(Math.max(300, startedMs + pcm.length / 16 - Date.now()));
    const told = live.messages.find(({ type }) => type === "detection");
    if (apiMs === undefined || told?.type !== "detection") continue;
    const { receivedAt: socketMs, detection } = told;
    const pageMs = await watched.heardAtMs();
    sightings.push({
      wordEndMs: startedMs + endMs,
      sighting: { frameEndMs: detection.timestamp, apiMs, socketMs, pageMs },
    });
  }
  live.close();
} finally {
  await player.stop();
  await browser.close();
  await earshot.destroy();
  await microphone.stop();
}

console.log(
  `${sightings.length} of ${words.length} words seen; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}\n`,
);
const since = (from: (seen: (typeof sightings)[number]) => number, to: keyof Sighting) =>
  sightings.map((seen) => seen.sighting[to] - from(seen));
const places = [
  ["/ws", "socketMs"],
  ["/api/activation, asked every 4 ms", "apiMs"],
  ["the page in Chromium", "pageMs"],
] as const;
console.log(
  formatTable({
    title: "from the end of the frame that fired (aim for the page: median below 150 ms)",
    unit: "ms",
    rows: places.map(([name, to]) => ({ name, figures: since(({ sighting }) => sighting.frameEndMs, to) })),
  }),
);
console.log(
  formatTable({
    title: "from the word's end at the player",
    unit: "ms",
    rows: [...places, ["the frame that fired has ended", "frameEndMs"] as const].map(([name, to]) => ({
      name,
      figures: since(({ wordEndMs }) => wordEndMs, to),
    })),
  }),
);
