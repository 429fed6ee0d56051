import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createDetector, type Detector, type Heard, HOLD_MS, hopTogether } from "../../src/wake/detector.ts";
import { HOP_MS, HOP_SAMPLES } from "../../src/wake/features.ts";
import type { LoadedModel } from "../../src/wake/load.ts";
import { NEAR_RATIO } from "../../src/wake/near-miss.ts";
import { RELEASE_RATIO, type TriggerSettings } from "../../src/wake/trigger.ts";
import { LOOK_BACK_SAMPLES, type VoiceActivity } from "../../src/wake/voice-activity.ts";
import { fuzzSeed } from "../memory/fuzz-seed.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const SETTINGS: TriggerSettings = {
  threshold: 0.5,
  patience: 1,
  refractoryMs: 400,
  sure: undefined,
  vadThreshold: 0.8,
};
const SILENT_HOP = new Int16Array(HOP_SAMPLES);
const VOICED = { highest: () => Promise.resolve(0.9), close: () => Promise.resolve() };
const UNVOICED = { highest: () => Promise.resolve(0.2), close: () => Promise.resolve() };
/** After the hold of a live stream. */
const HELD_FRAMES = HOLD_MS / HOP_MS;

type Voice = Pick<VoiceActivity, "highest" | "close">;

/** A detector whose one model scores so, frame by frame, and nothing afterwards. */
function scripted(scores: readonly number[], settings: Partial<TriggerSettings>, voice?: Voice): Detector {
  const engine = scriptedEngine(["word"], (hop) => scores[hop] ?? 0);
  return createDetector(engine, { live: false, settings: () => ({ ...SETTINGS, ...settings }), voice });
}

/** Plays that many hops and tells everything that was heard. */
async function played(detector: Detector, hops: number): Promise<Heard[]> {
  const all: Heard[] = [];
  for (let hop = 0; hop < hops; hop++) all.push(...(await detector.hop(SILENT_HOP, (hop + 1) * HOP_MS)));
  return all;
}

describe("a hit", () => {
  test("with a voice is a detection, and says how sure both are", async () => {
    expect(await played(scripted([0, 0.7, 0], {}, VOICED), 3)).toEqual([
      {
        kind: "detection",
        model: "word",
        modelIndex: 0,
        label: "word",
        confidence: expect.closeTo(0.7),
        voice: 0.9,
        atMs: 160,
      },
    ]);
  });

  test("without a voice is a near miss", async () => {
    expect(await played(scripted([0, 0.7, 0], {}, UNVOICED), 3)).toMatchObject([
      { kind: "no_voice", confidence: expect.closeTo(0.7), voice: 0.2, atMs: 160 },
    ]);
  });

  test("without a voice has its refractory time like any other", async () => {
    let voice = 0.2;
    const turning = { highest: () => Promise.resolve(voice), close: () => Promise.resolve() };
    const detector = scripted([0.7, 0, 0.7, 0, 0, 0, 0.7], {}, turning);
    const first = await detector.hop(SILENT_HOP, 80);
    expect(first).toMatchObject([{ kind: "no_voice" }]);
    voice = 0.9;
    const rest: Heard[] = [];
    for (let hop = 2; hop <= 7; hop++) rest.push(...(await detector.hop(SILENT_HOP, hop * HOP_MS)));
    expect(rest).toMatchObject([{ kind: "detection", atMs: 560 }]);
  });

  test("counts unasked where nobody can be asked, or the model wants nobody asked", async () => {
    for (const detector of [scripted([0.7], {}), scripted([0.7], { vadThreshold: 0 }, UNVOICED)])
      expect(await played(detector, 1)).toMatchObject([{ kind: "detection", voice: undefined }]);
  });

  test("asks with what was heard last, that of quiet frames too, once for all models of a frame", async () => {
    const asked: { readonly pcm: Int16Array; readonly enough: number }[] = [];
    const voice: Voice = {
      highest(pcm, enough) {
        asked.push({ pcm, enough });
        return Promise.resolve(0.85);
      },
      close: () => Promise.resolve(),
    };
    const engine = scriptedEngine(["easy", "strict", "deaf"], (hop) => (hop === 39 ? 0.7 : 0));
    const vadThresholds: Record<string, number> = { easy: 0.8, strict: 0.9, deaf: 0 };
    const settings = ({ name }: { readonly name: string }) => ({ ...SETTINGS, vadThreshold: vadThresholds[name] ?? 0 });
    const detector = createDetector(engine, { live: true, settings, voice });
    const pcm = Int16Array.from({ length: 40 * HOP_SAMPLES }, (_, i) => i % 30_011);
    for (let hop = 0; hop < 40; hop++)
      await detector.hop(pcm.subarray(hop * HOP_SAMPLES, (hop + 1) * HOP_SAMPLES), (hop + 1) * HOP_MS);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.enough).toBe(0.9);
    expect(asked[0]?.pcm).toEqual(pcm.subarray(-LOOK_BACK_SAMPLES));
    expect(detector.heard).toMatchObject([
      { model: "easy", kind: "detection", voice: 0.85 },
      { model: "strict", kind: "no_voice", voice: 0.85 },
      { model: "deaf", kind: "detection", voice: undefined },
    ]);
  });

  test("looks back at nothing from before a reset", async () => {
    const lengths: number[] = [];
    const voice: Voice = {
      highest(pcm) {
        lengths.push(pcm.length);
        return Promise.resolve(1);
      },
      close: () => Promise.resolve(),
    };
    const detector = scripted([0, 0, 0.7, 0], {}, voice);
    await played(detector, 4);
    detector.reset(0, false);
    await played(detector, 4);
    expect(lengths).toEqual([3 * HOP_SAMPLES, 3 * HOP_SAMPLES]);
  });

  test("is vetoed from the next frame on when the settings begin to ask", async () => {
    const detector = scripted([0.7, 0, 0, 0, 0, 0, 0.7], { vadThreshold: 0 }, UNVOICED);
    expect(await detector.hop(SILENT_HOP, 80)).toMatchObject([{ kind: "detection" }]);
    detector.configure(() => SETTINGS);
    const kinds = [];
    for (let hop = 2; hop <= 7; hop++)
      for (const { kind } of await detector.hop(SILENT_HOP, hop * HOP_MS)) kinds.push(kind);
    expect(kinds).toEqual(["no_voice"]);
  });
});

