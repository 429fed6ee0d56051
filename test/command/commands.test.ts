import { describe, expect, test } from "bun:test";
import { SinkError } from "../../src/command/sink.ts";
import { wentWrong } from "../../src/command/standing-replies.ts";
import { STATE_LIMIT_MS } from "../../src/hub/activation.ts";
import { COMMAND_LANES } from "../../src/memory/layout.ts";
import { answered, granted, RATE, smallCommands, sound, WORD } from "./small-commands.ts";

/** The word, a pause, a command. */
const SAID = sound(-0.5, 0.6, -0.3, 2);

describe("a command", () => {
  test("goes from its first sample to its last to the sink, and its answer to the winner", async () => {
    const house = smallCommands();
    const { commands, heard, replies, say, states, enough, finished, settle } = house;
    expect(commands.granted(granted(7))).toBeTrue();
    const spoken = sound(-0.5, 0.6, -0.3, 2, -3);
    await say(7, spoken);
    const [session] = heard;
    const { length } = session?.pcm ?? [];
    // Sound is judged in chunks of 512 samples.
    expect(length).toBeWithin(3.4 * RATE + 0.8 * RATE - 512, 3.4 * RATE + 0.8 * RATE + 512);
    expect(session?.pcm).toEqual([...spoken.subarray(0, length)]);
    expect(session?.endedAtUnixMs).toBeDefined();
    expect(enough).toEqual([7]);
    expect(states(7)).toEqual(["recording", "processing"]);
    session?.understood.resolve({ transcript: "light on" });
    await settle();
    expect(replies).toEqual([{ fence: 7, reply: answered("light on") }]);
    expect(states(7)).toEqual(["recording", "processing", "responding", "ended"]);
    expect(finished).toEqual([7]);
    expect(commands.size).toBe(0);
  });

  test("in one breath with its word loses nothing, however its sound is cut, early or late", async () => {
    const spoken = sound(-0.5, 2.4, -2);
    const ends = new Set<number>();
    for (const piece of [1, 3].map((hops) => hops * 1280).concat(777, spoken.length)) {
      const { commands, heard, say } = smallCommands();
      commands.granted(granted(1));
      await say(1, spoken, { piece });
      const pcm = heard[0]?.pcm ?? [];
      expect(pcm).toEqual([...spoken.subarray(0, pcm.length)]);
      ends.add(pcm.length);
    }
    expect(ends.size).toBe(1);
    expect([...ends][0]).toBeWithin(3.7 * RATE - 512, 3.7 * RATE + 512);
  });

  test("reaches the sink while it is still said", async () => {
    const { commands, heard, say } = smallCommands();
    commands.granted(granted(1));
    await say(1, SAID);
    expect(heard[0]?.pcm.length).toBeGreaterThan(SAID.length - 512 - 1280);
    expect(heard[0]?.endedAtUnixMs).toBeUndefined();
  });

  test("of which nothing came after the word is told so, and its sink is let go", async () => {
    const { commands, heard, replies, say, states, enough, finished, kept } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 0.6, -4));
    expect(heard[0]?.signal.aborted).toBeTrue();
    expect(heard[0]?.pcm.length).toBeLessThanOrEqual(WORD + 3 * RATE);
    expect(replies.map(({ reply }) => reply.kind)).toEqual(["no_speech"]);
    expect(states(1)).toEqual(["recording", "responding", "ended"]);
    expect([enough, finished, kept]).toEqual([[1], [1], []]);
  });

  test("is 15 s long at most, to the sample", async () => {
    const { commands, heard, say, enough } = smallCommands();
    commands.granted(granted(1));
    const spoken = sound(-0.5, 17);
    await say(1, spoken);
    expect(heard[0]?.pcm).toEqual([...spoken.subarray(0, 15 * RATE)]);
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
    expect(enough).toEqual([1]);
  });

  test("ends where its sender says that nothing follows", async () => {
    const { commands, heard, say } = smallCommands();
    commands.granted(granted(1));
    await say(1, SAID.subarray(0, -100), { last: true });
    expect(heard[0]?.pcm).toEqual([...SAID.subarray(0, -100)]);
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
  });

  test("that is cut off before its end asks no sink: the person hears that something went wrong", async () => {
    const { commands, heard, replies, say, settle, states, enough, kept, logged } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -0.4));
    const place = { missingSamples: 0, fence: 1, relayId: "kitchen", claim: 1 };
    commands.sound({ ...place, pcm: new Int16Array(0), last: true, isCutOff: true });
    await settle();
    expect(heard[0]?.signal.aborted).toBeTrue();
    expect(heard[0]?.endedAtUnixMs).toBeUndefined();
    expect(heard[0]?.views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
    expect(replies.map(({ reply }) => reply.kind)).toEqual(["error"]);
    expect(states(1)).toEqual(["recording", "responding"]);
    expect([enough, kept]).toEqual([[1], []]);
    expect(logged.at(-1)).toMatchObject({ event: "command failed", fields: { code: "cut_off" } });
  });

  test("that is cut off because somebody muted is over at once, and nobody is told of trouble", async () => {
    const { commands, heard, replies, failed, finished, say, settle, states, kept, logged, lanes } = smallCommands({
      muted: true,
    });
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -0.4));
    const place = { missingSamples: 0, fence: 1, relayId: "kitchen", claim: 1 };
    commands.sound({ ...place, pcm: new Int16Array(0), last: true, isCutOff: true });
    await settle();
    expect(heard[0]?.signal.aborted).toBeTrue();
    expect(heard[0]?.endedAtUnixMs).toBeUndefined();
    expect(heard[0]?.views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
    expect(states(1)).toEqual(["recording", "ended"]);
    expect([replies, finished, kept, failed]).toEqual([[], [1], [], [{ fence: 1, why: "muted" }]]);
    expect(logged.map(({ event }) => event)).toEqual(["command stopped"]);
    expect(commands.size).toBe(0);
    const limits = { wordSamples: 0, silenceSamples: 1, noSpeechSamples: 1 };
    expect(Array.from({ length: 8 }, () => lanes.open(limits))).not.toContain(undefined);
  });

  test("that is cut off behind its end is a command", async () => {
    const { commands, heard, replies, settle } = smallCommands();
    commands.granted(granted(1));
    const place = { missingSamples: 0, fence: 1, relayId: "kitchen", claim: 1 };
    commands.sound({ ...place, pcm: sound(-0.5, 2, -1.5), last: true, isCutOff: true });
    await settle();
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
    expect(replies).toEqual([]);
  });

  test("has nothing of what comes behind its last piece", async () => {
    const { commands, heard, settle } = smallCommands();
    commands.granted(granted(1));
    const place = { missingSamples: 0, fence: 1, relayId: "kitchen", claim: 1 };
    commands.sound({ ...place, pcm: SAID.slice(), last: true });
    const behind = sound(1);
    commands.sound({ ...place, pcm: behind, last: false });
    await settle();
    expect(heard[0]?.pcm).toEqual([...SAID]);
    expect(behind.every((sample) => sample === 0)).toBeTrue();
  });

  test("that comes all at once ends where the person stopped, not where the sound does", async () => {
    const { commands, heard, say } = smallCommands();
    commands.granted(granted(1));
    const spoken = sound(-0.5, 0.6, -0.3, 2, -4, 2);
    await say(1, spoken, { piece: spoken.length });
    expect(heard[0]?.pcm.length).toBeWithin(4.2 * RATE - 512, 4.2 * RATE + 512);
  });

  test("that was recorded first, by a sender that waits longer, is not cut off in a pause", async () => {
    for (const spoken of [sound(-0.5, 0.6, -1.2, 2, -2), sound(-0.2, 2, -1.5, 1, -2), sound(-4.5, 2, -2)]) {
      const { commands, heard, say } = smallCommands();
      commands.granted(granted(1));
      await say(1, spoken, { piece: spoken.length, last: true });
      expect(heard[0]?.pcm).toEqual([...spoken]);
      expect(heard[0]?.endedAtUnixMs).toBeDefined();
    }
  });

  test("that was recorded first, and is no more than its word, asks no sink", async () => {
    const { commands, heard, replies, say } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 0.6, -2), { piece: 100_000, last: true });
    expect(heard[0]?.endedAtUnixMs).toBeUndefined();
    expect(replies.map(({ reply }) => reply.kind)).toEqual(["no_speech"]);
  });

  test("has silence where its sound was lost, so that its lengths stay right", async () => {
    const { commands, heard, say, settle } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 1));
    const after = sound(1);
    commands.sound({ pcm: after.slice(), missingSamples: 800, last: true, fence: 1, relayId: "kitchen", claim: 1 });
    await settle();
    const pcm = heard[0]?.pcm ?? [];
    expect(pcm.slice(1.5 * RATE, 1.5 * RATE + 800)).toEqual(Array.from({ length: 800 }, () => 0));
    expect(pcm.slice(1.5 * RATE + 800)).toEqual([...after]);
  });

  test("without anybody who hears voices ends with its sender's word, and nothing is lost", async () => {
    const { commands, heard, say } = smallCommands({ voice: undefined });
    commands.granted(granted(1));
    const spoken = sound(-0.5, 0.6, -4);
    await say(1, spoken, { last: true });
    expect(heard[0]?.pcm).toEqual([...spoken]);
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
  });

  test("for which no lane is free waits for one, and loses nothing", async () => {
    const { commands, heard, say, lanes } = smallCommands();
    const others = Array.from({ length: COMMAND_LANES }, () =>
      lanes.open({ wordSamples: 0, silenceSamples: 1, noSpeechSamples: 1 }),
    );
    commands.granted(granted(1));
    await say(1, SAID);
    expect(heard[0]?.pcm).toEqual([]);
    others[3]?.close();
    const rest = sound(-2);
    await say(1, rest);
    const pcm = heard[0]?.pcm ?? [];
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
    expect(pcm).toEqual([...SAID, ...rest].slice(0, pcm.length));
  });

  test("that nobody can judge in time goes to the sink whole: it may well be speech", async () => {
    const { commands, clock, heard } = smallCommands();
    commands.granted(granted(1));
    commands.sound({ pcm: SAID.slice(), missingSamples: 0, last: false, fence: 1, relayId: "kitchen", claim: 1 });
    clock.nowMs += STATE_LIMIT_MS.recording;
    commands.look();
    expect(heard[0]?.pcm).toEqual([...SAID]);
    expect(heard[0]?.endedAtUnixMs).toBeDefined();
  });

  test("of nobody's grant, and without a sink, is overwritten and not recorded", () => {
    const { commands, configured, told } = smallCommands();
    const stray = { missingSamples: 0, last: false, fence: 9, relayId: "kitchen", claim: 1 };
    configured.sink = undefined;
    expect(commands.granted(granted(9))).toBeFalse();
    const pcm = SAID.slice();
    commands.sound({ ...stray, pcm });
    expect(pcm.every((sample) => sample === 0)).toBeTrue();
    expect(told).toEqual([]);
  });
});

