import { describe, expect, test } from "bun:test";
import { type Child, hasSystemdParent, isMendable, runParent } from "../../src/supervise/parent.ts";

/** A child that ends when the test says so, a clock that stands still but for sleeps, and a signal to send. */
function parentOf(ends: readonly { readonly end: number | string; readonly afterMs?: number }[]) {
  const script = [...ends];
  const sleeps: number[] = [];
  const starts: number[] = [];
  const kills: string[] = [];
  const logged: string[] = [];
  let nowMs = 0;
  let signal: (signal: "SIGTERM" | "SIGINT") => void = () => {};
  let endNow: (end: number | string) => void = () => {};
  const { promise: running, resolve: isRunning } = Promise.withResolvers<void>();
  const { promise: sleeping, resolve: isSleeping } = Promise.withResolvers<void>();
  let sleepsForEver = false;
  const code = runParent({
    spawn: (restarts): Child => {
      starts.push(restarts);
      const next = script.shift();
      const { promise, resolve } = Promise.withResolvers<number | string>();
      endNow = resolve;
      if (next !== undefined) {
        nowMs += next.afterMs ?? 0;
        resolve(next.end);
      } else isRunning();
      return { exited: promise, kill: (name) => kills.push(name) };
    },
    onSignal: (handler) => {
      signal = handler;
    },
    sleep: async (ms) => {
      sleeps.push(ms);
      nowMs += ms;
      isSleeping();
      if (sleepsForEver) await new Promise(() => {});
    },
    monotonicMs: () => nowMs,
    log: (event) => logged.push(event),
  });
  return {
    code,
    sleeps,
    starts,
    kills,
    logged,
    running,
    sleeping,
    signal: (name: "SIGTERM" | "SIGINT") => signal(name),
    end: (end: number | string) => endNow(end),
    sleepForEver: () => {
      sleepsForEver = true;
    },
  };
}

describe("the parent", () => {
  test.each([0, 1, 2])("ends with its child when starting again would mend nothing: exit code %p", async (end) => {
    const parent = parentOf([{ end }]);
    expect(await parent.code).toBe(end);
    expect(parent.starts).toEqual([0]);
    expect(parent.logged).toEqual([]);
  });

  test.each([70, "SIGSEGV", "SIGKILL", "SIGABRT"])(
    "starts its child again after %p, at once the first time",
    async (end) => {
      const parent = parentOf([{ end }, { end: 0 }]);
      expect(await parent.code).toBe(0);
      expect(parent.starts).toEqual([0, 1]);
      expect(parent.sleeps).toEqual([0]);
      expect(parent.logged).toHaveLength(1);
    },
  );

  test("waits longer with each end in a row, to half a minute", async () => {
    const parent = parentOf([...Array.from({ length: 10 }, () => ({ end: "SIGSEGV" })), { end: 2 }]);
    expect(await parent.code).toBe(2);
    expect(parent.starts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(parent.sleeps).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("does not wait after a child that hung: it was left to hang for longer each time already", async () => {
    const parent = parentOf([{ end: 70 }, { end: 70 }, { end: 70 }, { end: 0 }]);
    await parent.code;
    expect(parent.sleeps).toEqual([0, 0, 0]);
    expect(parent.starts).toEqual([0, 1, 2, 3]);
  });

  test("forgives a child that lived for a quarter of an hour", async () => {
    const end = "SIGSEGV";
    const parent = parentOf([{ end }, { end }, { end, afterMs: 900_000 }, { end }, { end: 0 }]);
    await parent.code;
    expect(parent.sleeps).toEqual([0, 500, 0, 500]);
    expect(parent.starts).toEqual([0, 1, 2, 1, 2]);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("hands %s on, and ends when its child has", async (name) => {
    const parent = parentOf([]);
    await parent.running;
    parent.signal(name);
    expect(parent.kills).toEqual([name]);
    parent.end(0);
    expect(await parent.code).toBe(0);
    expect(parent.starts).toEqual([0]);
  });

  test("that was told to end does not start again a child that hung or was killed on the way", async () => {
    for (const end of [70, "SIGKILL", "SIGTERM"]) {
      const parent = parentOf([]);
      await parent.running;
      parent.signal("SIGTERM");
      parent.end(end);
      expect(await parent.code).toBe(0);
      expect(parent.starts).toEqual([0]);
    }
  });

  test("hands on the failure of a child that ended badly when told to", async () => {
    const parent = parentOf([]);
    await parent.running;
    parent.signal("SIGTERM");
    parent.end(1);
    expect(await parent.code).toBe(1);
  });

  test("that was told to end while it waits ends at once, not when the wait is over", async () => {
    const parent = parentOf([{ end: 70 }, { end: 70 }]);
    parent.sleepForEver();
    await parent.sleeping;
    parent.signal("SIGTERM");
    expect(await parent.code).toBe(0);
    expect(parent.starts).toEqual([0]);
  });
});

test("isMendable() is true of signals and of a hang alone", () => {
  expect([0, 1, 2, 70, "SIGSEGV"].map(isMendable)).toEqual([false, false, false, true, true]);
});

test("hasSystemdParent() goes by the process that systemd started, not by its children", () => {
  expect(hasSystemdParent({ SYSTEMD_EXEC_PID: "42" }, 42)).toBe(true);
  expect(hasSystemdParent({ SYSTEMD_EXEC_PID: "41" }, 42)).toBe(false);
  expect(hasSystemdParent({}, 42)).toBe(false);
});
