import { describe, expect, test } from "bun:test";
import type { Doorbell } from "../../src/memory/doorbell.ts";
import { Audience, type Listener } from "../../src/web/audience.ts";
import { runLiveLoop } from "../../src/web/live-loop.ts";
import type { LiveMessage } from "../../src/web/schemas/live.ts";
import type { Snapshot } from "../../src/web/state-file.ts";
import { relay } from "../public/states.ts";
import { LivedInHouse } from "./lived-in-house.ts";

interface Told {
  readonly atMs: number;
  readonly message: LiveMessage;
}

/** Runs the loop for a time that passes only while it sleeps; `happens` is called at each time that it names. */
async function runFor(
  lastMs: number,
  options: {
    readonly updateRateMs?: (nowMs: number) => number;
    readonly happens?: Readonly<Record<number, (lived: LivedInHouse) => void>>;
    readonly pages?: boolean;
    readonly mirrored?: (snapshot: Snapshot, nowMs: number) => void;
  } = {},
) {
  const { updateRateMs = () => 100, happens = {}, pages = true, mirrored } = options;
  const lived = LivedInHouse.listening();
  const startMs = lived.nowMs;
  const told: Told[] = [];
  const beats: number[] = [];
  const audience = new Audience();
  if (pages) {
    const message = { type: "hello", state: lived.house.state(), history: lived.house.history.view() } as const;
    audience.join(
      { send: (text) => told.push({ atMs: lived.nowMs - startMs, message: JSON.parse(text) }), close() {} },
      message,
    );
  }
  const bell = {
    rings: 0,
    rung: async (_seen: number, timeoutMs: number) => {
      const wakesMs = lived.nowMs - startMs + timeoutMs;
      const next = Object.keys(happens)
        .map(Number)
        .filter((atMs) => startMs + atMs > lived.nowMs)
        .sort((a, b) => a - b)[0];
      const untilMs = Math.min(wakesMs, next ?? Number.POSITIVE_INFINITY, lastMs);
      lived.nowMs = startMs + untilMs;
      happens[untilMs]?.(lived);
      // Audio and scores go on, so that nothing but what happens changes the state.
      const passed = lived.nowMs;
      lived.nowMs -= 80;
      lived.hear(0.25, [0.01, 0.02]);
      lived.nowMs = passed;
      if (untilMs >= lastMs) {
        lived.control.value.shutdown = true;
        lived.control.publish();
      }
    },
  };
  await runLiveLoop({
    house: lived.house,
    bell: bell as unknown as Doorbell,
    audience,
    monotonicMs: () => lived.nowMs,
    updateRateMs: () => updateRateMs(lived.nowMs - startMs),
    mirror: () => (mirrored === undefined ? undefined : (snapshot) => mirrored(snapshot, lived.nowMs - startMs)),
    alsoLook: () => 1000,
    beat: (nowMs) => beats.push(nowMs - startMs),
  });
  return {
    told,
    beats,
    timesOf: (type: string) => told.filter((one) => one.message.type === type).map(({ atMs }) => atMs),
  };
}

