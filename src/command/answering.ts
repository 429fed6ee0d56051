/** From what was understood to what the person is told: an intent handler acts on it, a voice speaks what that says. */
import type { IntentSettings, SpeechSettings } from "../config/command-settings.ts";
import type { Reply } from "../hub/reply.ts";
import { wordsFor } from "./failure.ts";
import { type IntentHandler, intentWebhook } from "./intent-webhook.ts";
import { type CommandLog, Patience } from "./patience.ts";
import { type Handled, SinkError, type Sound, type SpokenCommand, type Trouble, type Understood } from "./sink.ts";
import { nothingHeard } from "./standing-replies.ts";
import type { Times } from "./times.ts";
import { type Speak, voiceOf } from "./voice.ts";
import { withoutWakeWord } from "./wake-phrase.ts";

const NOTHING_DONE: Handled = { text: "", command: "", asks: false, speech: undefined };

export interface AnsweringOptions {
  readonly settings: { readonly intent: IntentSettings; readonly speech: SpeechSettings };
  readonly times: Times;
  readonly log: CommandLog;
}

export class Answering {
  readonly #intent: { readonly handle: IntentHandler; readonly patience: Patience } | undefined;
  readonly #log: CommandLog;
  readonly #voice: { readonly speak: Speak; readonly patience: Patience } | undefined;

  constructor({ settings: { intent, speech }, times, log }: AnsweringOptions) {
    this.#log = log;
    if (intent.kind !== "none") {
      const words = wordsFor("the intent handler", intent.url, "command.intent.url", "command.intent.api_key");
      const patience = new Patience({ times, words, timeoutMs: intent.timeout, trouble: "intent_down", log });
      this.#intent = { handle: intentWebhook(intent, words, log), patience };
    }
    const voice = voiceOf(speech, times);
    if (voice !== undefined && speech.kind !== "none") {
      const { words, speak } = voice;
      const patience = new Patience({ times, words, timeoutMs: speech.timeout, trouble: "speech_down", log });
      this.#voice = { speak, patience };
    }
  }

  get troubles(): readonly Trouble[] {
    return [this.#intent, this.#voice].flatMap((each) => each?.patience.troubles ?? []);
  }

  /**
   * The wake word at the beginning is left out of what was understood. Settles within the time limits of handler and voice. A voice that fails leaves an answer that is only read.
   * @throws SinkError when the handler fails, or the signal is aborted
   */
  async answer(understood: Understood, command: SpokenCommand, signal: AbortSignal): Promise<Reply> {
    const transcript = withoutWakeWord(understood.transcript, command.model);
    if (transcript === "" && understood.handled === undefined) return nothingHeard();
    const handled = understood.handled ?? (await this.#handled({ ...understood, transcript }, command, signal));
    return {
      kind: handled.asks ? "confirmation" : "answer",
      text: handled.text,
      transcription: transcript,
      command: handled.command,
      speech: handled.speech ?? (await this.#spoken(handled.text, command, signal)),
    };
  }

  async #handled(understood: Understood, command: SpokenCommand, signal: AbortSignal): Promise<Handled> {
    if (this.#intent === undefined) return NOTHING_DONE;
    const { handle, patience } = this.#intent;
    return patience.with(command.id, (over) => handle(understood, command, over), Promise.resolve(), signal);
  }

  async #spoken(text: string, { id }: SpokenCommand, signal: AbortSignal): Promise<Sound | undefined> {
    if (this.#voice === undefined || text === "") return undefined;
    const { speak, patience } = this.#voice;
    try {
      return await patience.with(id, (over) => speak(text, over), Promise.resolve(), signal);
    } catch (error) {
      if (!(error instanceof SinkError) || error.code === "aborted") throw error;
      this.#log.warn("answer not spoken", { command: id, error: error.message, hint: error.hint });
      return undefined;
    }
  }
}
