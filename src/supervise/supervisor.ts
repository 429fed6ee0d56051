/**
 * Starts the workers, watches their beats, starts again what died, and ends the program. Runs in the main thread, which
 * does nothing else.
 */
import { WORKERS, type WorkerName } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { EXIT } from "./exit-codes.ts";
import type { LastWords, WorkerStart } from "./worker-life.ts";
import { shownState, startedWatch, stepWatch, WATCH_LIMITS, type Watch, type WatchLimits } from "./worker-watch.ts";

const TICK_MS = 100;
/** Ticks that lie further apart: the whole program was stopped (a signal, a debugger, a virtual machine), not a worker. */
const STOOD_STILL_MS = 1000;
/** Everybody gets this long to close when the program ends: less than the second that SIGTERM may take. */
const GOODBYE_MS = 600;

/** What the supervisor needs of a thread; a Worker in the program. */
export interface WorkerHandle {
  terminate(): void;
}

export interface SupervisorOptions {
  readonly memory: SharedMemory;
  readonly monotonicMs: () => number;
  /** Starts a worker's thread; `closed` is called once when it is gone, with its last words if it had any. */
  readonly spawn: (name: WorkerName, closed: (words: LastWords | undefined) => void) => WorkerHandle;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
  /** Last words with these codes end the program if the worker never lived. */
  readonly fatalAtStart: readonly string[];
  readonly limits?: WatchLimits;
}

interface Charge {
  readonly name: WorkerName;
  readonly beat: { read(): { readonly beatMs: number; readonly state: "starting" | "alive" } };
  readonly record: ReturnType<ReturnType<SharedMemory["supervision"]>["writer"]>;
  watch: Watch;
  handle: WorkerHandle | undefined;
  lived: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #charges: Charge[];
  readonly #control: ReturnType<SharedMemory["control"]["writer"]>;
  #timer: ReturnType<typeof setInterval> | undefined;
  #finish: ((code: number) => void) | undefined;
  /** The exit code, once the program ends. */
  #ending: number | undefined;
  #tickedAtMs = Number.POSITIVE_INFINITY;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { memory } = options;
    this.#control = memory.control.writer();
    this.#charges = WORKERS.map((name) => ({
      name,
      beat: memory.heartbeat(name).reader(),
      record: memory.supervision(name).writer(),
      watch: startedWatch(options.monotonicMs()),
      handle: undefined,
      lived: false,
    }));
  }

  /** @returns the exit code, when the program is to end */
  run(): Promise<number> {
    this.#control.value.startedMs = this.#options.monotonicMs();
    this.#control.publish();
    for (const charge of this.#charges) this.#start(charge);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** Asks everybody to close and ends in under a second, whether or not they do. */
  stop(code: number = EXIT.ok): void {
    if (this.#ending !== undefined) return;
    this.#ending = code;
    clearInterval(this.#timer);
    this.#control.value.shutdown = true;
    this.#control.publish();
    this.#options.memory.webBell.ring();
    setTimeout(() => this.#finish?.(code), GOODBYE_MS);
    this.#endWhenAllAreGone(code);
  }

  #endWhenAllAreGone(code: number): void {
    if (this.#charges.every(({ handle }) => handle === undefined)) this.#finish?.(code);
  }

  #start(charge: Charge): void {
    const { spawn, log } = this.#options;
    this.#show(charge);
    const handle = spawn(charge.name, (words) => {
      if (charge.handle !== handle) return;
      charge.handle = undefined;
      if (this.#ending !== undefined) return this.#endWhenAllAreGone(this.#ending);
      this.#bury(charge, words);
    });
    charge.handle = handle;
    log("worker starting", { worker: charge.name, restarts: charge.record.value.restarts });
  }

  #bury(charge: Charge, words: LastWords | undefined): void {
    const { monotonicMs, log, fatalAtStart } = this.#options;
    const unsaid = charge.watch.state === "ending" ? "it stopped beating" : "it closed without a word";
    charge.record.value.lastError = words?.message ?? unsaid;
    log("worker died", { worker: charge.name, error: charge.record.value.lastError });
    if (!charge.lived && words !== undefined && fatalAtStart.includes(words.code)) {
      this.stop(EXIT.failure);
      return;
    }
    charge.watch = stepWatch(charge.watch, { type: "closed", nowMs: monotonicMs() }, this.#options.limits).watch;
    this.#show(charge);
  }

  #tick(): void {
    this.#mindStandstill();
    for (const charge of this.#charges) {
      const nowMs = this.#options.monotonicMs();
      const { beatMs, state } = charge.beat.read();
      const before = charge.watch;
      const { watch, effect } = stepWatch(
        before,
        // Beats of one that still loads its models show that it lives, and not that it keeps the pace of one that works.
        { type: "tick", nowMs, beatMs: before.state === "starting" && state === "starting" ? 0 : beatMs },
        this.#options.limits ?? WATCH_LIMITS,
      );
      charge.watch = watch;
      // It beats while it starts too: its own word counts.
      if (state === "alive") charge.lived = true;
      if (watch.state !== before.state) this.#show(charge);
      if (watch.state === "late" && before.state !== "late") {
        this.#options.log("worker late", { worker: charge.name, silentMs: Math.round(nowMs - beatMs) });
      }
      if (effect === "terminate") {
        charge.record.value.lastError = "it stopped beating";
        this.#options.log("worker stuck, ending it", { worker: charge.name });
        charge.handle?.terminate();
      } else if (effect === "hung") {
        this.#options.log("worker hangs in native code, ending the program", { worker: charge.name });
        clearInterval(this.#timer);
        this.#finish?.(EXIT.hung);
        return;
      } else if (effect === "start") {
        charge.record.value.restarts++;
        this.#start(charge);
      }
    }
  }

  #mindStandstill(): void {
    const nowMs = this.#options.monotonicMs();
    const stoodMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (stoodMs < STOOD_STILL_MS) return;
    this.#options.log("the program stood still", { forMs: Math.round(stoodMs) });
    for (const charge of this.#charges) charge.watch = stepWatch(charge.watch, { type: "resumed", nowMs }).watch;
  }

  #show(charge: Charge): void {
    charge.record.value.state = shownState(charge.watch);
    charge.record.publish();
    this.#options.memory.webBell.ring();
  }
}

/** Runs workers as threads of this program. */
export function spawnThread(
  url: URL,
  start: WorkerStart,
  closed: (words: LastWords | undefined) => void,
): WorkerHandle {
  const worker = new Worker(url);
  let words: LastWords | undefined;
  worker.addEventListener("message", (event: MessageEvent<LastWords>) => {
    words = event.data;
  });
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    words ??= { message: event.message.split("\n")[0] ?? "unknown", code: "crashed" };
  });
  worker.addEventListener("close", () => closed(words));
  worker.postMessage(start);
  return worker;
}
