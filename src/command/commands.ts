/**
 * The commands of the house: one for each relay that answers, several rooms at once. Takes what the hub grants and accepts,
 * gives the sound to a sink, and the answer to the winner. Runs in the web worker.
 */
import type { Granted, GrantedSound } from "../hub/hub.ts";
import { Command, type CommandSurroundings } from "./command.ts";
import type { SpeechLimits } from "./command-lanes.ts";
import type { Sink, SpokenCommand } from "./sink.ts";

export interface CommandsOptions extends CommandSurroundings {
  /** Undefined where none is configured: nothing is recorded then. */
  readonly sink: () => Sink | undefined;
  /** What is known of a command beside its sound. */
  readonly describe: (grant: Granted) => SpokenCommand;
  /** Samples; `longestSamples` with pre-roll and wake word. */
  readonly limits: (grant: Granted) => SpeechLimits & { readonly longestSamples: number };
}

export class Commands {
  readonly #options: CommandsOptions;
  /** By fence. */
  readonly #commands = new Map<number, Command>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** Commands under way. */
  get size(): number {
    return this.#commands.size;
  }

  /** @returns whether there is a sink that it goes to; else nothing is recorded, and somebody else must end it */
  granted(grant: Granted): boolean {
    const { sink: configured, describe, limits } = this.#options;
    const sink = configured();
    if (sink === undefined) return false;
    const { fence } = grant;
    const command = new Command({ ...limits(grant), fence, sink, command: describe(grant) }, this.#options);
    this.#commands.set(fence, command);
    return true;
  }

  /** Takes the next sound of a command, and overwrites it; that of none is overwritten too. */
  sound(sound: GrantedSound): void {
    const command = this.#commands.get(sound.fence);
    if (command === undefined) sound.pcm.fill(0);
    else command.sound(sound);
    this.#forget(sound.fence);
  }

  /** The hub has ended it. */
  over(fence: number): void {
    this.#commands.get(fence)?.end();
    this.#forget(fence);
  }

  /** With each look at the house: inference rings when it has judged something. */
  look(): void {
    for (const [fence, command] of this.#commands) {
      command.look();
      this.#forget(fence);
    }
  }

  /** Ends all of them: the program ends. */
  close(): void {
    for (const command of this.#commands.values()) command.end();
    this.#commands.clear();
  }

  #forget(fence: number): void {
    if (this.#commands.get(fence)?.isOver) this.#commands.delete(fence);
  }
}
