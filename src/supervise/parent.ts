/**
 * The small program around the program: what no thread can mend (a hang or a crash in native code) ends the child, and
 * this starts it again. Not used where systemd does the same.
 */
import { backOffMs } from "./back-off.ts";
import { EXIT } from "./exit-codes.ts";

/** Tells the child that it has a parent, and how many of its predecessors failed in a row. No setting, so not EARSHOT_*. */
export const PARENT_VARIABLE = "_EARSHOT_RESTARTS";

/** A child that lived this long is forgiven its earlier ends: longer than the longest it is left to hang. */
const FORGIVE_MS = 900_000;

export interface Child {
  /** The exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  kill(signal: "SIGTERM" | "SIGINT" | "SIGKILL"): void;
}

export interface ParentOptions {
  /** @param failures how many children before this one failed in a row */
  readonly spawn: (failures: number) => Child;
  readonly onSignal: (handler: (signal: "SIGTERM" | "SIGINT") => void) => void;
  readonly sleep: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
  readonly log: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Whether an end of the child is one that starting it again can mend. */
export function isMendable(end: number | string): boolean {
  return typeof end === "string" || end === EXIT.hung;
}

/** @returns the exit code of the last child, when it ended for good */
export async function runParent({ spawn, onSignal, sleep, monotonicMs, log }: ParentOptions): Promise<number> {
  let child: Child | undefined;
  let told = false;
  const { promise: toldToEnd, resolve: tell } = Promise.withResolvers<void>();
  onSignal((signal) => {
    told = true;
    tell();
    child?.kill(signal);
    // The child promises to end within a second; a promise that a hanging child cannot keep.
    setTimeout(() => child?.kill("SIGKILL"), 900).unref();
  });
  let failures = 0;
  for (;;) {
    const startedMs = monotonicMs();
    child = spawn(failures);
    const end = await child.exited;
    if (told) return typeof end === "number" && end !== EXIT.hung ? end : EXIT.ok;
    if (!isMendable(end)) return typeof end === "number" ? end : EXIT.failure;
    failures = monotonicMs() - startedMs >= FORGIVE_MS ? 1 : failures + 1;
    // The page is gone while this waits: the first time it does not. A child that hung has taken its time already.
    const waitMs = end === EXIT.hung ? 0 : backOffMs(failures - 1, 500, 30_000);
    log("program ended unexpectedly, starting it again", { end, waitMs, failures });
    await Promise.race([sleep(waitMs), toldToEnd]);
    if (told) return EXIT.ok;
  }
}

/** systemd says so in the environment of the very process that it started. */
export function hasSystemdParent(
  environment: Readonly<Record<string, string | undefined>>,
  processId: number,
): boolean {
  return environment.SYSTEMD_EXEC_PID === String(processId);
}
