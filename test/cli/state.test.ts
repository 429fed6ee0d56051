import { expect, test } from "bun:test";
import { describe as lines } from "../../src/cli/state.ts";
import type { CommandView } from "../../src/web/schemas/commands.ts";
import { NOW_MS, relay, relayActivation, round, state } from "../public/states.ts";

const house = [relay("hall", { kind: "local", address: null }), relay("kitchen", { status: 2 })];

test("a state is printed with every activation that is under way elsewhere", () => {
  const kitchen = relayActivation("kitchen", { status: "Heard alexa: recording", confidence: 0.93 });
  const printed = lines(state({ activations: [relayActivation("hall", { local: true }), kitchen] })).join("\n");
  expect(printed).toContain("activation kitchen          Heard alexa: recording  (0.93)");
  expect(printed).not.toContain("activation hall");
});

test("a state is printed with the round that is under way: who is waited for, and for how long at most", () => {
  const arbitration = {
    ...state().arbitration,
    ...({ underWay: 1, round: 12, phase: "open", status: "contending", contenders: 2, waiting: 1 } as const),
    ...{ openedAt: NOW_MS - 50, closesAt: NOW_MS + 250 },
  };
  expect(lines(state({ relays: house, rounds: [round()], arbitration })).join("\n")).toContain(
    "deciding   who answers: 2 microphones heard the word, 1 more is waited for, 250 ms at most",
  );
  expect(lines(state({ relays: house, rounds: [round()] })).join("\n")).not.toContain("deciding");
});

test("a state is printed with relays that are away, since when, and those that hear nothing, and why", () => {
  const away = relay("attic", { connected: false, expected: true, since: NOW_MS - 3 * 3_600_000 });
  const deaf = relay("porch", { trouble: "no microphone", room: "Porch" });
  const printed = lines(state({ relays: [...house, away, deaf] })).join("\n");
  expect(printed).toContain("relay      attic            away for 3 h  relay");
  expect(printed).toContain("relay      porch            hears nothing: no microphone  relay, Porch");
  expect(printed).toContain("relay      kitchen          winner  relay");
});

test("a state is printed with the newest commands, with their words only where they are to be seen", () => {
  const command: CommandView = {
    ...{ id: "a", at: NOW_MS, relay: "kitchen", room: null, model: "alexa", outcome: "answered", why: null },
    ...{ state: "over", sink: "openai", recordedMs: 1200, understoodMs: 300, answeredMs: 40, spokenMs: 800 },
    ...{ transcript: null, answer: null },
  };
  const quiet = lines(state({ commands: [command] })).join("\n");
  expect(quiet).toContain(" alexa: kitchen answered; recorded 1.2\u00a0s, understood in 300\u00a0ms by openai");
  expect(quiet).not.toContain('"');
  const open = { ...command, transcript: "light on", answer: "It is on." };
  expect(lines(state({ commands: [open] })).join("\n")).toContain('"light on" → "It is on."');
});

test("the state of a hub without a microphone shows no level and no scores of one", () => {
  const printed = lines(state({ audio: { state: "none" }, relays: house })).join("\n");
  expect(printed).not.toContain("RMS: ");
  expect(printed).not.toContain("····");
  expect(printed).toContain("relay      hall             the hub, without a microphone of its own");
});

test("a state is printed in columns whatever relays are called", () => {
  const long = "b".repeat(40);
  const printed = lines(state({ relays: [...house, relay(long)] }));
  const columns = printed.filter((line) => line.startsWith("relay ")).map((line) => line.search(/connected|winner/));
  expect(columns).toEqual([52, 52, 52]);
});
