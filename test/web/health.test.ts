import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { assessHealth, hearing, type Sight, type WorkerSight } from "../../src/web/health.ts";

const worker = (name: WorkerSight["name"], changed: Partial<WorkerSight> = {}): WorkerSight => ({
  name,
  state: "alive",
  beatAgeMs: 50,
  restarts: 0,
  lastError: "",
  ...changed,
});

const WELL: Sight = {
  muted: false,
  capture: { state: "open", error: "", demo: false, source: "default" },
  audioAgeMs: 20,
  silentMs: 20,
  armed: true,
  coolsInMs: 0,
  stuckMs: 0,
  scoreAgeMs: 60,
  lagMs: 40,
  lostSamples: 0,
  streams: [],
  relays: 0,
  modelsTrouble: "",
  wanted: 2,
  listening: 2,
  failed: [],
  workers: [worker("capture"), worker("inference"), worker("web")],
};

const STREAM = { name: "hall", audioAgeMs: 20, listening: true, deafMs: 0, stuckMs: 0, lagMs: 40, lostSamples: 0 };
/** As it is left by a microphone that listened until it was not wanted any more. */
const NO_MICROPHONE: Sight = {
  ...WELL,
  capture: { ...WELL.capture, state: "none", source: "none" },
  audioAgeMs: 90_000,
  silentMs: 90_000,
  scoreAgeMs: 90_000,
  stuckMs: 90_000,
  lagMs: 3000,
  armed: false,
  coolsInMs: 1000,
};

const broken = (name: "capture" | "inference", changed: Partial<WorkerSight>): Partial<Sight> => ({
  workers: WELL.workers.map((one) => (one.name === name ? { ...one, ...changed } : one)),
});

/** What makes a wake word go unnoticed, and what is said of it. */
const DEAF: readonly (readonly [string, Partial<Sight>, string])[] = [
  [
    "capture died",
    broken("capture", { state: "dead", lastError: "no libportaudio" }),
    "capture is not running: no libp",
  ],
  ["inference died", broken("inference", { state: "dead" }), "inference is not running: it does not answer"],
  ["inference is late", broken("inference", { state: "late" }), "inference is not running"],
  ["nobody watches inference", broken("inference", { beatAgeMs: 2001 }), "inference is not running"],
  ["capture starts for ever", broken("capture", { state: "starting", beatAgeMs: null }), "capture is starting"],
  ["inference starts", broken("inference", { state: "starting" }), "inference is starting"],
  [
    "inference starts again",
    broken("inference", { state: "starting", lastError: "out of memory" }),
    "inference is starting again: out of memory",
  ],
  [
    "the audio is over",
    { capture: { ...WELL.capture, state: "ended", source: "file:a.wav" } },
    "the audio of file:a.wav",
  ],
  [
    "there is no microphone",
    { capture: { ...WELL.capture, state: "waiting", error: "no device" } },
    "no audio: no device",
  ],
  ["the microphone was not opened yet", { capture: { ...WELL.capture, state: "starting" } }, "is being opened"],
  ["no sample ever came", { audioAgeMs: Number.POSITIVE_INFINITY }, "no samples yet"],
  ["samples stopped", { audioAgeMs: 3100 }, "no samples for 3 s"],
  ["no model is wanted", { wanted: 0, listening: 0 }, "no model is switched on"],
  ["the models are loading", { listening: 0 }, "the models are loading"],
  ["the only models failed", { listening: 0, failed: [{ name: "alexa", error: "cut off" }] }, "cut off"],
  ["no frame was ever scored", { scoreAgeMs: Number.POSITIVE_INFINITY }, "inference scores none of it"],
  ["scores stopped", { scoreAgeMs: 1600 }, "inference scores none of it"],
  ["a stream has just begun", { armed: false }, "arming"],
];

