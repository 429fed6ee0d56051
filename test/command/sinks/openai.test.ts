import { expect, test } from "bun:test";
import { parseWav } from "../../../src/audio/wav.ts";
import { openSink } from "../../../src/command/open-sink.ts";
import type { SettingsOf, SinkSettings } from "../../../src/config/command-settings.ts";
import { failure, KeptLog, said, sound, TIMES } from "../around.ts";
import { bytesOf, formOf, HttpServer } from "../http-server.ts";

type Settings = SettingsOf<SinkSettings, "openai">;

function opened(url: string, settings: Partial<Settings> = {}) {
  const log = new KeptLog();
  const around = { times: TIMES, log, instance: () => "hall", listenedWords: () => [] };
  const opened = openSink({ kind: "openai", url, model: "whisper-1", timeout: 5000, ...settings }, around);
  if (opened === undefined) throw new Error("no sink");
  return { ...opened, log };
}

const json = (value: unknown) => Response.json(value);

test("sends the command sample for sample as a WAV file, and gives back what was understood", async () => {
  using server = new HttpServer(() => json({ text: " turn on\n the light " }));
  const pcm = sound(16_000 * 15 + 7);
  const { sink } = opened(server.url, { model: "small", language: "en", api_key: "s3cret" });
  expect(await said(sink, pcm)).toEqual({ transcript: "turn on the light" });
  const [asked] = server.asked;
  if (asked === undefined) throw new Error("it was not asked");
  expect(asked.path).toBe("/v1/audio/transcriptions");
  expect(asked.headers.get("authorization")).toBe("Bearer s3cret");
  const form = await formOf(asked);
  expect([form.get("model"), form.get("language"), form.get("response_format")]).toEqual(["small", "en", "json"]);
  const file = form.get("file") as unknown as File;
  expect(file.name).toBe("audio.wav");
  const wav = parseWav(await bytesOf(file));
  expect(wav).toMatchObject({ sampleRateHz: 16_000, channels: 1 });
  expect(Buffer.from(wav.samples.buffer).equals(Buffer.from(pcm.buffer))).toBe(true);
});

test("a server behind a path of its own is asked there, without a key and a language that nobody set", async () => {
  using server = new HttpServer(() => json({ text: "yes" }));
  await said(opened(`${server.url}/whisper/`).sink, sound(1000));
  const [asked] = server.asked;
  if (asked === undefined) throw new Error("it was not asked");
  expect(asked.path).toBe("/whisper/v1/audio/transcriptions");
  expect(asked.headers.has("authorization")).toBe(false);
  expect((await formOf(asked)).has("language")).toBe(false);
});

test("each command has a connection of its own, and its answer comes as it is", async () => {
  const ports = new Set<number | undefined>();
  const encodings = new Set<string | null>();
  using listening = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => {
      ports.add(server.requestIP(request)?.port);
      encodings.add(request.headers.get("accept-encoding"));
      return json({ text: "yes" });
    },
  });
  const { sink } = opened(listening.url.origin);
  for (let command = 0; command < 3; command++) await said(sink, sound(1000));
  expect([ports.size, [...encodings]]).toEqual([3, ["identity"]]);
});

test("silence is an empty transcript, and no failure", async () => {
  using server = new HttpServer(() => json({ text: "  " }));
  expect(await said(opened(server.url).sink, sound(1000))).toEqual({ transcript: "" });
});

test("a server that is restarting is asked again, with the whole command", async () => {
  let times = 0;
  using server = new HttpServer(() => (times++ === 0 ? new Response("", { status: 503 }) : json({ text: "yes" })));
  const { sink, troubles, log } = opened(server.url);
  const pcm = sound(5000);
  expect((await said(sink, pcm)).transcript).toBe("yes");
  const bodies = await Promise.all(server.asked.map(async (asked) => bytesOf((await formOf(asked)).get("file"))));
  expect(bodies).toHaveLength(2);
  for (const body of bodies) expect(parseWav(body).samples).toEqual(pcm);
  expect(troubles()).toEqual([]);
  expect(log.lines.join()).toContain("answered 503");
});

