/** The clocks, the chance and the waiting that what follows a command needs, so that tests can be quick and exact. */
export interface Times {
  /** CLOCK_MONOTONIC, ms. */
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  /** 0..1, below 1 */
  readonly random: () => number;
  /** Resolves after that many ms, or as soon as the signal is aborted. Never rejects. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** {@link Times.sleep} by the event loop's own timers. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
