import { describe, expect, test } from "bun:test";
import { type AudioSource, SourceError } from "../../src/audio/source.ts";
import { Capture, type CaptureSettings } from "../../src/capture/capture.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";

const BLOCK = 320;

/** A microphone or file that gives what the test puts into it. */
class FakeSource implements AudioSource {
  readonly description: string;
  readonly live: boolean;
  readonly nativeRateHz = 48_000;
  overruns = 0;
  closed = 0;
  error: Error | undefined;
  #waiting: number[] = [];
  #ended = false;

  constructor(
    readonly name: string,
    readonly kind: AudioSource["kind"] = "microphone",
  ) {
    this.description = `the ${name}`;
    this.live = kind !== "file";
  }

  give(samples: number, value = 1000): this {
    for (let i = 0; i < samples; i++) this.#waiting.push(value);
    return this;
  }

  end(): void {
    this.#ended = true;
  }

  read(into: Int16Array): number | "ended" {
    if (this.closed > 0) throw new Error(`${this.name} was read after it was closed`);
    if (this.error) throw this.error;
    const taken = this.#waiting.splice(0, into.length);
    if (taken.length === 0) return this.#ended ? "ended" : 0;
    into.set(taken);
    return taken.length;
  }

  close(): void {
    this.closed++;
  }
}

interface Options {
  readonly settings?: Partial<CaptureSettings>;
  readonly demoSource?: string;
  readonly memory?: SharedMemory;
}

function captureOf({ settings, demoSource, memory = SharedMemory.create({ streams: 1, relays: 1 }) }: Options = {}) {
  let current: CaptureSettings = { source: "default", gainDb: 0, muted: false, ...settings };
  const logged: string[] = [];
  const opens: { readonly source: string; readonly atMs: number }[] = [];
  /** What opening gives, by the source's name; a text is why it cannot be opened. */
  const devices = new Map<string, FakeSource | string>();
  /** Opening takes this long. */
  let openingMs = 0;
  let nowMs = 10_000;
  const log = { info: (event: string) => logged.push(event), warn: (event: string) => logged.push(event) };
  const capture = new Capture(
    {
      ring: memory.audioWriter(0),
      level: memory.level(0).writer(),
      record: memory.capture.writer(),
      bell: memory.webBell,
      heardBell: memory.inferenceBell,
      open: async (source) => {
        opens.push({ source, atMs: nowMs });
        nowMs += openingMs;
        const device = devices.get(source) ?? `no capture device named "${source}"`;
        if (typeof device === "string") throw new SourceError(device);
        return device;
      },
      demoSource,
      log,
    },
    current,
  );
  const audio = memory.audioReader(0, "oldest");
  const record = memory.capture.reader();
  const level = memory.level(0).reader();
  return {
    capture,
    memory,
    logged,
    opens,
    devices,
    now: () => nowMs,
    shown: () => record.read(),
    level: () => level.read(),
    openingTakes: (ms: number) => {
      openingMs = ms;
    },
    plug(device: FakeSource, name = "default") {
      devices.set(name, device);
      return device;
    },
    apply(changed: Partial<CaptureSettings>) {
      current = { ...current, ...changed };
      capture.apply(current, nowMs);
    },
    /** Looks every 10 ms for a time; `eachMs` is called before each look. */
    async pass(ms: number, eachMs?: (atMs: number) => void) {
      for (const untilMs = nowMs + ms; nowMs < untilMs; ) {
        nowMs += 10;
        eachMs?.(nowMs);
        await capture.step(nowMs);
      }
    },
    /** What a reader of the ring got: a sample a block, "gap" where the stream began anew. */
    heard() {
      const block = new Int16Array(BLOCK);
      const all: (number | "gap")[] = [];
      for (let read = audio.read(block); read !== "wait"; read = audio.read(block)) {
        all.push(read === "gap" ? "gap" : (block[0] ?? 0));
      }
      return all;
    },
  };
}

