import { describe, expect, test } from "bun:test";
import type { ActivationEvent } from "../../src/hub/activation.ts";
import { Activations } from "../../src/hub/activations.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";

const HEARING = { type: "looked", hearing: true } as const;
const MUTED = { type: "looked", hearing: false, reason: "muted" } as const;
const detected = (source: string, fence: number, holdMs = 2000): Extract<ActivationEvent, { type: "detected" }> => ({
  ...{ type: "detected", model: "alexa", source, confidence: 0.9, fence, holdMs, simulated: false },
});
const contended = (source: string): Extract<ActivationEvent, { type: "contended" }> => ({
  ...{ type: "contended", model: "jarvis", source, confidence: 0.8 },
});

function house(relays = 4) {
  const memory = SharedMemory.create({ streams: 1, relays });
  const activations = new Activations(memory, "hall");
  activations.look(HEARING, 100);
  const states = () => activations.all.map(({ relay, state }) => `${relay} ${state}`);
  return { memory, activations, states };
}

describe("the activations of a house", () => {
  test("are this machine's alone while no word is under way elsewhere", () => {
    const { activations, states } = house();
    expect(states()).toEqual(["hall armed"]);
    expect(activations.house).toMatchObject({ state: "armed", model: "", wokeMs: 0 });
    activations.look(MUTED, 200);
    expect(activations.house).toMatchObject({ state: "off", reason: "muted", sinceMs: 200 });
  });

  test("go on side by side in several rooms, each by its own fence; the house's is that of the newest word", () => {
    const { activations, states } = house();
    activations.wake(detected("kitchen", 1), 1000);
    activations.wake(detected("attic", 2), 1500);
    activations.command({ type: "recording", fence: 1 }, 1600);
    activations.command({ type: "recording", fence: 2 }, 1700);
    activations.command({ type: "processing", fence: 1 }, 1800);
    expect(states()).toEqual(["hall armed", "attic recording", "kitchen processing"]);
    expect(activations.house).toMatchObject({ state: "recording", source: "attic", fence: 2 });
    activations.command({ type: "ended", fence: 2 }, 1900);
    expect(activations.house).toMatchObject({ state: "processing", source: "kitchen" });
    activations.command({ type: "ended", fence: 1 }, 2500);
    expect(states()).toEqual(["hall armed"]);
    // Nothing is under way, and the newest word was that of the attic.
    expect(activations.house).toMatchObject({ state: "armed", source: "attic", fence: 0, sinceMs: 2500 });
  });

  test("count every change of a state of any of them", () => {
    const { activations } = house();
    const { sequence } = activations.house;
    activations.wake(detected("kitchen", 1), 1000);
    activations.wake(detected("", 2), 1100);
    activations.command({ type: "recording", fence: 1 }, 1200);
    activations.command({ type: "recording", fence: 99 }, 1200);
    activations.look(HEARING, 1300);
    expect(activations.house.sequence).toBe(sequence + 3);
    activations.look(HEARING, 3100);
    expect(activations.house.sequence).toBe(sequence + 4);
  });

  test("of words that are not settled end when another answers", () => {
    const { activations, states } = house();
    activations.wake(contended("kitchen"), 1000);
    activations.wake(contended(""), 1010);
    activations.settle(new Set(["kitchen", ""]), 1020);
    expect(states()).toEqual(["hall arbitrating", "kitchen arbitrating"]);
    activations.wake(detected("kitchen", 5), 1100);
    activations.settle(new Set(), 1100);
    expect(states()).toEqual(["hall armed", "kitchen awake"]);
  });

  test("end by themselves, a deaf microphone here or not", () => {
    const { activations, states } = house();
    activations.wake(detected("kitchen", 1, 500), 1000);
    activations.look(MUTED, 1499);
    expect(states()).toEqual(["hall off", "kitchen awake"]);
    activations.look(MUTED, 1500);
    expect(states()).toEqual(["hall off"]);
    expect(activations.house).toMatchObject({ state: "off", reason: "muted" });
  });

  test("are all ended by a reset, and what their commands still say is not heard", () => {
    const { activations, states } = house();
    for (const [fence, source] of ["", "kitchen", "attic"].entries()) {
      activations.wake(detected(source, fence + 1), 1000);
      activations.command({ type: "responding", fence: fence + 1 }, 1100);
    }
    activations.reset(1200);
    for (const fence of [1, 2, 3]) activations.command({ type: "processing", fence }, 1300);
    expect(states()).toEqual(["hall armed"]);
  });

  test("go on in a web worker that was started again", () => {
    const { memory, activations } = house();
    activations.wake(detected("kitchen", 1), 1000);
    activations.wake(detected("attic", 2), 1500);
    activations.command({ type: "recording", fence: 2 }, 1600);
    const again = new Activations(memory, "hall");
    expect(again.all).toEqual(activations.all);
    expect(again.house).toEqual(activations.house);
    again.command({ type: "processing", fence: 2 }, 1700);
    again.look(HEARING, 3000);
    expect(again.all.map(({ relay, state }) => `${relay} ${state}`)).toEqual(["hall armed", "attic processing"]);
  });

  test("end with the web worker that died, but for those that are only awake", () => {
    const { activations, states } = house(6);
    for (const [fence, state] of [
      [1, "recording"],
      [2, "processing"],
      [3, "responding"],
    ] as const) {
      activations.wake(detected(state, fence), 1000);
      activations.command({ type: state, fence }, 1100);
    }
    activations.wake(detected("awake", 4), 1000);
    activations.wake(contended("arbitrating"), 1000);
    activations.abandon(1200);
    expect(states()).toEqual(["hall armed", "awake awake"]);
    activations.look(HEARING, 3000);
    expect(states()).toEqual(["hall armed"]);
  });

  test("say in the shared memory whose they are, this machine's in the first place", () => {
    const { memory, activations } = house();
    activations.wake(detected("kitchen", 1), 1000);
    activations.wake(detected("", 2), 1100);
    const at = (slot: number) => memory.activation(slot).reader().read();
    expect(at(0)).toMatchObject({ relay: "hall", state: "awake", fence: 2, source: "" });
    expect(at(1)).toMatchObject({ relay: "kitchen", state: "awake", fence: 1, source: "kitchen", wokeMs: 1000 });
  });

  test("of one relay after another share the places; of more at once than there are, the oldest gives way", () => {
    const { activations, states } = house(3);
    for (let i = 0; i < 20; i++) {
      activations.wake(detected(`relay ${i}`, i + 1, 10), 1000 + i * 100);
      activations.look(HEARING, 1050 + i * 100);
    }
    expect(states()).toEqual(["hall armed"]);
    activations.wake(detected("a", 31), 5000);
    activations.wake(detected("b", 32), 5100);
    activations.wake(detected("a", 33), 5200);
    expect(states()).toEqual(["hall armed", "a awake", "b awake"]);
    activations.wake(detected("c", 34), 5300);
    expect(states()).toEqual(["hall armed", "c awake", "a awake"]);
  });
});
