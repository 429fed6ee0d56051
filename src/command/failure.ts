/** What goes wrong on the way to a server or a program, in words for whoever runs this machine. */
import { SinkError } from "./sink.ts";

export interface ErrorWords {
  /** As errors name it: what it is, and where, without what may be secret in its URL. */
  readonly server: string;
  readonly hint: string;
  /** The setting that holds the key for it; undefined where there is none. */
  readonly keySetting?: string;
}

/**
 * @param setting the one that holds its URL
 * @param keySetting the one that holds its key
 */
export function wordsFor(kind: string, url: string, setting: string, keySetting?: string): ErrorWords {
  return {
    server: `${kind} at ${new URL(url).origin}`,
    hint: `see whether it runs, and whether ${setting} is right`,
    ...(keySetting !== undefined && { keySetting }),
  };
}

/** @param again whether trying again may help and does no harm */
export function failureOf(error: unknown, { server, hint }: ErrorWords, again: boolean): SinkError {
  if (error instanceof SinkError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const setUp = WRONGLY_SET_UP[code];
  if (setUp !== undefined) {
    return new SinkError("unreachable", `${server} cannot be reached: ${setUp.why}`, setUp.hint, { cause: error });
  }
  const why = REASONS[code] ?? (code === "" ? "the connection broke off" : `the connection broke off (${code})`);
  return new SinkError("unreachable", `${server} cannot be reached: ${why}`, hint, { again, cause: error });
}

export const WANTS_A_KEY: readonly number[] = [401, 403];

/** @param hasKey whether it was sent one */
export function keyRefused(status: number, { server, keySetting }: ErrorWords, hasKey: boolean): SinkError {
  const wants = hasKey ? "another key" : "a key";
  const how = keySetting === undefined ? "let it ask for none: there is no setting for one" : `set ${keySetting}`;
  return new SinkError("refused", `${server} answered ${status}: it wants ${wants}`, how);
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

interface WronglySetUp {
  readonly why: string;
  readonly hint: string;
}

const UNKNOWN_AUTHORITY: WronglySetUp = {
  why: "nobody whom this machine trusts vouches for its certificate",
  hint: "start Earshot with NODE_EXTRA_CA_CERTS=FILE, the certificate of who made it (PEM); or use http:// inside the house",
};

/** Bun's names for what another try does not change. */
const WRONGLY_SET_UP: Readonly<Record<string, WronglySetUp>> = {
  EPROTO: {
    why: "what answers there speaks no TLS",
    hint: "write http:// in place of https://, or set the port of https",
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: {
    why: "its certificate has expired",
    hint: "renew it there, and see whether this machine's clock is right",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    why: "its certificate is for another name",
    hint: "write the name that its certificate has in place of the address",
  },
};
