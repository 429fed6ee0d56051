/** What `earshot doctor` looks at, but for the microphone: each check tries the thing itself. */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import { monotonicMs } from "../../ffi/clock.ts";
import type { Config } from "../config/schema.ts";
import { SharedMemory } from "../memory/shared-memory.ts";
import type { HealthView, StateView } from "../web/schemas.ts";
import { createApi } from "./api.ts";
import { clipPath } from "./demo.ts";
import { commandConfig, type SettingFlags } from "./settings.ts";

export interface Finding {
  readonly name: string;
  readonly level: "ok" | "warning" | "failed";
  readonly message: string;
  readonly hint?: string;
}

export type Tell = (finding: Finding) => void;

/** The least score that "alexa" by a synthesiser must reach with sound models. */
const CLIP_SCORE = 0.8;
/** Before this day no clock can be right: UTC, milliseconds. A Pi without a battery starts in the past. */
const EARLIEST_UTC = Date.UTC(2026, 0, 1);

export async function checkConfig(flags: SettingFlags, tell: Tell): Promise<Config | undefined> {
  try {
    const config = await commandConfig(flags);
    tell({
      name: "configuration",
      level: "ok",
      message: flags.config ?? "defaults, earshot.yaml if it is there, environment",
    });
    return config;
  } catch (error) {
    tell({ name: "configuration", level: "failed", message: String((error as Error).message) });
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

export async function checkModels(config: Config, tell: Tell): Promise<void> {
  const { checkModel } = await import("./check-model.ts");
  const enabled = Object.entries(config.wake.models).filter(([, settings]) => settings.enabled);
  if (enabled.length === 0)
    tell({ name: "models", level: "failed", message: "none is switched on", hint: "wake.models in earshot.yaml" });
  for (const [name, { file }] of enabled) {
    const { error, licence } = await checkModel(name, file);
    tell({
      name: "model",
      level: error === null ? "ok" : "failed",
      message: error ?? `${name} loads${licence && ` (${licence})`}`,
    });
  }
  tell(await scoreClip());
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

export function checkSharedMemory(tell: Tell): void {
  const { buffer } = SharedMemory.create({ streams: 1, relays: 1 });
  SharedMemory.attach(buffer);
  tell({ name: "shared memory", level: "ok", message: `${Math.round(buffer.byteLength / 1024)} KiB` });
}

export function checkClock(tell: Tell): void {
  const before = monotonicMs();
  const after = monotonicMs();
  const runs = after >= before && before > 0;
  const wall = Date.now();
  tell(
    runs && wall >= EARLIEST_UTC
      ? { name: "clock", level: "ok", message: new Date(wall).toISOString() }
      : {
          name: "clock",
          level: "failed",
          message: `it says ${new Date(wall).toISOString()}`,
          hint: "timedatectl set-ntp true",
        },
  );
}
