import { describe, expect, test } from "bun:test";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { RemoteSight } from "../../src/web/remote-sight.ts";

/** One stream whose records are written as a sender and inference would, under a clock that the test moves. */
function watched() {
  const memory = SharedMemory.create({ streams: 2, relays: 1 });
  const record = memory.stream(1).writer();
  const level = memory.level(1).writer();
  const score = memory.score(1).writer();
  const sight = new RemoteSight(memory);
  let nowMs = 10_000;
  const look = () => sight.look(nowMs);
  return {
    look,
    open(name: string) {
      nowMs++;
      Object.assign(record.value, { name, open: true, sinceMs: nowMs });
      record.publish();
      look();
    },
    close() {
      record.value.open = false;
      record.publish();
      look();
    },
    score(changed: Partial<typeof score.value>) {
      Object.assign(score.value, changed);
      score.publish();
    },
    now: () => nowMs,
    /** Sound comes, each second of it is looked at, and scored if so. */
    sound(seconds: number, { armed = true, scored = true } = {}) {
      for (let i = 0; i < seconds * 2; i++) {
        nowMs += 500;
        level.value.atMs = nowMs;
        level.publish();
        if (scored) {
          Object.assign(score.value, { armed, frameEndMs: nowMs });
          score.publish();
        }
        look();
      }
    },
    silence(ms: number) {
      nowMs += ms;
      look();
    },
    sights: () => sight.sights(nowMs),
    seen: () => sight.sights(nowMs)[0],
  };
}

describe("what is seen of a stream from elsewhere", () => {
  test("is nothing while nobody sends", () => {
    const stream = watched();
    stream.look();
    expect(stream.sights()).toEqual([]);
  });

  test("is that it is listened to, once a frame of its own was scored and is armed", () => {
    const stream = watched();
    stream.score({ armed: true, frameEndMs: stream.now() });
    stream.open("hall");
    stream.sound(1, { scored: false });
    expect(stream.seen()).toMatchObject({ name: "hall", listening: false, deafMs: 1000 });
    stream.sound(1);
    expect(stream.seen()).toMatchObject({ listening: true, deafMs: 0, stuckMs: 0 });
  });

  test("is for how long sound comes that wakes nobody: unarmed, or never scored any more", () => {
    const stream = watched();
    stream.open("hall");
    stream.sound(2);
    stream.sound(12, { armed: false });
    expect(stream.seen()).toMatchObject({ listening: false, deafMs: 12_000 });
    stream.sound(1);
    expect(stream.seen()?.deafMs).toBe(0);
    stream.sound(20, { scored: false });
    expect(stream.seen()).toMatchObject({ listening: false, deafMs: 15_500 });
    stream.silence(2000);
    expect(stream.seen()).toMatchObject({ listening: false, deafMs: 0, audioAgeMs: 2000 });
  });

  test("is counted anew for a sender that takes the place of another", () => {
    const stream = watched();
    stream.open("hall");
    stream.sound(12, { armed: false });
    stream.open("hall");
    stream.sound(1, { scored: false });
    expect(stream.seen()).toMatchObject({ listening: false, deafMs: 1000 });
  });

  test("is since when a model cannot fire, and not that it could not for the sender before", () => {
    const stream = watched();
    stream.open("hall");
    stream.sound(1);
    stream.score({ stuckSinceMs: stream.now() - 100 });
    stream.sound(4);
    expect(stream.seen()?.stuckMs).toBe(4100);
    stream.close();
    stream.open("attic");
    stream.sound(1, { scored: false });
    expect(stream.seen()).toMatchObject({ name: "attic", stuckMs: 0 });
  });

  test("is what its own sender lost: a new one in the same place begins at nothing", () => {
    const stream = watched();
    stream.open("hall");
    stream.sound(1);
    stream.score({ lost: 1600 });
    stream.look();
    expect(stream.seen()?.lostSamples).toBe(1600);
    stream.close();
    stream.open("attic");
    expect(stream.seen()).toMatchObject({ name: "attic", lostSamples: 0 });
    // Inference begins to count anew with its first frame.
    stream.score({ lost: 0 });
    stream.look();
    stream.score({ lost: 320 });
    stream.look();
    expect(stream.seen()?.lostSamples).toBe(320);
  });

  test("is what it lost before anybody looked, too", () => {
    const stream = watched();
    stream.score({ frameEndMs: stream.now() + 2, lost: 800 });
    stream.open("hall");
    expect(stream.seen()?.lostSamples).toBe(800);
  });

  test("is not what was lost before it was looked at, nor while nobody was there", () => {
    const stream = watched();
    stream.score({ lost: 5000 });
    stream.look();
    stream.open("hall");
    expect(stream.seen()?.lostSamples).toBe(0);
  });
});
