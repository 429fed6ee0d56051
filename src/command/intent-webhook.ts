/** An intent handler of any make: the transcript goes there as JSON, what it did and says comes back. */
import type { IntentSettings, SettingsOf } from "../config/command-settings.ts";
import { askServer } from "./ask-server.ts";
import type { ErrorWords } from "./failure.ts";
import { handlerAnswer, MOST_HANDLER_BYTES } from "./handler-answer.ts";
import type { CommandLog } from "./patience.ts";
import type { Handled, SpokenCommand, Understood } from "./sink.ts";

/** Acts on what was understood. @throws SinkError; anything when the signal is aborted */
export type IntentHandler = (understood: Understood, command: SpokenCommand, signal: AbortSignal) => Promise<Handled>;

export function intentWebhook(
  settings: SettingsOf<IntentSettings, "webhook">,
  words: ErrorWords,
  log: CommandLog,
): IntentHandler {
  const { url, api_key: apiKey } = settings;
  return async ({ transcript, confidence }, command, signal) => {
    const { id, relayId, room, model, topic, wakeEndedAtUnixMs } = command;
    const answer = await askServer(
      {
        url,
        body: JSON.stringify({
          transcript,
          confidence: confidence ?? null,
          id,
          relay: relayId,
          room: room ?? null,
          model,
          topic: topic ?? null,
          timestamp: wakeEndedAtUnixMs / 1000,
        }),
        headers: { "content-type": "application/json", accept: "application/json" },
        apiKey,
        mostBytes: MOST_HANDLER_BYTES,
        // A light that is switched twice is as it was.
        repeatable: false,
        words,
      },
      signal,
    );
    return (await handlerAnswer(answer, words, { id, log })).handled;
  };
}
