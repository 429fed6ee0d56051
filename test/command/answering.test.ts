import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rms } from "../../src/audio/levels.ts";
import { wavOf } from "../../src/audio/wav-write.ts";
import { Answering } from "../../src/command/answering.ts";
import type { IntentSettings, SpeechSettings } from "../../src/config/command-settings.ts";
import { wyomingEvent } from "../../src/wyoming/codec.ts";
import { until } from "../support/until.ts";
import { COMMAND, failure, KeptLog, sound, TIMES } from "./around.ts";
import { HttpServer } from "./http-server.ts";
import { WyomingServer } from "./wyoming-server.ts";

const folder = mkdtempSync(join(tmpdir(), "earshot-answer-"));
afterAll(() => rmSync(folder, { recursive: true }));

const NONE = { kind: "none" } as const;
const SAID = { transcript: "turn on the light" };

function small(intent: IntentSettings, speech: SpeechSettings) {
  const log = new KeptLog();
  const answering = new Answering({ settings: { intent, speech }, times: TIMES, log });
  const answer = (understood = SAID as Parameters<Answering["answer"]>[0], signal = new AbortController().signal) =>
    answering.answer(understood, COMMAND, signal);
  return { answering, answer, log };
}

const handler = ({ url }: HttpServer, timeout = 3000): IntentSettings => ({ kind: "webhook", url, timeout });
const program = (script: string, timeout = 3000): SpeechSettings => ({
  ...{ kind: "program", program: "sh", args: ["-c", script], timeout },
});

describe("without handler and voice", () => {
  test("what was understood is the answer", async () => {
    expect(await small(NONE, NONE).answer()).toEqual({
      ...{ kind: "answer", text: "", transcription: "turn on the light", command: "", speech: undefined },
    });
  });

  test("where nothing was said the person is told so", async () => {
    const reply = await small(NONE, NONE).answer({ transcript: "" });
    expect(reply).toMatchObject({ kind: "no_speech", text: "I didn't hear anything. Please try again." });
  });
});

describe("an intent handler", () => {
  test("is told what was said by whom and where, and answers with text and command", async () => {
    using server = new HttpServer(() => Response.json({ text: "Done.", command: "light.on" }));
    const { answer } = small({ ...handler(server), api_key: "s3cret" } as IntentSettings, NONE);
    expect(await answer({ transcript: "turn on the light", confidence: 0.7 })).toEqual({
      ...{ kind: "answer", text: "Done.", transcription: "turn on the light", command: "light.on", speech: undefined },
    });
    const [asked] = server.asked;
    expect(asked?.headers.get("authorization")).toBe("Bearer s3cret");
    expect(JSON.parse(new TextDecoder().decode(asked?.body))).toEqual({
      transcript: "turn on the light",
      confidence: 0.7,
      id: "c1",
      relay: "kitchen",
      room: "Küche",
      model: "alexa",
      topic: null,
      timestamp: 1767323045.678,
    });
  });

  test("is told what was said behind the wake word, and nothing where there was nothing", async () => {
    using server = new HttpServer(() => Response.json({ text: "Done." }));
    const { answer } = small(handler(server), NONE);
    expect((await answer({ transcript: "Alexa, turn on the light" })).transcription).toBe("turn on the light");
    expect(JSON.parse(new TextDecoder().decode(server.asked[0]?.body)).transcript).toBe("turn on the light");
    expect((await answer({ transcript: "Alexa." })).kind).toBe("no_speech");
    expect(server.asked).toHaveLength(1);
  });

  test("that asks back makes it a confirmation", async () => {
    using server = new HttpServer(() => Response.json({ text: "Which light?", confirm: true }));
    expect((await small(handler(server), NONE).answer()).kind).toBe("confirmation");
  });

  test("whose answer has sound is heard in its own voice", async () => {
    const audio = Buffer.from(wavOf(sound(100), 8000)).toString("base64");
    using server = new HttpServer(() => Response.json({ text: "Done.", audio }));
    const { answer } = small(handler(server), program("exit 1"));
    expect((await answer()).speech).toEqual({ pcm: sound(100), sampleRateHz: 8000 });
  });

  test.each(["AAAA", "~~~", btoa("RIFF, and no sound")])(
    "that has acted, and whose sound %p cannot be played, is heard by the voice, and the log says so once",
    async (audio) => {
      using server = new HttpServer(() => Response.json({ text: "secret words", command: "light.on", audio }));
      const wav = join(folder, "instead.wav");
      await Bun.write(wav, wavOf(sound(300), 8000));
      const { answer, answering, log } = small(handler(server), program(`cat ${wav}`));
      expect(await answer()).toMatchObject({
        ...{ kind: "answer", text: "secret words", command: "light.on" },
        speech: { pcm: sound(300), sampleRateHz: 8000 },
      });
      expect(log.lines).toHaveLength(1);
      expect(log.lines[0]).toStartWith("warn sound of an answer left out");
      expect(log.lines[0]).toContain(new URL(server.url).origin);
      expect(log.lines[0]).not.toMatch(/secret|AAAA|~~~/);
      expect(answering.troubles).toEqual([]);
    },
  );

  test("is not asked where nothing was said, or the sink has acted already", async () => {
    using server = new HttpServer(() => Response.json({ text: "x" }));
    const { answer } = small(handler(server), NONE);
    await answer({ transcript: "" });
    const handled = { text: "Done.", command: "c", asks: false, speech: undefined };
    expect(await answer({ transcript: "", handled })).toMatchObject({ kind: "answer", text: "Done.", command: "c" });
    expect(server.asked).toEqual([]);
  });

  test("that fails is asked once, fails the command, and is a trouble", async () => {
    using server = new HttpServer(() => new Response("", { status: 500 }));
    const { answer, answering } = small(handler(server), NONE);
    expect(await failure(answer())).toMatchObject({ code: "unreachable" });
    expect(server.asked).toHaveLength(1);
    expect(answering.troubles).toMatchObject([{ code: "intent_down" }]);
  });

  test("that does not answer costs its time limit", async () => {
    using server = new HttpServer(() => new Promise<Response>(() => {}));
    expect(await failure(small(handler(server, 100), NONE).answer())).toMatchObject({ code: "too_slow" });
  });
});

