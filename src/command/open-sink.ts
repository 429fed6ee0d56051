/** The sink that the configuration names, ready for commands. */
import type { SinkSettings } from "../config/command-settings.ts";
import { type ErrorWords, wordsFor } from "./failure.ts";
import type { CommandLog } from "./patience.ts";
import type { Sink, Trouble } from "./sink.ts";
import { OpenAiTranscription } from "./sinks/openai.ts";
import { OracTranscription } from "./sinks/orac.ts";
import { type ListenedWord, OracHeartbeat } from "./sinks/orac-heartbeat.ts";
import { ProgramTranscription } from "./sinks/program.ts";
import { WebhookSink } from "./sinks/webhook.ts";
import { WyomingTranscription } from "./sinks/wyoming.ts";
import { type Recogniser, TapedSink } from "./taped-sink.ts";
import type { Times } from "./times.ts";
import { wyomingWords } from "./with-wyoming.ts";

export interface SinkSurroundings {
  readonly times: Times;
  readonly log: CommandLog;
  /** Of this machine. */
  readonly instance: () => string;
  readonly listenedWords: () => readonly ListenedWord[];
}

export interface OpenedSink {
  readonly sink: Sink;
  /** What health should tell of it. */
  readonly troubles: () => readonly Trouble[];
  /** It does nothing more by itself. Commands that are under way go on until their signals are aborted. */
  readonly close: () => void;
}

/** @returns undefined where there is none, and nothing is to be recorded */
export function openSink(settings: SinkSettings, around: SinkSurroundings): OpenedSink | undefined {
  if (settings.kind === "none") return undefined;
  const words = wordsOf(settings);
  const { times, log } = around;
  const patience = { times, log, words, timeoutMs: settings.timeout, trouble: "sink_down" };
  const sink = new TapedSink(recogniserOf(settings, words, around), patience);
  if (settings.kind !== "orac") return { sink, troubles: () => sink.troubles, close: () => {} };
  const heartbeat = new OracHeartbeat({ settings, words, ...around });
  heartbeat.start();
  return {
    sink: {
      name: sink.name,
      open: (command, signal) => {
        heartbeat.heard(command);
        return sink.open(command, signal);
      },
    },
    troubles: () => (sink.troubles.length > 0 ? sink.troubles : heartbeat.troubles),
    close: () => heartbeat.stop(),
  };
}

type Some = Exclude<SinkSettings, { readonly kind: "none" }>;

function wordsOf(settings: Some): ErrorWords {
  switch (settings.kind) {
    case "openai":
      return wordsFor("transcription", settings.url, "command.sink.url", "command.sink.api_key");
    case "orac":
      return wordsFor("ORAC-STT", settings.url, "command.sink.url");
    case "webhook":
      return wordsFor("the webhook", settings.url, "command.sink.url", "command.sink.api_key");
    case "wyoming":
      return wyomingWords("speech-to-text", settings.host, settings.port, "command.sink");
    case "program":
      return { server: `the program ${settings.program}`, hint: "try it by hand; command.sink.program names it" };
  }
}

function recogniserOf(settings: Some, words: ErrorWords, { times, log }: SinkSurroundings): Recogniser {
  switch (settings.kind) {
    case "openai":
      return new OpenAiTranscription(settings, words);
    case "orac":
      return new OracTranscription(settings, words, times);
    case "webhook":
      return new WebhookSink(settings, words, log);
    case "wyoming":
      return new WyomingTranscription(settings, words, times);
    case "program":
      return new ProgramTranscription(settings, words);
  }
}
