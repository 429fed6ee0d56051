// Commands over a shared memory, with a sink, a voice and a hub that the test plays.

import { CommandLanes } from "../../src/command/command-lanes.ts";
import { Commands, type CommandsOptions } from "../../src/command/commands.ts";
import type { Sink, SinkSession, SpokenCommand, Understood } from "../../src/command/sink.ts";
import { SpeechEnds } from "../../src/detect/speech-ends.ts";
import type { CommandEvent } from "../../src/hub/activation.ts";
import type { Granted } from "../../src/hub/hub.ts";
import type { Reply } from "../../src/hub/reply.ts";
import { SharedMemory } from "../../src/memory/shared-memory.ts";
import type { VoiceActivity } from "../../src/wake/voice-activity.ts";

export const RATE = 16_000;
/** Where the wake word ends: half a second of pre-roll, and 0.6 s. */
export const WORD = 1.1 * RATE;

/** Hears a voice in whatever is loud. */
export const LOUD_IS_VOICE: VoiceActivity = {
  highest: async () => 1,
  stream: () => ({ next: async (chunk) => (chunk.some((sample) => Math.abs(sample) > 1000) ? 0.9 : 0.01) }),
  close: async () => {},
};

/** What somebody says: every sample tells its place, and the parts are loud (+) or quiet (-), in seconds. */
export function sound(...parts: readonly number[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + Math.abs(part), 0) * RATE);
  let at = 0;
  for (const part of parts) {
    const end = at + Math.abs(part) * RATE;
    for (; at < end; at++) all[at] = part > 0 ? 2000 + (at % 20_000) : 1 + (at % 500);
  }
  return all;
}

/** What a sink was given of one command. It copies, as sinks must. */
export class Heard implements SinkSession {
  readonly pieces: Int16Array[] = [];
  /** As it was given them: views that must be silence when the command is over. */
  readonly views: Int16Array[] = [];
  readonly understood = Promise.withResolvers<Understood>();
  endedAtUnixMs: number | undefined;

  constructor(
    readonly command: SpokenCommand,
    readonly signal: AbortSignal,
  ) {
    // It may fail before anybody waits for it.
    this.understood.promise.catch(() => {});
  }

  push(pcm: Int16Array): void {
    if (this.endedAtUnixMs !== undefined) throw new Error("sound behind the end");
    if (pcm.length === 0) throw new Error("an empty piece");
    this.pieces.push(pcm.slice());
    this.views.push(pcm);
  }

  end(endedAtUnixMs: number): Promise<Understood> {
    if (this.endedAtUnixMs !== undefined) throw new Error("ended twice");
    this.endedAtUnixMs = endedAtUnixMs;
    return this.understood.promise;
  }

  get pcm(): number[] {
    return this.pieces.flatMap((piece) => [...piece]);
  }
}

export function granted(fence: number, relayId = "kitchen"): Granted {
  const word = { model: "alexa", confidence: 0.9, endedAtMs: 9_000, evidence: undefined };
  return { ...word, relayId, connection: 1, claim: 1, fence };
}

export interface SmallCommandsOptions {
  readonly voice?: VoiceActivity | undefined;
  readonly answer?: CommandsOptions["answer"];
  readonly logsTranscripts?: boolean;
  readonly muted?: boolean;
  /** What a relay does that is told something. */
  readonly onReply?: (fence: number) => void;
  readonly onEnough?: (fence: number) => void;
}

export function smallCommands(options: SmallCommandsOptions = {}) {
  const { answer = async ({ transcript }) => answered(transcript), logsTranscripts = false, muted = false } = options;
  const memory = SharedMemory.create({ streams: 1, relays: 1 });
  const clock = { nowMs: 10_000 };
  const heard: Heard[] = [];
  const replies: { readonly fence: number; readonly reply: Reply }[] = [];
  const told: CommandEvent[] = [];
  const enough: number[] = [];
  const finished: number[] = [];
  const kept: number[] = [];
  const failed: { readonly fence: number; readonly why: string }[] = [];
  const logged: { readonly event: string; readonly fields: Record<string, unknown> }[] = [];
  const log = (event: string, fields: Record<string, unknown>) => void logged.push({ event, fields });
  const sink: Sink = {
    name: "test",
    open: (command, signal) => {
      const session = new Heard(command, signal);
      heard.push(session);
      return session;
    },
  };
  const configured: { sink: Sink | undefined } = { sink };
  const lanes = new CommandLanes(memory);
  const commands = new Commands({
    sink: () => configured.sink,
    describe: (grant) => spokenCommand(grant),
    limits: () => ({
      wordSamples: WORD,
      silenceSamples: 0.8 * RATE,
      noSpeechSamples: 3 * RATE,
      longestSamples: 15 * RATE,
    }),
    enough: (fence) => {
      enough.push(fence);
      options.onEnough?.(fence);
    },
    reply: (fence, reply) => {
      replies.push({ fence, reply });
      options.onReply?.(fence);
      return true;
    },
    finish: (fence) => {
      finished.push(fence);
      commands.over(fence);
    },
    told: (event) => void told.push(event),
    openLane: (limits) => lanes.open(limits),
    answer,
    heard: (_command, pcm) => void kept.push(pcm.length),
    muted: () => muted,
    failed: (fence, why) => void failed.push({ fence, why }),
    logsTranscripts: () => logsTranscripts,
    monotonicMs: () => clock.nowMs,
    unixMs: () => 1_000_000 + clock.nowMs,
    log: { info: log, warn: log },
  });
  const ends = new SpeechEnds({ memory, voice: "voice" in options ? options.voice : LOUD_IS_VOICE });
  /** Inference and web have their turns until nothing happens any more. */
  const settle = async () => {
    do commands.look();
    while (await ends.step());
    commands.look();
    await Bun.sleep(0);
  };
  /** Sound comes in pieces, in real time. */
  const say = async (fence: number, pcm: Int16Array, { piece = 1280, last = false } = {}) => {
    for (let at = 0; at < pcm.length; at += piece) {
      const part = pcm.slice(at, at + piece);
      clock.nowMs += part.length / 16;
      const whole = last && at + piece >= pcm.length;
      commands.sound({ pcm: part, missingSamples: 0, last: whole, fence, relayId: "kitchen", claim: 1 });
      await settle();
    }
  };
  const states = (fence: number) => told.filter((event) => event.fence === fence).map(({ type }) => type);
  return {
    ...{ memory, clock, commands, configured, ends, lanes },
    ...{ heard, replies, told, enough, finished, kept, failed, logged, settle, say, states },
  };
}

export function answered(text: string, seconds = 0): Reply {
  const pcm = new Int16Array(seconds * RATE);
  const speech = seconds > 0 ? { pcm, sampleRateHz: RATE } : undefined;
  return { kind: "answer", text, transcription: text, command: "", speech };
}

function spokenCommand({ relayId, model, confidence, fence }: Granted): SpokenCommand {
  return {
    ...{ id: `command ${fence}`, relayId, model, confidence, room: undefined, threshold: 0.5, wakeEndedAtUnixMs: 0 },
    ...{ scores: {}, multiTrigger: true, topic: undefined, webhookUrl: undefined },
  };
}
