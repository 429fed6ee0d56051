// One end of one way to bring a state from thread to thread: the writer stamps each update with CLOCK_MONOTONIC, the
// reader says how old it was when it had it in hand.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { monotonicMs } from "../ffi/clock.ts";
import { SharedMemory } from "../src/memory/shared-memory.ts";

export type Way =
  /** A shared record, its reader asleep in Atomics.wait. */
  | "record"
  /** A shared record, its reader awake all the time. */
  | "spun record"
  /** A shared record and the doorbell, its reader on an event loop. */
  | "bell"
  | "message"
  /** A JSON file, read again and again without a pause. */
  | "file"
  /** A JSON file, read once a second, as the system that this one replaces did. */
  | "polled file";

export interface Order {
  readonly end: "write" | "read";
  readonly way: Way;
  readonly buffer: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly folder: string;
  readonly updates: number;
  /** Between two updates, so that the reader sleeps again. */
  readonly pauseMs: number;
}

export interface Ages {
  /** Of each update that the reader saw, microseconds. */
  readonly agesUs: readonly number[];
  /** Reads that found half a file. */
  readonly broken: number;
}

/** Files that are polled at once, each at its own moment: a thousand updates through one would take half an hour. */
const LANES = 100;
const POLL_MS = 1000;

interface State {
  readonly state: string;
  readonly model: string;
  readonly confidence: number;
  readonly sinceMs: number;
  readonly sequence: number;
}

function stateNow(sequence: number): State {
  return { state: "awake", model: "alexa", confidence: 0.97, sequence, sinceMs: monotonicMs() };
}

function ageUs({ sinceMs }: { readonly sinceMs: number }): number {
  return 1000 * (monotonicMs() - sinceMs);
}

/** Blocks, as capture does. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function write(order: Order): Promise<void> {
  const { way, updates, pauseMs, folder } = order;
  if (way === "polled file") {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => writeLane(laneFile(folder, lane), updates / LANES)));
    return;
  }
  const send = sender(order);
  for (let sequence = 1; sequence <= updates; sequence++) {
    pause(pauseMs);
    send(sequence);
  }
}

function sender({ way, buffer, port, folder }: Order): (sequence: number) => void {
  const memory = SharedMemory.attach(buffer);
  const activation = memory.activation(0).writer();
  switch (way) {
    case "record":
    case "spun record":
    case "bell":
      return (sequence) => {
        Object.assign(activation.value, stateNow(sequence));
        activation.publish();
        if (way === "bell") memory.webBell.ring();
      };
    case "message":
      return (sequence) => port.postMessage(stateNow(sequence));
    case "file":
    case "polled file":
      return (sequence) => writeFileSync(laneFile(folder, 0), JSON.stringify(stateNow(sequence)));
  }
}

async function writeLane(file: string, updates: number): Promise<void> {
  for (let sequence = 1; sequence <= updates; sequence++) {
    await Bun.sleep(POLL_MS * (1 + Math.random()));
    writeFileSync(file, JSON.stringify(stateNow(sequence)));
  }
}

function laneFile(folder: string, lane: number): string {
  return join(folder, `recent_detections-${lane}.json`);
}

async function read(order: Order, ready: () => void): Promise<Ages> {
  const { way, updates, folder } = order;
  switch (way) {
    case "record":
    case "spun record":
      return readRecord(order, ready);
    case "bell":
      return await readBell(order, ready);
    case "message":
      return await readMessages(order, ready);
    case "file":
      ready();
      return await readFile(laneFile(folder, 0), updates, undefined);
    case "polled file": {
      ready();
      const lanes = Array.from({ length: LANES }, async (_, lane) => {
        await Bun.sleep((lane * POLL_MS) / LANES);
        return readFile(laneFile(folder, lane), updates / LANES, POLL_MS);
      });
      const all = await Promise.all(lanes);
      return { agesUs: all.flatMap(({ agesUs }) => agesUs), broken: all.reduce((sum, { broken }) => sum + broken, 0) };
    }
  }
}

function readRecord({ way, buffer, updates }: Order, ready: () => void): Ages {
  const activation = SharedMemory.attach(buffer).activation(0).reader();
  const agesUs: number[] = [];
  ready();
  while (activation.value.sequence < updates) {
    if (way === "record") activation.waitForChange(1000);
    if (activation.refresh() === "fresh") agesUs.push(ageUs(activation.value));
  }
  return { agesUs, broken: 0 };
}

async function readBell({ buffer, updates }: Order, ready: () => void): Promise<Ages> {
  const memory = SharedMemory.attach(buffer);
  const activation = memory.activation(0).reader();
  const agesUs: number[] = [];
  let { rings } = memory.webBell;
  ready();
  while (activation.value.sequence < updates) {
    await memory.webBell.rung(rings, 1000);
    rings = memory.webBell.rings;
    if (activation.refresh() === "fresh") agesUs.push(ageUs(activation.value));
  }
  return { agesUs, broken: 0 };
}

function readMessages({ port, updates }: Order, ready: () => void): Promise<Ages> {
  const agesUs: number[] = [];
  return new Promise((resolve) => {
    port.onmessage = ({ data }: MessageEvent<State>) => {
      agesUs.push(ageUs(data));
      if (data.sequence === updates) resolve({ agesUs, broken: 0 });
    };
    ready();
  });
}

async function readFile(file: string, updates: number, pollMs: number | undefined): Promise<Ages> {
  const agesUs: number[] = [];
  let broken = 0;
  let newest = 0;
  while (newest < updates) {
    if (pollMs !== undefined) await Bun.sleep(pollMs);
    try {
      const state = JSON.parse(readFileSync(file, "utf8")) as State;
      if (state.sequence === newest) continue;
      newest = state.sequence;
      agesUs.push(ageUs(state));
    } catch (error) {
      // There is no file before the first update; later it can be found empty while it is being written.
      if (error instanceof SyntaxError) broken++;
    }
  }
  return { agesUs, broken };
}

// Never removed: a pending waitAsync alone does not keep a worker alive.
addEventListener("message", async ({ data: order }: MessageEvent<Order>) => {
  if (order.end === "write") await write(order);
  else postMessage(await read(order, () => postMessage("ready")));
});
