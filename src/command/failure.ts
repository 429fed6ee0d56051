/** What goes wrong on the way to a server or a program, in words for whoever runs this machine. */
import { SinkError } from "./sink.ts";

export interface ErrorWords {
  /** As errors name it: what it is, and where, without what may be secret in its URL. */
  readonly server: string;
  readonly hint: string;
}

/** @param setting the section of the configuration that names it */
export function wordsFor(kind: string, url: string, setting: string): ErrorWords {
  return { server: `${kind} at ${new URL(url).origin}`, hint: `see whether it runs, and whether ${setting} is right` };
}

/** @param again whether trying again may help and does no harm */
export function failureOf(error: unknown, { server, hint }: ErrorWords, again: boolean): SinkError {
  if (error instanceof SinkError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why = REASONS[code] ?? (code === "" ? "the connection broke off" : `the connection broke off (${code})`);
  return new SinkError("unreachable", `${server} cannot be reached: ${why}`, hint, { again, cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  ConnectionRefused: "nobody listens there",
  ECONNREFUSED: "nobody listens there",
  FailedToOpenSocket: "no such host, or no way there",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "no way there",
  ENETUNREACH: "no way there",
  ConnectionClosed: "it hung up",
  ECONNRESET: "it hung up",
};
