/** What `earshot doctor` looks at, but for the microphone: each check tries the thing itself. */
import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { monotonicMs } from "../../ffi/clock.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { HealthView } from "../web/schemas/health.ts";
import type { StateView } from "../web/schemas/state.ts";
import { createApi } from "./api.ts";
import { clipPath } from "./demo.ts";
import { type CommandSettings, configSources, modelsFor, type SettingFlags } from "./settings.ts";

export interface Finding {
  readonly name: string;
  readonly level: "ok" | "warning" | "failed";
  readonly message: string;
  readonly hint?: string;
}

export type Tell = (finding: Finding) => void;

/** The least score that "alexa" by a synthesiser must reach with sound models. */
const CLIP_SCORE = 0.8;

/** @returns the settings that hold, and the file they are written back to, be it there or not */
export async function checkConfig(
  flags: SettingFlags,
  tell: Tell,
): Promise<(CommandSettings & { readonly file: string }) | undefined> {
  const name = "configuration";
  try {
    const sources = await configSources(flags, process.env);
    const { config } = loadConfig(sources);
    const { file, text, overrides, onlyModels } = sources;
    const origins = new Set(overrides.map(({ origin }) => origin));
    if (onlyModels !== undefined) origins.add("--model");
    const read = text === undefined ? `there is no ${file}: defaults hold` : `${file} was read`;
    tell({ name, level: "ok", message: origins.size === 0 ? read : `${read}, and over it ${[...origins].join(", ")}` });
    return { config, file, ...(await modelsFor(config, sources)) };
  } catch (error) {
    tell({ name, level: "failed", message: (error as Error).message });
    return undefined;
  }
}

/** @returns what the running program says of itself, if one runs */
export async function checkApi(config: Config, tell: Tell): Promise<StateView | undefined> {
  const api = createApi(config);
  try {
    const health = await api.get<HealthView>("/api/health");
    const state = await api.get<StateView>("/api/state");
    const level = { ok: "ok", degraded: "warning", down: "failed" } as const;
    const reasons = health.reasons.map(({ message }) => message).join("; ");
    tell({
      name: "running",
      level: level[health.status],
      message: `${api.url} says ${health.status}${reasons && `: ${reasons}`}`,
    });
    return state;
  } catch (error) {
    const free = portIsFree(config.web.host, config.web.port);
    tell(
      free
        ? {
            name: "running",
            level: "warning",
            message: `nothing runs at ${api.url}, and the port is free`,
            hint: "earshot run",
          }
        : {
            name: "running",
            level: "failed",
            message: `port ${config.web.port} is taken, and not by an earshot that lets us in: ${(error as Error).message}`,
            hint: "--port chooses another",
          },
    );
    return undefined;
  }
}

function portIsFree(hostname: string, port: number): boolean {
  try {
    Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    return true;
  } catch {
    return false;
  }
}

export async function checkModels({ config, found, modelsTrouble }: CommandSettings, tell: Tell): Promise<void> {
  const { checkWantedModels } = await import("./check-model.ts");
  if (modelsTrouble !== undefined) tell({ name: "models folder", level: "failed", message: modelsTrouble });
  const models = await checkWantedModels(config, found);
  if (models.length === 0)
    tell({ name: "models", level: "failed", message: "none is switched on", hint: "wake.models in earshot.yaml" });
  for (const model of models) {
    if ("error" in model) tell({ name: "model", level: "failed", message: model.error });
    else {
      const { name, licence } = model;
      tell({ name: "model", level: "ok", message: `${name} loads${licence && ` (${licence})`}` });
    }
  }
  tell(await scoreClip());
  if (asksForVoice(config)) tell(await checkVoice());
}

function asksForVoice({ wake }: Config): boolean {
  const ofModels = Object.values(wake.models).filter(({ enabled }) => enabled);
  return wake.vad_threshold > 0 || ofModels.some(({ vad_threshold }) => (vad_threshold ?? 0) > 0);
}

/**
 * Whether words can be checked for somebody who spoke.
 * @param readFile of the model's file
 */
export async function checkVoice(readFile = (path: string) => Bun.file(path).bytes()): Promise<Finding> {
  const name = "voice check";
  try {
    const { createEngine } = await import("../wake/engine.ts");
    const { loadVoiceActivity } = await import("../wake/voice-activity.ts");
    // The graph opens only in a thread that has made an engine.
    const engine = await createEngine({ models: [], readFile: (path) => Bun.file(path).bytes() });
    await engine.close();
    await (await loadVoiceActivity(readFile)).close();
    return { name, level: "ok", message: "silero_vad loads" };
  } catch (error) {
    const message = `words are not checked for whether somebody spoke: ${(error as Error).message}`;
    return { name, level: "failed", message, hint: "npm ci puts the models back" };
  }
}

/** The whole pipeline on a recording whose answer is known. */
async function scoreClip(): Promise<Finding> {
  const name = "detection";
  try {
    const { readAudioFile } = await import("../audio/decode.ts");
    const { createDetector } = await import("../wake/detector.ts");
    const { createEngine } = await import("../wake/engine.ts");
    const { scan } = await import("../wake/scan.ts");
    const engine = await createEngine({ models: ["alexa"], readFile: (path) => Bun.file(path).bytes() });
    const pcm = await readAudioFile(clipPath());
    const startedMs = performance.now();
    let highest = 0;
    for await (const { scores } of scan(createDetector(engine, { live: false }), pcm))
      highest = Math.max(highest, scores[0] ?? 0);
    const tookMs = performance.now() - startedMs;
    const { embedding, reasons } = engine.form;
    await engine.close();
    const times = Math.round(pcm.length / 16 / tookMs);
    const realTime = [`${times} times as fast as real time in the ${embedding} form`, ...reasons].join("; ");
    return highest >= CLIP_SCORE
      ? { name, level: "ok", message: `the built-in clip scores ${highest.toFixed(2)}, ${realTime}` }
      : {
          name,
          level: "failed",
          message: `the built-in clip scores ${highest.toFixed(2)}, expected ${CLIP_SCORE}`,
          hint: "npm ci puts the models back",
        };
  } catch (error) {
    return { name, level: "failed", message: (error as Error).message };
  }
}