describe("a near miss", () => {
  test("is told when it is over, of its highest frame, with that frame's class", async () => {
    const scores = [0, 0.3, 0.45, 0.3, 0];
    const classes = ["background", "one", "two"];
    const engine = scriptedEngine(
      ["word"],
      (hop) => scores[hop] ?? 0,
      classes,
      (hop) => (hop === 2 ? 2 : 1),
    );
    const detector = createDetector(engine, { live: false, settings: () => SETTINGS });
    expect(await played(detector, 4)).toEqual([]);
    expect(await detector.hop(SILENT_HOP, 400)).toEqual([
      {
        kind: "below",
        model: "word",
        modelIndex: 0,
        label: "two",
        confidence: expect.closeTo(0.45),
        voice: undefined,
        atMs: 240,
      },
    ]);
  });

  test("is none while a live stream is deaf", async () => {
    const engine = scriptedEngine(["word"], (hop) => (hop === 3 || hop === HELD_FRAMES + 3 ? 0.4 : 0));
    const detector = createDetector(engine, { live: true, settings: () => SETTINGS });
    expect(await played(detector, HELD_FRAMES + 6)).toMatchObject([
      { kind: "below", atMs: (HELD_FRAMES + 4) * HOP_MS },
    ]);
  });

  test("is none in the refractory time of a hit", async () => {
    expect(await played(scripted([0.7, 0, 0.4, 0, 0, 0], {}), 6)).toMatchObject([{ kind: "detection" }]);
  });
});

