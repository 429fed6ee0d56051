// The whole program as a process of its own, from source or compiled, in an empty folder and on a free port.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DetectionView } from "../../src/web/schemas/detections.ts";
import type { LiveMessage } from "../../src/web/schemas/live.ts";
import type { StateView } from "../../src/web/schemas/state.ts";
import { freePort } from "./free-port.ts";
import { HeldUp } from "./held-up.ts";
import { printedBy } from "./printed.ts";
import { whatItHeard } from "./what-it-heard.ts";

const ROOT = resolve(import.meta.dir, "../..");

export interface EarshotOptions {
  /** @default "run" */
  readonly command?: "run" | "relay" | "hub";
  /** Arguments behind `run`. */
  readonly args?: readonly string[];
  /** On top of an environment without settings; a virtual microphone's `env` makes it the default device. */
  readonly env?: Readonly<Record<string, string>>;
  /** `dist/earshot` instead of the sources. @default false */
  readonly binary?: boolean;
  /** Text of the earshot.yaml in its folder. */
  readonly config?: string;
  /** Where it runs, as an earlier one left it. @default an empty folder of its own */
  readonly folder?: string;
  /** @default a free one */
  readonly port?: number;
  /** Leaves `--port` to the configuration, which must name `port` too. @default false */
  readonly portFromConfig?: boolean;
  /** What it reads as standard input. @default nothing */
  readonly stdin?: ReadableStream<Uint8Array>;
}

/** `receivedAt`: UTC, ms. */
export type ReceivedMessage = LiveMessage & { readonly receivedAt: number };

export interface RunningEarshot {
  readonly url: string;
  readonly port: number;
  readonly folder: string;
  readonly pid: number;
  readonly exited: Promise<number>;
  /** Everything it printed so far. */
  log(): string;
  /** What it made of its sound, and the end of its log: why a word went unnoticed. */
  account(): Promise<string>;
  get<T = unknown>(path: string): Promise<T>;
  /** Newest first. */
  detections(): Promise<readonly DetectionView[]>;
  post(path: string, body: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /**
   * Asks again and again until the state satisfies, for 20 s where nothing shorter is promised. What a busy machine withheld
   * does not count. @throws Error with the newest state and the log
   */
  until(what: string, satisfies: (state: StateView) => boolean, limitMs?: number): Promise<StateView>;
  /** Every message of `/ws` from now on, newest last. */
  watch(): Promise<{ readonly messages: ReceivedMessage[]; close(): void }>;
  /** SIGTERM. @returns exit code and how long it took, ms, without what a busy machine withheld */
  stop(): Promise<{ readonly code: number; readonly tookMs: number }>;
  /** SIGKILL to everything that it started, and its folder removed. Safe to repeat. */
  destroy(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command of Earshot, to its end or for `limitMs`. */
export async function runCommand(
  args: readonly string[],
  options: Pick<EarshotOptions, "env" | "binary" | "folder"> & { readonly limitMs?: number } = {},
): Promise<Outcome> {
  const { env = {}, binary = false, folder = tmpdir(), limitMs = 20_000 } = options;
  const child = Bun.spawn([...earshotCommand(binary), ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: limitMs,
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout, stderr };
}

/** The command that stands for `earshot`. */
export function earshotCommand(binary: boolean): readonly string[] {
  return binary ? [join(ROOT, "dist/earshot")] : [process.execPath, join(ROOT, "src/main.ts")];
}

export async function startEarshot(options: EarshotOptions = {}): Promise<RunningEarshot> {
  const { command = "run", args = [], env = {}, binary = false, config, stdin = "ignore" } = options;
  const { port = freePort(), portFromConfig = false } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "earshot-"));
  if (config !== undefined) await Bun.write(join(folder, "earshot.yaml"), config);
  const url = `http://127.0.0.1:${port}`;
  const child = Bun.spawn(
    [...earshotCommand(binary), command, ...(portFromConfig ? [] : ["--port", String(port)]), ...args],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", HOME: folder, ...env },
      stdin,
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const log = printedBy(child);

  const get = async <T>(path: string): Promise<T> => (await fetch(url + path)).json() as Promise<T>;
  const earshot: RunningEarshot = {
    url,
    port,
    folder,
    pid: child.pid,
    exited: child.exited,
    log,
    account: () => whatItHeard(url, log()),
    get,
    async detections() {
      return (await get<{ detections: DetectionView[] }>("/api/detections?limit=100")).detections;
    },
    async post(path, body) {
      const response = await fetch(url + path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    },
    async until(what, satisfies, limitMs = 20_000) {
      using time = new HeldUp(child.pid);
      let newest: StateView | undefined;
      while (!time.isOver(limitMs)) {
        newest = await get<StateView>("/api/state").catch(() => newest);
        if (newest !== undefined && satisfies(newest)) return newest;
        await Bun.sleep(20);
      }
      throw new Error(`not within ${limitMs} ms: ${what}\n${JSON.stringify(newest, undefined, 1)}\n${log()}`);
    },
    async watch() {
      const messages: ReceivedMessage[] = [];
      const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
      socket.onmessage = ({ data }) => {
        messages.push({ ...(JSON.parse(String(data)) as LiveMessage), receivedAt: Date.now() });
      };
      await new Promise((open, failed) => {
        socket.onopen = open;
        socket.onerror = failed;
      });
      return { messages, close: () => socket.close() };
    },
    async stop() {
      using time = new HeldUp(child.pid);
      child.kill("SIGTERM");
      const code = await child.exited;
      return { code, tookMs: time.tookMs };
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
    [Symbol.asyncDispose]: () => earshot.destroy(),
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
