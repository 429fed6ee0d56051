/** The hub of the house check: the whole program as `earshot hub`, which may be killed and started again where it was. */

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../test/support/free-port.ts";
import { descendants, type RunningEarshot, startEarshot } from "../../test/support/running-earshot.ts";

const LIMIT_MS = 30_000;

/** What a process has of the machine. */
export interface Footprint {
  readonly rssMb: number;
  readonly descriptors: number;
}

export class HubProcess {
  readonly folder = mkdtempSync(join(tmpdir(), "earshot-house-"));
  readonly port = freePort();
  #running: RunningEarshot | undefined;
  #pids: readonly number[] = [];
  #config = "";

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Itself, and the processes that it started. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  /** What it printed in this life. */
  get log(): string {
    return this.#running?.log() ?? "";
  }

  /** @param config text of its earshot.yaml */
  async start(config = this.#config): Promise<void> {
    this.#config = config;
    const { folder, port } = this;
    const running = await startEarshot({ command: "hub", folder, port, config, args: ["--model", "alexa"] });
    this.#running = running;
    await running.until("it answers", () => true, LIMIT_MS);
    this.#pids = [running.pid, ...descendants(running.pid)];
  }

  /** While it runs: it follows the file. */
  async configure(config: string): Promise<void> {
    this.#config = config;
    await Bun.write(join(this.folder, "earshot.yaml"), config);
  }

  /** Whether it was killed, whoever did it. */
  get isDead(): boolean {
    return this.#pids.every((pid) => !isAlive(pid));
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`${path} answers ${response.status}`);
    return (await response.json()) as T;
  }

  footprint(): Footprint {
    const each = this.#pids.map((pid) => ({
      kB: Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
    }));
    return {
      rssMb: each.reduce((sum, { kB }) => sum + kB, 0) / 1024,
      descriptors: each.reduce((sum, { descriptors }) => sum + descriptors, 0),
    };
  }

  async end(): Promise<void> {
    await this.#running?.destroy();
  }
}

/** A zombie has ended too: nobody but its parent knows. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