describe("an answer", () => {
  test("that is spoken keeps the command until it was heard", async () => {
    const house = smallCommands({ answer: async () => answered("it is light", 2) });
    const { commands, clock, heard, say, states, finished, settle } = house;
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.resolve({ transcript: "light" });
    await settle();
    expect(states(1)).toEqual(["recording", "processing", "responding"]);
    // A relay that plays it begins late, and may forget to say that it is done.
    clock.nowMs += 3900;
    commands.look();
    expect(finished).toEqual([]);
    clock.nowMs += 100;
    commands.look();
    expect(finished).toEqual([1]);
    expect(states(1).at(-1)).toBe("ended");
  });

  test("that does not come is an error for the person, and a line that says what to do", async () => {
    const { commands, clock, heard, replies, say, logged, states, settle } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.reject(new SinkError("unreachable", "stt.local does not answer", "is it running?"));
    await settle();
    expect(replies[0]?.reply).toEqual(wentWrong());
    expect(logged.at(-1)).toEqual({
      event: "command failed",
      fields: {
        ...{ command: "command 1", relay: "kitchen", sink: "test" },
        ...{ code: "unreachable", error: "stt.local does not answer", hint: "is it running?" },
      },
    });
    // The sound of an error is heard, and has an end too.
    expect(states(1).at(-1)).toBe("responding");
    clock.nowMs += 2000;
    commands.look();
    expect(states(1).at(-1)).toBe("ended");
  });

  test("that fails in a way that nobody foresaw says nothing of what was said", async () => {
    const answer = async () => {
      throw new TypeError("cannot read the secret of light on");
    };
    const { commands, heard, replies, say, logged, settle } = smallCommands({ answer });
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.resolve({ transcript: "the secret" });
    await settle();
    expect(replies[0]?.reply).toEqual(wentWrong("the secret"));
    expect(JSON.stringify(logged)).not.toContain("secret");
  });

  test("that takes too long is given up, and what comes of it later is nobody's", async () => {
    const { commands, clock, heard, replies, say, states, settle } = smallCommands();
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    clock.nowMs += STATE_LIMIT_MS.processing;
    commands.look();
    expect(heard[0]?.signal.aborted).toBeTrue();
    expect(replies.map(({ reply }) => reply.kind)).toEqual(["error"]);
    clock.nowMs += 2000;
    commands.look();
    expect(states(1).at(-1)).toBe("ended");
    heard[0]?.understood.resolve({ transcript: "late" });
    await settle();
    expect(replies).toHaveLength(1);
  });

  test("is waited for without the sound: it was understood, and is overwritten", async () => {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof answered>>();
    const { commands, heard, replies, say, settle } = smallCommands({ answer: () => promise });
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.resolve({ transcript: "light" });
    await settle();
    expect(heard[0]?.views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
    expect(replies).toEqual([]);
    resolve(answered("it is light"));
    await settle();
    expect(replies.map(({ reply }) => reply.text)).toEqual(["it is light"]);
  });

  test("that comes when the command is over is nobody's", async () => {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof answered>>();
    const { commands, heard, replies, say, states, settle } = smallCommands({ answer: () => promise });
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.resolve({ transcript: "light" });
    await settle();
    commands.over(1);
    resolve(answered("it is light"));
    await settle();
    expect(replies).toEqual([]);
    expect(states(1)).toEqual(["recording", "processing", "ended"]);
  });

  test("is in the log only if somebody wants it there", async () => {
    for (const logsTranscripts of [false, true]) {
      const { commands, heard, say, logged, settle } = smallCommands({ logsTranscripts });
      commands.granted(granted(1));
      await say(1, sound(-0.5, 2, -1));
      heard[0]?.understood.resolve({ transcript: "nobody's business" });
      await settle();
      expect(JSON.stringify(logged).includes("nobody's business")).toBe(logsTranscripts);
    }
  });
});

describe("two rooms at once", () => {
  test("have a command each, and neither hears of the other's", async () => {
    const { commands, heard, replies, settle, clock, ends } = smallCommands();
    commands.granted(granted(1, "kitchen"));
    commands.granted(granted(2, "bedroom"));
    const spoken = [sound(-0.5, 0.6, -0.2, 1, -2), sound(-0.5, 3, -2).map((sample) => -sample)];
    for (let at = 0; at < 5.5 * RATE; at += 1280) {
      clock.nowMs += 80;
      for (const [index, pcm] of spoken.entries()) {
        const part = pcm.slice(at, at + 1280);
        if (part.length === 0) continue;
        commands.sound({ pcm: part, missingSamples: 0, last: false, fence: index + 1, relayId: "", claim: 1 });
      }
      while (await ends.step()) commands.look();
    }
    for (const [index, session] of heard.entries()) {
      expect(session.endedAtUnixMs).toBeDefined();
      expect(session.pcm).toEqual([...(spoken[index] ?? [])].slice(0, session.pcm.length));
    }
    expect(heard[0]?.pcm.length).toBeWithin(3.1 * RATE - 512, 3.1 * RATE + 512);
    expect(heard[1]?.pcm.length).toBeWithin(4.3 * RATE - 512, 4.3 * RATE + 512);
    heard[1]?.understood.resolve({ transcript: "two" });
    heard[0]?.understood.resolve({ transcript: "one" });
    await settle();
    expect(new Map(replies.map(({ fence, reply }) => [fence, reply.text]))).toEqual(
      new Map([
        [1, "one"],
        [2, "two"],
      ]),
    );
  });
});

describe("a command that is over", () => {
  /** Leads a command into a state. */
  const ways = {
    recording: async ({ say }: ReturnType<typeof smallCommands>) => say(1, SAID),
    processing: async ({ say }: ReturnType<typeof smallCommands>) => say(1, sound(-0.5, 2, -1)),
    responding: async ({ say, heard, settle }: ReturnType<typeof smallCommands>) => {
      await say(1, sound(-0.5, 2, -1));
      heard[0]?.understood.resolve({ transcript: "light" });
      await settle();
    },
  } as const;

  test.each(Object.keys(ways) as (keyof typeof ways)[])(
    "while it is %s ends at once: sink, sound, activation",
    async (state) => {
      const house = smallCommands({ answer: async () => answered("it is light", 5) });
      const { commands, heard, states, lanes, replies, settle } = house;
      commands.granted(granted(1));
      await ways[state](house);
      expect(states(1).at(-1)).toBe(state);
      commands.over(1);
      expect(heard[0]?.signal.aborted).toBeTrue();
      expect(states(1).at(-1)).toBe("ended");
      expect(commands.size).toBe(0);
      // What the sink saw of the recording is silence now.
      expect(heard[0]?.views.length).toBeGreaterThan(0);
      expect(heard[0]?.views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
      const before = replies.length;
      heard[0]?.understood.resolve({ transcript: "late" });
      await settle();
      commands.over(1);
      expect(replies).toHaveLength(before);
      expect(states(1).filter((type) => type === "ended")).toHaveLength(1);
      // Its lane is free.
      for (let lane = 0; lane < COMMAND_LANES; lane++)
        expect(lanes.open({ wordSamples: 0, silenceSamples: 1, noSpeechSamples: 1 })).toBeDefined();
    },
  );

  test("as the program ends ends as well", async () => {
    const { commands, heard, say } = smallCommands();
    commands.granted(granted(1));
    await say(1, SAID);
    commands.close();
    expect(heard[0]?.signal.aborted).toBeTrue();
    expect(heard[0]?.views.every((view) => view.every((sample) => sample === 0))).toBeTrue();
  });

  test("that was answered leaves nothing of its sound: not in what was handed in, not in the recording", async () => {
    const { commands, heard, settle, clock } = smallCommands();
    commands.granted(granted(1));
    const parts: Int16Array[] = [];
    const spoken = sound(-0.5, 2, -2);
    for (let at = 0; at < spoken.length; at += 1600) {
      const pcm = spoken.slice(at, at + 1600);
      parts.push(pcm);
      clock.nowMs += 100;
      commands.sound({ pcm, missingSamples: 0, last: false, fence: 1, relayId: "kitchen", claim: 1 });
      await settle();
    }
    expect(heard[0]?.views.some((view) => view.some((sample) => sample !== 0))).toBeTrue();
    heard[0]?.understood.resolve({ transcript: "light" });
    await settle();
    for (const pcm of [...parts, ...(heard[0]?.views ?? [])]) expect(pcm.every((sample) => sample === 0)).toBeTrue();
  });

  test("because its relay says so as it is answered is over once", async () => {
    const house = smallCommands({ onReply: (fence) => house.commands.over(fence) });
    const { commands, heard, say, states, settle } = house;
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    heard[0]?.understood.resolve({ transcript: "light" });
    await settle();
    expect(states(1)).toEqual(["recording", "processing", "responding", "ended"]);
  });

  test("as it is told that enough was heard asks no sink any more", async () => {
    const house = smallCommands({ onEnough: (fence) => house.commands.over(fence) });
    const { commands, heard, say, states } = house;
    commands.granted(granted(1));
    await say(1, sound(-0.5, 2, -1));
    expect(heard[0]?.endedAtUnixMs).toBeUndefined();
    expect(states(1)).toEqual(["recording", "ended"]);
  });
});
