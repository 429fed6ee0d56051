import { expect, test } from "bun:test";
import type { Relay } from "../../src/arbitration/relay.ts";
import type { RelayActivation } from "../../src/hub/activations.ts";
import { Guards } from "../../src/hub/guards.ts";
import type { Hub } from "../../src/hub/hub.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import type { HouseSpeaker } from "../../src/playback/house-speaker.ts";
import { AnswersAloud } from "../../src/web/answers-aloud.ts";
import { configOf } from "../config/sources.ts";

const REPLY = { kind: "answer", text: "It is on.", transcription: "", command: "", speech: undefined } as const;
/** Hall is this machine, its microphone is stream 0; nook is in its room, attic is not. */
const ROOMS = { hall: "Hall", nook: "Hall", attic: "Attic" };

function house(yaml = "") {
  const memory = SharedMemory.create({ streams: 3, relays: 1 });
  const speaker = { isPlaying: false, stopped: 0, heard: () => {} };
  const finished: number[] = [];
  const responding: string[] = [];
  const relays = new Map(Object.entries(ROOMS).map(([id, room]) => [id, { facts: { room, zone: "house" } }]));
  const seats = new Map(Object.keys(ROOMS).map((id, stream) => [id, { id, stream }]));
  const aloud = new AnswersAloud({
    hub: { seats, finish: (fence: number) => void finished.push(fence) } as unknown as Hub,
    relays: relays as unknown as ReadonlyMap<string, Relay>,
    activations: () => ({
      all: responding.map((relay) => ({ relay, state: "responding" }) as unknown as RelayActivation),
    }),
    config: () => configOf(yaml),
    localId: "hall",
    speaker: {
      get isPlaying() {
        return speaker.isPlaying;
      },
      look: () => {},
      say: (_reply: unknown, told: () => void) => {
        speaker.heard = told;
      },
      stop: () => void speaker.stopped++,
    } as unknown as HouseSpeaker,
    guards: new Guards(memory.guards.writer()),
    monotonicMs: () => 0,
  });
  const guarded = (nowMs: number) => {
    aloud.look(nowMs);
    const { guarded } = memory.guards.reader().read();
    return Object.keys(ROOMS).filter((_, stream) => guarded[stream] === 1);
  };
  return { aloud, speaker, finished, responding, guarded };
}

test("an answer is silent at once when what was granted is over, and only that one", () => {
  const { aloud, speaker, finished } = house();
  aloud.say(1, REPLY);
  aloud.over(7);
  expect(speaker.stopped).toBe(0);
  aloud.over(1);
  expect(speaker.stopped).toBe(1);
  // Told of late: it is over already.
  aloud.over(1);
  expect([speaker.stopped, finished]).toEqual([1, []]);
});

test("an answer that was heard ends what was granted", () => {
  const { aloud, speaker, finished } = house();
  aloud.say(1, REPLY);
  speaker.heard();
  aloud.over(1);
  expect([speaker.stopped, finished]).toEqual([0, [1]]);
});

test("microphones in the room of a loudspeaker that plays are guarded, its own too, and a while longer", () => {
  const { speaker, responding, guarded } = house();
  expect(guarded(0)).toEqual([]);
  speaker.isPlaying = true;
  expect(guarded(100)).toEqual(["hall", "nook"]);
  speaker.isPlaying = false;
  expect(guarded(800)).toEqual(["hall", "nook"]);
  responding.push("attic");
  expect(guarded(1000)).toEqual(["attic"]);
});

test("a word that an answer speaks is nobody's in its room, unless that is wished", () => {
  for (const [yaml, own] of [
    ["", true],
    ["playback: {while_playing: listen}", false],
  ] as const) {
    const { aloud } = house(yaml);
    aloud.says("hall", "It is ten. Alexa.");
    const heardBy = (relay: string) => aloud.isOwnVoice(relay, "alexa");
    expect([heardBy("hall"), heardBy("nook"), heardBy("attic")]).toEqual([own, own, false]);
    expect(aloud.isOwnVoice("hall", "timer")).toBe(false);
  }
});
