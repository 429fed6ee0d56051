/** How long a busy machine kept processes waiting that were ready to run: what they need not answer for. */
import { readdirSync, readFileSync } from "node:fs";

const NS_PER_MS = 1e6;

export class Withheld {
  readonly #pids: readonly number[];
  readonly #before: ReadonlyMap<string, number>;

  /** Counts from now on. */
  constructor(pids: readonly number[]) {
    this.#pids = pids;
    this.#before = waitedMs(pids);
  }

  /** Of the thread that waited longest, ms; 0 where the system does not say. */
  get mostMs(): number {
    const each = [...waitedMs(this.#pids)].map(([thread, ms]) => ms - (this.#before.get(thread) ?? 0));
    return Math.max(0, ...each);
  }
}

/** Time that each thread has waited for a processor (proc(5), the second number of schedstat). */
function waitedMs(pids: readonly number[]): ReadonlyMap<string, number> {
  const waited = new Map<string, number>();
  for (const pid of pids) {
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const [, ns = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ").map(Number);
        waited.set(`${pid}/${thread}`, ns / NS_PER_MS);
      }
    } catch {
      // It has ended, or a thread of it.
    }
  }
  return waited;
}
