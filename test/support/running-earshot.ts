// The whole program as a process of its own, from source or compiled, in an empty folder and on a free port.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { LiveMessage, StateView } from "../../src/web/schemas.ts";

const ROOT = resolve(import.meta.dir, "../..");

export interface EarshotOptions {
  /** Arguments behind `run`; `--port` is chosen here. */
  readonly args?: readonly string[];
  /** On top of an environment without settings; a virtual microphone's `env` makes it the default device. */
  readonly env?: Readonly<Record<string, string>>;
  /** `dist/earshot` instead of the sources. @default false */
  readonly binary?: boolean;
  /** Text of the earshot.yaml in its folder. */
  readonly config?: string;
}

export interface RunningEarshot {
  readonly url: string;
  readonly folder: string;
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Everything it printed so far. */
  log(): string;
  get<T = unknown>(path: string): Promise<T>;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Asks again and again until the state satisfies. @throws Error with the newest state and the log */
  until(what: string, satisfies: (state: StateView) => boolean, limitMs?: number): Promise<StateView>;
  /** Every message of `/ws` from now on, newest last. */
  watch(): Promise<{ readonly messages: LiveMessage[]; close(): void }>;
  /** SIGTERM. @returns exit code and how long it took, ms */
  stop(): Promise<{ readonly code: number; readonly tookMs: number }>;
  /** SIGKILL to everything that it started, and its folder removed. Safe to repeat. */
  destroy(): Promise<void>;
}

/** The command that stands for `earshot`. */
export function earshotCommand(binary: boolean): readonly string[] {
  return binary ? [join(ROOT, "dist/earshot")] : [process.execPath, join(ROOT, "src/main.ts")];
}

/** A port that nothing listens on now. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}

export async function startEarshot(options: EarshotOptions = {}): Promise<RunningEarshot> {
  const { args = [], env = {}, binary = false, config } = options;
  const folder = mkdtempSync(join(tmpdir(), "earshot-"));
  if (config !== undefined) await Bun.write(join(folder, "earshot.yaml"), config);
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = Bun.spawn([...earshotCommand(binary), "run", "--port", String(port), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let printed = "";
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) printed += decoder.decode(chunk, { stream: true });
  };
  void collect(child.stdout);
  void collect(child.stderr);

  const get = async <T>(path: string): Promise<T> => (await fetch(url + path)).json() as Promise<T>;
  const earshot: RunningEarshot = {
    url,
    folder,
    pid: child.pid,
    exited: child.exited,
    log: () => printed,
    get,
    async post(path, body) {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
    async until(what, satisfies, limitMs = 20_000) {
      const deadline = performance.now() + limitMs;
      let newest: StateView | undefined;
      while (performance.now() < deadline) {
        newest = await get<StateView>("/api/state").catch(() => newest);
        if (newest !== undefined && satisfies(newest)) return newest;
        await Bun.sleep(20);
      }
      throw new Error(`not within ${limitMs} ms: ${what}\n${JSON.stringify(newest, undefined, 1)}\n${printed}`);
    },
    async watch() {
      const messages: LiveMessage[] = [];
      const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
      socket.onmessage = ({ data }) => messages.push(JSON.parse(String(data)) as LiveMessage);
      await new Promise((open, failed) => {
        socket.onopen = open;
        socket.onerror = failed;
      });
      return { messages, close: () => socket.close() };
    },
    async stop() {
      const startedMs = performance.now();
      child.kill("SIGTERM");
      const code = await child.exited;
      return { code, tookMs: performance.now() - startedMs };
    },
    async destroy() {
      for (const pid of [...descendants(child.pid), child.pid]) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended already.
        }
      }
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return earshot;
}

/** The processes that a process started, and theirs. */
export function descendants(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)]);
  const children = stdout
    .toString()
    .split("\n")
    .map(Number)
    .filter((child) => child > 0);
  return children.flatMap((child) => [child, ...descendants(child)]);
}
