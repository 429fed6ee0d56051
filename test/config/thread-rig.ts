// A worker of the program in its own thread, with the shared memory around it written by the test.
import { loadConfig } from "../../src/config/load.ts";
import { publishConfig, SharedConfig } from "../../src/config/shared-config.ts";
import type { WorkerName } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { spawnThread } from "../../src/supervise/supervisor.ts";
import type { LastWords } from "../../src/supervise/worker-life.ts";
import { workerUrl } from "../../src/supervise/worker-url.ts";
import { sourcesOf } from "./sources.ts";

const LIMIT_MS = 15_000;

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + LIMIT_MS;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`waited ${LIMIT_MS} ms in vain: ${what}`);
    await Bun.sleep(2);
  }
}

export class ThreadRig {
  readonly memory = SharedMemory.create({ streams: 1, relays: 1 });
  readonly #configuration = this.memory.configuration.writer();
  readonly #heartbeat;
  readonly #closed = Promise.withResolvers<LastWords | undefined>();
  readonly #handle;
  /** How it ended, once it has. */
  words: LastWords | undefined;

  constructor(
    readonly name: WorkerName,
    settings: unknown,
    yaml = "",
  ) {
    publishConfig(this.#configuration, loadConfig(sourcesOf(yaml)).config);
    this.#heartbeat = this.memory.heartbeat(name).reader();
    this.#handle = spawnThread(workerUrl(name), { buffer: this.memory.buffer, settings }, (words) => {
      this.words = words;
      this.#closed.resolve(words);
    });
  }

  get config() {
    return new SharedConfig(this.memory.configuration.reader()).current;
  }

  async alive(): Promise<this> {
    await until(`${this.name} is alive`, () => {
      if (this.words !== undefined) throw new Error(`${this.name} died: ${this.words.message}`);
      return this.#heartbeat.read().beatMs > 0 && (this.name === "capture" || this.#heartbeat.value.state === "alive");
    });
    return this;
  }

  /** Changes the configuration and waits until the worker goes by it. */
  async configure(yaml: string): Promise<void> {
    const generation = publishConfig(this.#configuration, loadConfig(sourcesOf(yaml)).config);
    // Whoever sleeps on requests or on the ring looks up.
    await until(`${this.name} goes by the new settings`, () => this.#heartbeat.read().configuration >= generation);
  }

  async close(): Promise<void> {
    const control = this.memory.control.writer();
    control.value.shutdown = true;
    control.publish();
    this.memory.webBell.ring();
    await Promise.race([this.#closed.promise, Bun.sleep(2000).then(() => this.#handle.terminate())]);
  }
}