describe("capture", () => {
  test("opens the source and writes what it gives, as one stream", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    expect(rig.shown().state).toBe("starting");
    await rig.pass(20);
    expect(rig.shown()).toMatchObject({
      state: "open",
      source: "default",
      device: "the microphone",
      error: "",
      demo: false,
      live: true,
      sampleRate: 48_000,
      reopens: 0,
    });
    microphone.give(BLOCK, 7).give(BLOCK, 8);
    await rig.pass(10);
    expect(rig.heard()).toEqual(["gap", 7, 8]);
    expect(rig.logged).toEqual(["audio source opened"]);
  });

  test("takes pieces of any size for what they are, and loses none", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    let given = 0;
    await rig.pass(500, () => {
      const piece = (given % 7) * 61;
      for (let i = 0; i < piece; i++) microphone.give(1, given++ % 30_000);
      given++;
      microphone.give(1, (given - 1) % 30_000);
    });
    const { samples, written } = rig.level();
    expect(samples).toBe(Math.floor(given / BLOCK) * BLOCK);
    expect(written).toBe(samples);
    expect(rig.heard().slice(1)).toEqual(
      Array.from({ length: samples / BLOCK }, (_, block) => (block * BLOCK) % 30_000),
    );
  });

  test("reads into the same memory each time, whatever the size of the pieces", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    const read = microphone.read.bind(microphone);
    const used = new Set<Int16Array>();
    microphone.read = (into) => {
      used.add(into);
      return read(into);
    };
    await rig.pass(500, () => microphone.give(147));
    expect(rig.level().samples).toBeGreaterThan(6000);
    expect(used.size).toBe(1);
  });

  test("publishes the level with the time of its newest sample", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    microphone.overruns = 3;
    microphone.give(BLOCK * 5, 16_384);
    await rig.pass(10);
    const level = rig.level();
    expect(level.rms).toBeCloseTo(0.5, 3);
    expect(level.peak).toBeCloseTo(0.5, 3);
    expect(level.loudest).toBeCloseTo(0.5, 3);
    expect(level).toMatchObject({ atMs: rig.now(), samples: BLOCK * 5, overruns: 3, written: BLOCK * 5 });
  });

  test("remembers for 1.5 s how loud it was", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    microphone.give(BLOCK * 5, 16_384).give(BLOCK * 69, 0);
    await rig.pass(10);
    expect(rig.level().loudest).toBeCloseTo(0.5, 2);
    microphone.give(BLOCK * 20, 0);
    await rig.pass(10);
    expect(rig.level().loudest).toBe(0);
  });

  test("applies the gain before anything measures or listens", async () => {
    const rig = captureOf({ settings: { gainDb: 20 } });
    const microphone = rig.plug(new FakeSource("microphone"));
    microphone.give(BLOCK * 5, 1000);
    await rig.pass(20);
    expect(rig.heard().slice(1, 3)).toEqual([10_000, 10_000]);
    expect(rig.level().rms).toBeCloseTo(10_000 / 32_767, 3);
    rig.apply({ gainDb: 0 });
    microphone.give(BLOCK, 1000);
    await rig.pass(10);
    expect(rig.heard()).toEqual([1000]);
  });

  test("does not take digital silence for a hang", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(10_000, () => microphone.give(160, 0));
    expect(rig.opens).toHaveLength(1);
    expect(rig.shown().state).toBe("open");
  });
});

describe("a source that cannot be opened", () => {
  test("is tried again for ever: at once, then ever more slowly, to 3 s", async () => {
    const rig = captureOf();
    await rig.pass(60_000);
    const waits = rig.opens.slice(1).map(({ atMs }, index) => atMs - (rig.opens[index]?.atMs ?? 0));
    expect(waits.slice(0, 7)).toEqual([10, 250, 500, 1000, 2000, 3000, 3000]);
    expect(new Set(waits.slice(5))).toEqual(new Set([3000]));
    expect(rig.shown()).toMatchObject({ state: "waiting", device: "", error: 'no capture device named "default"' });
    expect(rig.logged).toEqual(["audio source not available"]);
  });

  test("comes back by itself within 5 s of being there, however long it was away", async () => {
    const rig = captureOf();
    await rig.pass(100_000);
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(4000, () => microphone.give(160));
    expect(rig.shown()).toMatchObject({ state: "open", error: "" });
  });

  test("is complained about again when it is for another reason", async () => {
    const rig = captureOf();
    await rig.pass(1000);
    rig.devices.set("default", "the sound server does not answer");
    await rig.pass(5000);
    expect(rig.shown().error).toBe("the sound server does not answer");
    expect(rig.logged).toHaveLength(2);
  });
});

