// supervised-program.ts as a process of its own, asked through its API.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WorkerName } from "../../src/memory/layout.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { freePort } from "./free-port.ts";
import { HeldUp } from "./held-up.ts";
import { printedBy } from "./printed.ts";
import type { Setup } from "./supervised-program.ts";

export interface Supervised {
  readonly url: string;
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Everything it printed so far. */
  log(): string;
  state(): Promise<StateView>;
  /** What a busy machine withheld does not count. @throws Error with the newest state and the log */
  until(what: string, satisfies: (state: StateView) => boolean, limitMs?: number): Promise<StateView>;
  /** Ends a worker's thread from outside, as nothing in the product does. */
  terminate(worker: WorkerName): void;
  post(path: string, body: unknown): Promise<unknown>;
  /** Safe to repeat. */
  destroy(): Promise<void>;
}

export interface SupervisedOptions extends Pick<Setup, "standIns" | "limits"> {
  readonly env?: Readonly<Record<string, string>>;
  /** Of earshot.yaml, but for the port. */
  readonly config?: string;
}

const PROGRAM = join(import.meta.dir, "supervised-program.ts");

export async function startSupervised(options: SupervisedOptions = {}): Promise<Supervised> {
  const { env = {}, config = "", standIns = {}, limits = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), "earshot-supervised-"));
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const file = join(folder, "earshot.yaml");
  const text = `web: { port: ${port} }\n${config}`;
  await Bun.write(file, text);
  const setup: Setup = { file, text, standIns, limits };
  const child = Bun.spawn([process.execPath, PROGRAM, JSON.stringify(setup)], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const log = printedBy(child);
  const state = async () => {
    const response = await fetch(`${url}/api/state`);
    // What a server that is being ended says has no body.
    if (!response.ok) throw new Error(`/api/state: ${response.status}`);
    return response.json() as Promise<StateView>;
  };
  return {
    url,
    pid: child.pid,
    exited: child.exited,
    log,
    state,
    async until(what, satisfies, limitMs = 15_000) {
      using time = new HeldUp(child.pid);
      let newest: StateView | undefined;
      while (!time.isOver(limitMs)) {
        newest = await state().catch(() => newest);
        if (newest !== undefined && satisfies(newest)) return newest;
        await Bun.sleep(20);
      }
      throw new Error(`not within ${limitMs} ms: ${what}\n${JSON.stringify(newest, undefined, 1)}\n${log()}`);
    },
    terminate(worker) {
      child.stdin.write(`terminate ${worker}\n`);
      child.stdin.flush();
    },
    async post(path, body) {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return response.json();
    },
    async destroy() {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
