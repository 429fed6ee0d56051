/** What happens after the word: who understands a command, who acts on it, who speaks the answer. Part of the schema. */
import { z } from "zod";
import { durationBetween } from "./duration.ts";

const DEFAULT_TIMEOUT_MS = 10_000;
const timeout = durationBetween(100, 120_000).default(DEFAULT_TIMEOUT_MS);

/** Of a server, or of one thing on it; http or https. */
export const serverUrl = z.string().superRefine((text, context) => {
  const wrong = wrongWithUrl(text);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});

/** Sent as `Authorization: Bearer ...`; neither shown nor logged. */
const apiKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,4096}$/, "a key has no spaces, and no letters beyond ASCII")
  .optional();
/** As of speech servers: a code such as en; without it the server finds out. */
const language = z
  .string()
  .regex(/^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$/, "a code such as en or en-GB")
  .optional();
export const topicName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "letters, digits, dots, dashes, underscores; 64 characters at most");
const port = z.int().min(1).max(65_535);
/** A name or an address alone, as Wyoming's servers are known by: many write tcp://HOST:PORT, as those print it. */
const hostName = z
  .string()
  .min(1)
  .max(253)
  .refine((text) => !/[\s/]/.test(text) && !/^[^:]*:\d+$/.test(text), {
    message: "a name or an address alone, as 127.0.0.1: no tcp:// before it, and its port stands in port",
  });
const program = z.string().min(1);
/** Given as they are: there is no shell. */
const args = z.array(z.string().max(4096)).max(64).default([]);

export const sinkSettings = z.discriminatedUnion("kind", [
  /** Nothing is recorded. */
  z.strictObject({ kind: z.literal("none") }),
  /** POST {url}/v1/audio/transcriptions, as OpenAI's and those that are like it. */
  z.strictObject({
    kind: z.literal("openai"),
    url: serverUrl,
    model: z.string().min(1).max(128).default("whisper-1"),
    language,
    api_key: apiKey,
    timeout,
  }),
  /** ORAC-STT, as of hey-orac. */
  z.strictObject({
    kind: z.literal("orac"),
    url: serverUrl,
    /** websocket sends while the person still speaks, multipart afterwards. */
    transport: z.enum(["websocket", "multipart"]).default("websocket"),
    /** Of models that have none of their own. */
    topic: topicName.default("general"),
    language,
    /** How often ORAC-STT is told that we are there. */
    heartbeat: durationBetween(1000, 3_600_000).default(30_000),
    timeout,
  }),
  /** A Wyoming speech-to-text server. */
  z.strictObject({
    kind: z.literal("wyoming"),
    host: hostName,
    port: port.default(10_300),
    /** Without it the server's own. */
    model: z.string().min(1).max(128).optional(),
    language,
    timeout,
  }),
  /** hey-orac's JSON, with the sound of the command. */
  z.strictObject({
    kind: z.literal("webhook"),
    url: serverUrl,
    /** none, multipart (a part "event" and a part "file"), or base64: a WAV file in the field "audio". */
    audio: z.enum(["none", "multipart", "base64"]).default("multipart"),
    api_key: apiKey,
    timeout,
  }),
  /** A WAV file on standard input, the transcript on standard output. */
  z.strictObject({ kind: z.literal("program"), program, args, timeout }),
]);

export const intentSettings = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  /** JSON with the transcript in, JSON with text, command and audio out. */
  z.strictObject({ kind: z.literal("webhook"), url: serverUrl, api_key: apiKey, timeout }),
]);

export const speechSettings = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  /** POST {url}/v1/audio/speech. */
  z.strictObject({
    kind: z.literal("openai"),
    url: serverUrl,
    model: z.string().min(1).max(128).default("tts-1"),
    voice: z.string().min(1).max(128).default("alloy"),
    api_key: apiKey,
    timeout,
  }),
  /** A Wyoming text-to-speech server. */
  z.strictObject({
    kind: z.literal("wyoming"),
    host: hostName,
    port: port.default(10_200),
    /** Without it the server's own. */
    voice: z.string().min(1).max(128).optional(),
    timeout,
  }),
  /** The text on standard input, a sound file on standard output. */
  z.strictObject({ kind: z.literal("program"), program, args, timeout }),
]);

export type SinkSettings = z.infer<typeof sinkSettings>;
export type IntentSettings = z.infer<typeof intentSettings>;
export type SpeechSettings = z.infer<typeof speechSettings>;
export type SettingsOf<T extends { readonly kind: string }, K extends T["kind"]> = Extract<T, { readonly kind: K }>;

function wrongWithUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return "a URL is expected, as http://127.0.0.1:8000";
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "it must begin with http:// or https://";
  if (username !== "" || password !== "") return "no user and password in a URL: they would be shown and logged";
  return hash === "" ? undefined : "a URL without # is expected";
}

/** A `command` section as it may be shown: without keys. */
export function withoutKeys<T>(settings: T): T {
  return JSON.parse(JSON.stringify(settings, (key, value) => (key === "api_key" ? undefined : value))) as T;
}

interface WithPrograms {
  readonly sink: SinkSettings;
  readonly speech: SpeechSettings;
}

/** @param resolved where a program lies that is named by a path; one without is looked for as a shell does */
export function withPrograms<T extends WithPrograms>(command: T, resolved: (path: string) => string): T {
  const placed = <S extends SinkSettings | SpeechSettings>(settings: S): S =>
    settings.kind === "program" && settings.program.includes("/")
      ? { ...settings, program: resolved(settings.program) }
      : settings;
  return { ...command, sink: placed(command.sink), speech: placed(command.speech) };
}
