// How long a busy machine kept those waiting who were ready to run: what a program that promises a time need not answer for.
import { readdirSync, readFileSync } from "node:fs";

/** A process that ends between two looks is known as it was at the last one. */
const LOOK_MS = 25;
/** Processes are looked for every so many looks. */
const LOOKS_A_SEARCH = 8;
const NS_PER_MS = 1e6;

/** What each thread had waited since it began, ns. */
interface Look {
  readonly atMs: number;
  readonly waited: ReadonlyMap<string, number>;
}

/**
 * Time that passes, counted from now, without what was withheld from this process, from those it was told of or from any
 * that they start. They may come and go meanwhile: it looks again and again, until it is disposed of.
 */
export class HeldUp implements Disposable {
  readonly #pids: readonly number[];
  readonly #timer: Timer;
  #startedMs = 0;
  #looks: Look[] = [];
  #search = 0;
  #found: readonly number[] = [];

  constructor(...pids: readonly number[]) {
    this.#pids = pids;
    this.restart();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Counts from now on. */
  restart(): void {
    this.#startedMs = performance.now();
    this.#looks = [];
    this.#look();
  }

  /** Of the thread that was withheld most, ms; 0 where the system does not say. */
  get heldMs(): number {
    return this.heldBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  }

  /** How long it took, ms, without that. */
  get tookMs(): number {
    return performance.now() - this.#startedMs - this.heldMs;
  }

  /** Whether it took so long. */
  isOver(limitMs: number): boolean {
    return performance.now() - this.#startedMs >= limitMs && this.tookMs >= limitMs;
  }

  /** As `heldMs`, of a part of that time: UTC, ms. */
  heldBetween(fromMs: number, toMs: number): number {
    this.#look();
    const before = this.#looks.findLast(({ atMs }) => atMs <= fromMs) ?? this.#looks[0];
    const after = this.#looks.find(({ atMs }) => atMs >= toMs) ?? this.#looks.at(-1);
    const each = [...(after?.waited ?? [])].map(([thread, ns]) => ns - (before?.waited.get(thread) ?? 0));
    return Math.max(0, ...each) / NS_PER_MS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#search++ % LOOKS_A_SEARCH === 0) this.#found = this.#pids.flatMap(startedBy);
    // Who has ended has waited what it had.
    const waited = new Map(this.#looks.at(-1)?.waited);
    for (const pid of [process.pid, ...this.#pids, ...this.#found]) readWaited(pid, waited);
    this.#looks.push({ atMs: Date.now(), waited });
  }
}

/** Time that each thread has waited for a processor (proc(5), the second number of schedstat). */
function readWaited(pid: number, into: Map<string, number>): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [, ns = 0] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ").map(Number);
      into.set(thread, ns);
    }
  } catch {
    // It has ended, or a thread of it.
  }
}

/** The processes that a process started, and theirs (proc(5), children). */
function startedBy(pid: number): number[] {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return children.flatMap((child) => [child, ...startedBy(child)]);
  } catch {
    return [];
  }
}
