import { expect, test } from "bun:test";
import { parseWav } from "../../../src/audio/wav.ts";
import { openSink } from "../../../src/command/open-sink.ts";
import { sleep, type Times } from "../../../src/command/times.ts";
import type { SettingsOf, SinkSettings } from "../../../src/config/command-settings.ts";
import { COMMAND, failure, KeptLog, said, sound, TIMES } from "../around.ts";
import { bytesOf, formOf, HttpServer } from "../http-server.ts";

type Settings = SettingsOf<SinkSettings, "orac">;

const WORDS = [
  { name: "alexa", topic: "home" },
  { name: "timer", topic: undefined },
];

function opened(url: string, settings: Partial<Settings> = {}, times: Times = TIMES) {
  const log = new KeptLog();
  const opened = openSink(
    { kind: "orac", url, transport: "multipart", topic: "general", heartbeat: 3_600_000, timeout: 5000, ...settings },
    { times, log, instance: () => "hall", listenedWords: () => WORDS },
  );
  if (opened === undefined) throw new Error("no sink");
  return { ...opened, log, [Symbol.dispose]: opened.close };
}

const transcription = (text: string, more: object = {}) => ({
  ...{ text, confidence: 0.8, language: "en", duration: 1, processing_time: 0.1 },
  ...more,
});

/** Answers heartbeats, and leaves the rest to the test. */
function oracServer(answer: () => Response): HttpServer {
  return new HttpServer(({ path }) => (path.endsWith("heartbeat") ? Response.json({ status: "ok" }) : answer()));
}

const uploads = ({ asked }: HttpServer) => asked.filter(({ path }) => path.startsWith("/stt/v1/stream/"));

test("a command goes as a WAV file under its topic, with the times of word and end", async () => {
  using server = oracServer(() => Response.json(transcription("lights on")));
  using orac = opened(server.url, { language: "en" });
  const pcm = sound(20_001);
  const command = { ...COMMAND, topic: "kitchen.lights" };
  expect(await said(orac.sink, pcm, { command })).toEqual({ transcript: "lights on", confidence: 0.8 });
  const [asked] = uploads(server);
  if (asked === undefined) throw new Error("it was not asked");
  expect(asked.path).toBe("/stt/v1/stream/kitchen.lights?language=en");
  expect(asked.headers.get("x-wake-word-time")).toBe("2026-01-02T03:04:05.678+00:00");
  expect(asked.headers.get("x-recording-end-time")).toBe("2026-01-02T03:04:08.678+00:00");
  expect(parseWav(await bytesOf((await formOf(asked)).get("file"))).samples).toEqual(pcm);
});

test("a word without a topic has the general one", async () => {
  using server = oracServer(() => Response.json(transcription("x")));
  using orac = opened(server.url, { topic: "house" });
  await said(orac.sink, sound(1000));
  expect(uploads(server)[0]?.path).toBe("/stt/v1/stream/house");
});

test("a failure that comes as 200 with an empty text is a failure; silence is none", async () => {
  let answer = transcription("", { confidence: 0, language: "unknown" });
  using server = oracServer(() => Response.json(answer));
  using orac = opened(server.url);
  expect(await failure(said(orac.sink, sound(1000)))).toMatchObject({ code: "refused" });
  answer = transcription("", { confidence: 0.3, language: "en" });
  expect((await said(orac.sink, sound(1000))).transcript).toBe("");
});

test("what it may have passed on is not sent again", async () => {
  using server = oracServer(() => new Response("", { status: 503 }));
  using orac = opened(server.url);
  expect(await failure(said(orac.sink, sound(1000)))).toMatchObject({ code: "unreachable" });
  expect(uploads(server)).toHaveLength(1);
});

test("tells it every 30 s that we are there: which words, under which topics, how often each was heard", async () => {
  using server = oracServer(() => Response.json(transcription("x")));
  const waits = new Map<number, () => void>();
  const times: Times = {
    ...TIMES,
    unixMs: () => 1_000_000,
    // The heartbeat's wait ends when the test says so.
    sleep: (ms, signal) => (ms === 30_000 ? new Promise((resolve) => waits.set(ms, resolve)) : sleep(ms, signal)),
  };
  using orac = opened(server.url, { heartbeat: 30_000 }, times);
  const beats = () => server.asked.filter(({ path }) => path === "/stt/v1/heartbeat");
  while (!waits.has(30_000)) await Bun.sleep(1);
  await said(orac.sink, sound(1000));
  expect(beats()).toHaveLength(1);
  waits.get(30_000)?.();
  while (beats().length < 2) await Bun.sleep(1);
  const [first, second] = beats().map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  expect(first).toEqual({
    instance_id: "hall",
    source: "hey_orac",
    timestamp: "1970-01-01T00:16:40.000+00:00",
    models: [
      { name: "alexa", topic: "home", ...listened(0, null), wake_word: "alexa" },
      { name: "timer", topic: "general", ...listened(0, null), wake_word: "timer" },
    ],
    metrics: {},
  });
  expect(second.models[0]).toMatchObject({ trigger_count: 1, last_triggered: "2026-01-02T03:04:05.678+00:00" });
});

function listened(trigger_count: number, last_triggered: string | null) {
  return { type: "wake_word", status: "active", trigger_count, last_triggered };
}

test("a heartbeat that nobody takes is a trouble until somebody does", async () => {
  const gone = new HttpServer(() => new Response());
  const { url } = gone;
  gone[Symbol.dispose]();
  using orac = opened(url);
  while (orac.troubles().length === 0) await Bun.sleep(1);
  expect(orac.troubles()).toMatchObject([{ code: "sink_down" }]);
});

