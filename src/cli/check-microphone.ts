/** Whether the microphone delivers samples: opens it, listens for a second, and says what it heard. */
import { monotonicMs } from "../../ffi/clock.ts";
import { rms } from "../audio/levels.ts";
import { openSource } from "../audio/open-source.ts";
import { parseSource } from "../audio/source.ts";
import type { Config } from "../config/schema.ts";
import type { StateView } from "../web/schemas/state.ts";
import type { Finding, Tell } from "./checks.ts";

const LISTEN_MS = 1000;
/** A second has 16,000 samples; the sound system may need a part of it to begin. */
const LEAST_SAMPLES = 12_000;
const OPENING_MS = 1000;

/**
 * @param running what a running program says, which may hold the only microphone itself
 * @param permission what lets this user open the sound devices, where they are closed to it
 */
export async function checkMicrophone(
  { audio }: Config,
  running: StateView | undefined,
  permission: string | undefined,
  tell: Tell,
): Promise<void> {
  const name = "microphone";
  const { kind } = parseSource(audio.source);
  if (kind === "none") {
    tell({ name, level: "ok", message: "none is wanted: sound comes from elsewhere" });
    return;
  }
  if (kind !== "device") {
    tell({ name, level: "warning", message: `the source is ${audio.source}, no microphone` });
    return;
  }
  tell(await listen(audio.source, running, permission));
}

async function listen(
  wanted: string,
  running: StateView | undefined,
  permission: string | undefined,
): Promise<Finding> {
  const name = "microphone";
  try {
    const source = await openSource(wanted, monotonicMs);
    const heard = new Int16Array((16_000 * (LISTEN_MS + OPENING_MS)) / 1000);
    let count = 0;
    const untilMs = monotonicMs() + LISTEN_MS + OPENING_MS;
    while (monotonicMs() < untilMs && count < 16_000) {
      const read = source.read(heard.subarray(count));
      if (read === "ended") break;
      count += read;
      await Bun.sleep(5);
    }
    source.close();
    return judge(source.description, heard.subarray(0, count));
  } catch (error) {
    if (running?.audio.state === "open" && !running.audio.demo) {
      return {
        name,
        level: "ok",
        message: `held by the running earshot: ${running.audio.device}, RMS ${running.activation.rms.toFixed(4)}`,
      };
    }
    const devices = "earshot devices lists what there is";
    return {
      name,
      level: "failed",
      message: (error as Error).message,
      hint: permission === undefined ? devices : `${permission}; ${devices}`,
    };
  }
}

function judge(description: string, heard: Int16Array): Finding {
  const name = "microphone";
  if (heard.length < LEAST_SAMPLES) {
    return {
      name,
      level: "failed",
      message: `${description}: ${heard.length} samples in 2 s instead of 16000`,
      hint: "is something else holding it?",
    };
  }
  let peak = 0;
  for (const sample of heard) peak = Math.max(peak, Math.abs(sample));
  const level = `peak ${(peak / 32767).toFixed(4)}, RMS ${rms(heard).toFixed(4)} over a second`;
  if (peak === 0) {
    return {
      name,
      level: "warning",
      message: `${description}: nothing but zeros`,
      hint: "check the plug and the mixer: alsamixer, F4",
    };
  }
  if (peak >= 32_000) {
    return {
      name,
      level: "warning",
      message: `${description}: ${level}: it clips`,
      hint: "turn its gain down: alsamixer, F4",
    };
  }
  return { name, level: "ok", message: `${description}: ${level}` };
}
