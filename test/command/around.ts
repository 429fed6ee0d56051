// What stands around sinks in tests: a command, real clocks, a log that is kept, and sound whose every sample is known.
import type { CommandLog } from "../../src/command/patience.ts";
import { type Sink, SinkError, type SpokenCommand, type Understood } from "../../src/command/sink.ts";
import { sleep, type Times } from "../../src/command/times.ts";

export const COMMAND: SpokenCommand = {
  id: "c1",
  relayId: "kitchen",
  room: "Küche",
  model: "alexa",
  confidence: 0.9,
  threshold: 0.35,
  wakeEndedAtUnixMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  scores: { alexa: 0.9, timer: 0.1 },
  multiTrigger: true,
  topic: undefined,
  webhookUrl: undefined,
};

export const TIMES: Times = {
  monotonicMs: () => performance.now(),
  unixMs: Date.now,
  random: () => 0,
  sleep,
};

export class KeptLog implements CommandLog {
  readonly lines: string[] = [];
  info(event: string, fields: Record<string, unknown>): void {
    this.lines.push(`info ${event} ${JSON.stringify(fields)}`);
  }
  warn(event: string, fields: Record<string, unknown>): void {
    this.lines.push(`warn ${event} ${JSON.stringify(fields)}`);
  }
}

/** Every sample another one: a sample that is lost, doubled or moved is seen. */
export function sound(samples: number): Int16Array<ArrayBuffer> {
  return Int16Array.from({ length: samples }, (_, i) => ((i * 7919) % 65_536) - 32_768);
}

/** Says all of it in pieces of 20 ms. */
export async function said(
  sink: Sink,
  pcm: Int16Array,
  { command = COMMAND, signal = new AbortController().signal } = {},
): Promise<Understood> {
  const session = sink.open(command, signal);
  for (let at = 0; at < pcm.length; at += 320) session.push(pcm.slice(at, at + 320));
  return session.end(command.wakeEndedAtUnixMs + 3000);
}

/** @throws when it does not fail */
export async function failure(promise: Promise<unknown>): Promise<SinkError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SinkError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

/** The samples of a WAV file as this program writes it. */
export function samplesOf(wav: Uint8Array): Int16Array {
  const data = wav.slice(44);
  return new Int16Array(data.buffer);
}
