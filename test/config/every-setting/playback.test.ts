import { describe, expect } from "bun:test";
import { rm } from "node:fs/promises";
import { readAudioFile } from "../../../src/audio/decode.ts";
import { wavOf } from "../../../src/audio/wav-write.ts";
import { Guards } from "../../../src/hub/guards.ts";
import { SAMPLE_RATE } from "../../../src/memory/layout.ts";
import { HouseSpeaker } from "../../../src/playback/house-speaker.ts";
import { madeSound } from "../../../src/playback/sounds.ts";
import { smallSpeaker } from "../../playback/small-speaker.ts";
import { configOf } from "../sources.ts";
import { until } from "../thread-rig.ts";
import { inferenceWorker } from "./inference-worker.ts";
import { ownFolder } from "./own-folder.ts";
import { turningOf } from "./turning.ts";

const turning = turningOf("playback");
const at = ownFolder();

describe("in the inference worker", () => {
  const { noticed, memory } = inferenceWorker();

  /** What is noticed while a loudspeaker near the microphone plays. */
  async function noticedWhilePlaying(playback: string): Promise<readonly string[]> {
    const guards = new Guards(memory().guards.writer());
    guards.look([0], 0);
    try {
      return await noticed(`wake: {models: {alexa: {}}}\nplayback: {${playback}}`);
    } finally {
      guards.look([], Number.MAX_VALUE);
    }
  }

  turning("playback.while_playing", async () => {
    const sure = "raised_threshold: 1";
    expect(await noticedWhilePlaying(`while_playing: raise, ${sure}`)).toEqual([]);
    expect(await noticedWhilePlaying("while_playing: mute, raised_threshold: 0.1")).toEqual([]);
    expect(await noticedWhilePlaying(`while_playing: listen, ${sure}`)).toEqual(["alexa"]);
  });

  turning("playback.raised_threshold", async () => {
    expect(await noticedWhilePlaying("")).toEqual(["alexa"]);
    expect(await noticedWhilePlaying("raised_threshold: 1")).toEqual([]);
  });
});

describe("of what is heard from this machine", () => {
  const PEAK = 5000;
  const wake = madeSound("wake").pcm;

  for (const [setting, made, play] of [
    ["wake_sound", "wake", (speaker: HouseSpeaker) => speaker.wake()],
    ["error_sound", "error", (speaker: HouseSpeaker) => speaker.say({ kind: "error", speech: undefined })],
  ] as const) {
    turning(`playback.${setting}`, async () => {
      const file = at(`${setting}.wav`);
      await Bun.write(file, wavOf(new Int16Array(SAMPLE_RATE / 10).fill(PEAK)));
      expect(await heard("", play)).toEqual([...madeSound(made).pcm]);
      expect(await heard(`${setting}: none`, play)).toEqual([]);
      const gong = await heard(`${setting}: ${file}`, play);
      expect(gong.length).toBeWithin(4700, 4900);
      expect(gong[2400]).toBeWithin(PEAK - 50, PEAK + 50);
      await rm(file);
      expect(await heard(`${setting}: ${file}`, play, "sound_file")).toEqual([...madeSound(made).pcm]);
    });
  }

  turning("playback.volume", async () => {
    const sounds = (speaker: HouseSpeaker) => {
      speaker.wake();
      speaker.say({ kind: "answer", speech: { pcm: wake, sampleRateHz: 48_000 } });
    };
    const twice = [...wake, ...wake];
    expect(await heard("", sounds)).toEqual(twice);
    const quiet = await heard("volume: -20", sounds);
    expect(Math.max(...quiet)).toBeWithin(Math.max(...wake) / 10 - 2, Math.max(...wake) / 10 + 2);
    expect(quiet.length).toBe(twice.length);
  });

  /** What the loudspeaker is given. @param trouble that health tells, once files were read */
  async function heard(playback: string, play: (speaker: HouseSpeaker) => void, trouble?: string): Promise<number[]> {
    const { clock, playlist, speaker, devices, pass } = smallSpeaker();
    let reading = 0;
    const house = new HouseSpeaker({
      ...{ playlist, speaker },
      settings: () => configOf(`playback: {${playback}}`).playback,
      readSound: async (path) => {
        reading++;
        const pcm = await readAudioFile(path).finally(() => reading--);
        return { pcm, sampleRateHz: SAMPLE_RATE };
      },
      monotonicMs: () => clock.nowMs,
      log: { warn: () => {} },
    });
    await until("files are read", () => reading === 0);
    await Bun.sleep(0);
    expect(house.troubles.map(({ code }) => code)).toEqual(trouble === undefined ? [] : [trouble]);
    play(house);
    pass(1500);
    return devices[0]?.heard ?? [];
  }
});
