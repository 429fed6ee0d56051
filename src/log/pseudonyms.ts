/**
 * Other names for relays in the log, so that it does not say who is where: the same for the same relay until the next
 * start, and nobody can tell from one which relay it is.
 */
import { createHmac } from "node:crypto";

/** Fields of log events that name relays, or say where they are; lists of names too. */
const NAMING = ["relay", "relays", "source", "winner", "as", "address", "room", "asked", "cannot", "heard"];
/** Settings and addresses of a relay are called after it; within an error's text too. */
const RELAY_SETTING = /\brelays\.[^:,\n]+?(?=\.(?:room|zone|gain|preference|least_level|expected)\b|[:,\n]|$)/g;
const RELAY_ADDRESS = /\/(relays|streams)\/[^/\s?]+/g;

export type Fields = Readonly<Record<string, unknown>>;

/** @param salt random, of this start of the program; the threads share it. @returns what puts other names into an event */
export function pseudonyms(salt: number): (fields: Fields) => Fields {
  const hidden = (value: unknown, names: boolean): unknown => {
    if (Array.isArray(value)) return value.map((each) => hidden(each, names));
    if (typeof value !== "string" || value === "") return value;
    return names ? pseudonym(value, salt) : anonymous(value);
  };
  return (fields) =>
    Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, hidden(value, NAMING.includes(key))]));
}

function anonymous(text: string): string {
  return text.replace(RELAY_SETTING, "relays.~").replace(RELAY_ADDRESS, "/$1/~");
}

/** @returns the salt where the log may not name relays */
export function saltFor(privacy: { readonly anonymous_ids: boolean }, salt: number): number | undefined {
  return privacy.anonymous_ids ? salt : undefined;
}

function pseudonym(name: string, salt: number): string {
  return `~${createHmac("sha256", String(salt)).update(name).digest("hex").slice(0, 8)}`;
}
