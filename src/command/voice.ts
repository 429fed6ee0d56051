/** Who speaks the answer: a server as OpenAI's, a Wyoming server, or a program. */
import type { SettingsOf, SpeechSettings } from "../config/command-settings.ts";
import { wyomingEvent } from "../wyoming/codec.ts";
import { askServer, within } from "./ask-server.ts";
import { type ErrorWords, wordsFor } from "./failure.ts";
import { runProgram } from "./run-program.ts";
import { SinkError, type Sound } from "./sink.ts";
import { soundFrom } from "./sound-from.ts";
import type { Times } from "./times.ts";
import { withWyoming, wyomingWords } from "./with-wyoming.ts";

/** @throws SinkError; anything when the signal is aborted */
export type Speak = (text: string, signal: AbortSignal) => Promise<Sound>;

/** Two minutes at 48 kHz. */
const MOST_SOUND_BYTES = 12 << 20;
const SETTING = "command.speech";

export interface Voice {
  readonly words: ErrorWords;
  readonly speak: Speak;
}

/** @returns undefined where nobody speaks */
export function voiceOf(settings: SpeechSettings, times: Times): Voice | undefined {
  switch (settings.kind) {
    case "none":
      return undefined;
    case "openai": {
      const words = wordsFor("speech", settings.url, `${SETTING}.url`, `${SETTING}.api_key`);
      return { words, speak: openAiVoice(settings, words) };
    }
    case "wyoming": {
      const words = wyomingWords("text-to-speech", settings.host, settings.port, SETTING);
      return { words, speak: wyomingVoice(settings, words, times) };
    }
    case "program": {
      const words = { server: `the program ${settings.program}`, hint: `try it by hand; ${SETTING}.program names it` };
      return { words, speak: programVoice(settings, words) };
    }
  }
}

function openAiVoice(settings: SettingsOf<SpeechSettings, "openai">, words: ErrorWords): Speak {
  const { url, model, voice, api_key: apiKey } = settings;
  return async (text, signal) => {
    const { bytes } = await askServer(
      {
        url: within(url, "v1/audio/speech"),
        body: JSON.stringify({ model, voice, input: text, response_format: "wav" }),
        headers: { "content-type": "application/json" },
        apiKey,
        mostBytes: MOST_SOUND_BYTES,
        repeatable: true,
        words,
      },
      signal,
    );
    return soundFrom(bytes, words);
  };
}

function programVoice(settings: SettingsOf<SpeechSettings, "program">, words: ErrorWords): Speak {
  const { program, args } = settings;
  return async (text, signal) => {
    const input = new TextEncoder().encode(`${text}\n`);
    const printed = await runProgram(
      { program, args, environment: {}, input, mostBytes: MOST_SOUND_BYTES, words },
      signal,
    );
    return soundFrom(printed, words);
  };
}

function wyomingVoice(settings: SettingsOf<SpeechSettings, "wyoming">, words: ErrorWords, times: Times): Speak {
  const { host, port, voice } = settings;
  return (text, signal) =>
    withWyoming({ host, port, mostBytes: MOST_SOUND_BYTES, signal }, words, times, async (client) => {
      const bad = (why: string) => new SinkError("bad_answer", `${words.server} ${why}`, words.hint);
      client.send(wyomingEvent("synthesize", { text, ...(voice !== undefined && { voice: { name: voice } }) }));
      let sampleRateHz = 0;
      const pieces: Uint8Array[] = [];
      for (;;) {
        const { type, data, payload } = await client.next();
        if (type === "error") throw new SinkError("refused", `${words.server} could not speak`, "see its log");
        if (type === "audio-start") {
          const { rate, width, channels } = data;
          if (width !== 2 || channels !== 1) throw bad("does not send 16-bit mono");
          if (typeof rate !== "number" || !(rate >= 4000 && rate <= 192_000)) throw bad("says no rate");
          sampleRateHz = rate;
        }
        if (type === "audio-chunk" && payload !== undefined) pieces.push(payload);
        if (type !== "audio-stop") continue;
        const bytes = new Uint8Array(Buffer.concat(pieces));
        if (sampleRateHz === 0 || bytes.length < 2 || bytes.length % 2 !== 0) throw bad("sent no whole samples");
        return { pcm: new Int16Array(bytes.buffer), sampleRateHz };
      }
    });
}
