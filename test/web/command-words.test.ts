import { expect, test } from "bun:test";
import { describeCommand, describeSteps } from "../../src/web/command-words.ts";
import type { CommandView } from "../../src/web/schemas/commands.ts";

function command(change: Partial<CommandView> = {}): CommandView {
  return {
    ...{ id: "a", at: 0, relay: "kitchen", room: null, model: "alexa", state: "over", outcome: "answered", why: null },
    ...{ sink: "openai", recordedMs: 1234, understoodMs: 310, answeredMs: 42, spokenMs: 840 },
    ...{ transcript: null, answer: null },
    ...change,
  };
}

test("a command says what it is doing, and how it ended", () => {
  expect(describeCommand(command({ state: "recording", outcome: null }))).toBe("kitchen is recording");
  expect(describeCommand(command())).toBe("kitchen answered");
  expect(describeCommand(command({ outcome: "failed", why: "stt.local hung up" }))).toBe(
    "kitchen got no answer: stt.local hung up",
  );
  expect(describeCommand(command({ outcome: "no_answer" }))).toBe("kitchen's command was taken, and nothing came back");
  expect(describeCommand(command({ outcome: "no_speech" }))).toBe("nobody spoke to kitchen");
  expect(describeCommand(command({ outcome: "interrupted", why: "superseded" }))).toBe("kitchen was interrupted");
  expect(describeCommand(command({ outcome: "stopped", why: "left" }))).toBe("kitchen left");
  expect(describeCommand(command({ outcome: "stopped", why: "muted" }))).toBe("kitchen was muted");
  expect(describeCommand(command({ outcome: "stopped", why: "gave_up" }))).toBe(
    "kitchen gave up: it was muted, or reset",
  );
});

test("its steps are told as far as it came", () => {
  expect(describeSteps(command())).toBe(
    "recorded 1.2\u00a0s, understood in 310\u00a0ms by openai, answered in 42\u00a0ms, heard for 840\u00a0ms",
  );
  const nothing = { understoodMs: null, answeredMs: null, spokenMs: 400 };
  expect(describeSteps(command({ outcome: "failed", ...nothing }))).toBe("recorded 1.2\u00a0s, sink openai");
});
