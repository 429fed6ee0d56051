/**
 * One POST to a server that may be anything: no redirects, a limit on what comes back, no compression, a connection of its
 * own. What goes wrong is a `SinkError` that names the server and says whether trying again may help and do no harm.
 */
import { type ErrorWords, failureOf, keyRefused, WANTS_A_KEY } from "./failure.ts";
import { SinkError } from "./sink.ts";

export interface Question {
  readonly url: string;
  readonly body: Uint8Array<ArrayBuffer> | string;
  readonly headers: Readonly<Record<string, string>>;
  readonly apiKey?: string | undefined;
  /** Of the answer; more is an error. */
  readonly mostBytes: number;
  /** Whether the server does nothing but answer, so that it may be asked twice. */
  readonly repeatable: boolean;
  readonly words: ErrorWords;
}

export interface Answer {
  /** Of the answer's kind, without parameters: `application/json`; empty where there is none. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Statuses of servers that are busy, restarting, or behind a proxy that finds them away. */
const TRY_AGAIN: readonly number[] = [408, 425, 429, 502, 503, 504];

/** @throws SinkError, or the signal's reason when that is aborted */
export async function askServer(question: Question, signal: AbortSignal): Promise<Answer> {
  const { url, body, headers, apiKey, mostBytes, repeatable, words } = question;
  let reached = false;
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: {
        ...headers,
        // Compressed, a small answer can become one without an end.
        "accept-encoding": "identity",
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      // Speech and key are for this server, and for no other that it names.
      redirect: "manual",
      // A connection that was kept may be dead by now, and then nobody knows whether the command was taken.
      keepalive: false,
      signal,
      decompress: false,
    });
    reached = true;
    const { status } = response;
    if (status < 200 || status >= 300) {
      await response.body?.cancel();
      throw refusal(status, { repeatable, words, hasKey: apiKey !== undefined });
    }
    const bytes = await bodyOf(response, mostBytes, words);
    return { type: response.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "", bytes };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof SinkError) throw error;
    throw failureOf(error, words, repeatable || (!reached && isUnsent(error)));
  }
}

async function bodyOf(response: Response, mostBytes: number, words: ErrorWords): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    length += part.length;
    if (length > mostBytes) {
      throw new SinkError("bad_answer", `${words.server} answered more than ${mostBytes} bytes`, words.hint);
    }
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

interface Refused {
  readonly repeatable: boolean;
  readonly words: ErrorWords;
  /** It was sent a key. */
  readonly hasKey: boolean;
}

function refusal(status: number, { repeatable, words, hasKey }: Refused): SinkError {
  const { server, hint } = words;
  if (status >= 300 && status < 400) {
    return new SinkError("refused", `${server} answered ${status}, which sends elsewhere`, "set the URL it really has");
  }
  if (WANTS_A_KEY.includes(status)) return keyRefused(status, words, hasKey);
  if (status === 404 || status === 405) {
    return new SinkError("refused", `${server} answered ${status}: it has no such service`, hint);
  }
  const code = status >= 500 || TRY_AGAIN.includes(status) ? "unreachable" : "refused";
  const again = repeatable && (status >= 500 || TRY_AGAIN.includes(status));
  return new SinkError(code, `${server} answered ${status}`, "see what it logs", { again });
}

/** Bun's names for a connection that never came to be. */
const NEVER_CONNECTED: readonly string[] = [
  ...["ConnectionRefused", "FailedToOpenSocket", "ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH"],
];

function isUnsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && NEVER_CONNECTED.includes(String(error.code));
}

/** @throws SinkError when it is no JSON */
export function jsonOf({ bytes }: Answer, { server, hint }: ErrorWords): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SinkError("bad_answer", `${server} answered something that is no JSON`, hint, { cause });
  }
}

/**
 * Many write a server's URL as its own documents do, with `/v1` or the whole path: what both have stands there once.
 *
 * @returns the URL of something on a server, whatever path the server itself has
 */
export function within(server: string, path: string): string {
  const url = new URL(server);
  const base = url.pathname.split("/").filter((part) => part !== "");
  const parts = path.split("/");
  let both = Math.min(base.length, parts.length);
  while (both > 0 && base.slice(-both).join("/") !== parts.slice(0, both).join("/")) both--;
  url.pathname = [...base, ...parts.slice(both)].join("/");
  return url.href;
}