describe("a source that breaks", () => {
  test("by an error is closed and opened again at once, and the stream begins anew", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    microphone.give(BLOCK + 100, 5);
    await rig.pass(20);
    microphone.error = new SourceError("the device went away");
    const another = new FakeSource("microphone").give(BLOCK, 6);
    rig.plug(another);
    await rig.pass(10);
    expect(rig.shown()).toMatchObject({ state: "waiting", error: "the device went away" });
    await rig.pass(20);
    expect(microphone.closed).toBe(1);
    expect(rig.shown()).toMatchObject({ state: "open", error: "", reopens: 1 });
    expect(rig.heard()).toEqual(["gap", 6]);
  });

  test("by giving nothing for a second is opened again, though it says nothing is wrong", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone"));
    microphone.give(BLOCK);
    await rig.pass(1000);
    expect(rig.opens).toHaveLength(1);
    await rig.pass(60);
    expect(rig.opens).toHaveLength(2);
    expect(rig.logged).toContain("audio source broke, opening it again");
  });

  test("as soon as it was opened is not tried in a storm", async () => {
    const rig = captureOf();
    await rig.pass(10_000, () => {
      const broken = new FakeSource("microphone");
      broken.error = new SourceError("stillborn");
      rig.plug(broken);
    });
    expect(rig.opens.length).toBeLessThan(10);
    rig.plug(new FakeSource("microphone").give(BLOCK));
    await rig.pass(4000);
    expect(rig.heard()).toContain(1000);
  });

  test("is forgiven once it delivered: its next failure is the first again", async () => {
    const rig = captureOf();
    await rig.pass(20_000);
    const microphone = rig.plug(new FakeSource("microphone").give(BLOCK));
    await rig.pass(4000, () => microphone.give(160));
    const opens = rig.opens.length;
    microphone.error = new SourceError("gone");
    rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    expect(rig.opens).toHaveLength(opens + 1);
  });

  test("is not taken for broken because opening it took long", async () => {
    const rig = captureOf();
    rig.openingTakes(1500);
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(2000);
    microphone.give(BLOCK, 3);
    await rig.pass(10);
    expect(rig.opens).toHaveLength(1);
    expect(rig.heard()).toEqual(["gap", 3]);
  });

  test("is not looked for in standard input and files: who writes there may pause", async () => {
    for (const kind of ["stdin", "file"] as const) {
      const rig = captureOf({ settings: { source: kind } });
      rig.plug(new FakeSource(kind, kind), kind);
      await rig.pass(10_000);
      expect(rig.opens).toHaveLength(1);
      expect(rig.shown()).toMatchObject({ state: "open", live: kind === "stdin" });
    }
  });
});

describe("a file that is over", () => {
  test("has ended, is closed, and is not opened again", async () => {
    const rig = captureOf({ settings: { source: "file:a.wav" } });
    const file = rig.plug(new FakeSource("file", "file").give(BLOCK, 9), "file:a.wav");
    file.end();
    await rig.pass(5000);
    expect(rig.heard()).toEqual(["gap", 9, 0, 0, 0]);
    expect(rig.shown()).toMatchObject({ state: "ended", error: "the audio is over", device: "", live: false });
    expect([file.closed, rig.opens.length]).toEqual([1, 1]);
  });

  test("is filled up to 80 ms with silence, so that its end is scored too", async () => {
    for (const [samples, written] of [
      [0, 0],
      [1, 1280],
      [1280, 1280],
      [1281, 2560],
      [BLOCK * 5, 2560],
    ] as const) {
      const rig = captureOf({ settings: { source: "file:a.wav" } });
      rig.plug(new FakeSource("file", "file").give(samples, 9), "file:a.wav").end();
      await rig.pass(100);
      expect(rig.level().samples).toBe(written);
      expect(rig.heard().filter((one) => one === 9)).toHaveLength(Math.ceil(samples / BLOCK));
    }
  });

  test("and is muted adds nothing", async () => {
    const rig = captureOf({ settings: { source: "file:a.wav", muted: true } });
    rig.plug(new FakeSource("file", "file").give(100, 9), "file:a.wav").end();
    await rig.pass(100);
    expect(rig.shown().state).toBe("ended");
    expect(rig.heard()).toEqual([]);
  });

  test("gives way to another source", async () => {
    const rig = captureOf({ settings: { source: "file:a.wav" } });
    rig.plug(new FakeSource("file", "file"), "file:a.wav").end();
    await rig.pass(100);
    rig.plug(new FakeSource("microphone").give(BLOCK, 4));
    rig.apply({ source: "default" });
    await rig.pass(50);
    expect(rig.shown()).toMatchObject({ state: "open", source: "default", error: "" });
    expect(rig.heard()).toEqual(["gap", 4]);
  });
});

