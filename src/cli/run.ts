/** `earshot run`: microphone, wake words and page on this machine, until told to stop. */

import { randomBytes } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { Command, Option } from "commander";
import { monotonicMs } from "../../ffi/clock.ts";
import { version } from "../../package.json";
import type { CaptureWorkerSettings } from "../../workers/capture.ts";
import type { WebWorkerSettings } from "../../workers/web.ts";
import { type ConfigSources, loadConfig } from "../config/load.ts";
import { publishConfig, SharedConfig } from "../config/shared-config.ts";
import { setUpLogging } from "../log/set-up.ts";
import { SharedMemory } from "../memory/shared-memory.ts";
import { hasSystemdParent, PARENT_VARIABLE, runParent } from "../supervise/parent.ts";
import { Supervisor, spawnThread } from "../supervise/supervisor.ts";
import { workerUrl } from "../supervise/worker-url.ts";
import { WATCH_LIMITS } from "../supervise/worker-watch.ts";
import { spawnChild } from "./child.ts";
import { demoPath } from "./demo.ts";
import { addSettingOptions, checkedConfig, configSources, modelsFor, type SettingFlags } from "./settings.ts";

/** Activations at once: this machine's, and in as many other rooms. */
const ACTIVATIONS = 1 + 16;
/** Past this even a sound server that is frozen is worth another try from the start. */
const MOST_HUNG_MS = 600_000;

interface RunFlags extends SettingFlags {
  readonly demoWithoutMicrophone?: boolean;
}

/** What the commands that run the whole program differ in, beside their settings. */
export interface ProgramOptions {
  /** Plays demo audio while there is no microphone. */
  readonly demoWithoutMicrophone?: boolean;
  /** Prints what becomes of this machine as a relay, a line of JSON each. */
  readonly printRelayEvents?: boolean;
}

export function runCommand(): Command {
  return addSettingOptions(new Command("run"))
    .description("Listen to the microphone, notice wake words, serve the page.")
    .addOption(new Option("--demo-without-microphone", "play demo audio while there is no microphone"))
    .addHelpText(
      "after",
      `
Without a microphone it waits for one, and says so on the page and in /api/health.

Examples:
  earshot run
  earshot run --model alexa --threshold 0.6 --source "USB PnP"
  earshot run --source file:evening.wav?loop --port 8080
  arecord -t raw -f S16_LE -r 16000 -c 1 | earshot run --source stdin`,
    )
    .action(async (flags: RunFlags) => runProgram(await configSources(flags, process.env), flags));
}

/** Runs parent, supervisor and workers until told to stop, and ends the process. @throws ConfigError */
export async function runProgram(sources: ConfigSources, options: ProgramOptions): Promise<never> {
  const config = checkedConfig(sources);
  await setUpLogging(config.log, "main");
  const restarts = process.env[PARENT_VARIABLE];
  if (restarts === undefined && !hasSystemdParent(process.env, process.pid)) {
    const log = getLogger(["earshot", "parent"]);
    const code = await runParent({
      spawn: spawnChild,
      onSignal,
      sleep: (ms) => Bun.sleep(ms),
      monotonicMs,
      log: (event, fields) => log.error(event, fields),
    });
    process.exit(code);
  }
  process.exit(await supervise(sources, options, Number(restarts ?? 0)));
}

async function supervise(sources: ConfigSources, options: ProgramOptions, restarts: number): Promise<number> {
  const log = getLogger(["earshot", "main"]);
  const { config } = loadConfig(sources);
  const memory = SharedMemory.create({ streams: 1 + config.streams.max, relays: ACTIVATIONS });
  const { found } = await modelsFor(config, sources, Date.now);
  publishConfig(memory.configuration.writer(), config, found);
  // Before any sample is read: the web worker, whose record this is, starts later than the microphone.
  const requests = memory.requests.writer();
  requests.value.muted = config.audio.muted;
  requests.publish();

  const control = memory.control.writer();
  control.value.logSalt = randomBytes(6).readUIntBE(0, 6);
  control.publish();

  const capture: CaptureWorkerSettings =
    options.demoWithoutMicrophone === true ? { demoSource: `file:${demoPath()}?loop` } : {};
  const web: WebWorkerSettings = { sources, version, printRelayEvents: options.printRelayEvents === true };
  const settings = { capture, web, inference: {} };
  const supervisor = new Supervisor({
    memory,
    monotonicMs,
    spawn: (name, closed) => spawnThread(workerUrl(name), { buffer: memory.buffer, settings: settings[name] }, closed),
    log: (event, fields) => (event === "worker starting" ? log.debug(event, fields) : log.error(event, fields)),
    // After a restart the port may be the old program's for a moment; at a first start somebody else has it.
    fatalAtStart: restarts === 0 ? ["port_taken", "cannot_listen", "bad_certificate"] : [],
    // What hung again after a new start will hang once more: a frozen sound server, say. Meanwhile a page that says so
    // is better than one that comes and goes, and the worker goes on by itself when what it hangs in answers.
    limits: { ...WATCH_LIMITS, hungMs: Math.min(MOST_HUNG_MS, WATCH_LIMITS.hungMs * 4 ** restarts) },
  });
  followLogSettings(memory);
  onSignal(() => supervisor.stop());
  stopWithParent(() => supervisor.stop());
  return supervisor.run();
}

/** Logging may change while running, for this thread as for the others. */
function followLogSettings(memory: SharedMemory): void {
  const shared = new SharedConfig(memory.configuration.reader());
  setInterval(() => {
    if (shared.changed()) void setUpLogging(shared.current.log, "main");
  }, 1000).unref();
}

function onSignal(handler: (signal: "SIGTERM" | "SIGINT") => void): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => handler(signal));
}

/** A parent that was killed cannot say goodbye: an orphan that holds the microphone and the port would be worse. */
function stopWithParent(stop: () => void): void {
  if (process.env[PARENT_VARIABLE] === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, 500).unref();
}
