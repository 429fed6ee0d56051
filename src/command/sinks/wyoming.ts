/** A Wyoming speech-to-text server: the sound goes there while the person speaks. */
import type { SettingsOf, SinkSettings } from "../../config/command-settings.ts";
import { wyomingEvent } from "../../wyoming/codec.ts";
import type { WyomingClient } from "../../wyoming/dial.ts";
import type { ErrorWords } from "../failure.ts";
import { SinkError, type SpokenCommand, type Understood } from "../sink.ts";
import type { SpokenTape } from "../spoken-tape.ts";
import { spokenText } from "../spoken-text.ts";
import type { Recogniser } from "../taped-sink.ts";
import type { Times } from "../times.ts";
import { withWyoming } from "../with-wyoming.ts";

const FORMAT = { rate: 16_000, width: 2, channels: 1 };
const CHUNK_SAMPLES = 1280;
const MOST_ANSWER_BYTES = 1 << 20;

export class WyomingTranscription implements Recogniser {
  readonly name = "wyoming";
  readonly #settings: SettingsOf<SinkSettings, "wyoming">;
  readonly #words: ErrorWords;
  readonly #times: Times;

  constructor(settings: SettingsOf<SinkSettings, "wyoming">, words: ErrorWords, times: Times) {
    this.#settings = settings;
    this.#words = words;
    this.#times = times;
  }

  understand(tape: SpokenTape, _command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { host, port, model, language } = this.#settings;
    const { server, hint } = this.#words;
    const place = { host, port, mostBytes: MOST_ANSWER_BYTES, signal };
    return withWyoming(place, this.#words, this.#times, async (client) => {
      client.send(
        wyomingEvent("transcribe", {
          ...(model !== undefined && { name: model }),
          ...(language !== undefined && { language }),
        }),
      );
      try {
        await say(tape, client);
      } catch (error) {
        // A server that finds the end of the speech by itself may hang up; what it said before is still there.
        if (!client.signal.aborted) throw error;
      }
      for (;;) {
        const { type, data } = await client.next();
        if (type === "error")
          throw new SinkError("refused", `${server} could not transcribe the command`, "see its log");
        if (type !== "transcript") continue;
        if (typeof data.text !== "string") throw new SinkError("bad_answer", `${server} sent no text`, hint);
        return { transcript: spokenText(data.text) };
      }
    });
  }
}

async function say(tape: SpokenTape, client: WyomingClient): Promise<void> {
  client.send(wyomingEvent("audio-start", { ...FORMAT, timestamp: 0 }));
  let sent = 0;
  for await (const piece of tape.pieces(CHUNK_SAMPLES, client.signal)) {
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    client.send(wyomingEvent("audio-chunk", { ...FORMAT, timestamp: Math.round(sent / 16) }, bytes));
    sent += piece.length;
  }
  client.send(wyomingEvent("audio-stop", { timestamp: Math.round(sent / 16) }));
}
