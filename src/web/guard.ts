/**
 * Who may come in, by each door. The page and the API: whoever knows the password, and while there is none, programs and
 * pages of this machine. Relays and senders of sound: whoever has a token or knows the password, and programs of this
 * machine. And no page of another origin may act through a browser that is let in.
 */
import { timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getConnInfo } from "hono/bun";
import { HTTPException } from "hono/http-exception";
import { type Config, isLoopback } from "../config/schema.ts";
import type { KnownToken } from "../relay/token-file.ts";
import { checkUpgrade, isForwarded } from "../relay/upgrade.ts";
import { FailedTries } from "./failed-tries.ts";
import { WebError } from "./web-error.ts";

export const USER_NAME = "earshot";
/** Of a request: another guard has let it in. */
const LET_IN = "letIn";

export interface GuardOptions {
  /** What counts now; it may change while running. */
  readonly web: () => Pick<Config["web"], "password" | "loopback_needs_token" | "origins">;
  readonly token: (presented: string) => KnownToken | undefined;
  readonly monotonicMs: () => number;
}

export class Guard {
  readonly #options: GuardOptions;
  readonly #tries = new FailedTries();

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** For the page and the API. */
  readonly page: MiddlewareHandler = async (context, next) => {
    if (context.get(LET_IN) !== true) {
      this.#mindHost(context);
      this.#mindPassword(context);
      this.#mindOrigin(context);
    }
    await next();
  };

  /** For sound that comes by a request, in front of {@link page}: its sender is a relay like any other. */
  readonly sender: MiddlewareHandler = async (context, next) => {
    const token = this.relay(context);
    const name = context.req.param("name");
    if (token !== undefined && token.name !== name) {
      throw new WebError(
        403,
        "wrong_id",
        `the token is for "${token.name}", not for "${name}"`,
        "pair it under that name",
      );
    }
    context.set(LET_IN, true);
    await next();
  };

  /**
   * For the doors of relays.
   *
   * @returns the token that it has; undefined for who needs none
   * @throws WebError
   */
  relay(context: Context): KnownToken | undefined {
    const { web, token } = this.#options;
    const { origins, loopback_needs_token: loopbackNeedsToken } = web();
    const address = addressOf(context);
    const authorization = context.req.header("authorization");
    const checked = checkUpgrade(
      { address, header: (name) => context.req.header(name) },
      {
        check: token,
        knowsPassword: (text) => this.#isPassword(text, guesserOf(context)),
        loopbackNeedsToken,
        origins,
      },
    );
    if (checked.kind === "accepted") return checked.token;
    // A token cannot be guessed, so a right one is let in whatever came before; a password might be.
    if (checked.code === "wrong_token" || (checked.code === "no_token" && isBasic(authorization))) {
      this.#refuseGuess(guesserOf(context));
    }
    throw new WebError(checked.status, checked.code, checked.message, checked.hint);
  }

  /**
   * Without a password loopback is the wall, and a page on the web can get over it by giving its own name our address
   * (DNS rebinding): then the Host header is that name.
   */
  #mindHost(context: Context): void {
    const { hostname } = new URL(context.req.url);
    if (this.#options.web().password !== undefined || isLoopback(hostname)) return;
    const hint = "open it as http://localhost:PORT, or set web.password";
    throw new WebError(403, "foreign_host", `this is not ${hostname}`, hint);
  }

  #mindPassword(context: Context): void {
    if (this.#options.web().password === undefined) return;
    const authorization = context.req.header("authorization");
    const guesser = guesserOf(context);
    if (this.#isPassword(authorization, guesser)) return;
    if (isBasic(authorization)) this.#refuseGuess(guesser);
    const error = { code: "password_needed", message: "a password is needed", hint: `the user name is ${USER_NAME}` };
    const headers = { "www-authenticate": 'Basic realm="Earshot"' };
    throw new HTTPException(401, { res: Response.json({ error }, { status: 401, headers }) });
  }

  /** Browsers say where a request comes from; programs say nothing, and are not what this is about. */
  #mindOrigin(context: Context): void {
    const origin = context.req.header("origin");
    const upgrades = context.req.header("upgrade") !== undefined;
    const reads = context.req.method === "GET" || context.req.method === "HEAD";
    if (origin === undefined || (reads && !upgrades) || this.#options.web().origins.includes(origin)) return;
    if (hostOf(origin) === context.req.header("host")) return;
    throw new WebError(
      403,
      "foreign_origin",
      `a page of ${origin} may not do this`,
      "web.origins names those that may",
    );
  }

  /** Whoever guessed too often is not even heard: the right password would be one more guess. */
  #isPassword(authorization: string | undefined, guesser: string): boolean {
    const { password } = this.#options.web();
    if (password === undefined || authorization === undefined || this.#waitMs(guesser) > 0) return false;
    return isSame(authorization.replace(/^basic +/i, ""), Buffer.from(`${USER_NAME}:${password}`).toString("base64"));
  }

  #waitMs(guesser: string): number {
    return this.#tries.waitMs(guesser, this.#options.monotonicMs());
  }

  /** Counts a guess. @throws WebError where there were too many */
  #refuseGuess(guesser: string): void {
    const waitMs = this.#waitMs(guesser);
    if (waitMs > 0) {
      const message = `too many wrong passwords or tokens from ${guesser}`;
      throw new WebError(429, "too_many_tries", message, `wait ${Math.ceil(waitMs / 1000)} s, then try one at a time`);
    }
    this.#tries.failed(guesser, this.#options.monotonicMs());
  }
}

/** Of the peer; empty where there is no connection. */
export function addressOf(context: Context): string {
  return context.env === undefined ? "" : (getConnInfo(context).remote.address ?? "");
}

/** Whoever comes by a proxy of this machine must not shut out the programs of this machine. */
function guesserOf(context: Context): string {
  const proxied = isForwarded((name) => context.req.header(name));
  return proxied ? `the proxy at ${addressOf(context)}` : addressOf(context);
}

function isBasic(authorization: string | undefined): boolean {
  return /^basic +\S/i.test(authorization ?? "");
}

/** Takes as long for all that are not the same. */
function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => new Bun.CryptoHasher("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