describe("a voice", () => {
  const saying = (text: string) => new HttpServer(() => Response.json({ text }));

  test("of a program reads the text on its input, and the sound of its output is the answer's", async () => {
    const [wav, said] = [join(folder, "a.wav"), join(folder, "said.txt")];
    await Bun.write(wav, wavOf(sound(3000), 22_050));
    using server = saying("The light -v is 'on'; $(id).");
    const { answer } = small(handler(server), program(`cat > ${said}; cat ${wav}`));
    expect((await answer()).speech).toEqual({ pcm: sound(3000), sampleRateHz: 22_050 });
    expect(readFileSync(said, "utf8")).toBe("The light -v is 'on'; $(id).\n");
  });

  test.skipIf(Bun.which("espeak-ng") === null)("of espeak-ng can be heard", async () => {
    using server = saying("The light is on.");
    const settings: SpeechSettings = {
      kind: "program",
      program: "espeak-ng",
      args: ["--stdin", "--stdout"],
      timeout: 5000,
    };
    const { speech } = await small(handler(server), settings).answer();
    expect(speech?.sampleRateHz).toBe(22_050);
    expect(speech?.pcm.length).toBeGreaterThan(15_000);
    expect(rms(speech?.pcm ?? new Int16Array())).toBeGreaterThan(0.01);
  });

  test.skipIf(Bun.which("sox") === null).each(["mp3", "flac", "ogg"])(
    "may speak %s: it becomes 16 kHz",
    async (format) => {
      const file = join(folder, `tone.${format}`);
      await Bun.$`sox -R -n -r 44100 -b 16 -c 1 ${file} synth 1 sine 440 vol 0.5`.quiet();
      using server = saying("x");
      const { speech } = await small(handler(server), program(`cat ${file}`)).answer();
      expect(speech?.sampleRateHz).toBe(16_000);
      expect(speech?.pcm.length).toBeWithin(15_500, 18_500);
      expect(rms(speech?.pcm.subarray(4000, 12_000) ?? new Int16Array())).toBeCloseTo(0.35, 1);
    },
  );

  test("as OpenAI's is asked for a WAV file", async () => {
    using server = saying("Done.");
    using voice = new HttpServer(() => new Response(wavOf(sound(700), 24_000)));
    const { answer } = small(handler(server), {
      ...{ kind: "openai", url: voice.url, model: "tts", voice: "nova", api_key: "s3cret", timeout: 3000 },
    });
    expect((await answer()).speech).toEqual({ pcm: sound(700), sampleRateHz: 24_000 });
    const [asked] = voice.asked;
    expect([asked?.path, asked?.headers.get("authorization")]).toEqual(["/v1/audio/speech", "Bearer s3cret"]);
    expect(JSON.parse(new TextDecoder().decode(asked?.body))).toEqual({
      ...{ model: "tts", voice: "nova", input: "Done.", response_format: "wav" },
    });
  });

  test("of a Wyoming server sends its sound in chunks", async () => {
    const pcm = Buffer.from(sound(5000).buffer);
    const format = { rate: 22_050, width: 2, channels: 1 };
    using server = saying("Done.");
    using voice = new WyomingServer(({ type }, say) => {
      if (type !== "synthesize") return;
      say(wyomingEvent("audio-start", format));
      for (let at = 0; at < pcm.length; at += 1001) {
        say(wyomingEvent("audio-chunk", format, pcm.subarray(at, at + 1001)));
      }
      say(wyomingEvent("audio-stop"));
    });
    const { answer } = small(handler(server), {
      ...{ kind: "wyoming", host: "127.0.0.1", port: voice.port, voice: "amy", timeout: 3000 },
    });
    expect((await answer()).speech).toEqual({ pcm: sound(5000), sampleRateHz: 22_050 });
    expect(voice.events).toMatchObject([{ type: "synthesize", data: { text: "Done.", voice: { name: "amy" } } }]);
  });

  test("is not needed where there is no text", async () => {
    using server = saying("");
    expect(await small(handler(server), program("exit 1")).answer()).toMatchObject({ kind: "answer", text: "" });
  });

  test.each([
    ["fails", "exit 1"],
    ["gives no sound", "echo hello"],
    ["takes too long", "sleep 60"],
    ["gives too much", "yes"],
  ])("that %s leaves an answer to be read, a line in the log, and a trouble", async (_, script) => {
    using server = saying("secret words");
    const { answer, answering, log } = small(handler(server), program(script, 300));
    expect(await answer()).toMatchObject({ kind: "answer", text: "secret words", speech: undefined });
    expect(answering.troubles).toMatchObject([{ code: "speech_down" }]);
    expect(log.lines.at(-1)).toStartWith("warn answer not spoken");
    expect(log.lines.join()).not.toContain("secret");
  });

  test("whose answer nobody wants any more is ended", async () => {
    using server = saying("x");
    const abort = new AbortController();
    const answered = failure(small(handler(server), program("sleep 60")).answer(undefined, abort.signal));
    await until("the handler was asked", () => server.asked[0]);
    abort.abort();
    expect(await answered).toMatchObject({ code: "aborted" });
  });
});
