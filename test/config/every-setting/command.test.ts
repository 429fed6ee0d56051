import { describe, expect } from "bun:test";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { monotonicMs } from "../../../ffi/clock.ts";
import { SpeechEnds } from "../../../src/detect/speech-ends.ts";
import { LOUD_IS_VOICE, sound } from "../../command/small-commands.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../thread-rig.ts";
import { ownFolder } from "./own-folder.ts";
import { answered, heard } from "./spoken-command.ts";
import { turningOf } from "./turning.ts";
import { startedWeb } from "./web-worker.ts";

const turning = turningOf("command");
const at = ownFolder();

turning("command.silence", async () => {
  const spoken = sound(-0.5, 2, -0.7, 1, -3);
  expect((await heard("silence: 500ms", spoken)).seconds).toBeWithin(2.95, 3.05);
  expect((await heard("silence: 2s", spoken)).seconds).toBeWithin(6.15, 6.25);
});

turning("command.no_speech", async () => {
  const late = sound(-0.5, 0.6, -2, 1, -4);
  expect(await heard("no_speech: 1s", late)).toMatchObject({ kind: "no_speech", seconds: 2.1 });
  expect((await heard("no_speech: 3s", late)).kind).toBe("answer");
});

turning("command.longest", async () => {
  expect((await heard("longest: 5s", sound(-0.5, 8))).seconds).toBe(5);
  expect((await heard("longest: 7s", sound(-0.5, 8))).seconds).toBe(7);
});

turning("command.pre_roll", async () => {
  const heardSeconds = async (pre_roll: string) => {
    const file = join(await mkdtemp(at("pre-roll-")), "heard.wav");
    const args = JSON.stringify(["-c", 'cat > "$0.part"; mv "$0.part" "$0"', file]);
    const command = `command: {pre_roll: ${pre_roll}, sink: {kind: program, program: sh, args: ${args}}}\n`;
    const rig = await startedWeb(at, `log: {level: error}\nweb: {port: ${freePort()}}\n${command}`);
    const { memory } = rig;
    const ring = memory.audioWriter(0);
    const says = (pcm: Int16Array) => {
      for (let at = 0; at < pcm.length; at += 1600) ring.write(pcm.subarray(at, at + 1600), 1600);
    };
    says(sound(-3, 0.6));
    const frameEndMs = monotonicMs();
    const level = memory.level(0).writer();
    Object.assign(level.value, { atMs: frameEndMs, written: ring.written });
    level.publish();
    const word = { model: "alexa", confidence: 0.9, stream: 0, frameEndMs };
    memory.detectionWriter().append((event) => Object.assign(event, word));
    memory.webBell.ring();
    await until("it records", () => memory.activation(0).reader().read().state === "recording");
    says(sound(1, -2));
    const ends = new SpeechEnds({ memory, voice: LOUD_IS_VOICE });
    await until("it was heard", async () => {
      while (await ends.step());
      return Bun.file(file).exists();
    });
    await rig.close();
    return (Bun.file(file).size - 44) / 32_000;
  };
  expect((await heardSeconds("1s")) - (await heardSeconds("0ms"))).toBeWithin(0.96, 1.04);
});

describe("of those who understand and answer:", () => {
  const TRANSCRIBED = { kind: "openai", url: "URL" };
  const HANDLED = { kind: "webhook", url: "URL/intent" };

  turning("command.sink", async () => {
    expect((await answered({})).taken).toBe(false);
    expect((await answered({ sink: TRANSCRIBED })).reply?.transcription).toBe("light on");
  });

  turning("command.intent", async () => {
    expect((await answered({ sink: TRANSCRIBED })).reply).toMatchObject({ text: "", command: "" });
    const { reply } = await answered({ sink: TRANSCRIBED, intent: HANDLED });
    expect(reply).toMatchObject({ text: "Done.", command: "light.on", speech: undefined });
  });

  turning("command.speech", async () => {
    const speech = { kind: "openai", url: "URL" };
    const { reply } = await answered({ sink: TRANSCRIBED, intent: HANDLED, speech });
    expect(reply?.speech?.pcm).toHaveLength(1600);
  });
});