describe("the live loop", () => {
  test.each([20, 50, 100])("pushes levels every %p ms, without drift", async (rate) => {
    const { timesOf } = await runFor(1000, { updateRateMs: () => rate });
    expect(timesOf("levels")).toEqual(Array.from({ length: 1000 / rate }, (_, n) => n * rate));
  });

  test("takes up a shorter rate at once, however long the old one was", async () => {
    const { timesOf } = await runFor(1000, { updateRateMs: (nowMs) => (nowMs < 300 ? 60_000 : 100) });
    expect(timesOf("levels").length).toBeGreaterThanOrEqual(6);
  });

  test("tells a detection and the state it leads to in the same look, not with the levels", async () => {
    const { told, timesOf } = await runFor(1000, {
      updateRateMs: () => 60_000,
      happens: { 137: (lived) => lived.detect("alexa") },
    });
    expect(timesOf("detection")).toEqual([137]);
    const state = told.find(({ message }) => message.type === "state" && message.state.activation.state === "awake");
    expect(state?.atMs).toBe(137);
  });

  test("tells the state when it changes and not otherwise", async () => {
    const { timesOf } = await runFor(2000, { happens: { 505: (lived) => lived.house.mute(true) } });
    expect(timesOf("state")).toEqual([0, 505]);
  });

  test("tells no state because clocks differ by a millisecond, or a relay's messages take longer", async () => {
    const now = { since: 1000, delayMs: 3, rms: 0.1 };
    const { timesOf } = await runFor(2000, {
      happens: {
        50: (lived) => lived.relays.push(relay("kitchen", now)),
        400: (lived) => lived.relays.splice(0, 1, relay("kitchen", { since: 1001, delayMs: 3.4, rms: 0.2 })),
        800: (lived) => lived.relays.splice(0, 1, relay("kitchen", { ...now, status: 2 })),
      },
    });
    expect(timesOf("state").filter((atMs) => atMs > 100)).toEqual([800]);
  });

  test("notices within 200 ms what nobody rings for: audio that stops", async () => {
    const lived = LivedInHouse.listening();
    const startMs = lived.nowMs;
    const states: { atMs: number; active: boolean }[] = [];
    const audience = new Audience();
    const greeting = { type: "hello", state: lived.house.state(), history: lived.house.history.view() } as const;
    const send = (text: string) => {
      const message = JSON.parse(text) as LiveMessage;
      if (message.type === "state")
        states.push({ atMs: lived.nowMs - startMs, active: message.state.activation.is_active });
    };
    audience.join({ send, close() {} }, greeting);
    await runLiveLoop({
      house: lived.house,
      bell: {
        rings: 0,
        rung: async (_seen: number, timeoutMs: number) => {
          lived.nowMs += timeoutMs;
          if (lived.nowMs - startMs < 2000) return;
          lived.control.value.shutdown = true;
          lived.control.publish();
        },
      } as unknown as Doorbell,
      audience,
      monotonicMs: () => lived.nowMs,
      updateRateMs: () => 60_000,
      mirror: () => undefined,
      alsoLook: () => 1000,
      beat: () => {},
    });
    const gone = states.find(({ active }) => !active);
    expect(gone?.atMs).toBeGreaterThanOrEqual(1000);
    expect(gone?.atMs).toBeLessThanOrEqual(1200);
  });

  test("beats while nobody looks", async () => {
    const { beats, told } = await runFor(2000, { pages: false });
    expect(told).toEqual([]);
    expect(beats.length).toBeGreaterThanOrEqual(10);
    for (const [index, at] of beats.slice(1).entries()) expect(at - (beats[index] ?? 0)).toBeLessThanOrEqual(200);
  });

  test("writes the mirror at the update rate and at every change, though no page is open", async () => {
    const written: number[] = [];
    await runFor(1000, {
      pages: false,
      updateRateMs: () => 400,
      happens: { 333: (lived) => lived.house.mute(true) },
      mirrored: (_snapshot, nowMs) => written.push(nowMs),
    });
    expect(written).toEqual([0, 333, 400, 800]);
  });
});

describe("the audience", () => {
  const page = () => {
    const got: string[] = [];
    const listener: Listener & { readonly got: string[] } = {
      got,
      send: (text) => got.push(JSON.parse(text).type),
      close: (code) => got.push(`closed ${code}`),
    };
    return listener;
  };
  const lived = LivedInHouse.listening();
  const greeting = { type: "hello", state: lived.house.state(), history: lived.house.history.view() } as const;
  const levels = { type: "levels", levels: lived.house.levels() } as const;

  test("greets who joins, tells all, and no more to who has left", () => {
    const audience = new Audience();
    const [first, second] = [page(), page()];
    audience.join(first, greeting);
    audience.tell(levels);
    audience.join(second, greeting);
    audience.leave(first);
    audience.tell(levels);
    expect([first.got, second.got, audience.size]).toEqual([["hello", "levels"], ["hello", "levels"], 1]);
  });

  test("is told goodbye", () => {
    const audience = new Audience();
    const [first, second] = [page(), page()];
    audience.join(first, greeting);
    audience.join(second, greeting);
    audience.dismiss();
    audience.tell(levels);
    expect([first.got, second.got, audience.size]).toEqual([["hello", "closed 1001"], ["hello", "closed 1001"], 0]);
  });
});
