/**
 * A counter that one thread sleeps on and others ring: "look again, something changed". It carries nothing else.
 * No ring is missed. One that was counted before `seen` was taken may still wake: whoever needs to know looks at `rings`.
 */
export class Doorbell {
  readonly #words: Int32Array;
  readonly #at: number;

  constructor(words: Int32Array, at: number) {
    this.#words = words;
    this.#at = at;
  }

  /** From any thread; never waits. */
  ring(): void {
    Atomics.add(this.#words, this.#at, 1);
    Atomics.notify(this.#words, this.#at);
  }

  /** How often it rang; hand it to `rung` or `wait` so that a ring in between is not missed. */
  get rings(): number {
    return Atomics.load(this.#words, this.#at);
  }

  /**
   * For threads with an event loop: resolves when it rings after `seen`, or after `timeoutMs`. Waiting does not keep a
   * worker alive: something else must, such as a server or a listener.
   */
  async rung(seen: number, timeoutMs: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, this.#at, seen, timeoutMs);
    if (waiting.async) await waiting.value;
  }

  /** For threads without one: blocks until it rings after `seen`, or `timeoutMs` is over. */
  wait(seen: number, timeoutMs: number): void {
    Atomics.wait(this.#words, this.#at, seen, timeoutMs);
  }
}