describe("a change of the source", () => {
  test("closes the old one and begins anew with the other", async () => {
    const rig = captureOf();
    const first = rig.plug(new FakeSource("first").give(BLOCK + 50, 1));
    await rig.pass(20);
    rig.heard();
    const second = rig.plug(new FakeSource("second").give(BLOCK, 2), "USB");
    rig.apply({ source: "USB" });
    await rig.pass(20);
    expect([first.closed, second.closed]).toEqual([1, 0]);
    expect(rig.heard()).toEqual(["gap", 2]);
    expect(rig.shown()).toMatchObject({ state: "open", source: "USB", device: "the second", reopens: 1 });
  });

  test("ends a long wait for the one that is not there", async () => {
    const rig = captureOf();
    await rig.pass(30_000);
    rig.plug(new FakeSource("USB"), "USB");
    rig.apply({ source: "USB" });
    await rig.pass(10);
    expect(rig.shown().state).toBe("open");
  });

  test("of nothing else opens nothing", async () => {
    const rig = captureOf();
    rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    rig.apply({ gainDb: 3 });
    await rig.pass(20);
    expect(rig.opens).toHaveLength(1);
  });
});

describe("a mute", () => {
  test("lets no sample into the ring and no level out, and unmuting begins anew", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone").give(BLOCK * 5, 1000));
    await rig.pass(20);
    rig.heard();
    rig.apply({ muted: true });
    expect(rig.shown().state).toBe("muted");
    expect(rig.level()).toMatchObject({ rms: 0, peak: 0, loudest: 0 });
    const { atMs } = rig.level();
    await rig.pass(2000, () => microphone.give(160, 2000));
    expect(rig.heard()).toEqual([]);
    expect(rig.level()).toMatchObject({ rms: 0, atMs });
    rig.apply({ muted: false });
    microphone.give(BLOCK, 3000);
    await rig.pass(10);
    expect(rig.heard()).toEqual(["gap", 3000]);
    expect(rig.shown().state).toBe("open");
    expect(rig.opens).toHaveLength(1);
  });

  test("overwrites what was said before it, once nobody measures that any more", async () => {
    const memory = SharedMemory.create({ streams: 1, relays: 1 });
    const rig = captureOf({ memory });
    const microphone = rig.plug(new FakeSource("microphone").give(BLOCK * 5, 1000));
    await rig.pass(20);
    const said = () => {
      const pcm = new Int16Array(BLOCK * 5);
      const ring = memory.audioReader(0, "newest");
      expect(ring.copyBefore(ring.written, pcm)).toBe(true);
      return new Set(pcm);
    };
    rig.apply({ muted: true });
    await rig.pass(9900, () => microphone.give(160, 2000));
    expect(said()).toEqual(new Set([1000]));
    await rig.pass(200, () => microphone.give(160, 2000));
    expect(said()).toEqual(new Set([0]));
  });

  test("from the start on holds until it is lifted", async () => {
    const rig = captureOf({ settings: { muted: true } });
    rig.plug(new FakeSource("microphone").give(BLOCK * 3));
    await rig.pass(100);
    expect(rig.shown().state).toBe("muted");
    expect(rig.heard()).toEqual([]);
  });

  test("does not mix what came before it with what comes after it in one block", async () => {
    const rig = captureOf();
    const microphone = rig.plug(new FakeSource("microphone").give(BLOCK + 200, 1));
    await rig.pass(20);
    rig.heard();
    rig.apply({ muted: true });
    rig.apply({ muted: false });
    microphone.give(BLOCK, 2);
    await rig.pass(10);
    expect(rig.heard()).toEqual(["gap", 2]);
  });

  test("does not hide that the microphone is gone", async () => {
    const rig = captureOf({ settings: { muted: true } });
    await rig.pass(1000);
    expect(rig.shown().state).toBe("waiting");
  });
});

