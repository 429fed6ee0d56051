/** What of a relay's hello the hub goes by. */
import { PROTOCOL_VERSION } from "./limits.ts";
import type { Capabilities, Hello } from "./messages-to-hub.ts";
import { ProtocolError } from "./protocol-error.ts";

export interface Introduction {
  /** Its token's name where it has one. */
  readonly id: string;
  /** What it can do and the protocol has a use for. */
  readonly capabilities: Capabilities;
  readonly models: readonly string[];
  readonly software: string;
}

/**
 * @param tokenName of the token that let it in: the only id that it may have
 * @throws ProtocolError where the two cannot speak, or it may not be called so
 */
export function introduced(hello: Hello, tokenName: string | undefined): Introduction {
  const { versions, models, software, capabilities } = hello;
  if (!versions.includes(PROTOCOL_VERSION)) {
    throw new ProtocolError(
      "unsupported_version",
      `version ${versions.join(", ")} of the protocol: this hub speaks ${PROTOCOL_VERSION}`,
      "use a relay of the hub's release",
    );
  }
  const id = hello.id ?? tokenName;
  if (id === undefined)
    throw new ProtocolError("no_id", "a hello without an id, and no token that names one", "name it in the hello: id");
  if (tokenName !== undefined && id !== tokenName) {
    const message = `the token is for "${tokenName}", not for "${id}"`;
    throw new ProtocolError("wrong_id", message, "leave the id out of the hello, or pair under that name");
  }
  const { detects, evidence, onset, asks, plays, calibrates = false } = capabilities;
  // Who does not detect has nothing to measure, and cannot say whether it has heard a word.
  const used = {
    detects,
    evidence: detects && evidence,
    onset,
    asks: detects && asks,
    plays,
    calibrates: detects && calibrates,
  };
  return { id, models, software, capabilities: used };
}
