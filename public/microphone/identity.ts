/** Who this browser is in the house: remembered here, and nowhere else. */

export interface Identity {
  /** What it is called, if it has no token: with one, the token says. */
  readonly name: string;
  readonly token: string;
  /** Whether it was lent when the page was last left. */
  readonly lent: boolean;
}

const KEY = "earshot-microphone";
/** As src/config/schema.ts has it for all names that are spoken. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} _.-]{0,62}$/u;

/** @param random 0 up to, not including, 1: two phones must not both be "phone" */
export function readIdentity(storage: Pick<Storage, "getItem"> | undefined, random: () => number): Identity {
  const fresh = { name: `phone-${100 + Math.floor(random() * 900)}`, token: "", lent: false };
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? "null") as Partial<Record<keyof Identity, unknown>> | null;
    return {
      name: typeof kept?.name === "string" && NAME.test(kept.name) ? kept.name : fresh.name,
      token: typeof kept?.token === "string" ? kept.token : fresh.token,
      lent: kept?.lent === true,
    };
  } catch {
    return fresh;
  }
}

/** A browser that keeps nothing asks again next time. */
export function keepIdentity(storage: Pick<Storage, "setItem"> | undefined, identity: Identity): void {
  try {
    storage?.setItem(KEY, JSON.stringify(identity));
  } catch {}
}

/** What is wrong with what was typed; undefined for nothing. */
export function complaintOf({ name, token }: Pick<Identity, "name" | "token">): string | undefined {
  if (/[^\w-]/.test(token)) return "A token has letters, digits, dashes and underscores only.";
  if (token === "" && !NAME.test(name)) return "A name has letters, digits, spaces, dots and dashes, 63 at most.";
  return undefined;
}