/** Whether the folder can be written where the configuration wants a file, if it does. */
export async function checkStateFile({ activation_system }: Config, tell: Tell): Promise<void> {
  if (activation_system.method !== "file") return;
  const name = "state file";
  const folder = dirname(activation_system.file);
  try {
    await access(folder, constants.W_OK).catch(() => access(dirname(folder), constants.W_OK));
    tell({ name, level: "ok", message: activation_system.file });
  } catch {
    tell({
      name,
      level: "failed",
      message: `${folder} cannot be written`,
      hint: "activation_system.file names another place",
    });
  }
}

const ANSWER_LIMIT_MS = 1000;
/** Sleeps until word 0 changes, then puts its successor into word 1. */
const ANSWERING = `onmessage = ({ data: words }) => {
  Atomics.wait(words, 0, 0);
  Atomics.store(words, 1, Atomics.load(words, 0) + 1);
  Atomics.notify(words, 1);
};`;
const QUESTION = 41;

/**
 * Whether a second thread sees what this one writes, and each can wake the other.
 * @param answering JavaScript of the second thread
 */
export async function checkThreads(tell: Tell, answering = ANSWERING): Promise<void> {
  const name = "shared memory";
  const url = URL.createObjectURL(new Blob([answering], { type: "text/javascript" }));
  const worker = new Worker(url);
  try {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const startedMs = performance.now();
    const answered = Atomics.waitAsync(words, 1, 0, ANSWER_LIMIT_MS);
    worker.postMessage(words);
    Atomics.store(words, 0, QUESTION);
    Atomics.notify(words, 0);
    await answered.value;
    const tookMs = Math.round(performance.now() - startedMs);
    tell(
      Atomics.load(words, 1) === QUESTION + 1
        ? { name, level: "ok", message: `a second thread answered through it after ${tookMs} ms` }
        : {
            name,
            level: "failed",
            message: `a second thread did not answer through it within ${ANSWER_LIMIT_MS} ms`,
            hint: "is the machine overloaded? uptime",
          },
    );
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

const MEASURED_MS = 200;
/** Two clocks of one machine may differ by this part of what they measured. */
const TOLERANCE = 0.1;
/** Other machines, where the files may come from, run ahead by less. */
const FILE_SLACK_MS = 3_600_000;

export interface ClockReadings {
  /** What the threads share as their clock counted while `referenceMs` passed. */
  readonly monotonicMs: number;
  readonly referenceMs: number;
  /** The time of day, UTC, ms. */
  readonly wallAt: number;
  /** When the program's file was written, UTC, ms. */
  readonly programAt: number;
  /** Whether the time comes from the network; undefined where nobody knows. */
  readonly synchronised: boolean | undefined;
}

export async function checkClock(tell: Tell): Promise<void> {
  const [fromMonotonicMs, fromReferenceMs] = [monotonicMs(), performance.now()];
  await Bun.sleep(MEASURED_MS);
  tell(
    judgeClock({
      monotonicMs: monotonicMs() - fromMonotonicMs,
      referenceMs: performance.now() - fromReferenceMs,
      wallAt: Date.now(),
      programAt: await programWrittenAt(),
      synchronised: await isSynchronised(),
    }),
  );
}

export function judgeClock(readings: ClockReadings): Finding {
  const { referenceMs, wallAt, programAt, synchronised } = readings;
  const name = "clock";
  const time = new Date(wallAt).toISOString();
  if (Math.abs(readings.monotonicMs - referenceMs) > TOLERANCE * referenceMs) {
    return {
      name,
      level: "failed",
      message: `the monotonic clock counted ${Math.round(readings.monotonicMs)} ms in ${Math.round(referenceMs)} ms`,
      hint: "restart the machine; /sys/devices/system/clocksource says which clock its kernel uses",
    };
  }
  if (wallAt < programAt - FILE_SLACK_MS) {
    return {
      name,
      level: "failed",
      message: `it says ${time}, but this program was written at ${new Date(programAt).toISOString()}`,
      hint: "sudo timedatectl set-ntp true",
    };
  }
  if (synchronised === false) {
    return {
      name,
      level: "warning",
      message: `${time}, not synchronised with the network`,
      hint: "sudo timedatectl set-ntp true",
    };
  }
  return { name, level: "ok", message: synchronised ? `${time}, synchronised with the network` : time };
}

/** The compiled program is one file; its embedded ones have no times. */
async function programWrittenAt(): Promise<number> {
  const compiled = import.meta.path.startsWith("/$bunfs");
  return (await stat(compiled ? process.execPath : import.meta.path)).mtimeMs;
}

async function isSynchronised(): Promise<boolean | undefined> {
  if (Bun.which("timedatectl") === null) return undefined;
  const asked = Bun.spawn(["timedatectl", "show", "--property=NTPSynchronized", "--value"], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    timeout: 2000,
  });
  const said = (await new Response(asked.stdout).text()).trim();
  return said === "yes" ? true : said === "no" ? false : undefined;
}
