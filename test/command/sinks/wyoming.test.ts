import { expect, test } from "bun:test";
import { openSink } from "../../../src/command/open-sink.ts";
import type { SettingsOf, SinkSettings } from "../../../src/config/command-settings.ts";
import { wyomingEvent } from "../../../src/wyoming/codec.ts";
import { COMMAND, failure, KeptLog, said, sound, TIMES } from "../around.ts";
import { WyomingServer } from "../wyoming-server.ts";

type Settings = SettingsOf<SinkSettings, "wyoming">;

function opened(port: number, settings: Partial<Settings> = {}) {
  const log = new KeptLog();
  const opened = openSink(
    { kind: "wyoming", host: "127.0.0.1", port, timeout: 5000, ...settings },
    { times: TIMES, log, instance: () => "hall", listenedWords: () => [] },
  );
  if (opened === undefined) throw new Error("no sink");
  return { ...opened, log };
}

const transcript = (text: unknown) => wyomingEvent("transcript", { text });

test("the server has the sound before the person has stopped speaking, and all of it at the end, sample for sample", async () => {
  using server = new WyomingServer(({ type }, say) => {
    if (type === "audio-stop") say(transcript("good  night\n"));
  });
  const { sink } = opened(server.port, { model: "tiny", language: "de" });
  const pcm = sound(16_000 * 3 + 11);
  const session = sink.open(COMMAND, new AbortController().signal);
  session.push(pcm.subarray(0, 16_000));
  while (server.pcm.length < 12 * 2560) await Bun.sleep(1);
  expect(server.types).not.toContain("audio-stop");
  session.push(pcm.subarray(16_000));
  expect(await session.end(Date.now())).toEqual({ transcript: "good night" });
  expect(server.pcm.equals(Buffer.from(pcm.buffer))).toBe(true);
  const [transcribe, start] = server.events;
  expect(transcribe).toMatchObject({ type: "transcribe", data: { name: "tiny", language: "de" } });
  expect(start).toMatchObject({ type: "audio-start", data: { rate: 16_000, width: 2, channels: 1 } });
  expect([...new Set(server.types)]).toEqual(["transcribe", "audio-start", "audio-chunk", "audio-stop"]);
  const times = server.events.slice(1).map(({ data }) => data.timestamp);
  expect(times).toEqual([0, ...Array.from({ length: 38 }, (_, chunk) => chunk * 80), 3001]);
});

test("a server that does not read for a while loses nothing", async () => {
  using server = new WyomingServer(({ type }, say) => {
    if (type === "audio-stop") say(transcript("all of it"));
  });
  const { sink } = opened(server.port);
  server.freeze();
  const pcm = sound(16_000 * 15);
  const session = sink.open(COMMAND, new AbortController().signal);
  for (let at = 0; at < pcm.length; at += 1280) {
    session.push(pcm.subarray(at, at + 1280));
    if (at === 1280 * 20) await Bun.sleep(100);
  }
  const understood = session.end(Date.now());
  await Bun.sleep(100);
  server.thaw();
  expect((await understood).transcript).toBe("all of it");
  expect(server.pcm.equals(Buffer.from(pcm.buffer))).toBe(true);
});

test("a connection that breaks is made again, with everything from the first sample on", async () => {
  let connections = 0;
  using server = new WyomingServer(({ type }, say, hangUp) => {
    if (type === "audio-start" && ++connections === 1) hangUp();
    if (type === "audio-stop") say(transcript("whole"));
  });
  const pcm = sound(5000);
  expect((await said(opened(server.port).sink, pcm)).transcript).toBe("whole");
  expect(connections).toBe(2);
  expect(server.pcm.equals(Buffer.from(pcm.buffer))).toBe(true);
});

test("a server that finds the end of the speech by itself, and hangs up, is believed", async () => {
  using server = new WyomingServer(({ type, data }, say, hangUp) => {
    if (type !== "audio-chunk" || data.timestamp !== 800) return;
    say(transcript("early"));
    hangUp();
  });
  const { sink, log } = opened(server.port);
  const session = sink.open(COMMAND, new AbortController().signal);
  session.push(sound(16_000));
  while (server.connections === 0 || server.open > 0) await Bun.sleep(1);
  session.push(sound(16_000));
  expect((await session.end(Date.now())).transcript).toBe("early");
  expect([server.connections, log.lines]).toEqual([1, []]);
});

test("what else a server says is passed over", async () => {
  using server = new WyomingServer(({ type }, say) => {
    if (type !== "audio-stop") return;
    say(wyomingEvent("transcript-start", { language: "en" }));
    say(wyomingEvent("transcript-chunk", { text: "wh" }));
    say(transcript("whole"));
  });
  expect((await said(opened(server.port).sink, sound(5000))).transcript).toBe("whole");
});

test.each([
  ["an error", wyomingEvent("error", { text: "out of memory" }), "refused"],
  ["a transcript without text", wyomingEvent("transcript", {}), "bad_answer"],
  ["a text that is none", transcript(["x"]), "bad_answer"],
] as const)("%s: the command fails", async (_, answer, code) => {
  using server = new WyomingServer(({ type }, say) => {
    if (type === "audio-stop") say(answer);
  });
  expect(await failure(said(opened(server.port).sink, sound(5000)))).toMatchObject({ code });
});

test.each([
  ["garbage", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), "does not speak Wyoming"],
  ["a line without an end", Buffer.alloc(100_000, 32), "header"],
  ["a length beyond all limits", Buffer.from('{"type":"transcript","payload_length":99999999999}\n'), "payload"],
  ["events without an end", Buffer.from('{"type":"ping"}\n'.repeat(70_000)), "more than"],
])("%s: the command fails once, and the connection is closed", async (_, bytes, words) => {
  using server = new WyomingServer(() => {});
  server.greeting = bytes;
  const error = await failure(said(opened(server.port, { timeout: 3000 }).sink, sound(5000)));
  expect(error).toMatchObject({ code: "bad_answer" });
  expect(error.message).toContain(words);
  expect(server.connections).toBe(1);
  while (server.open > 0) await Bun.sleep(1);
});

test("one that takes everything and says nothing costs the time limit", async () => {
  using server = new WyomingServer(() => {});
  const error = await failure(said(opened(server.port, { timeout: 120 }).sink, sound(5000)));
  expect(error).toMatchObject({ code: "too_slow" });
  expect(error.message).toBe(`the Wyoming speech-to-text at 127.0.0.1:${server.port} gave no answer within 120 ms`);
  while (server.open > 0) await Bun.sleep(1);
});

test("nobody there: it is looked for while the person speaks, and found when it comes", async () => {
  let port = 0;
  {
    using gone = new WyomingServer(() => {});
    port = gone.port;
  }
  const { sink, log } = opened(port);
  const pcm = sound(5000);
  const session = sink.open(COMMAND, new AbortController().signal);
  session.push(pcm);
  while (log.lines.length === 0) await Bun.sleep(1);
  expect(log.lines[0]).toContain("nobody listens there");
  using server = new WyomingServer(({ type }, say) => {
    if (type === "audio-stop") say(transcript("here"));
  }, port);
  expect((await session.end(Date.now())).transcript).toBe("here");
  expect(server.pcm.equals(Buffer.from(pcm.buffer))).toBe(true);
});
