import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseWav } from "../../src/audio/wav.ts";
import { RATE, sound } from "../command/small-commands.ts";
import { SpokenHouse } from "./spoken-house.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "earshot-spoken-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sink = (script: string) => `sink: {kind: program, program: sh, args: ["-c", ${JSON.stringify(script)}]}`;
const SAYS = sink("cat > /dev/null; echo light on");

describe("what follows a verdict", () => {
  test("is nothing where no sink is configured: nothing is recorded", async () => {
    const house = new SpokenHouse("");
    expect(house.grant()).toBeFalse();
    const pcm = sound(1);
    house.commands.sound({ pcm, missingSamples: 0, last: false, fence: 1, relayId: "kitchen", claim: 1 });
    expect(pcm.every((sample) => sample === 0)).toBeTrue();
    expect(house.told).toEqual([]);
  });

  test("goes by the sink that is configured when the word is granted", async () => {
    const house = new SpokenHouse("");
    expect(house.grant()).toBeFalse();
    house.configure(`command: {${SAYS}}`);
    expect(house.grant()).toBeTrue();
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]).toMatchObject({ kind: "answer", transcription: "light on" });
    house.configure("command: {sink: {kind: none}}");
    expect(house.grant()).toBeFalse();
    house.commands.close();
  });

  test("that was under way ends with the sink that it began with", async () => {
    const house = new SpokenHouse(`command: {${SAYS}}`);
    house.grant();
    house.configure("command: {sink: {kind: none}}");
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]?.transcription).toBe("light on");
  });

  test("that was under way is answered by the handler that it began with", async () => {
    const handler = (text: string) =>
      Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ text }) });
    const [before, after] = [handler("before"), handler("after")];
    const asks = ({ url }: typeof before) => `command: {${SAYS}, intent: {kind: webhook, url: "${url.href}"}}`;
    const house = new SpokenHouse(asks(before));
    house.grant();
    house.configure(asks(after));
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]?.text).toBe("before");
    house.commands.close();
    await Promise.all([before.stop(true), after.stop(true)]);
  });

  test("is acted on by the handler where the sink's webhook answers with a transcript alone, and says so where with nothing", async () => {
    let heard: Record<string, unknown> = { transcript: "light on" };
    const hook = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(heard) });
    const handler = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ text: "It is on." }) });
    const house = new SpokenHouse(
      `command: {sink: {kind: webhook, url: "${hook.url.href}"}, intent: {kind: webhook, url: "${handler.url.href}"}}`,
    );
    house.grant();
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]).toMatchObject({ kind: "answer", text: "It is on.", transcription: "light on" });
    heard = {};
    house.grant();
    await house.say(sound(-0.5, 2, -2));
    await house.until("an end", () => house.replies.length > 1);
    expect(house.commands.recent.map(({ outcome }) => outcome)).toEqual(["no_answer", "answered"]);
    house.commands.close();
    await Promise.all([hook.stop(true), handler.stop(true)]);
  });

  test("that is stopped before its end is a line in the log, with why; one that is finished is none", () => {
    const house = new SpokenHouse(`command: {${SAYS}}`);
    const stops = () => house.logged.filter(({ event }) => event === "command stopped").map(({ fields }) => fields);
    house.grant();
    house.commands.over(1, "finished");
    expect(stops()).toEqual([]);
    house.grant();
    house.commands.over(2, "stalled");
    expect(stops()).toEqual([{ command: expect.any(String), relay: "kitchen", why: "stalled" }]);
  });

  test("tells arbitration that the command is whole, whatever its relay says", async () => {
    const house = new SpokenHouse(`command: {${SAYS}}`);
    house.grant();
    await house.say(sound(-0.5, 2, -2));
    expect(house.ended).toEqual([1]);
    house.commands.close();
  });

  test("that fails is health's business, and the person's", async () => {
    const house = new SpokenHouse(`command: {${sink("exit 3")}}`);
    house.grant();
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]?.kind).toBe("error");
    expect(house.commands.troubles.map(({ code }) => code)).toEqual(["sink_down"]);
    expect(house.told.at(-1)?.type).toBe("responding");
    house.clock.nowMs += 2000;
    house.commands.look();
    expect(house.told.at(-1)?.type).toBe("ended");
  });

  test("knows of the word what the relay measured: a long one is not taken for a command", async () => {
    const quiet = sound(-0.5, 1.4, -4);
    const evidence = { rms: 0, bandDb: 0, floorDb: 0, snrDb: 0, envelopeVariance: 0, confidence: 1, durationMs: 1400 };
    for (const [measured, kind] of [
      [evidence, "no_speech"],
      [undefined, "answer"],
    ] as const) {
      const house = new SpokenHouse(`command: {${SAYS}}`);
      house.grant({ evidence: measured });
      await house.say(quiet);
      await house.until("an answer", () => house.replies.length > 0);
      expect(house.replies[0]?.kind).toBe(kind);
    }
  });

  test("takes the rest of a word that was cut off for the word, and a short command behind it for one", async () => {
    const evidence = { rms: 0, bandDb: 0, floorDb: 0, snrDb: 0, envelopeVariance: 0, confidence: 1, durationMs: 230 };
    for (const [seconds, kind] of [
      [0.75, "no_speech"],
      [0.5 + 0.4, "answer"],
    ] as const) {
      const house = new SpokenHouse(`command: {${SAYS}}`);
      house.grant({ evidence });
      await house.say(sound(-0.5, seconds, -4));
      await house.until("an answer", () => house.replies.length > 0);
      expect([seconds, house.replies[0]?.kind]).toEqual([seconds, kind]);
    }
  });

  test("that a relay heard has half a second before its word, whatever goes before words that are heard here", async () => {
    const evidence = { rms: 0, bandDb: 0, floorDb: 0, snrDb: 0, envelopeVariance: 0, confidence: 1, durationMs: 600 };
    for (const preRoll of ["0s", "2s"]) {
      const house = new SpokenHouse(`command: {${SAYS}, pre_roll: ${preRoll}}`);
      house.grant({ evidence });
      await house.say(sound(-0.5, 0.6, -0.2, preRoll === "0s" ? -4 : 1, -4));
      await house.until("an answer", () => house.replies.length > 0);
      expect([preRoll, house.replies[0]?.kind]).toEqual([preRoll, preRoll === "0s" ? "no_speech" : "answer"]);
    }
  });

  test("tells a webhook in hey-orac's words when the word ended, where it was heard, and what each model made of it", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<unknown>();
    using hook = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        resolve(await request.json());
        return new Response();
      },
    });
    const house = new SpokenHouse(`
wake: {models: {alexa: {webhook_url: "${hook.url.href}", topic: lights}}, multi_trigger: true}
relays: {kitchen: {room: Kitchen}}`);
    house.grant({ relayId: "kitchen", model: "alexa", confidence: 0.9, endedAtMs: house.clock.nowMs - 200 });
    expect(await asked).toMatchObject({
      ...{ wake_word: "alexa", model_name: "alexa", confidence: 0.9, threshold: 0.35, multi_trigger: true },
      ...{ all_scores: { alexa: 0.9, timer: 0.2 }, timestamp: (house.clock.unixMs - 200) / 1000 },
      ...{ relay: "kitchen", room: "Kitchen", topic: "lights" },
    });
    house.commands.close();
  });

  test("says what a relay is to say, so that its own voice wakes nobody; and forgets words that nobody may see any more", async () => {
    const seen = (shown: boolean) => `command: {${SAYS}}\nprivacy: {show_transcripts: ${shown}}`;
    const house = new SpokenHouse(seen(true));
    house.grant({ relayId: "kitchen" });
    await house.say(sound(-0.5, 2, -2));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.said).toEqual([`kitchen: ${house.replies[0]?.text}`]);
    expect(house.commands.recent[0]?.transcript).toBe("light on");
    house.configure(seen(false));
    expect(house.commands.recent[0]?.transcript).toBeUndefined();
  });

  test("knows nothing of a word that was recorded first: whatever is said in it is a command", async () => {
    const house = new SpokenHouse(`command: {${SAYS}}`);
    house.grant({ afterwards: { giveOrTakeMs: 500 } });
    const pcm = sound(-0.1, 0.7, -2);
    house.commands.sound({ pcm, missingSamples: 0, last: true, fence: 1, relayId: "kitchen", claim: 1 });
    await house.say(sound(0));
    await house.until("an answer", () => house.replies.length > 0);
    expect(house.replies[0]?.kind).toBe("answer");
  });

  test("is kept as a recording where somebody wants that, and of nothing that was no command", async () => {
    const house = new SpokenHouse(`command: {${SAYS}}\nprivacy: {keep_recordings: ${folder}}`);
    house.grant();
    await house.say(sound(-0.5, 0.6, -4));
    house.grant();
    const spoken = sound(-0.5, 2, -2);
    await house.say(spoken);
    await house.until("a recording", async () => (await readdir(folder)).length > 0);
    await house.until("an answer", () => house.replies.length > 1);
    const [name = "", ...others] = await readdir(folder);
    expect(others).toEqual([]);
    const { samples } = parseWav(await Bun.file(join(folder, name)).bytes());
    expect(samples.length).toBeWithin(3.3 * RATE - 512, 3.3 * RATE + 512);
    expect(samples).toEqual(spoken.subarray(0, samples.length));
  });
});
