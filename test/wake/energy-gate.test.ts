import { describe, expect, test } from "bun:test";
import { EnergyGate } from "../../src/wake/energy-gate.ts";
import { HOP_SAMPLES } from "../../src/wake/features.ts";
import { joined, noise, silence, tone } from "../support/clips.ts";
import { amplified } from "../support/mixed-sound.ts";

/** Whether a gate is open, hop by hop. */
function opened(pcm: Int16Array, gate = new EnergyGate()): boolean[] {
  return Array.from({ length: Math.floor(pcm.length / HOP_SAMPLES) }, (_, i) =>
    gate.push(pcm.subarray(i * HOP_SAMPLES, (i + 1) * HOP_SAMPLES)),
  );
}

const seconds = (hops: readonly boolean[]): number => (hops.filter(Boolean).length * HOP_SAMPLES) / 16_000;
const added = (one: Int16Array, other: Int16Array): Int16Array => one.map((sample, i) => sample + (other[i] ?? 0));

/** Noise whose power falls with the frequency, by three filters of Paul Kellet's. */
function pink(seconds: number, level: number, seed: number): Int16Array {
  let [low, middle, high] = [0, 0, 0];
  return noise(seconds, level, seed).map((white) => {
    low = 0.99765 * low + white * 0.099046;
    middle = 0.963 * middle + white * 0.2965164;
    high = 0.57 * high + white * 1.0526913;
    return low + middle + high + white * 0.1848;
  });
}

/** Noise below some 30 Hz and a little of all, as if through a window. */
function rumble(seconds: number, level: number, seed: number): Int16Array {
  let low = 0;
  return noise(seconds, level, seed).map((white) => {
    low = 0.99 * low + 0.1 * white;
    return low + 0.02 * white;
  });
}

const ROOM = noise(10, 0.003, 1);
const HOLD_HOPS = 25;

describe("an energy gate", () => {
  test.each([
    ["a quiet room", ROOM],
    ["a loud fan", noise(10, 0.3, 2)],
    ["digital silence", silence(10)],
    ["a hum", tone(100, 10, 0.1)],
    ["pink noise", pink(10, 0.01, 8)],
    ["the rumble of a street", rumble(10, 0.2, 9)],
    ["the last bit's noise", noise(10, 1 / 32_767, 3)],
  ])("is open at the beginning in %s, and closes for good after the hold", (_, pcm) => {
    const open = opened(pcm);
    expect(open.slice(0, HOLD_HOPS - 1)).not.toContain(false);
    expect(open.slice(HOLD_HOPS)).not.toContain(true);
  });

  test("opens with the hop in which 20 ms are 4 dB above the room, and closes 2 s after the last such hop", () => {
    const click = new Int16Array(ROOM.length);
    // In the last quarter of hop 60: the room has a rms of 57.
    click.set(tone(1000, 0.02, 0.01), 60 * HOP_SAMPLES + 960);
    const open = opened(added(ROOM, click));
    expect(open.indexOf(true, HOLD_HOPS)).toBe(60);
    expect(open.slice(60, 60 + HOLD_HOPS)).not.toContain(false);
    expect(open.slice(60 + HOLD_HOPS)).not.toContain(true);
  });

  test("stays closed where a sound is 3 dB above the room, and opens where it is 5 dB above", () => {
    const louder = (decibels: number) => amplified(noise(0.08, 0.003, 4), 10 ** (decibels / 20));
    const room = ROOM.subarray(0, 60 * HOP_SAMPLES);
    expect(opened(joined(room, louder(3))).at(-1)).toBe(false);
    expect(opened(joined(room, louder(5))).at(-1)).toBe(true);
  });

  test("hears a voice beside the offset of a cheap microphone that is louder than it", () => {
    const offset = (pcm: Int16Array) => pcm.map((sample) => sample + 1000);
    const voice = added(tone(200, 1, 0.01), tone(900, 1, 0.005));
    const open = opened(joined(offset(ROOM), offset(voice)));
    expect(open[124]).toBe(false);
    expect(open.slice(125)).not.toContain(false);
  });

  test("gets used to a fan that was switched on within 4 s and the hold", () => {
    const open = opened(joined(ROOM, noise(10, 0.1, 5)));
    expect(open[125]).toBe(true);
    expect(seconds(open.slice(125))).toBeGreaterThan(2);
    expect(seconds(open.slice(125))).toBeLessThan(6.1);
    expect(open.at(-1)).toBe(false);
  });

  test("hears the room itself again when a loud sound is over", () => {
    const open = opened(joined(noise(10, 0.1, 6), ROOM, noise(1, 0.1, 7)));
    expect(open.slice(130, 250)).not.toContain(true);
    expect(open.slice(250)).not.toContain(false);
  });

  test("stays open in speech that pauses for less than the hold", () => {
    const word = tone(300, 0.5, 0.1);
    const pauses = [0.5, 1, 1.5, 1.8].flatMap((pause) => [word, ROOM.subarray(0, pause * 16_000)]);
    expect(opened(joined(...pauses))).not.toContain(false);
  });

  test("begins anew after a reset", () => {
    const gate = new EnergyGate();
    const first = opened(ROOM, gate);
    expect(first.at(-1)).toBe(false);
    gate.reset();
    expect(opened(ROOM, gate)).toEqual(first);
  });
});
