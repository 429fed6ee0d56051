// The program without its command line: the supervisor and the real workers, with a hand on each thread.
//   bun supervised-program.ts SETUP       SETUP: JSON, as Setup below
// takes one command a line on standard input ("terminate web", "stop") and ends with the supervisor's exit code.
import { monotonicMs } from "../../ffi/clock.ts";
import { loadConfig } from "../../src/config/load.ts";
import { publishConfig } from "../../src/config/shared-config.ts";
import type { WorkerName } from "../../src/memory/layout.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import { Supervisor, spawnThread, type WorkerHandle } from "../../src/supervise/supervisor.ts";
import { workerUrl } from "../../src/supervise/worker-url.ts";
import { WATCH_LIMITS, type WatchLimits } from "../../src/supervise/worker-watch.ts";
import type { Failing, StandInSettings } from "./stand-in-worker.ts";

export interface Setup {
  /** The path of earshot.yaml, which need not exist, and what it holds. */
  readonly file: string;
  readonly text: string;
  /** Who lives this worker's first lives in its place. */
  readonly standIns?: { readonly [Name in WorkerName]?: { readonly failing: Failing; readonly lives: number } };
  readonly limits?: Partial<WatchLimits>;
}

const STAND_IN_LIFE_MS = 300;

const { file, text, standIns = {}, limits = {} } = JSON.parse(process.argv[2] ?? "{}") as Setup;
const sources = { file, text, overrides: [] };
const memory = SharedMemory.create({ streams: 1, relays: 1 });
publishConfig(memory.configuration.writer(), loadConfig(sources).config);
const settings = { capture: {}, inference: {}, web: { sources, version: "0.0.0" } };
const handles = new Map<WorkerName, WorkerHandle>();
const lives = new Map<WorkerName, number>();

const supervisor = new Supervisor({
  memory,
  monotonicMs,
  spawn(name, closed) {
    const life = lives.get(name) ?? 0;
    lives.set(name, life + 1);
    const standIn = standIns[name];
    const { buffer } = memory;
    const standInSettings = (failing: Failing): StandInSettings => ({ name, failing, liveMs: STAND_IN_LIFE_MS });
    const handle =
      standIn !== undefined && life < standIn.lives
        ? spawnThread(
            new URL("./stand-in-worker.ts", import.meta.url),
            { buffer, settings: standInSettings(standIn.failing) },
            closed,
          )
        : spawnThread(workerUrl(name), { buffer, settings: settings[name] }, closed);
    handles.set(name, handle);
    return handle;
  },
  log: (event, fields) => console.log(JSON.stringify({ event, atMs: Math.round(monotonicMs()), ...fields })),
  fatalAtStart: ["port_taken", "cannot_listen"],
  limits: { ...WATCH_LIMITS, ...limits },
});

async function obey(): Promise<void> {
  for await (const line of console) {
    const [command, name] = line.split(" ");
    if (command === "terminate") handles.get(name as WorkerName)?.terminate();
    else if (command === "stop") supervisor.stop();
  }
}

void obey();
process.exit(await supervisor.run());
