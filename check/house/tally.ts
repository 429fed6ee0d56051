/** What was played in a house check, counted: so that a check that tried nothing is noticed. */
import type { RoundHistory } from "./judge.ts";
import type { Step } from "./orders.ts";

export class Tally {
  rounds = 0;
  claims = 0;
  grants = 0;
  runnersUp = 0;
  tooLate = 0;
  pauses = 0;
  /** In which the hub's records say that somebody was heard. */
  heard = 0;
  /** What the machine withheld in a round, at most, ms. */
  withheldMs = 0;
  /** Waits of relays to which nothing happened, from a claim to the first word about it, ms. */
  readonly waitsMs: number[] = [];
  readonly #kills = new Map<string, number>();

  /** @returns how often a relay or the hub was killed at a step */
  kills(victim: "relay" | "hub", step: Step): number {
    return this.#kills.get(`${victim} ${step}`) ?? 0;
  }

  count({ seen, hub, withheldMs }: RoundHistory): void {
    this.withheldMs = Math.max(this.withheldMs, withheldMs);
    this.rounds++;
    this.runnersUp += hub.filter(({ grants }) => grants.length > 1).length;
    this.heard += hub.filter(({ firstAudioAfterMs }) => firstAudioAfterMs !== null).length;
    for (const own of seen.values()) {
      let claimedAtMs: number | undefined;
      const disturbed = own.some(({ type }) => type === "died" || type === "stopped" || type === "away");
      for (const one of own) {
        if (one.type === "claimed") {
          this.claims++;
          claimedAtMs ??= one.atMs;
        }
        if (one.type === "granted") this.grants++;
        if (one.type === "lost" && one.why === "too_late") this.tooLate++;
        if (one.type === "stopped") this.pauses++;
        if (one.type === "strikes") {
          const key = `${one.victim} ${one.at}`;
          this.#kills.set(key, (this.#kills.get(key) ?? 0) + 1);
        }
        if ((one.type === "granted" || one.type === "lost") && claimedAtMs !== undefined && !disturbed) {
          this.waitsMs.push(one.atMs - claimedAtMs);
          claimedAtMs = undefined;
        }
      }
    }
  }
}
