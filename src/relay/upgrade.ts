/** Who may be a relay, by the WebSocket or by a request with sound: looked at before either is taken. Pure. */
import { isLoopback } from "../config/schema.ts";
import { SUBPROTOCOL } from "./limits.ts";
import type { KnownToken } from "./token-file.ts";

/** A browser cannot set headers: it gives its token as a subprotocol beside {@link SUBPROTOCOL}. */
const TOKEN_PREFIX = "token.";

export interface UpgradeRequest {
  /** Of the peer: an IP address. */
  readonly address: string;
  /** Undefined where it is missing; names in lower case. */
  readonly header: (name: string) => string | undefined;
}

export interface UpgradeRules {
  readonly check: (token: string) => KnownToken | undefined;
  /** Whether an `authorization` header proves that somebody knows the page's password. Who does may change every setting. */
  readonly knowsPassword?: (authorization: string) => boolean;
  /** Whether programs of this machine need a token too. */
  readonly loopbackNeedsToken: boolean;
  /** Origins of pages that may be relays, besides the hub's own. */
  readonly origins: readonly string[];
}

export type Upgrade =
  | {
      readonly kind: "accepted";
      readonly token: KnownToken | undefined;
      /** What the answer must name as `sec-websocket-protocol`; undefined: nothing. */
      readonly subprotocol: string | undefined;
    }
  | {
      readonly kind: "refused";
      readonly status: 400 | 401 | 403;
      readonly code: string;
      readonly message: string;
      readonly hint: string;
    };

export function checkUpgrade(request: UpgradeRequest, rules: UpgradeRules): Upgrade {
  const offered = (request.header("sec-websocket-protocol") ?? "").split(",").flatMap((name) => name.trim() || []);
  const subprotocol = offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined;
  if (offered.length > 0 && subprotocol === undefined) {
    return refused(
      400,
      "unknown_subprotocol",
      `none of the subprotocols is known`,
      `${SUBPROTOCOL} is, or none at all`,
    );
  }
  const origin = request.header("origin");
  if (origin !== undefined && !isKnownOrigin(origin, request, rules)) {
    return refused(403, "foreign_origin", `a page of ${origin} may not be a relay`, "open the hub's own page");
  }
  const presented = presentedToken(request, offered);
  if (presented !== undefined) {
    const token = rules.check(presented);
    if (token !== undefined) return { kind: "accepted", token, subprotocol };
    return refused(401, "wrong_token", "the token is not known, or was revoked", "earshot token add NAME makes one");
  }
  const authorization = request.header("authorization");
  if (authorization !== undefined && rules.knowsPassword?.(authorization)) {
    return { kind: "accepted", token: undefined, subprotocol };
  }
  if (!rules.loopbackNeedsToken && isThisMachine(request)) return { kind: "accepted", token: undefined, subprotocol };
  return refused(
    401,
    "no_token",
    "a relay needs a token",
    "earshot token add NAME makes one; send it as authorization: Bearer TOKEN",
  );
}

/** The header counts before the subprotocol. */
function presentedToken(request: UpgradeRequest, offered: readonly string[]): string | undefined {
  const bearer = /^bearer +(\S+) *$/i.exec(request.header("authorization") ?? "")?.[1];
  return bearer ?? offered.find((name) => name.startsWith(TOKEN_PREFIX))?.slice(TOKEN_PREFIX.length);
}

/**
 * A peer on loopback may be a proxy that speaks for others, or a browser that was told a foreign name for this machine
 * (DNS rebinding): then the headers say so.
 */
function isThisMachine({ address, header }: UpgradeRequest): boolean {
  const host = hostnameOf(`http://${header("host") ?? ""}`);
  return isLoopback(address.replace(/^::ffff:/, "")) && host !== undefined && isLoopback(host) && !isForwarded(header);
}

/** Whether a proxy says that it speaks for another. */
export function isForwarded(header: UpgradeRequest["header"]): boolean {
  return ["forwarded", "x-forwarded-for", "x-real-ip", "via"].some((name) => header(name) !== undefined);
}

function isKnownOrigin(origin: string, { header }: UpgradeRequest, { origins }: UpgradeRules): boolean {
  if (origins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === header("host");
}

function hostnameOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}

function refused(status: 400 | 401 | 403, code: string, message: string, hint: string): Upgrade {
  return { kind: "refused", status, code, message, hint };
}
