/** A worker's own sign of life, in the shared memory. Used by that worker's thread alone. */
import type { WorkerName } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";

const BEAT_MS = 100;

export class Heart {
  readonly #record: ReturnType<ReturnType<SharedMemory["heartbeat"]>["writer"]>;

  constructor(memory: SharedMemory, worker: WorkerName) {
    this.#record = memory.heartbeat(worker).writer();
    this.#record.value.state = "starting";
    this.#record.value.beatMs = 0;
  }

  /** Call it as often as you like: it writes ten times a second. */
  beat(nowMs: number): void {
    if (nowMs - this.#record.value.beatMs < BEAT_MS) return;
    this.#record.value.beatMs = nowMs;
    this.#record.publish();
  }

  /** Says that this worker does its work now. */
  alive(nowMs: number): void {
    this.#record.value.state = "alive";
    this.#record.value.beatMs = nowMs;
    this.#record.publish();
  }

  /** Says by which configuration this worker works. */
  acknowledge(generation: number): void {
    this.#record.value.configuration = generation;
    this.#record.publish();
  }
}
