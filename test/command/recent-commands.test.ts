import { describe, expect, test } from "bun:test";
import { RecentCommands } from "../../src/command/recent-commands.ts";
import type { SpokenCommand } from "../../src/command/sink.ts";
import type { Reply } from "../../src/hub/reply.ts";

const COMMAND: SpokenCommand = {
  ...{ id: "a", relayId: "kitchen", room: "Kitchen", model: "alexa", confidence: 0.9, threshold: 0.5 },
  ...{ wakeEndedAtUnixMs: 0, scores: {}, multiTrigger: true, topic: undefined, webhookUrl: undefined },
};

const SPEECH = { pcm: new Int16Array(16_000), sampleRateHz: 16_000 };
const SILENCE = { text: "", command: "", speech: undefined };

function recent(keepsWords = false) {
  const clock = { nowMs: 1000 };
  const wish = { keepsWords };
  const commands = new RecentCommands({
    monotonicMs: () => clock.nowMs,
    unixMs: () => 1e12 + clock.nowMs,
    keepsWords: () => wish.keepsWords,
  });
  /** From its grant to its answer. */
  const answered = (fence: number, kind: Reply["kind"] = "answer") => {
    commands.granted(fence, { ...COMMAND, id: `${fence}` }, "program");
    clock.nowMs += 2000;
    commands.step({ type: "processing", fence });
    clock.nowMs += 300;
    commands.understood(fence, "light on");
    clock.nowMs += 70;
    commands.step({ type: "responding", fence });
    commands.replied(fence, { ...SILENCE, kind, text: "It is on.", speech: SPEECH });
  };
  return { clock, wish, commands, answered };
}

describe("a command that is over", () => {
  test("says how long each step took, and how it ended", () => {
    const { clock, commands, answered } = recent();
    answered(1);
    expect(commands.all[0]).toMatchObject({ state: "responding", outcome: "answered", spokenMs: undefined });
    clock.nowMs += 1500;
    commands.step({ type: "ended", fence: 1 });
    commands.over(1, "finished");
    expect(commands.all[0]).toMatchObject({
      ...{ state: "over", outcome: "answered", why: "", sink: "program" },
      ...{ recordedMs: 2000, understoodMs: 300, answeredMs: 70, spokenMs: 1500 },
    });
  });

  test.each([
    ["text alone", undefined, 1500],
    ["sound that is longer than what passed until its relay was done with it", SPEECH, 400],
  ] as const)("was heard by nobody where its answer is %s", (_, speech, tookMs) => {
    const { clock, commands } = recent();
    commands.granted(1, COMMAND, "program");
    commands.step({ type: "responding", fence: 1 });
    commands.replied(1, { ...SILENCE, kind: "answer", text: "It is on.", speech });
    clock.nowMs += tookMs;
    commands.step({ type: "ended", fence: 1 });
    commands.over(1, "finished");
    expect(commands.all[0]).toMatchObject({ outcome: "answered", spokenMs: undefined });
  });

  test("was given up by its relay where that is done with it before it was heard", () => {
    const { commands } = recent();
    commands.granted(1, COMMAND, "program");
    commands.over(1, "finished");
    expect(commands.all[0]).toMatchObject({ state: "over", outcome: "stopped", why: "gave_up" });
  });

  test("says that somebody muted", () => {
    const { commands } = recent();
    commands.granted(1, COMMAND, "program");
    commands.failed(1, "muted");
    commands.step({ type: "ended", fence: 1 });
    commands.over(1, "finished");
    expect(commands.all[0]).toMatchObject({ state: "over", outcome: "stopped", why: "muted" });
  });

  test("was interrupted where the person spoke again, and stopped where its relay is gone", () => {
    const { commands, answered } = recent();
    answered(1);
    commands.over(1, "superseded");
    commands.step({ type: "ended", fence: 1 });
    expect(commands.all[0]).toMatchObject({ outcome: "interrupted", why: "superseded" });
    commands.granted(2, COMMAND, "program");
    commands.over(2, "left");
    expect(commands.all[0]).toMatchObject({ outcome: "stopped", why: "left", spokenMs: undefined });
  });

  test.each([
    ["nothing", {}, "no_answer"],
    ["a text", { text: "Done." }, "answered"],
    ["an intent", { command: "light.on" }, "answered"],
    ["a sound", { speech: { pcm: new Int16Array(1), sampleRateHz: 8000 } }, "answered"],
  ] as const)("was answered if anything came back: %s", (_, back, outcome) => {
    const { commands } = recent();
    commands.granted(1, COMMAND, "webhook");
    commands.replied(1, { ...SILENCE, ...back, kind: "answer" });
    expect(commands.all[0]?.outcome).toBe(outcome);
  });

  test("failed for a reason, or was none", () => {
    const { commands } = recent();
    commands.granted(1, COMMAND, "openai");
    commands.step({ type: "processing", fence: 1 });
    commands.failed(1, "stt.local does not answer");
    commands.replied(1, { ...SILENCE, kind: "error", text: "Something went wrong." });
    expect(commands.all[0]).toMatchObject({
      outcome: "failed",
      why: "stt.local does not answer",
      answeredMs: undefined,
    });
    commands.granted(2, COMMAND, "openai");
    commands.replied(2, { ...SILENCE, kind: "no_speech", text: "" });
    commands.step({ type: "ended", fence: 2 });
    expect(commands.all[0]).toMatchObject({ outcome: "no_speech", recordedMs: 0, understoodMs: undefined });
  });
});

test("what was said and answered is kept only if somebody wants to see it, and forgotten when nobody does any more", () => {
  const quiet = recent();
  quiet.answered(1);
  expect(JSON.stringify(quiet.commands.all)).not.toMatch(/light on|It is on/);
  const open = recent(true);
  open.answered(1);
  expect(open.commands.all[0]).toMatchObject({ transcript: "light on", answer: "It is on." });
  open.wish.keepsWords = false;
  open.commands.look();
  expect(JSON.stringify(open.commands.all)).not.toMatch(/light on|It is on/);
});

test("the newest ten are kept, the newest first", () => {
  const { commands, answered } = recent();
  for (let fence = 1; fence <= 12; fence++) answered(fence);
  expect(commands.all.map(({ fence }) => fence)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
});

test("when a command was granted is said once: it does not waver with two clocks", () => {
  const clock = { monotonicMs: 100, unixMs: 5000.4 };
  const commands = new RecentCommands({
    monotonicMs: () => clock.monotonicMs,
    unixMs: () => clock.unixMs,
    keepsWords: () => false,
  });
  commands.granted(1, { ...COMMAND, id: "1" }, "program");
  clock.monotonicMs += 1000;
  clock.unixMs += 1000.7;
  commands.step({ type: "processing", fence: 1 });
  expect(commands.all[0]?.grantedAtUnixMs).toBe(5000);
});
