/** One relay's process from outside: starts it, gives it orders, stops and kills it, and keeps what it tells. */
import { join } from "node:path";
import { monotonicMs } from "../../ffi/clock.ts";
import type { Order, Seen, Told } from "./orders.ts";

export class RelayHost {
  readonly id: string;
  readonly #url: string;
  #child: Bun.Subprocess<"ignore", "pipe", "inherit"> | undefined;
  /** Of the round that is played. */
  #seen: Seen[] = [];
  #connected = false;
  #round = 0;

  constructor(id: string, url: string) {
    this.id = id;
    this.#url = url;
  }

  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** Whether it says that it is part of the house. */
  get connected(): boolean {
    return this.#connected;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get alive(): boolean {
    return this.#child !== undefined;
  }

  start(hubPids: readonly number[]): void {
    this.#connected = false;
    this.#note("started");
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "relay-process.ts"), this.#url, this.id], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
      ipc: () => {},
      serialization: "json",
    });
    this.#child = child;
    void this.#listen(child);
    void child.exited.then(() => {
      if (this.#child === child) this.#child = undefined;
    });
    child.send({ type: "hub", pids: hubPids });
  }

  /** What was seen of the round before is forgotten. */
  begin(round: number): void {
    this.#round = round;
    this.#seen = [];
  }

  order(order: Order): void {
    this.#child?.send(order);
  }

  /** SIGSTOP, and SIGCONT after so long. */
  async pause(ms: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGSTOP");
    this.#note("stopped");
    await Bun.sleep(ms);
    child.kill("SIGCONT");
    if (this.#child === child) this.#note("continued");
  }

  async end(): Promise<void> {
    const child = this.#child;
    child?.kill("SIGKILL");
    await child?.exited;
  }

  #note(type: "started" | "died" | "stopped" | "continued"): void {
    this.#seen.push({ type, atMs: monotonicMs(), round: this.#round });
  }

  /** Everything that it told, to the end, and then its death. */
  async #listen(child: Bun.Subprocess<"ignore", "pipe", "inherit">): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of child.stdout) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as Told);
    }
    this.#connected = false;
    this.#note("died");
  }

  #take(told: Told): void {
    if (told.type === "connected") this.#connected = true;
    if (told.type === "away") this.#connected = false;
    this.#seen.push(told);
  }
}
