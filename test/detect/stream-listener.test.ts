import { describe, expect, test } from "bun:test";
import { Admission, type AdmissionSettings } from "../../src/detect/admission.ts";
import { MOST_BEHIND_MS, StreamListener } from "../../src/detect/stream-listener.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { FakeDetector } from "./fake-detector.ts";

const HOP = 1280;
const BLOCK = 320;

function listening(rules: Partial<AdmissionSettings> = {}) {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const ring = memory.audioWriter(0);
  const level = memory.level(0).writer();
  const capture = memory.capture.writer();
  capture.value.live = true;
  capture.publish();
  const detector = new FakeDetector();
  let changes = 0;
  let nowMs = 1000;
  const logged: Record<string, unknown>[] = [];
  const listener = new StreamListener({
    stream: 0,
    source: "",
    audio: memory.audioReader(0, "oldest"),
    level: memory.level(0).reader(),
    live: () => memory.capture.reader().read().live,
    score: memory.score(0).writer(),
    detections: memory.detectionWriter(),
    detector,
    admission: new Admission({ cooldownMs: 0, leastRms: 0, multiTrigger: true, ...rules }),
    thresholdOf: (model) => (model === "alexa" ? 0.5 : 0.9),
    tableGeneration: () => 7,
    changed: () => changes++,
    log: { info: () => {}, warn: (event, fields) => logged.push({ event, ...fields }) },
  });
  /** One hop, if there is one. */
  const step = async (): Promise<boolean> => {
    const hop = listener.take();
    if (hop === undefined) return false;
    detector.run(hop);
    listener.tell();
    return true;
  };
  const detections = memory.detectionReader("oldest");
  const score = memory.score(0).reader();
  return {
    memory,
    ring,
    capture,
    detector,
    listener,
    logged,
    step,
    changes: () => changes,
    score: () => score.read(),
    /** As capture writes what was there at once: all blocks bear the time at which they were taken. */
    async burst(samples: number, each: () => Promise<unknown>) {
      nowMs += (samples * 1000) / 16_000;
      for (let written = 0; written < samples; written += BLOCK) {
        Object.assign(level.value, { atMs: nowMs, written: (ring.written + BLOCK) | 0 });
        level.publish();
        ring.write(new Int16Array(BLOCK), BLOCK);
        await each();
      }
    },
    /** As capture writes: blocks of 20 ms, the level first. */
    say(value: number, samples = HOP, loudest = 0.1) {
      for (let written = 0; written < samples; written += BLOCK) {
        nowMs += 20;
        Object.assign(level.value, { atMs: nowMs, written: (ring.written + BLOCK) | 0, loudest });
        level.publish();
        ring.write(new Int16Array(BLOCK).fill(value), BLOCK);
      }
    },
    async listen() {
      while (await step());
    },
    heard: () => {
      const all = [];
      for (let event = detections.next(); event !== undefined; event = detections.next()) all.push({ ...event });
      return all;
    },
    now: () => nowMs,
    /** Nothing comes for a while. */
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

describe("a stream's listener", () => {
  test("takes the ring a hop of 80 ms at a time and publishes each frame's scores", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    expect(await stream.step()).toBe(false);
    stream.say(12, HOP - BLOCK);
    expect(await stream.step()).toBe(false);
    stream.say(12, BLOCK);
    expect(await stream.step()).toBe(true);
    expect(stream.score()).toMatchObject({
      frame: 1,
      frameEndMs: stream.now(),
      models: 7,
      lagMs: 0,
      lost: 0,
      armed: true,
    });
    expect(stream.score().scores[0]).toBeCloseTo(0.12);
  });

  test("knows when each hop was heard, though it comes to them late", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    const firstMs = stream.now();
    stream.say(2);
    stream.say(3);
    await stream.listen();
    expect(stream.detector.hops.map(({ endMs }) => endMs)).toEqual([firstMs, firstMs + 80, firstMs + 160]);
    expect(stream.score().lagMs).toBe(0);
  });

  test("lets no frame's time fall though a burst comes while it listens", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 10 * HOP);
    await stream.listen();
    await stream.burst(6 * HOP, stream.step);
    stream.say(1, 10 * HOP);
    await stream.listen();
    const ends = stream.detector.hops.map(({ endMs }) => endMs);
    const firstMs = ends[0] ?? 0;
    expect(ends).toHaveLength(26);
    for (const [frame, endMs] of ends.entries()) {
      expect(endMs).toBeGreaterThan(ends[frame - 1] ?? 0);
      expect(Math.abs(endMs - (firstMs + frame * 80))).toBeLessThan(25);
    }
  });

  test("takes the time of the first frame after a gap from that frame, and not from those before the gap", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    stream.pass(500);
    stream.ring.startEpoch();
    stream.say(2);
    await stream.listen();
    expect(stream.detector.hops.at(-1)).toEqual({ first: 2, endMs: stream.now() });
  });

  test("tells which of a model's classes it was", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.detector.label = "5_minute_timer";
    stream.say(40);
    stream.say(93);
    await stream.listen();
    expect(stream.heard()).toMatchObject([
      { kind: "below", model: "alexa", label: "5_minute_timer" },
      { kind: "detection", model: "alexa", label: "5_minute_timer" },
    ]);
  });

  test("says how far behind it is", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 3 * HOP);
    await stream.step();
    expect(stream.score().lagMs).toBe(160);
  });

  test("tells a detection with all that is known of it, and says that something is new", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(93, HOP, 0.3);
    const before = stream.changes();
    await stream.listen();
    expect(stream.heard()).toEqual([
      {
        id: 0,
        kind: "detection",
        stream: 0,
        source: "",
        model: "alexa",
        label: "alexa",
        confidence: 0.93,
        threshold: 0.5,
        voice: -1,
        frameEndMs: stream.now(),
        heardTo: HOP,
        rms: 0.3,
      },
    ]);
    expect(stream.changes()).toBeGreaterThan(before);
  });

  test("tells what the rules of the house admit, by how loud it was", async () => {
    const stream = listening({ leastRms: 0.2 });
    stream.ring.startEpoch();
    stream.say(93, HOP, 0.1);
    await stream.listen();
    expect(stream.heard()).toMatchObject([{ kind: "too_quiet", model: "alexa", confidence: 0.93 }]);
    stream.say(94, HOP, 0.2);
    await stream.listen();
    expect(stream.heard()).toMatchObject([{ kind: "detection", confidence: 0.94 }]);
  });

  test("tells what nearly fired with what was missing, and lets it cool nothing down", async () => {
    const stream = listening({ cooldownMs: 10_000 });
    stream.ring.startEpoch();
    stream.say(40);
    stream.say(93);
    stream.say(94);
    await stream.listen();
    expect(stream.heard()).toMatchObject([
      { kind: "below", confidence: 0.4, voice: -1 },
      { kind: "detection", confidence: 0.93 },
      { kind: "cooling", confidence: 0.94 },
    ]);
  });

  test("begins anew when the stream does, as live as the source is", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    stream.capture.value.live = false;
    stream.capture.publish();
    stream.ring.startEpoch();
    await stream.listen();
    expect(stream.detector.resets.map(({ live }) => live)).toEqual([true, false]);
    expect(stream.score()).toMatchObject({ armed: false, resets: 2, frame: 1 });
    expect(stream.score().scores[0]).toBe(0);
  });

  test("begins anew when asked to", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    stream.listener.reset(5000);
    expect(stream.detector.resets.at(-1)).toEqual({ nowMs: 5000, live: true });
    expect(stream.score().armed).toBe(false);
  });

  test("is armed when the frame's time says so, not before", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.detector.heldUntilMs = 1160;
    stream.say(1);
    await stream.listen();
    expect(stream.score()).toMatchObject({ armed: false, armsAtMs: 1160 });
    stream.say(1);
    await stream.listen();
    expect(stream.score().armed).toBe(true);
  });

  test("says since when a model's score does not fall", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    expect(stream.score().stuckSinceMs).toBe(0);
    stream.detector.stuck = 1;
    stream.say(2);
    await stream.listen();
    const since = stream.score().stuckSinceMs;
    expect(since).toBeGreaterThan(0);
    stream.say(1);
    await stream.listen();
    expect(stream.score().stuckSinceMs).toBe(since);
    stream.detector.stuck = 0;
    stream.say(1);
    await stream.listen();
    expect(stream.score().stuckSinceMs).toBe(0);
  });

  test("goes on with what it is behind with before it takes the next hop, and shows nothing of it meanwhile", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    stream.say(2);
    stream.detector.behindAfter = 2;
    await stream.step();
    expect([stream.score().frame, stream.detector.hops]).toEqual([0, []]);
    await stream.step();
    expect(stream.score().frame).toBe(0);
    await stream.step();
    expect([stream.score().frame, stream.detector.hops.map(({ first }) => first)]).toEqual([1, [1]]);
    await stream.step();
    expect(stream.detector.hops.map(({ first }) => first)).toEqual([1, 2]);
  });

  test("says when its network sleeps", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.detector.asleep = true;
    stream.say(1);
    await stream.listen();
    expect(stream.score().asleep).toBe(true);
    stream.ring.startEpoch();
    await stream.listen();
    expect(stream.score().asleep).toBe(false);
  });

  test("passes over whole hops when it is too far behind, says so once a minute, and begins anew", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    const behind = (MOST_BEHIND_MS / 1000) * 16_000;
    stream.say(2, behind);
    await stream.step();
    expect(stream.score().lost).toBe(0);
    expect(stream.logged).toEqual([]);
    stream.say(3, 2 * HOP);
    expect(await stream.step()).toBe(false);
    stream.say(4);
    await stream.listen();
    expect(stream.score()).toMatchObject({ lost: behind + HOP, lagMs: 0, armed: true });
    expect(stream.detector.hops.map(({ first }) => first)).toEqual([1, 2, 4]);
    expect(stream.detector.resets.at(-1)).toEqual({ nowMs: Number.NEGATIVE_INFINITY, live: true });
    expect(stream.logged).toMatchObject([{ event: "fell behind and passed over sound", stream: 0, lagMs: 4080 }]);
    stream.say(5, behind + HOP);
    await stream.listen();
    expect(stream.logged).toHaveLength(1);
    for (let seconds = 0; seconds < 60; seconds++) {
      stream.say(6, 16_000);
      await stream.listen();
    }
    stream.say(7, behind + HOP);
    await stream.listen();
    expect(stream.logged).toHaveLength(2);
  });

  test("makes up for what came while the models were loading, as far as the ring goes back", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 90 * HOP);
    await stream.listen();
    expect(stream.score()).toMatchObject({ frame: 90, lost: 0, lagMs: 0 });
  });

  test("is done when all that came was heard, and not before it looked", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 2 * HOP);
    expect(stream.listener.isDone).toBe(false);
    await stream.step();
    expect(stream.listener.isDone).toBe(false);
    stream.listener.end();
    expect(stream.logged).toMatchObject([{ event: "a stream ended before all of it was heard", samples: HOP }]);
    await stream.listen();
    expect(stream.listener.isDone).toBe(true);
    stream.listener.end();
    expect(stream.logged).toHaveLength(1);
  });

  test("does not count what came while the models were loading", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 15 * 16_000);
    await stream.listen();
    stream.say(2);
    await stream.listen();
    expect(stream.score()).toMatchObject({ frame: 1, lost: 0, lagMs: 0 });
    expect(stream.logged).toEqual([]);
  });

  test("counts what was overwritten before it could be passed over", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1);
    await stream.listen();
    stream.say(1, 188 * HOP);
    stream.say(2, 4 * HOP);
    await stream.listen();
    stream.say(3, HOP);
    await stream.listen();
    expect(stream.score().lost).toBe(192 * HOP);
    expect(stream.detector.hops.at(-1)?.first).toBe(3);
    expect(stream.detector.resets.length).toBeGreaterThan(1);
  });
});
