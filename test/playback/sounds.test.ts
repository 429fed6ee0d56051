import { expect, test } from "bun:test";
import { MADE_SOUNDS, madeSound } from "../../src/playback/sounds.ts";

test.each(MADE_SOUNDS)("the sound of %s is short, not loud, begins and ends softly", (name) => {
  const { pcm, sampleRateHz } = madeSound(name);
  expect(pcm.length / sampleRateHz).toBeLessThan(0.7);
  const peak = Math.max(...pcm.map(Math.abs));
  expect(peak).toBeWithin(6000, 7000);
  expect([Math.abs(pcm[0] ?? 9999), Math.abs(pcm.at(-1) ?? 9999)].every((sample) => sample < 100)).toBe(true);
});

test("the sounds can be told apart", () => {
  const [wake, error] = MADE_SOUNDS.map(madeSound);
  expect(wake?.pcm.length).not.toBe(error?.pcm.length);
});
