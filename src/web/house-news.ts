/** Tells the relays what the house is doing, whenever that is something else. */
import type { Arbiter } from "../arbitration/arbiter.ts";
import type { ConnectedRelays } from "../relay/connected-relays.ts";
import { HouseBroadcast } from "../relay/house-broadcast.ts";
import type { House } from "./house.ts";
import { houseState } from "./house-state.ts";

export interface HouseNewsOptions {
  readonly arbiter: Pick<Arbiter, "generation" | "rounds" | "relays">;
  readonly house: () => Pick<House, "activations">;
  readonly connected: () => Pick<ConnectedRelays, "sessions">;
  /** What this machine's microphone is called. */
  readonly localId: string;
  /** Those that say an answer. */
  readonly responding: () => ReadonlySet<string>;
  readonly monotonicMs: () => number;
  /** Look again as soon as others had their turn. */
  readonly again: () => void;
}

export class HouseNews {
  readonly #options: HouseNewsOptions;
  readonly #broadcast: HouseBroadcast;
  /** What was told last, or will be. */
  #told = "";

  constructor(options: HouseNewsOptions) {
    this.#options = options;
    const { connected, monotonicMs } = options;
    this.#broadcast = new HouseBroadcast({ sessions: () => connected().sessions, monotonicMs });
  }

  /** When to look again, monotonic ms; infinite when there is nothing to tell. */
  get wakeAtMs(): number {
    return this.#broadcast.wakeAtMs;
  }

  look(): void {
    const { arbiter, house, localId, monotonicMs, again } = this.#options;
    const responding = this.#options.responding();
    const activation = house().activations.house;
    const now = [arbiter.generation, activation.sequence, ...responding].join();
    if (now !== this.#told) this.#broadcast.change();
    this.#told = now;
    const { rounds, relays } = arbiter;
    this.#broadcast.look(() => houseState({ nowMs: monotonicMs(), activation, localId, rounds, relays, responding }));
    if (this.#broadcast.isUnderWay) again();
  }
}
