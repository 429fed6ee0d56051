import { describe, expect, test } from "bun:test";
import type { Loudspeaker } from "../../src/audio/portaudio-loudspeaker.ts";
import { HouseSpeaker } from "../../src/playback/house-speaker.ts";
import { madeSound } from "../../src/playback/sounds.ts";
import { ListDevice, smallSpeaker } from "./small-speaker.ts";

const answer = { pcm: new Int16Array(48_000).fill(1000), sampleRateHz: 48_000 };

function speaking(opens: () => Loudspeaker = () => new ListDevice()) {
  const small = smallSpeaker({ opens });
  const { playlist, speaker, clock } = small;
  const house = new HouseSpeaker({
    ...{ playlist, speaker },
    settings: () => ({ wake_sound: "default", error_sound: "default", volume: 0 }),
    readSound: () => Promise.reject(new Error("no file")),
    monotonicMs: () => clock.nowMs,
    log: { warn: () => {} },
  });
  return { ...small, house };
}

describe("what this machine says", () => {
  test("waits for the chime, and ends when a new word interrupts it, with a chime again", () => {
    const { house, devices, pass } = speaking();
    const ends: string[] = [];
    house.wake();
    house.say({ kind: "answer", speech: answer }, (end) => ends.push(end));
    pass(600);
    const chime = [...madeSound("wake").pcm];
    const heard = () => devices[0]?.heard ?? [];
    expect(heard().slice(0, chime.length)).toEqual(chime);
    expect(heard()[chime.length]).toBe(1000);
    const before = heard().length;
    house.wake();
    expect(ends).toEqual(["stopped"]);
    pass(600);
    expect(heard().slice(before)).toEqual(chime);
  });

  test("is health's business when it was to be heard and was not, and no more once something is heard", () => {
    let isThere = false;
    const { house, pass } = speaking(() => {
      if (!isThere) throw new Error("no playback device");
      return new ListDevice();
    });
    house.wake();
    pass(100);
    expect(house.troubles).toEqual([]);
    pass(5000);
    const ends: string[] = [];
    const say = () => house.say({ kind: "answer", speech: answer }, (end) => ends.push(end));
    say();
    pass(100);
    expect(ends).toEqual(["no_loudspeaker"]);
    expect(house.troubles).toMatchObject([
      { code: "no_loudspeaker", message: "chimes and answers are silent: no playback device" },
    ]);
    isThere = true;
    pass(5000);
    say();
    pass(1500);
    expect(ends.at(-1)).toBe("heard");
    expect(house.troubles).toEqual([]);
  });

  test("is over at once where there is nothing to say, and an error's when its sound was heard", () => {
    const { house, clock, pass } = speaking();
    const ends: number[] = [];
    const beganMs = clock.nowMs;
    house.say({ kind: "answer", speech: undefined }, () => ends.push(clock.nowMs - beganMs));
    house.say({ kind: "error", speech: undefined }, () => ends.push(clock.nowMs - beganMs));
    expect(ends).toEqual([0]);
    pass(1500);
    expect(ends[1]).toBeWithin(600, 1000);
  });
});
