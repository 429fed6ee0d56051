/** How it was decided who answers, as it is shown. Made anew when something changed. */
import type { Arbiter } from "../arbitration/arbiter.ts";
import { liveRoundView, roundView } from "./round-view.ts";
import type { LiveRoundView, RoundView } from "./schemas/rounds.ts";

export interface RoundListOptions {
  readonly arbiter: Pick<Arbiter, "generation" | "rounds" | "records">;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
}

export class RoundList {
  readonly #options: RoundListOptions;
  #generation = -1;
  #views: readonly RoundView[] = [];

  constructor(options: RoundListOptions) {
    this.#options = options;
  }

  /** Those that are not over: who is waited for, and until when. */
  get now(): LiveRoundView[] {
    return this.#options.arbiter.rounds.map((round) => liveRoundView(round, (ms) => this.#utcOf(ms)));
  }

  /** Newest first. */
  get views(): readonly RoundView[] {
    const { arbiter } = this.#options;
    if (arbiter.generation !== this.#generation) {
      this.#generation = arbiter.generation;
      this.#views = arbiter
        .records()
        .map((round) => roundView(round, this.#utcOf(round.openedAtMs)))
        .reverse();
    }
    return this.#views;
  }

  #utcOf(ms: number): number {
    const { monotonicMs, unixMs } = this.#options;
    return Math.round(unixMs() - (monotonicMs() - ms));
  }
}
