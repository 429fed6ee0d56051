/**
 * How long and how often something outside is tried: a time limit, tries again where they do no harm, a breaker, and what
 * health should say of it. One of these stands before each server and each program.
 */
import { Breaker } from "./breaker.ts";
import type { ErrorWords } from "./failure.ts";
import { SinkError, type Trouble } from "./sink.ts";
import type { Times } from "./times.ts";

export interface PatienceOptions {
  readonly times: Times;
  readonly words: ErrorWords;
  /** ms */
  readonly timeoutMs: number;
  /** As health calls what is wrong: `sink_down`. */
  readonly trouble: string;
  readonly log: CommandLog;
}

export interface CommandLog {
  info(event: string, fields: Record<string, unknown>): void;
  warn(event: string, fields: Record<string, unknown>): void;
}

/** Tries after the first, once nothing is waited for but the answer. */
const MOST_AGAIN = 2;
const FIRST_WAIT_MS = 200;
const MOST_WAIT_MS = 2_000;

export class Patience {
  readonly #options: PatienceOptions;
  readonly #breaker: Breaker;
  #trouble: Trouble | undefined;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#breaker = new Breaker(options.times);
  }

  get troubles(): readonly Trouble[] {
    return this.#trouble === undefined ? [] : [this.#trouble];
  }

  /**
   * @param task may be called again after it failed with an error that says so; the signal tells it to stop
   * @param waiting resolves when the time limit begins to run; until then, tries are not counted
   * @param signal aborted when nobody wants it any more
   * @throws SinkError at the time limit, when aborted, while the breaker is open, or with the task's last failure
   */
  async with<T>(
    id: string,
    task: (signal: AbortSignal) => Promise<T>,
    waiting: Promise<void>,
    signal: AbortSignal,
  ): Promise<T> {
    const { times, words, timeoutMs } = this.#options;
    if (signal.aborted) throw aborted();
    if (!this.#breaker.mayTry()) {
      const inS = Math.ceil(this.#breaker.restsMs / 1000);
      const message = `${words.server} failed ${this.#breaker.failures} times in a row: it is tried again in ${inS} s`;
      throw new SinkError("resting", message, words.hint);
    }
    const over = new AbortController();
    const stop = Promise.withResolvers<never>();
    stop.promise.catch(() => {});
    const stopBy = (error: SinkError) => {
      stop.reject(error);
      over.abort(error);
    };
    const onAbort = () => stopBy(aborted());
    signal.addEventListener("abort", onAbort);
    let again = Number.POSITIVE_INFINITY;
    void waiting.then(async () => {
      again = MOST_AGAIN;
      await times.sleep(timeoutMs, over.signal);
      if (!over.signal.aborted) stopBy(tooSlow(words, timeoutMs));
    });
    try {
      for (let tries = 1; ; tries++) {
        try {
          const done = await Promise.race([task(over.signal), stop.promise]);
          this.#worked(id);
          return done;
        } catch (error) {
          if (!(error instanceof SinkError) || !error.again || over.signal.aborted || again <= 0) throw error;
          this.#options.log.warn("tried again", { command: id, why: error.message });
          again--;
          const waitMs = Math.min(MOST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 10));
          await times.sleep(waitMs * (0.5 + times.random()), over.signal);
          over.signal.throwIfAborted();
        }
      }
    } catch (error) {
      throw this.#failed(over.signal.aborted ? over.signal.reason : error);
    } finally {
      signal.removeEventListener("abort", onAbort);
      over.abort(aborted());
    }
  }

  #worked(id: string): void {
    this.#breaker.worked();
    if (this.#trouble === undefined) return;
    this.#options.log.info("works again", { command: id, server: this.#options.words.server });
    this.#trouble = undefined;
  }

  #failed(cause: unknown): SinkError {
    const { words, trouble } = this.#options;
    const error =
      cause instanceof SinkError
        ? cause
        : new SinkError("bad_answer", `${words.server} failed: ${String(cause)}`, words.hint, { cause });
    if (error.code === "aborted") {
      this.#breaker.gaveUp();
      return error;
    }
    // Whoever refuses is there, and is asked again.
    if (error.code === "refused") this.#breaker.worked();
    else this.#breaker.failed();
    this.#trouble = { code: trouble, message: error.message, hint: error.hint };
    return error;
  }
}

function aborted(): SinkError {
  return new SinkError("aborted", "the command was given up", "");
}

function tooSlow({ server, hint }: ErrorWords, timeoutMs: number): SinkError {
  return new SinkError("too_slow", `${server} gave no answer within ${timeoutMs} ms`, `${hint}, or set timeout higher`);
}