describe("health", () => {
  test("is ok, without reasons, when everything is well", () => {
    expect(assessHealth(WELL, [])).toEqual({ status: "ok", reasons: [] });
    expect(hearing(WELL)).toEqual({ hearing: true });
  });

  test.each(DEAF)("is down, and says so, when %s", (_what, changed, said) => {
    const { status, reasons } = assessHealth({ ...WELL, ...changed }, []);
    expect(status).toBe("down");
    expect(reasons[0]).toMatchObject({ severity: "down", message: expect.stringContaining(said) });
    expect(hearing({ ...WELL, ...changed })).toEqual({ hearing: false, reason: reasons[0]?.message ?? "" });
  });

  test("is down when one of several words goes unnoticed, though the others are heard", () => {
    const sight = { ...WELL, listening: 1, failed: [{ name: "alexa", error: "its file is cut off" }] };
    expect(assessHealth(sight, [])).toEqual({
      status: "down",
      reasons: [{ code: "model_failed", severity: "down", message: "alexa: its file is cut off" }],
    });
    expect(hearing(sight)).toEqual({ hearing: true });
  });

  test("is down when a model cannot fire because its score does not fall, and not at once", () => {
    expect(assessHealth({ ...WELL, stuckMs: 3000 }, []).status).toBe("ok");
    expect(assessHealth({ ...WELL, stuckMs: 12_000 }, [])).toMatchObject({
      status: "down",
      reasons: [{ code: "model_stuck", hint: "raise its threshold" }],
    });
  });

  test("is down while a model that was switched on is not there yet", () => {
    expect(assessHealth({ ...WELL, wanted: 3 }, [])).toMatchObject({
      status: "down",
      reasons: [{ code: "models_loading" }],
    });
  });

  test("is degraded, not down, for who muted it; it hears nothing all the same", () => {
    const muted = { ...WELL, muted: true, audioAgeMs: 90_000, scoreAgeMs: 90_000, silentMs: 90_000 };
    expect(assessHealth(muted, [])).toMatchObject({ status: "degraded", reasons: [{ code: "muted" }] });
    expect(hearing(muted)).toMatchObject({ hearing: false, reason: "muted" });
  });

  test("is down for who muted it where something is broken too", () => {
    expect(assessHealth({ ...WELL, muted: true, ...broken("inference", { state: "dead" }) }, []).status).toBe("down");
  });

  test.each([
    ["demo audio plays", { capture: { ...WELL.capture, demo: true, error: "no device" } }, "demo_audio"],
    ["nothing but zeros came for a minute", { silentMs: 61_000 }, "digital_silence"],
    ["inference is behind", { lagMs: 1200 }, "lagging"],
    ["samples were lost", { lostSamples: 640 }, "audio_lost"],
    ["words are not checked for a voice", { modelsTrouble: "no voice check" }, "models_trouble"],
    ["a stream sends nothing", { streams: [{ ...STREAM, audioAgeMs: 5100 }] }, "stream_silent"],
    ["a stream sends and is not armed", { streams: [{ ...STREAM, deafMs: 10_100 }] }, "stream_unarmed"],
    ["a model is stuck in a stream", { streams: [STREAM, { ...STREAM, stuckMs: 10_100 }] }, "stream_stuck"],
    ["a stream is listened to late", { streams: [STREAM, { ...STREAM, lagMs: 1200 }] }, "stream_lagging"],
    ["sound of a stream was passed over", { streams: [{ ...STREAM, lostSamples: 64_000 }] }, "stream_lost"],
  ] as const)("is degraded when %s", (_what, changed, code) => {
    expect(assessHealth({ ...WELL, ...changed }, [])).toMatchObject({
      status: "degraded",
      reasons: [{ code, severity: "degraded" }],
    });
    expect(hearing({ ...WELL, ...changed })).toEqual({ hearing: true });
  });

  test("says which stream is in trouble, and how much of it was passed over", () => {
    const streams = [STREAM, { ...STREAM, name: "attic", lagMs: 3900, lostSamples: 64_000 }];
    const said = assessHealth({ ...WELL, streams }, []).reasons.map(({ message }) => message);
    expect(said).toEqual([
      "inference is 3900 ms behind attic",
      "4.0 s of attic were passed over within the last minute",
    ]);
    expect(assessHealth({ ...WELL, streams: [STREAM] }, []).status).toBe("ok");
  });

  test("names the stream that is not listened to, and gives it the time that arming takes", () => {
    const of = (changed: Partial<typeof STREAM>, more: Partial<Sight> = {}) =>
      assessHealth({ ...WELL, ...more, streams: [{ ...STREAM, ...changed }] }, []).reasons;
    expect(of({ deafMs: 9900, stuckMs: 9900 })).toEqual([]);
    expect(of({ deafMs: 12_000 })[0]?.message).toStartWith("hall sends sound, but for 12 s no word");
    expect(of({ stuckMs: 12_000 })[0]?.message).toStartWith("a model cannot fire for hall:");
    expect(of({ deafMs: 12_000 }, { listening: 0 }).map(({ code }) => code)).toEqual(["models_loading"]);
  });

  test("calls nobody silent while muted, for nothing is taken then", () => {
    const { reasons } = assessHealth(
      { ...WELL, muted: true, streams: [{ ...STREAM, listening: false, audioAgeMs: 60_000, deafMs: 60_000 }] },
      [],
    );
    expect(reasons.map(({ code }) => code)).toEqual(["muted"]);
  });

  test("is degraded by what is wrong elsewhere, and says that too", () => {
    const trouble = { code: "state_file", message: "the disk is full", hint: "make room" };
    expect(assessHealth(WELL, [trouble])).toEqual({
      status: "degraded",
      reasons: [{ ...trouble, severity: "degraded" }],
    });
  });

  test("does not depend on the web worker's record: an answer is proof enough", () => {
    expect(assessHealth({ ...WELL, workers: [worker("capture"), worker("inference")] }, []).status).toBe("ok");
  });
});

