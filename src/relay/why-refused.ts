/**
 * Why a hub is not reached, or does not take this relay. No WebSocket tells what a server answers to an upgrade that it
 * refuses: the same is asked again as a request.
 */

/** For people, and a code for programs. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly hint: string;
}

/** What is needed of `fetch`, with Bun's own way to name an authority. */
export type Fetch = (
  url: string,
  init: RequestInit & { readonly tls?: { readonly ca: string } },
) => Promise<Pick<Response, "status" | "json">>;

/** What the door of relays says to a request that may come in: it would have taken the WebSocket. */
const WEBSOCKET_ONLY = 426;
const ANSWER_MS = 2000;

/** By the codes that Bun's `fetch` and OpenSSL give. */
const FAULTS: Readonly<Record<string, Refusal>> = {
  ECONNREFUSED: { code: "nobody_there", message: "nothing listens there", hint: "start the hub; is the port right?" },
  ENOTFOUND: {
    code: "unknown_name",
    message: "no machine of that name is found",
    hint: "write it as the hub's network knows it (hall.local), or its address",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    code: "other_name",
    message: "its certificate is for other names",
    hint: "dial it by a name in the certificate; earshot tls init --force --for NAME on the hub makes one with this name",
  },
  CERT_HAS_EXPIRED: {
    code: "expired",
    message: "its certificate has expired",
    hint: "earshot tls init --force on the hub makes a new one; or this machine's clock is wrong",
  },
  EPROTO: { code: "no_tls", message: "it speaks no TLS", hint: "dial it with ws://, or set web.tls on the hub" },
  FailedToOpenSocket: {
    code: "cannot_dial",
    message: "it cannot be dialled",
    hint: "is relay.ca_file a certificate (earshot-ca.crt of the hub), and the address right?",
  },
  TimeoutError: {
    code: "no_answer",
    message: `it does not answer within ${ANSWER_MS} ms`,
    hint: "is the machine on, and no firewall between?",
  },
};
const UNTRUSTED: Refusal = {
  code: "untrusted_certificate",
  message: "nobody whom this relay trusts vouches for its certificate",
  hint: "relay.ca_file (--ca-file) names the earshot-ca.crt of the hub",
};
const TLS_THERE: Refusal = {
  code: "wants_tls",
  message: "it ends a connection that is not TLS",
  hint: "does the hub have a certificate? dial it with wss://",
};

/**
 * @param url of the relay's door, as it was dialled: `ws://hub:7171/relay`
 * @returns undefined where the hub would take the relay, now or by a request
 */
export async function whyRefused(
  url: string,
  token: string | undefined,
  authority: string | undefined,
  request: Fetch = fetch,
): Promise<Refusal | undefined> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await request(url.replace(/^ws/, "http"), {
    headers,
    keepalive: false,
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS),
    ...(authority !== undefined && { tls: { ca: authority } }),
  }).catch((error: unknown) => faultOf(error, url));
  if ("hint" in answer) return answer;
  if (answer.status === WEBSOCKET_ONLY) return undefined;
  return refusalIn(await answer.json().catch(() => undefined)) ?? noHub(answer.status);
}

function noHub(status: number): Refusal {
  const hint = "is the address the hub's, and its port (7171)?";
  return { code: "no_hub", message: `what answers there (with ${status}) is no hub`, hint };
}

function faultOf(error: unknown, url: string): Refusal {
  const { name = "", code = "", message = "" } = error as { name?: string; code?: string; message?: string };
  if (code === "ECONNRESET" && url.startsWith("ws:")) return TLS_THERE;
  const known = FAULTS[code] ?? FAULTS[name];
  if (known !== undefined) return known;
  // OpenSSL has a dozen of them: DEPTH_ZERO_SELF_SIGNED_CERT, UNABLE_TO_VERIFY_LEAF_SIGNATURE, ...
  if (/CERT|SIGNATURE|ISSUER/.test(code)) return { ...UNTRUSTED, message: `${UNTRUSTED.message} (${message})` };
  return {
    code: "unreachable",
    message: message === "" ? String(error) : message,
    hint: "is the network up, and the address right?",
  };
}

/** As every refusal of a hub looks: `{error: {code, message, hint}}`. */
function refusalIn(body: unknown): Refusal | undefined {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : undefined;
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  const { code = "refused", message, hint = "" } = error as { code?: unknown; message: unknown; hint?: unknown };
  return { code: String(code), message: String(message), hint: String(hint) };
}
