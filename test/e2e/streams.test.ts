// Several microphones and one Earshot: real sound over real sockets, in real time, seen in a real browser.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { NearMissView } from "../../src/web/schemas/detections.ts";
import type { StreamView } from "../../src/web/schemas/sound.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { browserIsHere, openPage, startBrowser, type WatchedPage } from "../support/browser.ts";
import { clip, joined, noise } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { listenOnPage } from "../support/said-on-page.ts";
import { sendStream } from "../support/send-stream.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
sayIfSynthetic("several microphones");
if (!browserIsHere) console.log("skipped: what the page shows of several microphones, which needs chromium");

/** The quiet of a room, which is not digital silence. */
const room = (seconds: number, seed: number) => noise(seconds, 0.002, seed);

describe("several microphones", () => {
  let earshot: RunningEarshot;
  let browser: Browser | undefined;
  let watched: WatchedPage | undefined;
  let word: Int16Array;

  beforeAll(async () => {
    word = await clip(alexaClips(1)[0] ?? "");
    const folder = mkdtempSync(join(tmpdir(), "earshot-"));
    await Bun.write(join(folder, "quiet.wav"), encodeWav(room(10, 9)));
    earshot = await startEarshot({
      folder,
      args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
      env: NO_MICROPHONE,
      config: "streams: { max: 3 }",
    });
    await earshot.until("all well", ({ health }) => health.status === "ok");
    if (!browserIsHere) return;
    browser = await startBrowser();
    watched = await openPage(browser, earshot.url);
  }, 40_000);
  afterAll(async () => {
    await browser?.close();
    await earshot?.destroy();
  });

  const listens = (testId: string) => watched && listenOnPage(watched.page, testId);

  test("each is heard for itself: who comes, goes or is cut off disturbs nobody", async () => {
    const [microphones, newest] = await Promise.all([listens("microphones"), listens("last-detection")]);
    const hall = sendStream(earshot.url, "hall", joined(room(2.6, 1), word, room(1, 2)));
    const attic = sendStream(earshot.url, "attic", joined(room(4, 3), word, room(1, 4)));
    await earshot.until("both", ({ streams }) => streams.length === 3);
    await microphones?.until("attic");
    const cellar = sendStream(earshot.url, "cellar", joined(room(1, 5), word, room(9, 6)));
    await earshot.until("hall's word", ({ detections }) => detections.some(({ source }) => source === "hall"));
    await newest?.until("hall");
    cellar.cut();
    expect(await cellar.ended).toBe("cut");
    await earshot.until("cellar gone", ({ streams }) => !streams.some(({ name }) => name === "cellar"));
    expect(await hall.ended).toBe(200);
    await earshot.until("attic's word", ({ detections }) => detections.some(({ source }) => source === "attic"));
    expect(await attic.ended).toBe(200);
    const { detections, streams, health } = await earshot.until("they went", ({ streams }) => streams.length === 1);
    // Cellar's word was said within the 2 s in which a stream that has just begun wakes nobody.
    expect(detections.map(({ source, model }) => `${source} ${model}`).sort()).toEqual(["attic alexa", "hall alexa"]);
    expect(streams[0]).toMatchObject({ id: 0, lostSamples: 0, state: "listening" });
    expect(health.status).toBe("ok");
  }, 30_000);

  test("a network sleeps over a quiet room, and hears the first word that ends the quiet", async () => {
    const microphones = await listens("microphones");
    const sent = sendStream(earshot.url, "study", joined(room(4, 7), word, room(1, 8)));
    const sleeps = ({ name, asleep, state }: StreamView) => name === "study" && asleep && state === "listening";
    const { streams } = await earshot.until("asleep", (state) => state.streams.some(sleeps));
    expect(streams.find(({ name }) => name === "study")).toMatchObject({ lagMs: 0, lostSamples: 0 });
    await microphones?.until("Asleep");
    const { detections } = await earshot.until("the word", ({ detections }) => detections[0]?.source === "study");
    const wordEndedAt = sent.sentAt(4 * 16_000 + word.length) ?? Date.now();
    expect((detections[0]?.timestamp ?? 0) - wordEndedAt).toBeLessThan(200);
    expect(await sent.ended).toBe(200);
  }, 30_000);

  test("a word that ends with its stream is heard, though the sender is gone by then", async () => {
    const before = (await earshot.detections()).length;
    // All at once, as a network brings what it held back.
    const pcm = joined(room(2.2, 5), word);
    const answer = await fetch(`${earshot.url}/api/streams/garage`, {
      method: "PUT",
      body: Uint8Array.from(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)),
    });
    expect(answer.status).toBe(200);
    const { detections } = await earshot.until("the word", ({ detections }) => detections.length > before);
    expect(detections[0]).toMatchObject({ source: "garage", model: "alexa" });
  }, 30_000);

  test("a word that nearly fired is told with what was missing", async () => {
    await earshot.post("/api/config/models/alexa", { threshold: 1, sensitivity: 0, sure: null });
    const sent = sendStream(earshot.url, "study", joined(room(2.6, 3), word, room(1, 4)));
    await earshot.until("near miss", ({ nearMisses }) => nearMisses.some(({ source }) => source === "study"));
    const { nearMisses } = await earshot.get<{ nearMisses: NearMissView[] }>("/api/near-misses?limit=1");
    expect(nearMisses).toMatchObject([{ missing: "below", model: "alexa", threshold: 1, stream: 1 }]);
    expect(nearMisses[0]?.confidence).toBeGreaterThan(0.9);
    await (await listens("near-misses"))?.until("alexa");
    expect(await sent.ended).toBe(200);
    expect(watched?.troubles ?? []).toEqual([]);
  }, 30_000);

  test("one more than there is room for is refused with what to do, and the others go on", async () => {
    const sent = ["a", "b", "c"].map((name) => sendStream(earshot.url, name, room(1.5, 1)));
    await earshot.until("three", ({ streams }) => streams.length === 4);
    expect(await sendStream(earshot.url, "d", room(1, 1)).ended).toBe(503);
    expect(await Promise.all(sent.map(({ ended }) => ended))).toEqual([200, 200, 200]);
  }, 30_000);
});
