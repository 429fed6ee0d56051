// Where commands end, with real voices in the lanes of the shared memory.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type CommandLane, CommandLanes } from "../../src/command/command-lanes.ts";
import { Recording } from "../../src/command/recording.ts";
import { SpeechEnds } from "../../src/detect/speech-ends.ts";
import { COMMAND_LANES, LANE_RING_SAMPLES } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { createEngine, type Engine } from "../../src/wake/engine.ts";
import type { ReadFile } from "../../src/wake/load.ts";
import { loadVoiceActivity, type VoiceActivity } from "../../src/wake/voice-activity.ts";
import { LOUD_IS_VOICE, sound as said } from "../command/small-commands.ts";
import { clip, clipPaths, joined, noise, saySkipped, speechIsHere } from "../support/clips.ts";

const RATE = 16_000;
const LIMITS = { wordSamples: 1.2 * RATE, silenceSamples: 0.8 * RATE, noSpeechSamples: 3 * RATE };
/** Amplitude of a room's quiet. */
const QUIET = 0.0005;

const readFile: ReadFile = (path) => Bun.file(path).bytes();
let engine: Engine;
let voice: VoiceActivity;
beforeAll(async () => {
  engine = await createEngine({ models: ["alexa"], readFile });
  voice = await loadVoiceActivity(readFile);
});
afterAll(async () => {
  await voice.close();
  await engine.close();
});

function house(with_: VoiceActivity | undefined = voice) {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const lanes = new CommandLanes(memory);
  const inference = () => new SpeechEnds({ memory, voice: with_ });
  return { memory, lanes, inference, ends: inference() };
}

function opened(lanes: CommandLanes, limits = LIMITS): CommandLane {
  const lane = lanes.open(limits);
  if (lane === undefined) throw new Error("no lane is free");
  return lane;
}

/** Puts all of it in, in pieces of so many samples, and listens in between. @returns what was seen at the end */
async function listened(lane: CommandLane, ends: SpeechEnds, sound: Int16Array, piece: number) {
  const recording = new Recording(sound.length);
  for (let at = 0; at < sound.length; at += piece) {
    recording.take(sound.slice(at, at + piece));
    do lane.feed(recording);
    while (await ends.step());
  }
  return lane.look();
}

/** Someone's voice without the quiet around it. */
async function voiceIn(path: string): Promise<Int16Array> {
  const pcm = await clip(path);
  const loud = 1200;
  return pcm.subarray(
    pcm.findIndex((sample) => Math.abs(sample) > loud),
    pcm.findLastIndex((sample) => Math.abs(sample) > loud),
  );
}

saySkipped("the end of real speech");
describe.skipIf(!speechIsHere)("a command in a lane", () => {
  let word: Int16Array;
  let command: Int16Array;
  beforeAll(async () => {
    word = await voiceIn(clipPaths("alexa")[0] ?? "");
    command = joined(...(await Promise.all(clipPaths("computer", 2).map(voiceIn))));
  });
  const limits = () => ({ ...LIMITS, wordSamples: 0.5 * RATE + word.length });

  test("ends when the person has stopped, at the same sample whether it comes as it is said or all at once", async () => {
    const sound = joined(noise(0.5, QUIET, 1), word, command, noise(4, QUIET, 2));
    const { lanes, ends } = house();
    const live = await listened(opened(lanes, limits()), ends, sound, 320);
    const atOnce = await listened(opened(lanes, limits()), ends, sound, sound.length);
    expect(live.state).toBe("said");
    const spokenUntil = 0.5 * RATE + word.length + command.length;
    // Silero hears a voice a little longer than it sounds.
    expect(live.end - LIMITS.silenceSamples - spokenUntil).toBeWithin(-0.15 * RATE, 0.3 * RATE);
    expect(atOnce).toEqual(live);
  }, 20_000);

  test("is over after the time for beginning where nothing follows the word", async () => {
    const sound = joined(noise(0.5, QUIET, 1), word, noise(4, QUIET, 2));
    const { lanes, ends } = house();
    const { state, spoke, end } = await listened(opened(lanes, limits()), ends, sound, 1280);
    expect({ state, spoke, end }).toEqual({
      state: "nothing",
      spoke: false,
      end: 0.5 * RATE + word.length + LIMITS.noSpeechSamples,
    });
  }, 20_000);

  test("goes on while somebody speaks, however long", async () => {
    const sound = joined(noise(0.5, QUIET, 1), word, ...Array.from({ length: 4 }, () => command));
    const { lanes, ends } = house();
    const { state, spoke, judged } = await listened(opened(lanes, limits()), ends, sound, 4096);
    expect({ state, spoke }).toEqual({ state: "listening", spoke: true });
    expect(sound.length - judged).toBeLessThan(512);
  }, 20_000);

  test("is listened to beside others, and each ends for itself", async () => {
    const sounds = [
      joined(noise(0.5, QUIET, 1), word, command, noise(2, QUIET, 2)),
      joined(noise(0.5, QUIET, 3), word, noise(4, QUIET, 4)),
    ];
    const alone = house();
    const expected: unknown[] = [];
    for (const sound of sounds) expected.push(await listened(opened(alone.lanes, limits()), alone.ends, sound, 1280));
    const { lanes, ends } = house();
    const all = sounds.map((sound) => ({
      sound,
      lane: opened(lanes, limits()),
      recording: new Recording(sound.length),
    }));
    for (let at = 0; at < 6 * RATE; at += 1280) {
      for (const { sound, lane, recording } of all) {
        recording.take(sound.slice(at, at + 1280));
        lane.feed(recording);
      }
      while (await ends.step());
    }
    expect(all.map(({ lane }) => lane.look())).toEqual(expected as ReturnType<CommandLane["look"]>[]);
  }, 20_000);

  test("goes on where inference died and began again, and what was heard before is not forgotten", async () => {
    const sound = joined(noise(0.5, QUIET, 1), word, command, noise(2, QUIET, 2));
    const { lanes, ends, inference } = house();
    const lane = opened(lanes, limits());
    const recording = new Recording(sound.length);
    const half = 0.5 * RATE + word.length + command.length - 1000;
    recording.take(sound.slice(0, half));
    do lane.feed(recording);
    while (await ends.step());
    const before = lane.look();
    expect(before).toMatchObject({ state: "listening", spoke: true });
    recording.take(sound.slice(half));
    const successor = inference();
    do lane.feed(recording);
    while (await successor.step());
    const { state, end } = lane.look();
    expect(state).toBe("said");
    expect(end - half).toBeWithin(LIMITS.silenceSamples - 1000, LIMITS.silenceSamples + 0.4 * RATE);
  }, 20_000);
});

