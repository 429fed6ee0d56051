/**
 * The frame around every worker: waits for its start, attaches to the shared memory, and makes sure that its end is
 * never silent. Runs in the worker's own thread.
 */
import type { WorkerName } from "../memory/layout.ts";
import { SharedMemory } from "../memory/shared-memory.ts";

/** The one message a worker gets. */
export interface WorkerStart<Settings = unknown> {
  readonly buffer: SharedArrayBuffer;
  readonly settings: Settings;
}

/** The one message a worker may send: the last words of a dying one. */
export interface LastWords {
  readonly message: string;
  /** For a program to tell causes apart, as `port_taken`. */
  readonly code: string;
}

/** An error that its worker dies of and whose code the supervisor must know. */
export class FatalError extends Error {
  override readonly name = "FatalError";
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Calls `work` once the start message is here; when `work` ends, the worker ends.
 * An uncaught throw would close the worker with a dump for a message, an unhandled rejection with exit code 0: both are
 * caught here and sent as last words.
 */
export function liveAsWorker<Settings>(
  name: WorkerName,
  work: (memory: SharedMemory, settings: Settings) => Promise<void>,
): void {
  const die = (error: unknown) => {
    const words: LastWords = {
      message: error instanceof Error ? error.message : String(error),
      code: error instanceof FatalError ? error.code : "crashed",
    };
    postMessage(words);
    process.exit(1);
  };
  addEventListener("unhandledrejection", (event) => die((event as PromiseRejectionEvent).reason));
  addEventListener("error", (event) => die((event as ErrorEvent).error ?? (event as ErrorEvent).message));
  addEventListener(
    "message",
    (event: MessageEvent<WorkerStart<Settings>>) => {
      const memory = SharedMemory.attach(event.data.buffer);
      process.title = `earshot ${name}`;
      work(memory, event.data.settings).then(() => process.exit(0), die);
    },
    { once: true },
  );
}
