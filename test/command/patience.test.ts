import { describe, expect, test } from "bun:test";
import { OPENS_AFTER } from "../../src/command/breaker.ts";
import { Patience } from "../../src/command/patience.ts";
import { SinkError } from "../../src/command/sink.ts";
import type { Times } from "../../src/command/times.ts";
import { failure, KeptLog } from "./around.ts";

/** A clock that the test moves: whoever sleeps until then wakes. */
class Clock {
  ms = 0;
  readonly slept: number[] = [];
  readonly #sleepers = new Set<{ readonly atMs: number; readonly wake: () => void }>();

  readonly times: Times = {
    monotonicMs: () => this.ms,
    unixMs: () => this.ms,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        this.slept.push(ms);
        const sleeper = { atMs: this.ms + ms, wake: resolve };
        this.#sleepers.add(sleeper);
        signal.addEventListener("abort", () => {
          this.#sleepers.delete(sleeper);
          resolve();
        });
      }),
  };

  get sleepers(): number {
    return this.#sleepers.size;
  }

  async pass(ms: number): Promise<void> {
    this.ms += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.atMs > this.ms) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
    await Bun.sleep(0);
  }
}

function small() {
  const clock = new Clock();
  const log = new KeptLog();
  const words = { server: "the server", hint: "look there" };
  const patience = new Patience({ times: clock.times, words, timeoutMs: 1000, trouble: "sink_down", log });
  const ask = (
    task: (signal: AbortSignal) => Promise<string>,
    { waiting = Promise.resolve(), signal = new AbortController().signal } = {},
  ) => patience.with("c1", task, waiting, signal);
  return { clock, log, patience, ask };
}

const down = (again = false) => new SinkError("unreachable", "the server is away", "look there", { again });
const never = () => new Promise<string>(() => {});

describe("a task", () => {
  test("that works is done, and leaves nothing behind", async () => {
    const { ask, patience, clock } = small();
    expect(await ask(async () => "done")).toBe("done");
    expect(patience.troubles).toEqual([]);
    expect(clock.sleepers).toBe(0);
  });

  test("that may be tried again is, twice, after waits that grow and are left to chance", async () => {
    const { ask, clock } = small();
    let tries = 0;
    const asked = failure(
      ask(async () => {
        tries++;
        throw down(true);
      }),
    );
    await Bun.sleep(0);
    await clock.pass(200);
    await clock.pass(400);
    expect(await asked).toMatchObject({ code: "unreachable" });
    expect(tries).toBe(3);
    expect(clock.slept).toEqual([1000, 200, 400]);
  });

  test("that may not be tried again is not", async () => {
    const { ask } = small();
    let tries = 0;
    await failure(
      ask(async () => {
        tries++;
        throw down();
      }),
    );
    expect(tries).toBe(1);
  });

  test("is tried as often as it takes while its time limit does not run", async () => {
    const { ask, clock } = small();
    const ended = Promise.withResolvers<void>();
    let tries = 0;
    const asked = ask(
      async () => {
        if (++tries < 10) throw down(true);
        return "done";
      },
      { waiting: ended.promise },
    );
    await Bun.sleep(0);
    for (let i = 0; i < 9; i++) await clock.pass(2000);
    expect(await asked).toBe("done");
    expect(Math.max(...clock.slept)).toBe(2000);
  });

  test("that takes too long is told to stop, and is not waited for even if it does not", async () => {
    const { ask, clock } = small();
    let told: unknown;
    const asked = failure(
      ask((signal) => {
        signal.addEventListener("abort", () => {
          told = signal.reason;
        });
        return never();
      }),
    );
    await Bun.sleep(0);
    await clock.pass(999);
    expect(told).toBeUndefined();
    await clock.pass(1);
    const error = await asked;
    expect(error).toMatchObject({ code: "too_slow", message: "the server gave no answer within 1000 ms" });
    expect(told).toBe(error);
  });

  test("whose limit passes between two tries is not tried again", async () => {
    const { ask, clock } = small();
    let tries = 0;
    const asked = failure(
      ask(async () => {
        tries++;
        throw down(true);
      }),
    );
    await Bun.sleep(0);
    await clock.pass(1000);
    expect((await asked).code).toBe("too_slow");
    expect(tries).toBe(1);
  });

  test("that nobody wants any more ends at once, and is no failure of the server", async () => {
    const { ask, patience } = small();
    const abort = new AbortController();
    const asked = failure(ask(never, { signal: abort.signal }));
    abort.abort();
    expect((await asked).code).toBe("aborted");
    expect(patience.troubles).toEqual([]);
    expect((await failure(ask(never, { signal: abort.signal }))).code).toBe("aborted");
  });

  test("that throws what nobody foresaw has failed in words that name the server", async () => {
    const { ask } = small();
    const error = await failure(
      ask(async () => {
        throw new TypeError("x is not a function");
      }),
    );
    expect(error).toMatchObject({ code: "bad_answer", message: "the server failed: TypeError: x is not a function" });
  });
});

describe("a server", () => {
  const failing = async () => {
    throw down();
  };

  test("that failed is a trouble until it works", async () => {
    const { ask, patience, log } = small();
    await failure(ask(failing));
    expect(patience.troubles).toEqual([{ code: "sink_down", message: "the server is away", hint: "look there" }]);
    await ask(async () => "done");
    expect(patience.troubles).toEqual([]);
    expect(log.lines.at(-1)).toContain("works again");
  });

  test("that fails three times is left alone: nobody waits for it, and one try shows that it is back", async () => {
    const { ask, clock, patience } = small();
    let asked = 0;
    const counted = async () => {
      asked++;
      throw down();
    };
    for (let i = 0; i < OPENS_AFTER; i++) await failure(ask(counted));
    const error = await failure(ask(counted));
    expect(error).toMatchObject({
      code: "resting",
      message: "the server failed 3 times in a row: it is tried again in 6 s",
    });
    expect(asked).toBe(3);
    expect(patience.troubles).toMatchObject([{ message: "the server is away" }]);
    await clock.pass(6000);
    expect(await ask(async () => "back")).toBe("back");
    expect(await ask(async () => "still")).toBe("still");
  });

  test("that refuses is there, and is asked each time", async () => {
    const { ask, patience } = small();
    for (let i = 0; i < OPENS_AFTER + 2; i++) {
      const refused = async () => {
        throw new SinkError("refused", "too short", "say more");
      };
      expect((await failure(ask(refused))).code).toBe("refused");
    }
    expect(patience.troubles).toHaveLength(1);
  });
});
