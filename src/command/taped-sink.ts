/** A sink around a recogniser of any protocol: keeps the sound until it is understood, and wipes it then. */
import { Patience, type PatienceOptions } from "./patience.ts";
import type { Sink, SinkSession, SpokenCommand, Understood } from "./sink.ts";
import { SpokenTape } from "./spoken-tape.ts";

/** One way of having a command understood. */
export interface Recogniser {
  /** As the configuration calls its kind. */
  readonly name: string;
  /**
   * Called when the person begins to speak, and again with the same tape after a failure that allows it: reads the tape
   * from its first sample on, by pieces while it grows or whole when it has ended.
   * @throws SinkError; anything when the signal is aborted
   */
  understand(tape: SpokenTape, command: SpokenCommand, signal: AbortSignal): Promise<Understood>;
}

/** Two minutes: what comes beyond is nobody's command. */
const MOST_SAMPLES = 120 * 16_000;

export class TapedSink implements Sink {
  readonly #recogniser: Recogniser;
  readonly #patience: Patience;

  constructor(recogniser: Recogniser, options: PatienceOptions) {
    this.#recogniser = recogniser;
    this.#patience = new Patience(options);
  }

  get name(): string {
    return this.#recogniser.name;
  }

  get troubles() {
    return this.#patience.troubles;
  }

  open(command: SpokenCommand, signal: AbortSignal): SinkSession {
    const tape = new SpokenTape(MOST_SAMPLES);
    const ended = Promise.withResolvers<void>();
    const understood = this.#patience
      .with(command.id, (over) => this.#recogniser.understand(tape, command, over), ended.promise, signal)
      .finally(() => tape.wipe());
    // Told by `end`, which may come later, or never.
    understood.catch(() => {});
    return {
      push: (pcm) => tape.push(pcm),
      end: (endedAtUnixMs) => {
        tape.end(endedAtUnixMs);
        ended.resolve();
        return understood;
      },
    };
  }
}
