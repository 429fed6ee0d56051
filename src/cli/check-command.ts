/**
 * Whether those are there who understand commands, act on them and speak the answers. Nothing is asked that could set
 * anything off: of a webhook no more than whether somebody answers at its address, of a program whether it may be run.
 */
import { access, constants, stat } from "node:fs/promises";
import { within } from "../command/ask-server.ts";
import { type ErrorWords, failureOf, keyRefused, WANTS_A_KEY, wordsFor } from "../command/failure.ts";
import { whyNotStarted } from "../command/run-program.ts";
import { SinkError } from "../command/sink.ts";
import { sleep, type Times } from "../command/times.ts";
import { withWyoming, wyomingWords } from "../command/with-wyoming.ts";
import type { IntentSettings, SinkSettings, SpeechSettings } from "../config/command-settings.ts";
import type { Config } from "../config/schema.ts";
import { wyomingEvent } from "../wyoming/codec.ts";
import type { Tell } from "./checks.ts";

const LIMIT_MS = 5000;
const MOST_INFO_BYTES = 1 << 20;

type Asked = SinkSettings | IntentSettings | SpeechSettings;

interface Place {
  readonly name: "sink" | "intent" | "speech";
  /** As its errors call it. */
  readonly what: string;
  /** What a Wyoming server has of it, by its `info`. */
  readonly offers: "asr" | "tts";
  readonly settings: Asked;
}

export async function checkCommand(
  { command, wake, relay }: Pick<Config, "command" | "wake" | "relay">,
  tell: Tell,
  limitMs = LIMIT_MS,
): Promise<void> {
  const { sink, intent, speech } = command;
  const places: readonly Place[] = [
    { name: "sink", what: "transcription", offers: "asr", settings: sink },
    { name: "intent", what: "the intent handler", offers: "asr", settings: intent },
    { name: "speech", what: "speech", offers: "tts", settings: speech },
  ];
  const asked = places.filter(({ settings }) => settings.kind !== "none");
  const told = Object.entries(wake.models).flatMap(([model, { enabled, webhook_url: url }]) =>
    enabled && url !== undefined ? [{ model, url }] : [],
  );
  if (relay.hub !== undefined) {
    if (asked.length + told.length === 0) return;
    const message = "command and webhook_url count on a hub, and this machine is a relay: they do nothing here";
    tell({ name: "commands", level: "warning", message, hint: `set them on the hub, ${relay.hub}` });
    return;
  }
  if (sink.kind === "none") {
    const message = "nobody understands commands: a wake word is noticed, and nothing follows";
    tell({ name: "commands", level: "ok", message, hint: "command.sink in docs/operating.md, if something is to" });
  }
  const checks = [
    ...asked.map((place) => ({ name: place.name, look: () => lookAt(place, limitMs) })),
    ...told.map(({ model, url }) => {
      const words = wordsFor("the webhook", url, `webhook_url of ${model}`);
      return { name: "webhook", look: () => answersAt(url, words, limitMs) };
    }),
  ];
  for (const { name, look } of checks) {
    try {
      tell({ name, level: "ok", message: await look() });
    } catch (error) {
      if (!(error instanceof SinkError)) throw error;
      tell({ name, level: "failed", message: error.message, hint: error.hint });
    }
  }
}

/** @returns what is well. @throws SinkError */
function lookAt({ name, what, offers, settings }: Place, limitMs: number): Promise<string> {
  const section = `command.${name}`;
  switch (settings.kind) {
    case "none":
      return Promise.resolve("none");
    case "openai": {
      const words = wordsFor(what, settings.url, `${section}.url`, `${section}.api_key`);
      return takesKey(settings.url, settings.api_key, words, limitMs);
    }
    case "orac":
      return isOrac(settings.url, wordsFor("ORAC-STT", settings.url, `${section}.url`), limitMs);
    case "webhook":
      return answersAt(settings.url, wordsFor(what, settings.url, `${section}.url`), limitMs);
    case "wyoming": {
      const { host, port } = settings;
      const kind = offers === "asr" ? "speech-to-text" : "text-to-speech";
      return offersIt({ host, port, offers, words: wyomingWords(kind, host, port, section) }, limitMs);
    }
    case "program":
      return mayRun(settings.program, section);
  }
}

/** `HEAD /`: whatever it answers, somebody is there. */
async function answersAt(url: string, words: ErrorWords, limitMs: number): Promise<string> {
  await statusOf("HEAD", new URL(url).origin, {}, words, limitMs);
  return `${words.server}: somebody answers there`;
}

/** Its list of models, which a server without keys may not have. */
async function takesKey(url: string, key: string | undefined, words: ErrorWords, limitMs: number): Promise<string> {
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const status = await statusOf("GET", within(url, "v1/models"), headers, words, limitMs);
  if (WANTS_A_KEY.includes(status)) throw keyRefused(status, words, key !== undefined);
  return `${words.server}: somebody answers there`;
}

async function isOrac(url: string, words: ErrorWords, limitMs: number): Promise<string> {
  const status = await statusOf("GET", within(url, "stt/v1/health"), {}, words, limitMs);
  if (status === 200) return `${words.server} is well`;
  throw new SinkError("refused", `${words.server} answered ${status} to GET /stt/v1/health`, words.hint);
}

async function statusOf(
  method: "GET" | "HEAD",
  url: string,
  headers: Record<string, string>,
  words: ErrorWords,
  limitMs: number,
): Promise<number> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    const response = await fetch(url, { method, headers, redirect: "manual", keepalive: false, signal: limit });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    throw limit.aborted ? tooSlow(words, limitMs) : failureOf(error, words, false);
  }
}

interface WyomingPlace {
  readonly host: string;
  readonly port: number;
  readonly offers: "asr" | "tts";
  readonly words: ErrorWords;
}

async function offersIt({ host, port, offers, words }: WyomingPlace, limitMs: number): Promise<string> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await withWyoming(
      { host, port, mostBytes: MOST_INFO_BYTES, signal: limit },
      words,
      TIMES,
      async (client) => {
        client.send(wyomingEvent("describe", {}));
        for (;;) {
          const { type, data } = await client.next();
          if (type !== "info") continue;
          const services = data[offers];
          if (Array.isArray(services) && services.length > 0) return `${words.server} is well`;
          throw new SinkError("refused", `${words.server} offers something else`, words.hint);
        }
      },
    );
  } catch (error) {
    throw limit.aborted ? tooSlow(words, limitMs) : error;
  }
}

/** @throws SinkError */
async function mayRun(program: string, section: string): Promise<string> {
  const words = { server: `the program ${program}`, hint: `${section}.program names it` };
  const path = program.includes("/") ? program : Bun.which(program);
  try {
    if (path === null) throw Object.assign(new Error("it is nowhere in PATH"), { code: "ENOENT" });
    await access(path, constants.X_OK);
    if ((await stat(path)).isDirectory()) throw Object.assign(new Error("it is a folder"), { code: "EACCES" });
    return `${words.server} is there`;
  } catch (cause) {
    const { why, hint = words.hint } = whyNotStarted(program, cause);
    throw new SinkError("refused", `${words.server} cannot be started: ${why}`, hint, { cause });
  }
}

function tooSlow({ server, hint }: ErrorWords, limitMs: number): SinkError {
  return new SinkError("too_slow", `${server} gives no answer within ${limitMs} ms`, hint);
}

const TIMES: Times = { monotonicMs: () => performance.now(), unixMs: Date.now, random: Math.random, sleep };
