import { expect, test } from "bun:test";
import { parseWav } from "../../../src/audio/wav.ts";
import { wavOf } from "../../../src/audio/wav-write.ts";
import { openSink } from "../../../src/command/open-sink.ts";
import type { SettingsOf, SinkSettings } from "../../../src/config/command-settings.ts";
import { COMMAND, failure, KeptLog, said, sound, TIMES } from "../around.ts";
import { bytesOf, formOf, HttpServer } from "../http-server.ts";

type Settings = SettingsOf<SinkSettings, "webhook">;

function opened(url: string, settings: Partial<Settings> = {}) {
  const log = new KeptLog();
  const opened = openSink(
    { kind: "webhook", url: `${url}/hook?of=house`, audio: "multipart", timeout: 5000, ...settings },
    { times: TIMES, log, instance: () => "hall", listenedWords: () => [] },
  );
  if (opened === undefined) throw new Error("no sink");
  return { ...opened, log };
}

const EVENT = {
  wake_word: "alexa",
  confidence: 0.9,
  threshold: 0.35,
  timestamp: 1767323045.678,
  model_name: "alexa",
  all_scores: { alexa: 0.9, timer: 0.1 },
  multi_trigger: true,
  id: "c1",
  relay: "kitchen",
  room: "Küche",
  topic: null,
};
const jsonOf = (body: Uint8Array) => JSON.parse(new TextDecoder().decode(body));

test("without sound it is told at once, in hey-orac's words, while the person still speaks", async () => {
  using server = new HttpServer(() => new Response(null, { status: 204 }));
  const { sink } = opened(server.url, { audio: "none", api_key: "s3cret" });
  const session = sink.open(COMMAND, new AbortController().signal);
  while (server.asked.length === 0) await Bun.sleep(1);
  expect(server.asked[0]?.path).toBe("/hook?of=house");
  expect(server.asked[0]?.headers.get("authorization")).toBe("Bearer s3cret");
  expect(jsonOf(server.asked[0]?.body ?? new Uint8Array())).toEqual(EVENT);
  const handled = { text: "", command: "", asks: false, speech: undefined };
  expect(await session.end(Date.now())).toEqual({ transcript: "", handled });
});

test("with sound as parts: the event as JSON, the command as a WAV file, sample for sample", async () => {
  using server = new HttpServer(() => new Response("ok"));
  const pcm = sound(12_345);
  await said(opened(server.url).sink, pcm);
  const [asked] = server.asked;
  if (asked === undefined) throw new Error("it was not asked");
  const form = await formOf(asked);
  expect(JSON.parse(String(form.get("event")))).toEqual(EVENT);
  expect(parseWav(await bytesOf(form.get("file"))).samples).toEqual(pcm);
});

test("with sound in base64: a WAV file in the field audio", async () => {
  using server = new HttpServer(() => new Response("ok"));
  const pcm = sound(12_345);
  await said(opened(server.url, { audio: "base64" }).sink, pcm);
  const { audio, ...event } = jsonOf(server.asked[0]?.body ?? new Uint8Array());
  expect(event).toEqual(EVENT);
  expect(parseWav(Buffer.from(audio, "base64")).samples).toEqual(pcm);
});

test("what it answers is for the person: text, command, and sound", async () => {
  const speech = sound(500);
  const audio = Buffer.from(wavOf(speech, 22_050)).toString("base64");
  const answer = { transcript: "lights on", text: "The light\tis on.", command: "light.on", audio, more: 1 };
  using server = new HttpServer(() => Response.json(answer));
  expect(await said(opened(server.url).sink, sound(100))).toEqual({
    transcript: "lights on",
    handled: {
      text: "The light is on.",
      command: "light.on",
      asks: false,
      speech: { pcm: speech, sampleRateHz: 22_050 },
    },
  });
});

test("JSON counts also where nothing says that it is JSON; a plain word does not", async () => {
  let answer = '{"text": "Done."}';
  using server = new HttpServer(() => new Response(new TextEncoder().encode(answer)));
  const { sink } = opened(server.url);
  expect((await said(sink, sound(100))).handled?.text).toBe("Done.");
  answer = "ok";
  expect((await said(sink, sound(100))).handled?.text).toBe("");
});

test("a transcript alone is for whoever acts on it; anything beside it is an answer", async () => {
  let answer: Record<string, unknown> = { transcript: "lights on", text: "", command: null };
  using server = new HttpServer(() => Response.json(answer));
  const { sink } = opened(server.url);
  expect(await said(sink, sound(100))).toEqual({ transcript: "lights on" });
  for (const beside of [{ text: "Done." }, { command: "light.on" }, { confirm: true }]) {
    answer = { transcript: "lights on", ...beside };
    expect((await said(sink, sound(100))).handled).toBeDefined();
  }
  answer = {};
  expect(await said(sink, sound(100))).toMatchObject({ transcript: "", handled: { text: "" } });
});

test("a text that asks back says so", async () => {
  using server = new HttpServer(() => Response.json({ text: "Really?", confirm: true }));
  expect((await said(opened(server.url).sink, sound(100))).handled?.asks).toBe(true);
});

test("nothing that it may have acted on is sent again", async () => {
  using server = new HttpServer(() => new Response("", { status: 503 }));
  expect(await failure(said(opened(server.url).sink, sound(100)))).toMatchObject({ code: "unreachable" });
  expect(server.asked).toHaveLength(1);
});

test.each([
  ["JSON that is none", new Response("{", { headers: { "content-type": "application/json" } }), "no JSON"],
  ["a text that is none", Response.json({ text: 1 }), 'in "text"'],
  ["no base64", Response.json({ audio: "~~~" }), "cannot be played"],
  ["sound that is none", Response.json({ audio: btoa("not a sound file at all") }), "cannot be played"],
  ["an empty WAV file", Response.json({ audio: Buffer.from(wavOf(new Int16Array())).toString("base64") }), "empty"],
  [
    "a WAV file of hours",
    Response.json({ audio: Buffer.from(wavOf(new Int16Array(600_000), 4_000)).toString("base64") }),
    "longer than 120 s",
  ],
] as const)("%s in its answer fails the command", async (_, answer, words) => {
  using server = new HttpServer(() => answer);
  const error = await failure(said(opened(server.url).sink, sound(100)));
  expect(error).toMatchObject({ code: "bad_answer" });
  expect(error.message).toContain(words);
  expect(error.message).not.toContain("/hook");
});