describe("health of a relay", () => {
  const AWAY = {
    hub: "hall",
    connected: false,
    whileAway: "silent",
    audioOnly: false,
    why: "nothing answers",
  } as const;
  const reason = { code: "hub_away", message: "the hub hall is away: nothing answers" };

  test("is as the microphone's while its hub is there", () => {
    expect(assessHealth({ ...WELL, hub: { ...AWAY, connected: true } }, [])).toEqual({ status: "ok", reasons: [] });
  });

  test("is down while the hub is away: a word would go unnoticed", () => {
    const sight = { ...WELL, hub: AWAY };
    expect(assessHealth(sight, [])).toMatchObject({ status: "down", reasons: [{ ...reason, severity: "down" }] });
    expect(hearing(sight)).toEqual({ hearing: false, reason: reason.message });
  });

  test("is degraded where it answers alone meanwhile", () => {
    const sight = { ...WELL, hub: { ...AWAY, whileAway: "alone" } as const };
    expect(assessHealth(sight, [])).toMatchObject({
      status: "degraded",
      reasons: [{ ...reason, severity: "degraded" }],
    });
    expect(hearing(sight)).toEqual({ hearing: true });
  });

  test("needs no model where the hub listens, and the hub itself then", () => {
    const sight = {
      ...WELL,
      wanted: 0,
      listening: 0,
      armed: false,
      hub: { ...AWAY, audioOnly: true, connected: true },
    };
    expect(assessHealth(sight, [])).toEqual({ status: "ok", reasons: [] });
    const away = { ...sight, hub: { ...AWAY, audioOnly: true, whileAway: "alone" } as const };
    expect(assessHealth(away, [])).toMatchObject({ status: "down", reasons: [reason] });
  });

  test("says first what is wrong with its own microphone", () => {
    const waiting = { state: "waiting", error: "no plug", demo: false, source: "default" } as const;
    expect(assessHealth({ ...WELL, capture: waiting, hub: AWAY }, []).reasons[0]).toMatchObject({
      code: "no_microphone",
    });
  });
});

describe("health where no microphone is wanted", () => {
  const silent = { ...STREAM, listening: false, audioAgeMs: 4000 };

  test("is ok as soon as one stream is listened to, or a relay hears for itself", () => {
    for (const sight of [
      { ...NO_MICROPHONE, streams: [silent, STREAM] },
      { ...NO_MICROPHONE, relays: 1 },
    ]) {
      expect(assessHealth(sight, [])).toEqual({ status: "ok", reasons: [] });
      expect(hearing(sight)).toEqual({ hearing: true });
    }
  });

  test.each([
    ["nobody listens in any room", []],
    ["nobody listens in any room", [silent]],
    ["arming: what comes is not listened to yet", [{ ...STREAM, listening: false, deafMs: 500 }]],
  ])("is down, for a word would go unnoticed: %s", (message, streams) => {
    const sight = { ...NO_MICROPHONE, streams };
    expect(assessHealth(sight, [])).toMatchObject({
      status: "down",
      reasons: [{ code: "no_streams", severity: "down", message }],
    });
    expect(hearing(sight)).toEqual({ hearing: false, reason: message });
  });

  test.each([
    ["inference is dead", broken("inference", { state: "dead" }), "inference_down"],
    ["no model is wanted", { wanted: 0, listening: 0 }, "no_models"],
    ["the models are loading", { listening: 0 }, "models_loading"],
    ["one model is not there yet", { listening: 1 }, "models_loading"],
  ] as const)("is down when %s", (_what, changed, code) => {
    const { status, reasons } = assessHealth({ ...NO_MICROPHONE, ...changed, streams: [STREAM] }, []);
    expect(status).toBe("down");
    expect(reasons.map(({ code }) => code)).toContain(code);
    const unsent = assessHealth({ ...NO_MICROPHONE, ...changed }, []);
    expect(unsent.status).toBe("down");
  });

  test("is muted for who mutes it", () => {
    const sight = { ...NO_MICROPHONE, muted: true, streams: [STREAM] };
    expect(hearing(sight)).toEqual({ hearing: false, reason: "muted" });
  });
});

