/** A running Earshot, as the commands that ask it see it. */

import type { Config } from "../config/schema.ts";
import { USER_NAME } from "../web/guard.ts";

/** The program does not answer, or says no. */
export class ApiError extends Error {
  override readonly name = "ApiError";
}

export interface Api {
  readonly url: string;
  /** @throws ApiError */
  get<T>(path: string): Promise<T>;
  /** @throws ApiError */
  post<T>(path: string, body: unknown): Promise<T>;
}

const TIME_LIMIT_MS = 5000;
/** It is this machine that is asked, by an address that its certificate need not name: whoever can listen there can read its files. */
const ANY_CERTIFICATE = { rejectUnauthorized: false };

export function createApi({ web }: Config): Api {
  // A program that listens everywhere is reached on loopback.
  const host = web.host === "0.0.0.0" || web.host === "::" ? "127.0.0.1" : web.host;
  const secure = web.tls.cert !== undefined;
  const url = `${secure ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${web.port}`;
  const headers: Record<string, string> =
    web.password === undefined ? {} : { authorization: `Basic ${btoa(`${USER_NAME}:${web.password}`)}` };

  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const signal = AbortSignal.timeout(TIME_LIMIT_MS);
    const response = await fetch(url + path, { ...init, signal, ...(secure && { tls: ANY_CERTIFICATE }) }).catch(
      (cause: unknown) => {
        const why =
          cause instanceof Error && cause.name === "TimeoutError" ? "it did not answer in 5 s" : "nothing answers";
        throw new ApiError(
          `no earshot at ${url}: ${why}; start it with "earshot run", or name another with --host and --port`,
        );
      },
    );
    const answer = (await response.json().catch(() => undefined)) as
      | { readonly error?: { readonly message: string; readonly hint?: string } }
      | undefined;
    // Health answers 503 with a body of its own.
    if (answer === undefined || answer.error !== undefined) {
      const { message = `${response.status} ${response.statusText}`, hint } = answer?.error ?? {};
      throw new ApiError(hint === undefined ? message : `${message} (${hint})`);
    }
    return answer as T;
  };
  return {
    url,
    get: (path) => ask(path, { headers }),
    post: (path, body) =>
      ask(path, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
  };
}
