/** Who is connected, by id and by zone. */
import type { Relay } from "./relay.ts";

const NOBODY: ReadonlyMap<string, Relay> = new Map();

export class RelayTable {
  readonly #byId = new Map<string, Relay>();
  readonly #byZone = new Map<string, Map<string, Relay>>();
  #remote = 0;

  get byId(): ReadonlyMap<string, Relay> {
    return this.#byId;
  }

  /** How many count towards the limit. */
  get remote(): number {
    return this.#remote;
  }

  inZone(zone: string): ReadonlyMap<string, Relay> {
    return this.#byZone.get(zone) ?? NOBODY;
  }

  /** Puts it in, or in the place of what was known of it; what is local stays local until it is removed. */
  put(relay: Relay): void {
    const { id, zone, local } = relay.facts;
    const before = this.#byId.get(id);
    if (before !== undefined && before.facts.zone !== zone) this.remove(id);
    if (!this.#byId.has(id) && !local) this.#remote++;
    this.#byId.set(id, relay);
    const inZone = this.#byZone.get(zone) ?? new Map<string, Relay>();
    this.#byZone.set(zone, inZone.set(id, relay));
  }

  remove(id: string): void {
    const relay = this.#byId.get(id);
    if (relay === undefined) return;
    this.#byId.delete(id);
    if (!relay.facts.local) this.#remote--;
    const inZone = this.#byZone.get(relay.facts.zone);
    inZone?.delete(id);
    if (inZone?.size === 0) this.#byZone.delete(relay.facts.zone);
  }
}
