/** How often each address tried a token or a password that was none: who guesses is slowed down. Pure, the time is handed in. */

interface Allowance {
  /** So many at once: a house behind one address has several devices that were not told of a new password. */
  readonly most: number;
  /** After each of so many ms one more. */
  readonly everyMs: number;
}

/** A password of 8 characters is safe from 600 tries an hour. */
const OF_ADDRESS: Allowance = { most: 20, everyMs: 6000 };
/**
 * Of an IPv6 network: one device may take any of its 2^64 addresses, so that counting those alone would count nothing; but all
 * devices of a house are in one, and none of them may shut out the others easily.
 */
const OF_NETWORK: Allowance = { most: 200, everyMs: 600 };
/** Of addresses and networks that are remembered: whoever has more of them has them all, and no memory of ours. */
const MOST_REMEMBERED = 1000;

interface Tries {
  readonly failed: number;
  readonly atMs: number;
}

export class FailedTries {
  /** The oldest first. */
  readonly #tries = new Map<string, Tries>();

  /** @returns when it may try again, ms from now; 0 is at once */
  waitMs(address: string, nowMs: number): number {
    const waits = scopesOf(address).map(({ who, allowance }) => {
      const over = this.#left(who, allowance, nowMs) - allowance.most + 1;
      return Math.max(0, Math.ceil(over * allowance.everyMs));
    });
    return Math.max(...waits);
  }

  failed(address: string, nowMs: number): void {
    for (const { who, allowance } of scopesOf(address)) {
      const failed = Math.min(allowance.most, this.#left(who, allowance, nowMs) + 1);
      this.#tries.delete(who);
      this.#tries.set(who, { failed, atMs: nowMs });
    }
    for (const oldest of this.#tries.keys()) {
      if (this.#tries.size <= MOST_REMEMBERED) return;
      this.#tries.delete(oldest);
    }
  }

  #left(who: string, { everyMs }: Allowance, nowMs: number): number {
    const { failed, atMs } = this.#tries.get(who) ?? { failed: 0, atMs: nowMs };
    return Math.max(0, failed - (nowMs - atMs) / everyMs);
  }
}

/** Whom a try counts for. */
function scopesOf(address: string): readonly { readonly who: string; readonly allowance: Allowance }[] {
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address;
  const own = { who: mapped, allowance: OF_ADDRESS };
  return mapped.includes(":") ? [own, { who: `${networkOf(mapped)}::/64`, allowance: OF_NETWORK }] : [own];
}

/** The first four of the eight groups of an IPv6 address (RFC 4291, section 2.2). */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail === undefined) return groups.slice(0, 4).join(":");
  const behind = tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(Math.max(0, 8 - groups.length - behind.length)).fill("0");
  return [...groups, ...zeros, ...behind].slice(0, 4).join(":");
}
