import { describe, expect, test } from "bun:test";
import { PLAYBACK_RATE } from "../../src/memory/layout.ts";
import type { Clip } from "../../src/playback/playlist.ts";
import { ListDevice, smallSpeaker } from "./small-speaker.ts";

/** Samples that can be told from each other, at the loudspeaker's own rate: they come through untouched. */
const counted = (seconds: number, from = 1): Clip => ({
  pcm: Int16Array.from({ length: seconds * PLAYBACK_RATE }, (_, i) => ((from + i) % 30_000) + 1),
  sampleRateHz: PLAYBACK_RATE,
});

describe("a sound", () => {
  test("is heard from its first sample to its last, however long it is, and said to be over when it has been heard", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    const clip = counted(5);
    const ends: string[] = [];
    playlist.play(clip, clock.nowMs, (end) => ends.push(`${end} at ${clock.nowMs}`));
    pass(4900);
    expect(ends).toEqual([]);
    pass(400);
    expect(devices[0]?.heard).toEqual([...clip.pcm]);
    const [end = ""] = ends;
    expect(end).toStartWith("heard at");
    expect(Number(end.split(" ").at(-1)) - 6000).toBeWithin(0, 300);
    expect(playlist.isPlaying).toBe(false);
  });

  test("leaves nothing of itself when it is over", () => {
    const { playlist, clock, memory, pass } = smallSpeaker();
    const left = () => {
      const ring = memory.playbackReader("newest");
      const pcm = new Int16Array(48_000);
      ring.copyBefore(ring.written, pcm);
      return pcm.some((sample) => sample !== 0);
    };
    playlist.play(counted(1), clock.nowMs);
    pass(500);
    expect(left()).toBe(true);
    pass(1500);
    expect([playlist.isPlaying, left()]).toEqual([false, false]);
    playlist.play(counted(1), clock.nowMs);
    pass(100);
    playlist.stop();
    expect(left()).toBe(false);
  });

  test("begins within one look of the player", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    playlist.play(counted(0.1), clock.nowMs);
    pass(10);
    expect(devices[0]?.heard.length).toBeGreaterThan(0);
  });

  test("waits for the one before it", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    const [first, second] = [counted(0.3), counted(0.3, 500)];
    const ends: string[] = [];
    playlist.play(first, clock.nowMs, () => ends.push("first"));
    playlist.play(second, clock.nowMs, () => ends.push("second"));
    pass(1000);
    expect(ends).toEqual(["first", "second"]);
    expect(devices[0]?.heard).toEqual([...first.pcm, ...second.pcm]);
  });

  test("is silenced at once, and what follows begins with its own first sample", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    const ends: string[] = [];
    playlist.play(counted(3), clock.nowMs, (end) => ends.push(end));
    pass(300);
    playlist.stop();
    expect(ends).toEqual(["stopped"]);
    const before = devices[0]?.heard.length ?? 0;
    const next = counted(0.1, 7000);
    playlist.play(next, clock.nowMs);
    pass(500);
    expect(devices[0]?.calls).toEqual(["start", "stop", "start", "stop"]);
    expect(devices[0]?.heard.slice(before)).toEqual([...next.pcm]);
  });

  test("of another rate is resampled: a second stays a second, a tone keeps its pitch", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    const pcm = Int16Array.from({ length: 22_050 }, (_, i) =>
      Math.round(9000 * Math.sin((2 * Math.PI * 441 * i) / 22_050)),
    );
    playlist.play({ pcm, sampleRateHz: 22_050 }, clock.nowMs);
    pass(1500);
    const heard = devices[0]?.heard ?? [];
    expect(heard.length).toBeWithin(PLAYBACK_RATE - 50, PLAYBACK_RATE + 50);
    const rising = heard.filter((sample, i) => sample >= 0 && (heard[i - 1] ?? 0) < 0).length;
    expect(rising).toBeWithin(439, 443);
  });

  test("where no output is wanted is over at once, and so is one that nobody takes", () => {
    const none = smallSpeaker({ output: "none" });
    const ends: string[] = [];
    none.playlist.play(counted(1), none.clock.nowMs, (end) => ends.push(end));
    none.pass(10);
    const dead = smallSpeaker();
    dead.playlist.play(counted(1), dead.clock.nowMs, (end) => ends.push(end));
    for (let i = 0; i < 4; i++) {
      dead.clock.nowMs += 1000;
      dead.playlist.look(dead.clock.nowMs);
    }
    expect(ends).toEqual(["no_loudspeaker", "no_loudspeaker"]);
  });
});

