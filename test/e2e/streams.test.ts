// Several microphones and one Earshot: real sound over real sockets, in real time.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { StreamView } from "../../src/web/schemas.ts";
import { alexaClips, sayIfSynthetic } from "../support/alexa-clips.ts";
import { clip, joined, noise } from "../support/clips.ts";
import { encodeWav } from "../support/encode-wav.ts";
import { type RunningEarshot, startEarshot } from "../support/running-earshot.ts";
import { sendStream } from "../support/send-stream.ts";

const NO_MICROPHONE = { PULSE_SERVER: "unix:/nowhere/native", JACK_NO_START_SERVER: "1" };
sayIfSynthetic("several microphones");

/** The quiet of a room, which is not digital silence. */
const room = (seconds: number, seed: number) => noise(seconds, 0.002, seed);

describe("several microphones", () => {
  let earshot: RunningEarshot;
  let word: Int16Array;

  beforeAll(async () => {
    word = await clip(alexaClips(1)[0] ?? "");
    const folder = (await startFolder()).folder;
    earshot = await startEarshot({
      folder,
      args: ["--model", "alexa", "--source", `file:${join(folder, "quiet.wav")}?loop`],
      env: NO_MICROPHONE,
      config: "streams: { max: 3 }",
    });
    await earshot.until("all well", ({ health }) => health.status === "ok");
  }, 30_000);
  afterAll(() => earshot?.destroy());

  async function startFolder() {
    const { mkdtempSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const folder = mkdtempSync(join(tmpdir(), "earshot-"));
    await Bun.write(join(folder, "quiet.wav"), encodeWav(room(10, 9)));
    return { folder };
  }

  const isAsleep = ({ name, asleep, state }: StreamView) => name === "study" && asleep && state === "listening";
  const streamsOf = async () => (await earshot.get<{ streams: StreamView[] }>("/api/streams")).streams;

  test("each is heard for itself: who comes, goes or is cut off disturbs nobody", async () => {
    const hall = sendStream(earshot.url, "hall", joined(room(2.6, 1), word, room(1.5, 2)));
    const attic = sendStream(earshot.url, "attic", joined(room(4, 3), word, room(4.5, 4)));
    await earshot.until("both", ({ streams }) => streams.length === 3);
    const cellar = sendStream(earshot.url, "cellar", joined(room(1, 5), word, room(9, 6)));
    await earshot.until("hall's word", ({ detections }) => detections.some(({ source }) => source === "hall"));
    cellar.cut();
    expect(await cellar.ended).toBe("cut");
    await earshot.until("cellar gone", ({ streams }) => !streams.some(({ name }) => name === "cellar"));
    expect(await hall.ended).toBe(200);
    await earshot.until("attic's word", ({ detections }) => detections.some(({ source }) => source === "attic"));
    expect(await attic.ended).toBe(200);
    const { detections, streams, health } = await earshot.until("they went", ({ streams }) => streams.length === 1);
    // Said within the 2 s after its stream began, cellar's word may be nobody's.
    expect(detections.map(({ source, model }) => `${source} ${model}`).sort()).toEqual(["attic alexa", "hall alexa"]);
    expect(streams[0]).toMatchObject({ id: 0, lostSamples: 0, state: "listening" });
    expect(health.status).toBe("ok");
  }, 30_000);

  test("a network sleeps over a quiet room, and hears the first word that ends the quiet", async () => {
    const sent = sendStream(earshot.url, "study", joined(room(6, 7), word, room(1, 8)));
    await earshot.until("asleep", ({ streams }) => streams.some(isAsleep));
    expect((await streamsOf()).find(({ name }) => name === "study")).toMatchObject({
      state: "listening",
      lostSamples: 0,
    });
    const { detections } = await earshot.until("the word", ({ detections }) => detections[0]?.source === "study");
    const wordEndedAt = sent.sentAt(6 * 16_000 + word.length) ?? Date.now();
    expect((detections[0]?.timestamp ?? 0) - wordEndedAt).toBeLessThan(200);
    expect(await sent.ended).toBe(200);
  }, 30_000);

  test("one more than there is room for is refused with what to do, and the others go on", async () => {
    const sent = ["a", "b", "c"].map((name) => sendStream(earshot.url, name, room(2, 1)));
    await earshot.until("three", ({ streams }) => streams.length === 4);
    expect(await sendStream(earshot.url, "d", room(1, 1)).ended).toBe(503);
    expect(await Promise.all(sent.map(({ ended }) => ended))).toEqual([200, 200, 200]);
  }, 30_000);
});
