/**
 * Who may come in: without a password only programs and pages of this machine, with one whoever knows it; and no page
 * of another origin may act through a browser that is let in.
 */

import type { MiddlewareHandler } from "hono";
import { basicAuth } from "hono/basic-auth";
import { isLoopback } from "../config/schema.ts";
import { WebError } from "./web-error.ts";

export const USER_NAME = "earshot";

/** @param password the one that counts now; it may change while running */
export function requirePassword(password: () => string | undefined): MiddlewareHandler {
  return (context, next) => {
    const expected = password();
    if (expected === undefined) return next();
    return basicAuth({
      username: USER_NAME,
      password: expected,
      realm: "Earshot",
      invalidUserMessage: {
        error: { code: "password_needed", message: "a password is needed", hint: `the user name is ${USER_NAME}` },
      },
    })(context, next);
  };
}

/**
 * Without a password loopback is the wall, and a page on the web can get over it by giving its own name our address
 * (DNS rebinding): then the Host header is that name.
 */
export function requireOwnHost(password: () => string | undefined): MiddlewareHandler {
  return async (context, next) => {
    const { hostname } = new URL(context.req.url);
    if (password() === undefined && !isLoopback(hostname)) {
      throw new WebError(
        403,
        "foreign_host",
        `this is not ${hostname}`,
        "open it as http://localhost:PORT, or set web.password",
      );
    }
    await next();
  };
}

/** Browsers say where a request comes from; programs say nothing, and are not what this is about. */
export function requireOwnOrigin(): MiddlewareHandler {
  return async (context, next) => {
    const origin = context.req.header("origin");
    const upgrades = context.req.header("upgrade") !== undefined;
    const reads = context.req.method === "GET" || context.req.method === "HEAD";
    if (origin !== undefined && (upgrades || !reads) && hostOf(origin) !== context.req.header("host")) {
      throw new WebError(403, "foreign_origin", `a page of ${origin} may not do this`);
    }
    await next();
  };
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
