import { expect, test } from "bun:test";
import { Guard, type GuardSettings } from "../../src/detect/guard.ts";
import { Guards } from "../../src/hub/guards.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import type { LoadedModel } from "../../src/wake/load.ts";
import { advance, type TriggerSettings, type TriggerState } from "../../src/wake/trigger.ts";

const USUAL: TriggerSettings = { threshold: 0.4, patience: 2, refractoryMs: 2000, sure: 0.95, vadThreshold: 0.8 };
const ALEXA = { name: "alexa" } as LoadedModel;

function near(streams: readonly number[]) {
  const memory = SharedMemory.create({ streams: 3, relays: 1 });
  const guards = new Guards(memory.guards.writer());
  guards.look(streams, 1000);
  const guard = new Guard(memory.guards.reader());
  const settings = (stream: number, whilePlaying: GuardSettings["whilePlaying"]) =>
    guard.settingsOf(stream, { whilePlaying, raisedThreshold: 0.9 }, () => USUAL)(ALEXA);
  return { guards, guard, settings };
}

/** Whether two frames of this score fire. */
function fires(settings: TriggerSettings, score: number): boolean {
  let state: TriggerState = { kind: "armed" };
  for (const atMs of [80, 160]) state = advance(state, settings, score, atMs);
  return state.kind === "refractory";
}

test("near a loudspeaker that plays a word must be surer, or wakes nobody, or is heard as ever, as is wished; elsewhere nothing changes", () => {
  const { guard, settings } = near([1]);
  expect(guard.changed()).toBe(true);
  const scores = [0.5, 0.85, 0.92, 1];
  const fired = (stream: number, while_playing: GuardSettings["whilePlaying"]) =>
    scores.filter((score) => fires(settings(stream, while_playing), score));
  expect(fired(1, "raise")).toEqual([0.92, 1]);
  expect(fired(1, "mute")).toEqual([]);
  expect(fired(1, "listen")).toEqual(scores);
  expect(fired(0, "mute")).toEqual(scores);
});

test("a stream is guarded for as long as somebody plays near it and a little longer, and a change is seen once", () => {
  const { guards, guard } = near([0, 2]);
  const seen = () => [guard.changed(), guard.guards(0), guard.guards(1), guard.guards(2)];
  expect(seen()).toEqual([true, true, false, true]);
  guards.look([0, 2], 1500);
  expect(seen()).toEqual([false, true, false, true]);
  guards.look([1], 2000);
  expect(seen()).toEqual([true, true, true, true]);
  guards.look([], 2400);
  expect(seen()).toEqual([true, false, true, false]);
});

test("nobody is guarded any more when the worker that said so has died", () => {
  const memory = SharedMemory.create({ streams: 3, relays: 1 });
  new Guards(memory.guards.writer()).look([0], 1000);
  const guard = new Guard(memory.guards.reader());
  expect([guard.changed(), guard.guards(0)]).toEqual([true, true]);
  new Guards(memory.guards.writer());
  expect([guard.changed(), guard.guards(0)]).toEqual([true, false]);
});

test("a model whose own threshold is higher keeps it", () => {
  const { guard } = near([0]);
  guard.changed();
  const strict = () => ({ ...USUAL, threshold: 0.97, sure: 0.97 });
  expect(guard.settingsOf(0, { whilePlaying: "raise", raisedThreshold: 0.9 }, strict)(ALEXA)).toMatchObject({
    threshold: 0.97,
    sure: 0.97,
  });
});
