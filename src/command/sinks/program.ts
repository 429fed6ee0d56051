/** A program of this machine that transcribes: a WAV file on its standard input, the transcript on its standard output. */
import { wavOf } from "../../audio/wav-write.ts";
import type { SettingsOf, SinkSettings } from "../../config/command-settings.ts";
import type { ErrorWords } from "../failure.ts";
import { runProgram } from "../run-program.ts";
import type { SpokenCommand, Understood } from "../sink.ts";
import type { SpokenTape } from "../spoken-tape.ts";
import { spokenText } from "../spoken-text.ts";
import type { Recogniser } from "../taped-sink.ts";

const MOST_BYTES = 1 << 16;

export class ProgramTranscription implements Recogniser {
  readonly name = "program";
  readonly #settings: SettingsOf<SinkSettings, "program">;
  readonly #words: ErrorWords;

  constructor(settings: SettingsOf<SinkSettings, "program">, words: ErrorWords) {
    this.#settings = settings;
    this.#words = words;
  }

  async understand(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood> {
    const { program, args } = this.#settings;
    await tape.ended(signal);
    const input = wavOf(tape.samples);
    const environment = {
      COMMAND_RELAY: command.relayId,
      COMMAND_ROOM: command.room ?? "",
      COMMAND_MODEL: command.model,
      COMMAND_TOPIC: command.topic ?? "",
    };
    try {
      const run = { program, args, environment, input, mostBytes: MOST_BYTES, words: this.#words };
      const printed = await runProgram(run, signal);
      return { transcript: spokenText(new TextDecoder().decode(printed)) };
    } finally {
      input.fill(0);
    }
  }
}