describe("lanes", () => {
  test("of nobody who can hear voices say so", async () => {
    const { lanes, memory } = house();
    const ends = new SpeechEnds({ memory, voice: undefined });
    const lane = opened(lanes);
    await ends.step();
    expect(lane.look().state).toBe("deaf");
  });

  test("are so many, and one that was given back is another's, who begins anew", async () => {
    const { lanes, ends } = house();
    const all = Array.from({ length: COMMAND_LANES }, () => opened(lanes));
    expect(lanes.open(LIMITS)).toBeUndefined();
    await listened(all[0] as CommandLane, ends, noise(5, QUIET, 1), 4096);
    expect(all[0]?.look().state).toBe("nothing");
    all[0]?.close();
    const next = opened(lanes);
    expect(next.look()).toEqual({ state: "listening", spoke: false, judged: 0, end: 0 });
    await listened(next, ends, noise(1, QUIET, 1), 4096);
    expect(next.look().judged).toBe(15_872);
    // The one that is gone changes nothing any more.
    all[0]?.close();
    expect(lanes.open(LIMITS)).toBeUndefined();
  });

  test("hold nothing of what was said when they are given back", async () => {
    const { memory, lanes, ends } = house();
    const lane = opened(lanes);
    await listened(lane, ends, noise(3, 0.5, 1), 4096);
    lane.close();
    const reader = memory.laneReader(0);
    const kept = new Int16Array(LANE_RING_SAMPLES / 2);
    expect(reader.copyBefore(reader.written, kept)).toBeTrue();
    expect(kept.every((sample) => sample === 0)).toBeTrue();
  });

  test("are listened to from where inference was when it died, by what it had heard", async () => {
    const sound = said(-1.2, 2, -1.5);
    for (const diesAt of [0.5, 1.8, 3.1, 3.7, 4.4]) {
      const { lanes, ends, inference } = house(LOUD_IS_VOICE);
      const lane = opened(lanes);
      const recording = new Recording(sound.length);
      recording.take(sound.slice(0, diesAt * RATE));
      do lane.feed(recording);
      while (await ends.step());
      const before = lane.look();
      recording.take(sound.slice(diesAt * RATE));
      const successor = inference();
      do lane.feed(recording);
      while (await successor.step());
      const { state, spoke, end } = lane.look();
      expect({ state, spoke }).toEqual({ state: "said", spoke: true });
      // Whether somebody spoke just then it cannot know, and takes it so.
      const latest = before.state === "said" ? before.end : Math.max(3.2 * RATE, before.judged) + 0.8 * RATE + 512;
      expect(end).toBeWithin(before.state === "said" ? latest : 4 * RATE - 512, latest + 1);
    }
  });

  test("of a web worker that died are free again", () => {
    const { memory, lanes } = house();
    for (let lane = 0; lane < COMMAND_LANES; lane++) opened(lanes);
    expect(new CommandLanes(memory).open(LIMITS)).toBeDefined();
  });
});