describe("demo audio", () => {
  const DEMO = "file:demo.flac?loop";

  test("plays while there is no microphone, and says so", async () => {
    const rig = captureOf({ demoSource: DEMO });
    rig.plug(new FakeSource("demo", "file").give(BLOCK, 5), DEMO);
    await rig.pass(50);
    expect(rig.shown()).toMatchObject({
      state: "open",
      demo: true,
      live: false,
      device: "demo audio, in a loop",
      error: 'no capture device named "default"',
    });
    expect(rig.heard()).toEqual(["gap", 5]);
    expect(rig.logged).toContain("NO MICROPHONE: playing demo audio");
  });

  test("gives way to a microphone within 5 s, in a stream of its own", async () => {
    const rig = captureOf({ demoSource: DEMO });
    const demo = rig.plug(new FakeSource("demo", "file"), DEMO);
    await rig.pass(30_000, () => demo.give(160, 5));
    rig.heard();
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(4000, () => microphone.give(160, 6));
    expect(demo.closed).toBe(1);
    expect(rig.shown()).toMatchObject({ state: "open", demo: false, live: true, error: "" });
    const heard = rig.heard();
    expect(heard.slice(0, 2)).toEqual(["gap", 6]);
    expect(heard).not.toContain(5);
  });

  test("plays on without a break while no microphone is found", async () => {
    const rig = captureOf({ demoSource: DEMO });
    const demo = rig.plug(new FakeSource("demo", "file"), DEMO);
    const heard: (number | "gap")[] = [];
    await rig.pass(20_000, () => {
      demo.give(160, 5);
      heard.push(...rig.heard());
    });
    expect(heard.filter((one) => one === "gap")).toHaveLength(1);
    expect(rig.opens.filter(({ source }) => source === DEMO)).toHaveLength(1);
    expect(rig.opens.length).toBeGreaterThan(4);
  });

  test("stands in again when the microphone is unplugged", async () => {
    const rig = captureOf({ demoSource: DEMO });
    const microphone = rig.plug(new FakeSource("microphone").give(BLOCK));
    await rig.pass(50);
    microphone.error = new SourceError("unplugged");
    rig.devices.delete("default");
    rig.plug(new FakeSource("demo", "file").give(BLOCK, 5), DEMO);
    await rig.pass(100);
    expect(rig.shown()).toMatchObject({ demo: true, state: "open" });
  });

  test("that is missing ends nothing: the search goes on in silence", async () => {
    const rig = captureOf({ demoSource: DEMO });
    await rig.pass(5000);
    expect(rig.shown()).toMatchObject({ state: "waiting", demo: false });
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(4000, () => microphone.give(160));
    expect(rig.shown()).toMatchObject({ state: "open", demo: false });
  });
});

test("a capture worker that was started again counts its openings on", async () => {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  for (const expected of [0, 0, 1]) {
    const rig = captureOf({ memory });
    rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    rig.plug(new FakeSource("other"), "other");
    if (expected === 1) rig.apply({ source: "other" });
    await rig.pass(20);
    expect(rig.shown().reopens).toBe(expected);
    rig.capture.close();
  }
});

describe("a source that is none", () => {
  test("opens nothing, plays no demo, and says so; another one is opened as soon as it is named", async () => {
    const rig = captureOf({ settings: { source: "none" }, demoSource: "file:demo.wav" });
    rig.plug(new FakeSource("demo", "file").give(BLOCK), "file:demo.wav");
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(5000);
    expect(rig.shown()).toMatchObject({ state: "none", source: "none", device: "", error: "", demo: false });
    expect([rig.opens, rig.heard(), rig.logged]).toEqual([[], [], []]);
    rig.apply({ source: "default" });
    microphone.give(BLOCK, 7);
    await rig.pass(20);
    expect(rig.shown().state).toBe("open");
    expect(rig.heard()).toEqual(["gap", 7]);
  });

  test("closes what was open, or the demo that stood in, and stays none while muted", async () => {
    const rig = captureOf({ demoSource: "file:demo.wav" });
    const demo = rig.plug(new FakeSource("demo", "file"), "file:demo.wav");
    await rig.pass(20);
    expect(rig.shown()).toMatchObject({ state: "open", demo: true });
    rig.apply({ source: "none" });
    await rig.pass(20);
    expect(demo.closed).toBe(1);
    expect(rig.shown()).toMatchObject({ state: "none", demo: false, error: "" });
    rig.apply({ muted: true });
    expect(rig.shown().state).toBe("none");
    rig.apply({ muted: false, source: "default" });
    const microphone = rig.plug(new FakeSource("microphone"));
    await rig.pass(20);
    rig.apply({ source: "none" });
    await rig.pass(20);
    expect([rig.shown().state, microphone.closed]).toEqual(["none", 1]);
  });
});
