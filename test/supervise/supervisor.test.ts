import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { WORKERS, type WorkerName } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { Heart } from "../../src/supervise/heart.ts";
import { Supervisor } from "../../src/supervise/supervisor.ts";
import type { LastWords } from "../../src/supervise/worker-life.ts";
import { WATCH_LIMITS as LIMITS } from "../../src/supervise/worker-watch.ts";

interface FakeWorker {
  readonly name: WorkerName;
  readonly close: (words?: LastWords) => void;
  readonly heart: Heart;
  beats: boolean;
  /** Whether it does its work already, or still starts. */
  works: boolean;
  hangs: boolean;
  terminated: boolean;
}

/** Workers that beat until they are told not to, under a clock that the test moves. */
function houseOf(fatalAtStart: readonly string[] = []) {
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const started: FakeWorker[] = [];
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  let nowMs = 100_000;
  const supervisor = new Supervisor({
    memory,
    monotonicMs: () => nowMs,
    spawn: (name, closed) => {
      const worker: FakeWorker = {
        name,
        close: (words) => {
          worker.beats = false;
          closed(words);
        },
        heart: new Heart(memory, name),
        beats: true,
        works: true,
        hangs: false,
        terminated: false,
      };
      started.push(worker);
      return {
        terminate: () => {
          worker.terminated = true;
          if (!worker.hangs) worker.close();
        },
      };
    },
    log: (event, fields) => logged.push({ event, fields }),
    fatalAtStart,
  });
  let code: number | undefined;
  void supervisor.run().then((ended) => {
    code = ended;
  });
  const newest = (name: WorkerName) => {
    const worker = started.findLast((candidate) => candidate.name === name);
    if (worker === undefined) throw new Error(`${name} was never started`);
    return worker;
  };
  return {
    memory,
    supervisor,
    started,
    logged,
    newest,
    events: () => logged.map(({ event }) => event),
    shown: (name: WorkerName) => memory.supervision(name).reader().read(),
    /** Time goes on, and nobody does anything. */
    standStill(ms: number) {
      nowMs += ms;
    },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 50) {
        nowMs += 50;
        for (const worker of started) if (worker.beats) worker.heart[worker.works ? "alive" : "beat"](nowMs);
        jest.advanceTimersByTime(50);
      }
      await Promise.resolve();
      return code;
    },
  };
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe("the supervisor", () => {
  test("starts every worker and shows each alive when it beats", async () => {
    const house = houseOf();
    expect(house.started.map(({ name }) => name)).toEqual([...WORKERS]);
    for (const name of WORKERS) expect(house.shown(name).state).toBe("starting");
    await house.pass(300);
    for (const name of WORKERS) expect(house.shown(name)).toMatchObject({ state: "alive", restarts: 0, lastError: "" });
    expect(house.memory.control.reader().read().startedMs).toBe(100_000);
  });

  test("never touches workers that beat", async () => {
    const house = houseOf();
    expect(await house.pass(70_000)).toBeUndefined();
    expect(house.started).toHaveLength(3);
  });

  test("starts one that died again, after a moment, and remembers its last words; the others go on", async () => {
    const house = houseOf();
    await house.pass(1000);
    const rings = house.memory.webBell.rings;
    house.newest("inference").close({ message: "the model is on fire", code: "crashed" });
    expect(house.shown("inference")).toMatchObject({ state: "dead", lastError: "the model is on fire", restarts: 0 });
    expect(house.memory.webBell.rings).toBeGreaterThan(rings);
    await house.pass(200);
    expect(house.started).toHaveLength(3);
    await house.pass(400);
    expect(house.started.map(({ name }) => name)).toEqual([...WORKERS, "inference"]);
    expect(house.shown("inference")).toMatchObject({ state: "alive", restarts: 1, lastError: "the model is on fire" });
    expect(house.events()).toContain("worker died");
    expect(house.started.filter(({ terminated }) => terminated)).toEqual([]);
  });

  test("does not take an end without a word for a good one", async () => {
    const house = houseOf();
    await house.pass(1000);
    house.newest("capture").close();
    expect(house.shown("capture")).toMatchObject({ state: "dead", lastError: "it closed without a word" });
    await house.pass(1000);
    expect(house.newest("capture")).not.toBe(house.started[0] as FakeWorker);
  });

  test("shows one that stops beating as late, then ends it and starts another", async () => {
    const house = houseOf();
    await house.pass(1000);
    house.newest("inference").beats = false;
    await house.pass(LIMITS.lateMs + 200);
    expect(house.shown("inference").state).toBe("late");
    await house.pass(LIMITS.deadMs);
    expect(house.started[1]?.terminated).toBe(true);
    expect(house.shown("inference")).toMatchObject({ state: "alive", restarts: 1, lastError: "it stopped beating" });
  });

  test("does not take it for the workers' fault that the whole program stood still", async () => {
    const house = houseOf();
    await house.pass(1000);
    house.standStill(9000);
    // The first look comes before anybody could beat again.
    for (const worker of house.started) worker.beats = false;
    await house.pass(200);
    for (const worker of house.started) worker.beats = true;
    await house.pass(8000);
    expect(house.started.some(({ terminated }) => terminated)).toBe(false);
    expect(house.logged.at(-1)).toEqual({ event: "the program stood still", fields: { forMs: expect.any(Number) } });
  });

  test("waits longer the more often one dies", async () => {
    const house = houseOf();
    const waits: number[] = [];
    for (let death = 0; death < 5; death++) {
      house.newest("capture").close({ message: "no", code: "crashed" });
      const before = house.started.length;
      let waitedMs = 0;
      for (; house.started.length === before; waitedMs += 50) await house.pass(50);
      waits.push(waitedMs);
    }
    expect(waits.map((ms, index) => ms / (250 * 2 ** index))).toEqual(waits.map(() => expect.closeTo(1, 0)));
  });

  test("ends the program with a code of its own when a worker cannot be ended", async () => {
    const house = houseOf();
    await house.pass(1000);
    const stuck = house.newest("capture");
    stuck.beats = false;
    stuck.hangs = true;
    expect(await house.pass(LIMITS.deadMs + LIMITS.hungMs - 200)).toBeUndefined();
    expect(await house.pass(600)).toBe(70);
    expect(house.events()).toContain("worker hangs in native code, ending the program");
  });

  test("ends the program with a failure when a first start can never succeed", async () => {
    const house = houseOf(["port_taken"]);
    house.newest("web").close({ message: "port 7171 is taken", code: "port_taken" });
    // The others close in time, as workers do: that must not turn the failure into a success.
    house.newest("capture").close();
    house.newest("inference").close();
    expect(await house.pass(100)).toBe(1);
    expect(house.logged).toContainEqual({
      event: "worker died",
      fields: { worker: "web", error: "port 7171 is taken" },
    });
  });

  test("ends it as well when the worker beat for a while before it found that out", async () => {
    const house = houseOf(["port_taken"]);
    house.newest("web").works = false;
    await house.pass(500);
    house.newest("web").close({ message: "port 7171 is taken", code: "port_taken" });
    expect(await house.pass(1000)).toBe(1);
  });

  test("does not take one that loads models slowly for a dead one", async () => {
    const house = houseOf();
    const inference = house.newest("inference");
    inference.works = false;
    await house.pass(300);
    inference.beats = false;
    await house.pass(30_000);
    expect(inference.terminated).toBe(false);
    expect(house.shown("inference").state).toBe("starting");
  });

  test("does not end it for the same words of a worker that lived already", async () => {
    const house = houseOf(["port_taken"]);
    house.newest("web").heart.alive(100_000);
    await house.pass(500);
    house.newest("web").close({ message: "port 7171 is taken", code: "port_taken" });
    expect(await house.pass(2000)).toBeUndefined();
    expect(house.shown("web")).toMatchObject({ state: "alive", restarts: 1 });
  });

  test("stops as soon as everybody has closed", async () => {
    const house = houseOf();
    await house.pass(500);
    house.supervisor.stop();
    expect(house.memory.control.reader().read().shutdown).toBe(true);
    for (const name of WORKERS) house.newest(name).close();
    expect(await house.pass(50)).toBe(0);
    expect(house.started).toHaveLength(3);
  });

  test("stops within a second though a worker never closes", async () => {
    const house = houseOf();
    await house.pass(500);
    house.supervisor.stop();
    house.supervisor.stop();
    house.newest("web").close();
    expect(await house.pass(500)).toBeUndefined();
    expect(await house.pass(150)).toBe(0);
  });

  test("stops while a worker waits for its next start, and does not start it", async () => {
    const house = houseOf();
    await house.pass(500);
    house.newest("capture").close({ message: "no", code: "crashed" });
    house.supervisor.stop();
    house.newest("inference").close();
    house.newest("web").close();
    expect(await house.pass(1000)).toBe(0);
    expect(house.started).toHaveLength(3);
  });
});

describe("a worker's heart", () => {
  test("beats ten times a second at most, however often it is asked", () => {
    const memory = SharedMemory.create({ streams: 1, relays: 1 });
    const heart = new Heart(memory, "capture");
    const record = memory.heartbeat("capture").reader();
    let beats = 0;
    for (let nowMs = 1000; nowMs < 2000; nowMs += 10) {
      heart.beat(nowMs);
      if (record.refresh() === "fresh") beats++;
    }
    expect(beats).toBe(10);
    expect(record.value).toMatchObject({ state: "starting", beatMs: 1900 });
  });

  test("says that its worker is alive, and by which configuration", () => {
    const memory = SharedMemory.create({ streams: 1, relays: 1 });
    const heart = new Heart(memory, "inference");
    heart.alive(500);
    heart.acknowledge(7);
    expect(memory.heartbeat("inference").reader().read()).toEqual({ state: "alive", beatMs: 500, configuration: 7 });
    new Heart(memory, "inference").beat(900);
    expect(memory.heartbeat("inference").reader().read()).toEqual({ state: "starting", beatMs: 900, configuration: 7 });
  });
});
