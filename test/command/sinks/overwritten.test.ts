// What is made of a command's sound on its way out is overwritten too: the WAV file, and the form or the text around it.
import { afterAll, afterEach, expect, spyOn, test } from "bun:test";
import { openSink } from "../../../src/command/open-sink.ts";
import { sinkSettings } from "../../../src/config/command-settings.ts";
import { KeptLog, said, sound, TIMES } from "../around.ts";
import { HttpServer } from "../http-server.ts";

const SAMPLES = 5000;

const fetched = spyOn(globalThis, "fetch");
const spawned = spyOn(Bun, "spawn");
const filled = spyOn(Uint8Array.prototype, "fill");
afterEach(() => {
  for (const spy of [fetched, spawned, filled]) spy.mockClear();
});
afterAll(() => {
  for (const spy of [fetched, spawned, filled]) spy.mockRestore();
});

/** What was handed to a server or a program while a command was understood, and how many buffers of its size were overwritten. */
async function handedOut(settings: unknown) {
  const around = { times: TIMES, log: new KeptLog(), instance: () => "hall", listenedWords: () => [] };
  const opened = openSink(sinkSettings.parse(settings), around);
  if (opened === undefined) throw new Error("no sink");
  await said(opened.sink, sound(SAMPLES));
  opened.close();
  const bodies: unknown[] = fetched.mock.calls.map(([, init]) => init?.body);
  const inputs = (spawned.mock.calls as readonly (readonly unknown[])[]).map(([, options]) =>
    typeof options === "object" && options !== null && "stdin" in options ? options.stdin : undefined,
  );
  const isSound = (what: unknown): what is Uint8Array => what instanceof Uint8Array && what.length >= SAMPLES * 2;
  return {
    bytes: [...bodies, ...inputs].filter(isSound),
    overwritten: new Set((filled.mock.contexts as readonly unknown[]).filter(isSound)).size,
  };
}

test.each([
  ["openai", 2, {}],
  ["orac", 2, { transport: "multipart" }],
  ["webhook", 2, { audio: "multipart" }],
  ["webhook", 2, { audio: "base64" }],
  ["program", 1, { program: "sh", args: ["-c", "cat > /dev/null; echo yes"] }],
] as const)("%s: all %i copies", async (kind, copies, settings) => {
  using server = new HttpServer(() => Response.json({ text: "yes", transcript: "yes" }));
  const place = kind === "program" ? {} : { url: server.url };
  const { bytes, overwritten } = await handedOut({ kind, ...place, ...settings });
  expect(bytes).toHaveLength(1);
  expect(bytes[0]?.every((byte) => byte === 0)).toBe(true);
  expect(overwritten).toBe(copies);
});