test("whatever is seen: health is ok only if a word would be heard, and hearing is never true where health has a deafness", () => {
  const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
  console.log(`health: FUZZ_SEED=${seed}`);
  const age = fc.constantFrom(0, 500, 1001, 1501, 5000, Number.POSITIVE_INFINITY);
  const anyWorker = (name: "capture" | "inference") =>
    fc.record({
      name: fc.constant(name),
      state: fc.constantFrom("starting", "alive", "late", "dead"),
      beatAgeMs: fc.constantFrom(null, 10, 2500),
      restarts: fc.constant(0),
      lastError: fc.constantFrom("", "boom"),
    });
  const sights: fc.Arbitrary<Sight> = fc.record({
    muted: fc.boolean(),
    capture: fc.record({
      state: fc.constantFrom("starting", "waiting", "open", "muted", "ended", "none"),
      error: fc.constant("none"),
      demo: fc.boolean(),
      source: fc.constant("default"),
    }),
    audioAgeMs: age,
    silentMs: age,
    armed: fc.boolean(),
    coolsInMs: fc.constantFrom(0, 5000),
    stuckMs: fc.constantFrom(0, 2000, 20_000),
    scoreAgeMs: age,
    lagMs: age,
    lostSamples: fc.constantFrom(0, 5),
    streams: fc.array(
      fc.record({
        name: fc.constant("hall"),
        audioAgeMs: age,
        listening: fc.boolean(),
        deafMs: age,
        stuckMs: fc.constantFrom(0, 20_000),
        lagMs: age,
        lostSamples: fc.constantFrom(0, 1600),
      }),
      { maxLength: 2 },
    ),
    relays: fc.nat(1),
    modelsTrouble: fc.constantFrom("", "no voice check"),
    wanted: fc.integer({ min: 0, max: 2 }),
    listening: fc.integer({ min: 0, max: 2 }),
    failed: fc.constantFrom([], [{ name: "alexa", error: "cut off" }]),
    workers: fc.tuple(anyWorker("capture"), anyWorker("inference")),
  });
  fc.assert(
    fc.property(sights, (sight) => {
      const { status, reasons } = assessHealth(sight, []);
      const live = sight.workers.every(({ state, beatAgeMs }) => state === "alive" && (beatAgeMs ?? 0) <= 2000);
      if (sight.capture.state === "none") {
        const models = sight.listening > 0 && sight.wanted > 0;
        const heard = sight.relays > 0 || (models && sight.streams.some(({ listening }) => listening));
        expect(hearing(sight).hearing).toBe(live && !sight.muted && heard);
        if (!heard || !live) expect(status).not.toBe("ok");
        if (!sight.muted && (!live || (!models && sight.relays === 0))) expect(status).toBe("down");
        expect(status === "ok").toBe(reasons.length === 0);
        return;
      }
      const couldHear =
        live &&
        (sight.capture.state === "open" || sight.capture.state === "muted") &&
        sight.audioAgeMs <= 1000 &&
        sight.scoreAgeMs <= 1500 &&
        sight.armed &&
        sight.listening > 0 &&
        sight.wanted > 0;
      // A mute and a cooldown are somebody's wish.
      const wouldHear = couldHear && !sight.muted && sight.coolsInMs === 0;
      expect(hearing(sight).hearing).toBe(wouldHear);
      if (!wouldHear) expect(status).not.toBe("ok");
      if (!couldHear && !sight.muted) expect(status).toBe("down");
      if (sight.failed.length > 0) expect(status).toBe("down");
      if (wouldHear && sight.stuckMs > 10_000) expect(status).toBe("down");
      expect(status === "ok").toBe(reasons.length === 0);
      for (const { message } of reasons) expect(message).not.toBe("");
    }),
    { seed, numRuns: 500 },
  );
});
