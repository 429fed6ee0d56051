/**
 * ORAC-STT, as hey-orac speaks to it: a WAV file by POST {url}/stt/v1/stream/{topic}, or samples by a WebSocket while the
 * person speaks. It passes on what it understood to what acts on it: nothing that it may have taken is sent again.
 */
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
import type { Times } from "../times.ts";
import { OracSocket } from "./orac-socket.ts";

export type OracSettings = SettingsOf<SinkSettings, "orac">;

const MOST_ANSWER_BYTES = 1 << 16;
/** As hey-orac sends them. */
const CHUNK_SAMPLES = 1280;

const answerSchema = z.object({
  text: z.string(),
  confidence: z.number().optional().catch(undefined),
  language: z.string().nullish().catch(undefined),
});

export class OracTranscription implements Recogniser {
  readonly name = "orac";
  readonly #settings: OracSettings;
  readonly #words: ErrorWords;
  readonly #times: Times;

  constructor(settings: OracSettings, words: ErrorWords, times: Times) {
    this.#settings = settings;
    this.#words = words;
    this.#times = times;
  }

  understand(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    return this.#settings.transport === "websocket"
      ? this.#stream(tape, command, signal)
      : this.#upload(tape, command, signal);
  }

  async #upload(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { url, topic, language } = this.#settings;
    await tape.ended(signal);
    const wav = wavOf(tape.samples);
    const { contentType, bytes } = multipart([
      { name: "file", content: wav, file: { name: "audio.wav", type: "audio/wav" } },
    ]);
    wav.fill(0);
    const query = language === undefined ? "" : `?language=${encodeURIComponent(language)}`;
    try {
      const answer = await askServer(
        {
          url: `${within(url, `stt/v1/stream/${command.topic ?? topic}`)}${query}`,
          body: bytes,
          headers: {
            "content-type": contentType,
            "x-wake-word-time": isoTime(command.wakeEndedAtUnixMs),
            "x-recording-end-time": isoTime(tape.endedAtUnixMs ?? this.#times.unixMs()),
          },
          mostBytes: MOST_ANSWER_BYTES,
          repeatable: false,
          words: this.#words,
        },
        signal,
      );
      return this.#understood(jsonOf(answer, this.#words));
    } finally {
      bytes.fill(0);
    }
  }

  async #stream(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { url, topic } = this.#settings;
    const address = new URL(within(url, `stt/v1/ws/stream/${command.topic ?? topic}`));
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = await OracSocket.connect(address.href, this.#words, this.#times, signal);
    try {
      socket.say(JSON.stringify({ type: "config", wake_word_time: isoTime(command.wakeEndedAtUnixMs) }));
      for await (const piece of tape.pieces(CHUNK_SAMPLES, socket.signal)) socket.send(piece);
      return this.#understood(await socket.answerTo(JSON.stringify({ type: "end" })));
    } finally {
      socket.close();
    }
  }

  #understood(answer: unknown): Understood {
    const { server, hint } = this.#words;
    const parsed = answerSchema.safeParse(answer);
    if (!parsed.success) throw new SinkError("bad_answer", `${server} answered without a "text"`, hint);
    const { text, confidence, language } = parsed.data;
    // A failure comes as 200, in an unknown language: with an empty text by HTTP, with one in brackets by WebSocket.
    if (language === "unknown" && confidence === 0 && (text === "" || text.startsWith("["))) {
      throw new SinkError("refused", `${server} could not transcribe the command`, "see what it logs");
    }
    const sure = confidence !== undefined && confidence >= 0 && confidence <= 1;
    return { transcript: spokenText(text), ...(sure && { confidence }) };
  }
}

/** With its zone, in the form that every Python since 3.7 reads. */
export function isoTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace("Z", "+00:00");
}
