import { describe, expect, test } from "bun:test";
import { RingSound } from "../../src/hub/ring-sound.ts";
import { AUDIO_RING_SAMPLES } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";

function ring() {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const writer = memory.audioWriter(0);
  let next = 0;
  /** Samples that count up, so that each can be told from all others. */
  const write = (samples: number) => {
    for (let left = samples; left > 0; left -= 1000) {
      const block = Int16Array.from({ length: Math.min(left, 1000) }, () => next++ % 30_000);
      writer.write(block, block.length);
    }
  };
  const soundFrom = (from: number) => new RingSound(memory.audioReader(0, "newest"), from);
  return { writer, write, soundFrom };
}

describe("the sound of a stream", () => {
  test("begins at the sample that was asked for, and goes on with what comes, without a gap or a double", () => {
    const { write, soundFrom } = ring();
    write(5000);
    const sound = soundFrom(1234);
    const heard = [...(sound.next()?.pcm ?? [])];
    expect(sound.next()).toBeUndefined();
    write(777);
    heard.push(...(sound.next()?.pcm ?? []));
    expect(heard).toEqual(Array.from({ length: 5777 - 1234 }, (_, i) => 1234 + i));
  });

  test("ends with all that has come when it is ended", () => {
    const { write, soundFrom } = ring();
    write(100);
    const sound = soundFrom(0);
    sound.end();
    expect(sound.next()).toMatchObject({ last: true, pcm: { length: 100 } });
    expect(sound.next()).toMatchObject({ last: true, pcm: { length: 0 } });
  });

  test("begins no earlier than this sound: what was before a mute is another", () => {
    const { writer, write, soundFrom } = ring();
    write(3000);
    writer.startEpoch();
    write(500);
    expect(soundFrom(1000).next()?.pcm[0]).toBe(3000);
  });

  test("is over at a gap", () => {
    const { writer, write, soundFrom } = ring();
    write(3000);
    const sound = soundFrom(2000);
    expect(sound.next()).toMatchObject({ last: false, pcm: { length: 1000 } });
    writer.startEpoch();
    write(500);
    expect(sound.next()).toMatchObject({ last: true, pcm: { length: 0 } });
  });

  test("reaches back as far as the ring does", () => {
    const { write, soundFrom } = ring();
    write(AUDIO_RING_SAMPLES + 5000);
    const piece = soundFrom(0).next();
    expect(piece?.last).toBe(false);
    expect(piece?.pcm.length).toBeGreaterThan(AUDIO_RING_SAMPLES - 10_000);
    expect(piece?.pcm.at(-1)).toBe((AUDIO_RING_SAMPLES + 4999) % 30_000);
  });
});