describe("the loudspeaker", () => {
  test("stays open between sounds, and is given back so that devices can be looked for; not while it plays", () => {
    const { playlist, player, clock, devices, pass } = smallSpeaker();
    playlist.play(counted(0.2), clock.nowMs);
    pass(50);
    player.release();
    expect(devices[0]?.calls).toEqual(["start"]);
    pass(600);
    expect(devices[0]?.calls).toEqual(["start", "stop"]);
    player.release();
    expect(devices[0]?.calls).toEqual(["start", "stop", "close"]);
    playlist.play(counted(0.2), clock.nowMs);
    pass(50);
    expect(devices.length).toBe(2);
  });

  test("that cannot be opened costs nobody a wait, is said once, and is tried again", () => {
    let tries = 0;
    const { playlist, speaker, clock, logged, pass } = smallSpeaker({
      opens: () => {
        tries++;
        throw new Error("no playback device");
      },
    });
    const ends: string[] = [];
    for (let i = 0; i < 3; i++) {
      playlist.play(counted(0.2), clock.nowMs, (end) => ends.push(end));
      pass(1000);
    }
    expect(ends).toEqual(["no_loudspeaker", "no_loudspeaker", "no_loudspeaker"]);
    expect(speaker.read()).toMatchObject({ state: "failed", error: "no playback device" });
    expect([tries, logged]).toEqual([1, ["loudspeaker not available"]]);
    pass(5000);
    playlist.play(counted(0.2), clock.nowMs);
    pass(20);
    expect(tries).toBe(2);
  });

  test("that breaks in the middle of a sound is closed, and opened for a later one", () => {
    const { playlist, clock, devices, pass } = smallSpeaker();
    const ends: string[] = [];
    playlist.play(counted(1), clock.nowMs, (end) => ends.push(end));
    pass(100);
    if (devices[0]) devices[0].broken = true;
    pass(1000);
    expect(ends).toEqual(["no_loudspeaker"]);
    expect(devices[0]?.calls.at(-1)).toBe("close");
    pass(5000);
    playlist.play(counted(0.1), clock.nowMs, (end) => ends.push(end));
    pass(500);
    expect(ends.at(-1)).toBe("heard");
    expect(devices[1]).toBeInstanceOf(ListDevice);
  });
});

test("a loudspeaker is open before something is to be heard, and one that is not there is nobody's trouble until then", () => {
  const house = smallSpeaker();
  house.player.prepare(house.clock.nowMs);
  expect(house.devices.length).toBe(1);
  house.playlist.play(counted(0.1), house.clock.nowMs);
  house.pass(500);
  expect(house.devices.length).toBe(1);
  house.player.release();
  house.player.prepare(house.clock.nowMs);
  expect(house.devices.length).toBe(2);
  const none = smallSpeaker({
    opens: () => {
      throw new Error("no playback device");
    },
  });
  for (let i = 0; i < 3; i++) {
    none.player.prepare(none.clock.nowMs);
    none.pass(1000);
  }
  expect(none.speaker.read()).toMatchObject({ state: "closed", error: "" });
  none.playlist.play(counted(0.1), none.clock.nowMs);
  none.pass(20);
  expect(none.speaker.read()).toMatchObject({ state: "failed", error: "no playback device" });
  expect(none.logged).toEqual(["loudspeaker not available"]);
});

test("what a web worker that died was saying is silent when its successor lives", () => {
  const { playlist, clock, devices, pass, succeed } = smallSpeaker();
  playlist.play(counted(2), clock.nowMs);
  pass(300);
  const before = devices[0]?.heard.length ?? 0;
  const successor = succeed();
  pass(500);
  expect(devices[0]?.calls).toEqual(["start", "stop"]);
  expect(devices[0]?.heard.length).toBe(before);
  const clip = counted(0.1, 700);
  const ends: string[] = [];
  successor.play(clip, clock.nowMs, (end) => ends.push(end));
  pass(500);
  expect(devices[0]?.heard.slice(before)).toEqual([...clip.pcm]);
});
