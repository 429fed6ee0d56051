/** A server that transcribes as OpenAI's does: POST {url}/v1/audio/transcriptions (platform.openai.com/docs/api-reference/audio). */
import { z } from "zod";
import { wavOf } from "../../audio/wav-write.ts";
import type { SettingsOf, SinkSettings } from "../../config/command-settings.ts";
import { askServer, jsonOf, within } from "../ask-server.ts";
import type { ErrorWords } from "../failure.ts";
import { multipart } from "../multipart.ts";
import { SinkError, type SpokenCommand, type Understood } from "../sink.ts";
import type { SpokenTape } from "../spoken-tape.ts";
import { spokenText } from "../spoken-text.ts";
import type { Recogniser } from "../taped-sink.ts";

const MOST_ANSWER_BYTES = 1 << 18;
const answerSchema = z.object({ text: z.string() });

export class OpenAiTranscription implements Recogniser {
  readonly name = "openai";
  readonly #settings: SettingsOf<SinkSettings, "openai">;
  readonly #words: ErrorWords;

  constructor(settings: SettingsOf<SinkSettings, "openai">, words: ErrorWords) {
    this.#settings = settings;
    this.#words = words;
  }

  async understand(tape: SpokenTape, _command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { url, model, language, api_key: apiKey } = this.#settings;
    const words = this.#words;
    await tape.ended(signal);
    const wav = wavOf(tape.samples);
    const { contentType, bytes } = multipart([
      { name: "file", content: wav, file: { name: "audio.wav", type: "audio/wav" } },
      { name: "model", content: model },
      ...(language === undefined ? [] : [{ name: "language", content: language }]),
      { name: "response_format", content: "json" },
    ]);
    wav.fill(0);
    try {
      const answer = await askServer(
        {
          url: within(url, "v1/audio/transcriptions"),
          body: bytes,
          headers: { "content-type": contentType, accept: "application/json" },
          apiKey,
          mostBytes: MOST_ANSWER_BYTES,
          repeatable: true,
          words,
        },
        signal,
      );
      const parsed = answerSchema.safeParse(jsonOf(answer, words));
      if (!parsed.success) throw new SinkError("bad_answer", `${words.server} answered without a "text"`, words.hint);
      return { transcript: spokenText(parsed.data.text) };
    } finally {
      bytes.fill(0);
    }
  }
}