/** ORAC-STT's WebSocket: notes what comes, and when the end was said. */
function socketServer(onText: (text: string, send: (text: string) => void, close: () => void) => void) {
  const heard: { pcm: Buffer[]; texts: string[]; paths: string[] } = { pcm: [], texts: [], paths: [] };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, server) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("heartbeat")) return Response.json({});
      heard.paths.push(pathname);
      return server.upgrade(request) ? undefined : new Response("", { status: 400 });
    },
    websocket: {
      message(socket, message) {
        if (typeof message !== "string") {
          heard.pcm.push(message);
          return;
        }
        heard.texts.push(message);
        onText(
          message,
          (text) => socket.send(text),
          () => socket.close(),
        );
      },
    },
  });
  return { heard, url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => void server.stop(true) };
}

const isEnd = (text: string) => JSON.parse(text).type === "end";

test("by WebSocket the sound is there before the person has stopped speaking, in chunks of 1280 samples", async () => {
  using server = socketServer((text, send) => {
    if (isEnd(text)) send(JSON.stringify({ type: "transcription", ...transcription("now"), is_final: true }));
  });
  using orac = opened(server.url, { transport: "websocket" });
  const pcm = sound(1280 * 10 + 500);
  const session = orac.sink.open({ ...COMMAND, topic: "home" }, new AbortController().signal);
  session.push(pcm.subarray(0, 1280 * 5 + 3));
  while (server.heard.pcm.length < 5) await Bun.sleep(1);
  expect(server.heard.paths).toEqual(["/stt/v1/ws/stream/home"]);
  expect(server.heard.texts.map((text) => JSON.parse(text))).toEqual([
    { type: "config", wake_word_time: "2026-01-02T03:04:05.678+00:00" },
  ]);
  session.push(pcm.subarray(1280 * 5 + 3));
  expect(await session.end(Date.now())).toEqual({ transcript: "now", confidence: 0.8 });
  expect(server.heard.pcm.map(({ length }) => length)).toEqual([...new Array(10).fill(2560), 1000]);
  expect(Buffer.concat(server.heard.pcm).equals(Buffer.from(pcm.buffer))).toBe(true);
});

test("a WebSocket that breaks while the person speaks is opened again, and has everything from the first sample on", async () => {
  let connections = 0;
  using server = socketServer((text, send, close) => {
    if (isEnd(text)) send(JSON.stringify({ type: "transcription", ...transcription("whole") }));
    else if (++connections === 1) close();
  });
  using orac = opened(server.url, { transport: "websocket" });
  const pcm = sound(1280 * 4);
  const session = orac.sink.open(COMMAND, new AbortController().signal);
  while (connections < 2) await Bun.sleep(1);
  server.heard.pcm.length = 0;
  session.push(pcm);
  expect((await session.end(Date.now())).transcript).toBe("whole");
  expect(Buffer.concat(server.heard.pcm).equals(Buffer.from(pcm.buffer))).toBe(true);
});

test.each([
  ["hangs up after the end was said", (_: string, __: unknown, close: () => void) => close(), "unreachable"],
  ["says that it failed", (_: string, send: (text: string) => void) => send('{"type":"error","error":"x"}'), "refused"],
  [
    "gives a failure for a text",
    (_: string, send: (text: string) => void) =>
      send(
        JSON.stringify({
          type: "transcription",
          ...transcription("[Transcription Failed: x]", { confidence: 0, language: "unknown" }),
        }),
      ),
    "refused",
  ],
  ["sends garbage", (_: string, send: (text: string) => void) => send("}{"), "bad_answer"],
  ["sends a megabyte", (_: string, send: (text: string) => void) => send(`"${"x".repeat(1 << 20)}"`), "bad_answer"],
] as const)("by WebSocket one that %s: the command fails once", async (_, answer, code) => {
  let ends = 0;
  using server = socketServer((text, send, close) => {
    if (!isEnd(text)) return;
    ends++;
    answer(text, send, close);
  });
  using orac = opened(server.url, { transport: "websocket" });
  expect(await failure(said(orac.sink, sound(3000)))).toMatchObject({ code });
  expect(ends).toBe(1);
});

test("one that takes the connection and answers nothing is tried again while the person speaks, and costs the time limit", async () => {
  let connections = 0;
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => {
        connections++;
      },
      data() {},
    },
  });
  // The limit for a connection is 3 s: not for this test.
  const times: Times = { ...TIMES, sleep: (ms, signal) => sleep(ms === 3000 ? 30 : ms, signal) };
  using orac = opened(`http://127.0.0.1:${server.port}`, { transport: "websocket", timeout: 200 }, times);
  const session = orac.sink.open(COMMAND, new AbortController().signal);
  session.push(sound(3000));
  while (connections < 4) await Bun.sleep(1);
  const beganMs = performance.now();
  const error = await failure(session.end(Date.now()));
  expect(["too_slow", "unreachable"]).toContain(error.code);
  expect(performance.now() - beganMs).toBeLessThan(1500);
  server.stop(true);
});

test("where streaming is switched off the hint says what to set", async () => {
  using server = oracServer(() => Response.json(transcription("x")));
  using orac = opened(server.url, { transport: "websocket" });
  const error = await failure(said(orac.sink, sound(3000)));
  expect(error.hint).toContain("transport: multipart");
});
