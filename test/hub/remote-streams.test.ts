import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type RemoteStream, RemoteStreams, type StreamEnd } from "../../src/hub/remote-streams.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";

function house(streams = 3) {
  const memory = SharedMemory.create({ streams: streams + 1, relays: 1 });
  const clock = { nowMs: 1000, muted: false };
  const logged: string[] = [];
  const options = {
    memory,
    monotonicMs: () => clock.nowMs,
    muted: () => clock.muted,
    log: { info: (event: string) => void logged.push(event) },
  };
  const remote = new RemoteStreams(options);
  return { memory, clock, logged, remote, again: () => new RemoteStreams(options) };
}

function opened(remote: RemoteStreams, name: string): RemoteStream {
  const stream = remote.open(name, "[::1]:5");
  if ("code" in stream) throw new Error(`refused: ${stream.code}`);
  return stream;
}

/** 20 ms of samples that say where they stand. */
function counting(from: number, samples: number): Uint8Array {
  const pcm = Int16Array.from({ length: samples }, (_, i) => (from + i) % 30_000);
  return new Uint8Array(pcm.buffer);
}

const code = (end: RemoteStream | StreamEnd | undefined) => (end !== undefined && "code" in end ? end.code : undefined);

describe("streams from elsewhere", () => {
  test("put what comes into a ring of the sender's own, sample for sample, however it was cut", () => {
    const seed = fuzzSeed("remote streams");
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40, size: "max" }), (cuts) => {
        const { memory, remote } = house();
        const stream = opened(remote, "kitchen");
        const ring = memory.audioReader(stream.stream, "oldest");
        ring.read(new Int16Array(1));
        const bytes = counting(0, 60_000);
        let at = 0;
        for (const cut of cuts) {
          stream.push(bytes.subarray(at, at + cut));
          at += cut;
        }
        const whole = Math.floor(at / 640) * 320;
        expect(ring.available).toBe(whole);
        const read = new Int16Array(whole);
        if (whole > 0) expect(ring.read(read)).toBe("block");
        expect([...read]).toEqual([...Array(whole).keys()].map((i) => i % 30_000));
      }),
      { seed, numRuns: 60 },
    );
  });

  test("are named, dated and measured, and ring for those who listen", () => {
    const { memory, clock, remote } = house();
    const rings = memory.inferenceBell.rings;
    const stream = opened(remote, "kitchen");
    expect(memory.stream(1).reader().read()).toMatchObject({
      name: "kitchen",
      address: "[::1]:5",
      open: true,
      sinceMs: 1000,
    });
    const loud = Int16Array.from({ length: 3200 }, (_, i) => (i % 2 === 0 ? 16_384 : -16_384));
    clock.nowMs = 1200;
    stream.push(new Uint8Array(loud.buffer));
    const level = memory.level(1).reader().read();
    expect(level.rms).toBeCloseTo(0.5, 2);
    expect(level).toMatchObject({ atMs: 1200, samples: 3200, written: 3200 });
    expect(level.loudest).toBeCloseTo(0.5, 2);
    expect(memory.inferenceBell.rings).toBeGreaterThan(rings);
  });

  test("are dated by when they were heard, where their sender says so: what a network held back is not late", () => {
    const { memory, clock, remote } = house(1);
    const stream = opened(remote, "kitchen");
    const datedTo = () => memory.level(1).reader().read().atMs;
    clock.nowMs = 2000;
    stream.push(counting(0, 1280), 1700);
    expect(datedTo()).toBe(1700);
    // 160 samples more are not in the ring yet: the newest that is was heard 10 ms before them.
    stream.push(counting(1280, 480), 1730);
    expect(datedTo()).toBe(1720);
    stream.push(counting(1760, 160), 2300);
    expect(datedTo()).toBe(2000);
    stream.push(counting(1920, 320), -50_000);
    expect(datedTo()).toBe(1100);
  });

  test("begin a new epoch with each sender, so that nobody hears one word of two", () => {
    const { memory, remote } = house(1);
    const first = opened(remote, "kitchen");
    first.push(counting(0, 1280));
    first.close();
    const ring = memory.audioReader(1, "newest");
    opened(remote, "hall").push(counting(500, 320));
    const read = new Int16Array(320);
    expect([ring.read(read), ring.read(read), read[0]]).toEqual(["gap", "block", 500]);
  });

  test("are given back when their senders go, and say so", () => {
    const { memory, remote } = house(1);
    const generation = memory.streamTable.reader().read().generation;
    const stream = opened(remote, "kitchen");
    stream.push(counting(0, 640));
    stream.close();
    stream.close();
    expect(memory.stream(1).reader().read().open).toBe(false);
    expect(memory.streamTable.reader().read().generation).toBe(generation + 2);
    expect(opened(remote, "hall").stream).toBe(1);
    expect(memory.level(1).reader().read()).toMatchObject({ rms: 0, atMs: 0, samples: 0 });
  });

  test("end with a whole hop, so that the last word is heard", () => {
    const { memory, remote } = house(1);
    const stream = opened(remote, "kitchen");
    const ring = memory.audioReader(1, "oldest");
    ring.read(new Int16Array(1));
    stream.push(counting(0, 1500));
    stream.close();
    const read = new Int16Array(2560);
    expect(ring.read(read)).toBe("block");
    expect([...read.subarray(1498, 1502)]).toEqual([1498, 1499, 0, 0]);
    expect(ring.available).toBe(0);
  });

  test("are refused when all are taken, with how many there are", () => {
    const { remote } = house(2);
    opened(remote, "one");
    opened(remote, "two");
    expect(remote.open("three", "x")).toEqual({ code: "streams_full", most: 2 });
  });

  test("belong to the newest sender of a name; the old one is told and cannot close what is not its own any more", () => {
    const { memory, remote } = house(2);
    const old = opened(remote, "kitchen");
    const next = opened(remote, "kitchen");
    expect(next.stream).toBe(old.stream);
    expect(code(old.push(counting(0, 320)))).toBe("replaced");
    old.close();
    expect(memory.stream(next.stream).reader().read().open).toBe(true);
    expect(next.push(counting(0, 320))).toBeUndefined();
  });

  test("may bring at once what a network held back, and may not be a file", () => {
    const { memory, clock, remote } = house();
    const stream = opened(remote, "kitchen");
    for (let second = 0; second < 100; second++) {
      clock.nowMs += 1000;
      expect(stream.push(counting(0, 16_000))).toBeUndefined();
    }
    clock.nowMs += 3000;
    expect(stream.push(counting(0, 3 * 16_000))).toBeUndefined();
    expect(stream.push(counting(0, 7 * 16_000))).toEqual({ code: "faster_than_heard" });
    expect(memory.stream(stream.stream).reader().read().open).toBe(false);
    expect(code(stream.push(counting(0, 320)))).toBe("faster_than_heard");
  });

  test("stay connected while muted, and no sample of theirs is kept", () => {
    const { memory, clock, remote } = house();
    const stream = opened(remote, "kitchen");
    stream.push(counting(0, 1280));
    const ring = memory.audioReader(1, "newest");
    clock.muted = true;
    clock.nowMs += 100;
    stream.push(counting(0, 1280));
    expect(ring.available).toBe(0);
    expect(memory.level(1).reader().read().rms).toBe(0);
    clock.muted = false;
    clock.nowMs += 100;
    stream.push(counting(7, 320));
    const read = new Int16Array(320);
    expect([ring.read(read), ring.read(read), read[0]]).toEqual(["gap", "block", 7]);
  });

  test("are as quiet after a mute as what comes then, however loud it was before", () => {
    const { memory, clock, remote } = house();
    const stream = opened(remote, "kitchen");
    const tone = (amplitude: number) => {
      clock.nowMs += 200;
      const pcm = Int16Array.from({ length: 3200 }, (_, i) => (i % 2 === 0 ? amplitude : -amplitude));
      stream.push(new Uint8Array(pcm.buffer));
    };
    const loudest = () => memory.level(1).reader().read().loudest;
    tone(16_384);
    expect(loudest()).toBeCloseTo(0.5, 2);
    clock.muted = true;
    tone(16_384);
    clock.muted = false;
    tone(328);
    expect(loudest()).toBeCloseTo(0.01, 2);
  });

  test("leave nothing of what was said: it is overwritten a minute after the sender has gone, and soon after a mute", () => {
    const { memory, clock, remote } = house();
    const said = (stream: number) => {
      const pcm = new Int16Array(1280);
      const ring = memory.audioReader(stream, "newest");
      expect(ring.copyBefore(ring.written, pcm)).toBe(true);
      return pcm.some((sample) => sample !== 0);
    };
    const gone = opened(remote, "kitchen");
    const stays = opened(remote, "hall");
    for (const stream of [gone, stays]) stream.push(counting(1, 1280));
    gone.close();
    clock.nowMs += 59_999;
    remote.look();
    expect(said(gone.stream)).toBe(true);
    stays.push(counting(1, 1280));
    clock.nowMs += 1;
    remote.look();
    expect([said(gone.stream), said(stays.stream)]).toEqual([false, true]);
    clock.muted = true;
    stays.push(counting(1, 1280));
    clock.nowMs += 10_000;
    remote.look();
    expect(said(stays.stream)).toBe(false);
  });

  test("of a web worker that died are nobody's when its successor starts", () => {
    const { memory, remote, again } = house();
    opened(remote, "kitchen");
    again();
    expect(memory.stream(1).reader().read().open).toBe(false);
  });
});
