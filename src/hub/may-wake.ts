/**
 * Whether a word that did not fire by itself might wake somebody in a stream all the same: the rules that inference holds
 * against those that do. Runs in the web worker, over the shared memory.
 */
import type { SharedMemory } from "../memory/shared-memory.ts";

export class MayWake {
  readonly #stream: number;
  readonly #level;
  readonly #score;
  readonly #guards;
  readonly #leastRms: () => number;

  /** @param leastRms the least level that a word must have, linear 0..1 */
  constructor(memory: SharedMemory, stream: number, leastRms: () => number) {
    this.#stream = stream;
    this.#level = memory.level(stream).reader();
    this.#score = memory.score(stream).reader();
    this.#guards = memory.guards.reader();
    this.#leastRms = leastRms;
  }

  /** Not in a cooldown, not below the least level, and not beside a loudspeaker that plays. */
  get now(): boolean {
    const { frameEndMs, coolsAtMs, armed } = this.#score.read();
    if (!armed || frameEndMs < coolsAtMs) return false;
    return this.#level.read().loudest >= this.#leastRms() && this.#guards.read().guarded[this.#stream] !== 1;
  }
}
