/** A webhook that does what it likes with a command: hey-orac's JSON, and the sound in one of three forms. */
import { wavOf } from "../../audio/wav-write.ts";
import type { SettingsOf, SinkSettings } from "../../config/command-settings.ts";
import { askServer } from "../ask-server.ts";
import type { ErrorWords } from "../failure.ts";
import { handlerAnswer, MOST_HANDLER_BYTES } from "../handler-answer.ts";
import { multipart } from "../multipart.ts";
import type { CommandLog } from "../patience.ts";
import type { SpokenCommand, Understood } from "../sink.ts";
import type { SpokenTape } from "../spoken-tape.ts";
import type { Recogniser } from "../taped-sink.ts";
import { wordEvent } from "../word-event.ts";

type WebhookSettings = SettingsOf<SinkSettings, "webhook">;

export class WebhookSink implements Recogniser {
  readonly name = "webhook";
  readonly #settings: WebhookSettings;
  readonly #words: ErrorWords;
  readonly #log: CommandLog;

  constructor(settings: WebhookSettings, words: ErrorWords, log: CommandLog) {
    this.#settings = settings;
    this.#words = words;
    this.#log = log;
  }

  async understand(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { url, audio, api_key: apiKey } = this.#settings;
    // Without sound there is nothing to wait for.
    if (audio !== "none") await tape.ended(signal);
    const { contentType, bytes } = bodyOf(tape, command, audio);
    try {
      const answer = await askServer(
        {
          url,
          body: bytes,
          headers: { "content-type": contentType, accept: "application/json" },
          apiKey,
          mostBytes: MOST_HANDLER_BYTES,
          // Nobody knows what it sets off.
          repeatable: false,
          words: this.#words,
        },
        signal,
      );
      const said = { id: command.id, log: this.#log };
      const { transcript, handled, isTranscriptOnly } = await handlerAnswer(answer, this.#words, said);
      return isTranscriptOnly ? { transcript } : { transcript, handled };
    } finally {
      bytes.fill(0);
    }
  }
}

function bodyOf(tape: SpokenTape, command: SpokenCommand, audio: WebhookSettings["audio"]) {
  const event = wordEvent(command);
  const json = (value: unknown) => ({
    contentType: "application/json",
    bytes: new TextEncoder().encode(JSON.stringify(value)),
  });
  if (audio === "none") return json(event);
  const wav = wavOf(tape.samples);
  try {
    if (audio === "base64") return json({ ...event, audio: Buffer.from(wav.buffer).toString("base64") });
    return multipart([
      { name: "event", content: JSON.stringify(event), type: "application/json" },
      { name: "file", content: wav, file: { name: "audio.wav", type: "audio/wav" } },
    ]);
  } finally {
    wav.fill(0);
  }
}