describe("models that are taken up while a stream listens", () => {
  const word: LoadedModel = {
    name: "word",
    path: "word.onnx",
    sha256: "01",
    window: 16,
    classes: ["word"],
    threshold: 0.5,
    inputScale: "int16",
  };
  /** After that many hops the engine has `next`; the scores are those of one head or the other. */
  const heardOver = async (next: LoadedModel, scoreOf: (hop: number) => number): Promise<Heard[]> => {
    const script = scriptedEngine(["word"], scoreOf);
    let models = [word];
    const engine = Object.defineProperty(script, "models", { get: () => models });
    const detector = createDetector(engine, { live: true, settings: () => SETTINGS });
    const all: Heard[] = [];
    for (let hop = 0; hop < CHANGE + 2 * HELD_FRAMES; hop++) {
      if (hop === CHANGE) models = [next];
      all.push(...(await detector.hop(SILENT_HOP, (hop + 1) * HOP_MS)));
    }
    return all;
  };
  const CHANGE = HELD_FRAMES + 10;
  const others: readonly [string, LoadedModel][] = [
    ["at another scale", { ...word, inputScale: "unit" }],
    ["whose file was replaced", { ...word, sha256: "02" }],
    ["from another file", { ...word, path: "other.onnx" }],
  ];

  test.each(others)("are deaf for 2 s: one %s under the same name", async (_, next) => {
    const last = CHANGE + HELD_FRAMES - 2;
    expect(await heardOver(next, (hop) => (hop === CHANGE + 1 || hop === last ? 0.7 : 0))).toEqual([]);
    expect(await heardOver(next, (hop) => (hop === last + 1 ? 0.7 : 0))).toMatchObject([{ kind: "detection" }]);
  });

  test.each(others)("forget what nearly fired: one %s under the same name", async (_, next) => {
    expect(await heardOver(next, (hop) => (hop === CHANGE - 1 ? 0.4 : 0))).toEqual([]);
  });

  test("keep their trigger and their episode where they are the same", async () => {
    const same = { ...word };
    expect(await heardOver(same, (hop) => (hop === CHANGE + 1 ? 0.7 : 0))).toMatchObject([{ kind: "detection" }]);
    expect(await heardOver(same, (hop) => (hop === CHANGE - 1 ? 0.4 : 0))).toMatchObject([{ kind: "below" }]);
  });
});

describe("detectors that hop together", () => {
  const pcm = SILENT_HOP;

  test("share a run, and hear each what it would hear alone", async () => {
    const engine = scriptedEngine(["word"], (hop) => (hop === 1 ? 0.7 : 0));
    const detectors = [1, 2, 3].map(() => createDetector(engine, { live: true, settings: () => SETTINGS }));
    detectors.forEach((detector, index) => {
      detector.reset(-10_000 * index, false);
    });
    const live = createDetector(engine, { live: true, settings: () => SETTINGS });
    for (const frameEndMs of [80, 160])
      await hopTogether(
        engine,
        [...detectors, live].map((detector) => ({ detector, pcm, frameEndMs })),
      );
    // A recording has a second stream for its other beginning.
    expect(engine.runs).toEqual([7, 7]);
    for (const { heard } of detectors) expect(heard).toMatchObject([{ kind: "detection", atMs: 160 }]);
    expect(live.heard).toEqual([]);
  });

  test("do not wait for one that wakes, which judges its newest hop once, when it is there", async () => {
    const woken = HELD_FRAMES + 1;
    const engine = scriptedEngine(["word"], (hop) => (hop === woken - 1 || hop === woken ? 0.7 : 0));
    engine.wakesAt = new Map([[woken, 2]]);
    const detector = createDetector(engine, { live: true, gate: true, settings: () => ({ ...SETTINGS, patience: 2 }) });
    expect(await played(detector, woken)).toEqual([]);
    const frameEndMs = (woken + 1) * HOP_MS;
    await hopTogether(engine, [{ detector, pcm, frameEndMs }]);
    for (const left of [2, 1]) {
      expect(detector.behind).toBe(left);
      expect(detector.heard).toEqual([]);
      await hopTogether(engine, [{ detector, pcm: undefined, frameEndMs }]);
    }
    expect(detector.behind).toBe(0);
    expect(detector.heard).toMatchObject([{ kind: "detection", atMs: frameEndMs }]);
  });

  test("are brought up to their newest hop by a hop alone", async () => {
    const engine = scriptedEngine(["word"], (hop) => (hop === HELD_FRAMES ? 0.7 : 0));
    engine.wakesAt = new Map([[HELD_FRAMES, 30]]);
    const detector = createDetector(engine, { live: true, gate: true, settings: () => SETTINGS });
    await played(detector, HELD_FRAMES);
    expect(await detector.hop(pcm, (HELD_FRAMES + 1) * HOP_MS)).toMatchObject([{ kind: "detection" }]);
  });
});

