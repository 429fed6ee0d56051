/** From the text of a WebSocket to a message of the protocol, for either end. */
import type { z } from "zod";
import { type Kinds, wordsFor } from "../config/wording.ts";
import { MESSAGE_CHARACTERS } from "./limits.ts";
import { type FromRelay, TO_HUB } from "./messages-to-hub.ts";
import { TO_RELAY, type ToRelay } from "./messages-to-relay.ts";
import { ProtocolError } from "./protocol-error.ts";

/** As whoever writes a relay calls them. */
const JSON_KINDS: Kinds = {
  string: "a string",
  object: "an object",
  record: "an object",
  array: "an array",
  null: "null",
};

/** Problems of one message that are told. */
const MOST_PROBLEMS = 3;

/**
 * What a relay said. Fields that are not known are passed over: a newer relay may have more to say.
 *
 * @throws ProtocolError, and nothing else, whatever the text is
 */
export function readFromRelay(text: string): FromRelay {
  return read(text, TO_HUB);
}

/**
 * What the hub said. Throws as {@link readFromRelay} does.
 *
 * @param mostCharacters the state of a large house is long, and a relay may trust its hub with more
 */
export function readFromHub(text: string, mostCharacters = 1024 * 1024): ToRelay {
  return read(text, TO_RELAY, mostCharacters);
}

/** Whatever one of the schemas gives is a `Message`: the types of both ends are made from these tables. */
function read<Message>(
  text: string,
  schemas: Readonly<Record<string, z.ZodType>>,
  mostCharacters = MESSAGE_CHARACTERS,
): Message {
  if (text.length > mostCharacters) {
    throw new ProtocolError(
      "too_large",
      `a message of ${text.length} characters: ${mostCharacters} at most`,
      "send less in one",
    );
  }
  const { value, type } = typeOf(text);
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) {
    const known = Object.keys(schemas).join(", ");
    throw new ProtocolError("unknown_message", `no message is called "${type.slice(0, 40)}"`, `known are ${known}`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data as Message;
  const problems = parsed.error.issues
    .slice(0, MOST_PROBLEMS)
    .map((issue) => `${[type, ...issue.path].join(".").slice(0, 100)}: ${wordsFor(issue, JSON_KINDS)}`);
  throw new ProtocolError("bad_message", problems.join("; ").slice(0, 500), `docs/protocol.md says what a ${type} has`);
}

function typeOf(text: string): { readonly value: unknown; readonly type: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ProtocolError("not_json", "a text message that is not JSON", "sound goes into binary messages");
  }
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (typeof type === "string") return { value, type };
  throw new ProtocolError("no_type", "a message without a type", 'a message is an object: {"type": "hello", ...}');
}