test.each([
  ["no JSON", () => new Response("<html>"), "bad_answer", "no JSON"],
  ["JSON without a text", () => json({ words: [] }), "bad_answer", 'without a "text"'],
  ["a text that is none", () => json({ text: 7 }), "bad_answer", 'without a "text"'],
  ["another key is wanted", () => new Response("", { status: 401 }), "refused", "another key"],
  ["no such service", () => new Response("", { status: 404 }), "refused", "no such service"],
  ["bad UTF-8", () => new Response(new Uint8Array([34, 255, 34])), "bad_answer", "no JSON"],
  [
    "a compressed answer",
    () => new Response(Bun.gzipSync('{"text":"x"}'), { headers: { "content-encoding": "gzip" } }),
    "bad_answer",
    "no JSON",
  ],
  ["an answer without an end", () => endless(), "bad_answer", "more than 262144 bytes"],
] as const)("%s: it fails once, and says so", async (_, answer, code, words) => {
  using server = new HttpServer(answer);
  const { sink, troubles } = opened(server.url, { api_key: "s3cret" });
  const error = await failure(said(sink, sound(1000)));
  expect(error).toMatchObject({ code });
  expect(error.message).toContain(words);
  expect(error.message).toContain(server.url);
  expect(`${error.message} ${error.hint}`).not.toContain("s3cret");
  expect(server.asked).toHaveLength(1);
  expect(troubles()).toEqual([{ code: "sink_down", message: error.message, hint: error.hint }]);
});

function endless(): Response {
  const chunk = new Uint8Array(1 << 16).fill(32);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }));
}

test("nothing goes to where a redirect points, neither speech nor key", async () => {
  using elsewhere = new HttpServer(() => json({ text: "stolen" }));
  using server = new HttpServer(() => new Response("", { status: 307, headers: { location: `${elsewhere.url}/` } }));
  const error = await failure(said(opened(server.url, { api_key: "s3cret" }).sink, sound(1000)));
  expect(error).toMatchObject({ code: "refused" });
  expect(elsewhere.asked).toEqual([]);
});

test("a server that takes the command and never answers costs the time limit, and no more", async () => {
  using server = new HttpServer(() => new Promise<Response>(() => {}));
  const { sink } = opened(server.url, { timeout: 150 });
  const beganMs = performance.now();
  expect(await failure(said(sink, sound(1000)))).toMatchObject({ code: "too_slow" });
  expect(performance.now() - beganMs).toBeWithin(140, 1500);
});

test("nobody there: three tries, and words that say where", async () => {
  const gone = new HttpServer(() => json({}));
  const { url } = gone;
  gone[Symbol.dispose]();
  const { sink, log } = opened(url);
  const error = await failure(said(sink, sound(1000)));
  expect(error).toMatchObject({ code: "unreachable" });
  expect(error.message).toContain("nobody listens there");
  expect(log.lines.filter((line) => line.includes("tried again"))).toHaveLength(2);
});

test.each([
  ["hangs up at once", ""],
  ["hangs up in the middle of its headers", "HTTP/1.1 200 OK\r\ncontent-le"],
  ["hangs up in the middle of its answer", 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"text":'],
  ["speaks something else", "SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n"],
] as const)("a server that %s", async (_, text) => {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(text);
        socket.end();
      },
    },
  });
  const { sink } = opened(`http://127.0.0.1:${server.port}`, { timeout: 3000 });
  const error = await failure(said(sink, sound(1000)));
  expect(["unreachable", "bad_answer"]).toContain(error.code);
  server.stop(true);
});

test("headers without an end are given up", async () => {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(`HTTP/1.1 200 OK\r\n${"x-more: 0123456789\r\n".repeat(20_000)}`);
      },
    },
  });
  const { sink } = opened(`http://127.0.0.1:${server.port}`, { timeout: 500 });
  const error = await failure(said(sink, sound(1000)));
  expect(["unreachable", "too_slow"]).toContain(error.code);
  server.stop(true);
});
