import { describe, expect, test } from "bun:test";
import { Admission, type AdmissionSettings } from "../../src/detect/admission.ts";
import { StreamListener } from "../../src/detect/stream-listener.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import type { Detection, Detector } from "../../src/wake/detector.ts";

const HOP = 1280;
const BLOCK = 320;

/** A detector that scores a hop by its first sample, in hundredths, and fires at a half. */
class FakeDetector implements Detector {
  readonly models = [];
  scores = new Float32Array(2);
  stuck = 0;
  heldUntilMs = Number.NEGATIVE_INFINITY;
  readonly hops: { readonly first: number; readonly endMs: number }[] = [];
  readonly resets: { readonly nowMs: number; readonly live: boolean }[] = [];

  async hop(pcm: Int16Array, frameEndMs: number): Promise<readonly Detection[]> {
    const first = pcm[0] ?? 0;
    this.hops.push({ first, endMs: frameEndMs });
    this.scores[0] = first / 100;
    if (first < 50) return [];
    return [{ model: "alexa", modelIndex: 0, label: "alexa", confidence: first / 100, atMs: frameEndMs }];
  }

  configure(): void {}

  reset(nowMs: number, live: boolean): void {
    this.resets.push({ nowMs, live });
  }
}

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
  const listener = new StreamListener({
    stream: 0,
    audio: memory.audioReader(0, "oldest"),
    level: memory.level(0).reader(),
    capture: memory.capture.reader(),
    score: memory.score(0).writer(),
    detections: memory.detectionWriter(),
    detector,
    admission: new Admission({ cooldownMs: 0, leastRms: 0, multiTrigger: true, ...rules }),
    thresholdOf: (model) => (model === "alexa" ? 0.5 : 0.9),
    tableGeneration: () => 7,
    changed: () => changes++,
    log: { info: () => {} },
  });
  const detections = memory.detectionReader("oldest");
  const score = memory.score(0).reader();
  return {
    memory,
    ring,
    capture,
    detector,
    listener,
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
      while (await listener.step());
    },
    heard: () => {
      const all = [];
      for (let event = detections.next(); event !== undefined; event = detections.next()) all.push({ ...event });
      return all;
    },
    now: () => nowMs,
  };
}

describe("a stream's listener", () => {
  test("takes the ring a hop of 80 ms at a time and publishes each frame's scores", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    expect(await stream.listener.step()).toBe(true);
    expect(await stream.listener.step()).toBe(false);
    stream.say(12, HOP - BLOCK);
    expect(await stream.listener.step()).toBe(false);
    stream.say(12, BLOCK);
    expect(await stream.listener.step()).toBe(true);
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
    await stream.burst(6 * HOP, stream.listener.step.bind(stream.listener));
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

  test("says how far behind it is", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(1, 3 * HOP);
    await stream.listener.step();
    await stream.listener.step();
    expect(stream.score().lagMs).toBe(160);
  });

  test("tells a detection with all that is known of it, and says that something is new", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    stream.say(93, HOP, 0.3);
    const before = stream.changes();
    await stream.listen();
    expect(stream.heard()).toEqual([
      { id: 0, stream: 0, model: "alexa", confidence: 0.93, threshold: 0.5, frameEndMs: stream.now(), rms: 0.3 },
    ]);
    expect(stream.changes()).toBeGreaterThan(before);
  });

  test("tells what the rules of the house admit, by how loud it was", async () => {
    const stream = listening({ leastRms: 0.2 });
    stream.ring.startEpoch();
    stream.say(93, HOP, 0.1);
    await stream.listen();
    expect(stream.heard()).toEqual([]);
    stream.say(94, HOP, 0.2);
    await stream.listen();
    expect(stream.heard()).toHaveLength(1);
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

  test("counts what it missed when it was too slow, and goes on with what is there", async () => {
    const stream = listening();
    stream.ring.startEpoch();
    await stream.listen();
    stream.say(1, 15 * 16_000);
    stream.say(2, 4 * HOP);
    await stream.listen();
    stream.say(3, HOP);
    await stream.listen();
    expect(stream.score().lost).toBeGreaterThan(0);
    expect(stream.detector.hops.at(-1)?.first).toBe(3);
    expect(stream.detector.resets.length).toBeGreaterThan(1);
  });
});