describe("for any scores, voices and settings", () => {
  const seed = fuzzSeed("detector rules");
  const runs = fc.array(
    fc.tuple(fc.constantFrom(0, 0.1, 0.24, 0.26, 0.39, 0.41, 0.5, 0.7, 0.9, 1), fc.integer({ min: 1, max: 12 })),
    { maxLength: 25 },
  );
  const anySettings = fc.record({
    threshold: fc.constantFrom(0.3, 0.5, 0.7),
    patience: fc.integer({ min: 1, max: 4 }),
    refractoryMs: fc.constantFrom(0, 80, 500, 2000),
    sure: fc.constantFrom(undefined, 0.25, 0.6, 0.9, 1.01),
    vadThreshold: fc.constantFrom(0, 0.5, 0.8),
  });

  /** The frames that fire, and those in which something could have, read straight off the rule. */
  function byTheRule(scores: readonly number[], settings: TriggerSettings, live: boolean) {
    const { threshold, patience, refractoryMs, sure = 2 } = settings;
    const endMs = (frame: number): number => (frame + 1) * HOP_MS;
    const scoreOf = (frame: number): number => scores[frame] ?? 0;
    const hits: number[] = [];
    const open = new Set<number>();
    let deafUntilMs = live ? HOLD_MS : 0;
    for (let begin = 0; begin < scores.length; ) {
      // The first frame that is not deaf, and the first one from the frame before it on whose score has fallen.
      let first = begin;
      while (first < scores.length && endMs(first) < deafUntilMs) first++;
      let armed = first === 0 && !live ? 0 : Math.max(begin, first - 1);
      if (armed > 0) {
        while (armed < scores.length && scoreOf(armed) >= Math.min(threshold, sure) * RELEASE_RATIO) armed++;
        armed++;
      }
      let hit = armed;
      const fires = (frame: number): boolean => {
        if (scoreOf(frame) >= sure) return true;
        const run = scores.slice(Math.max(armed, frame - patience + 1), frame + 1);
        return run.length === patience && run.every((score) => score >= threshold);
      };
      while (hit < scores.length && !fires(hit)) open.add(hit++);
      if (hit < scores.length) hits.push(hit);
      deafUntilMs = endMs(hit) + refractoryMs;
      begin = hit + 1;
    }
    return { hits, open };
  }

  /** Runs of frames near the threshold that are over, and in none of which the model was deaf or fired. */
  function episodes(scores: readonly number[], near: number, open: ReadonlySet<number>): number[] {
    const peaks: number[] = [];
    for (let begin = 0; begin < scores.length; begin++) {
      let end = begin;
      while ((scores[end] ?? 0) >= near) end++;
      if (end === begin || end >= scores.length) {
        begin = end;
        continue;
      }
      const frames = Array.from({ length: end - begin }, (_, i) => begin + i);
      const peak = Math.max(...frames.map((frame) => scores[frame] ?? 0));
      if (frames.every((frame) => open.has(frame))) peaks.push(frames.find((frame) => scores[frame] === peak) ?? 0);
      begin = end;
    }
    return peaks;
  }

  test("what is told is what the rule says, no more and no less", async () => {
    await fc.assert(
      fc.asyncProperty(anySettings, runs, fc.boolean(), fc.nat(1000), async (settings, drawn, live, voiceSeed) => {
        // As the engine gives them: single precision.
        const lead = live ? new Array<number>(HELD_FRAMES).fill(0) : [];
        const scores = [
          ...lead,
          ...drawn.flatMap(([score, count]) => new Array<number>(count).fill(Math.fround(score))),
        ];
        const voiceOf = (frame: number): number => ((frame * 7919 + voiceSeed) % 100) / 100;
        let frame = 0;
        const voice = { highest: () => Promise.resolve(voiceOf(frame)), close: () => Promise.resolve() };
        const engine = scriptedEngine(["word"], (hop) => scores[hop] ?? 0);
        const detector = createDetector(engine, { live, settings: () => settings, voice });
        const told: string[] = [];
        for (frame = 0; frame < scores.length; frame++)
          for (const { kind, atMs } of await detector.hop(SILENT_HOP, (frame + 1) * HOP_MS))
            told.push(`${kind} ${atMs}`);

        const { hits, open } = byTheRule(scores, settings, live);
        const expected = [
          ...hits.map((hit) => {
            const vetoed = settings.vadThreshold > 0 && voiceOf(hit) < settings.vadThreshold;
            return `${vetoed ? "no_voice" : "detection"} ${(hit + 1) * HOP_MS}`;
          }),
          ...episodes(scores, Math.min(settings.threshold, settings.sure ?? 2) * NEAR_RATIO, open).map(
            (peak) => `below ${(peak + 1) * HOP_MS}`,
          ),
        ];
        expect(told.toSorted()).toEqual(expected.toSorted());
        hits.slice(1).forEach((hit, i) => {
          expect((hit - (hits[i] ?? 0)) * HOP_MS).toBeGreaterThanOrEqual(settings.refractoryMs);
        });
      }),
      { seed, numRuns: 400 },
    );
  }, 20_000);
});
