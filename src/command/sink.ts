/** Where a spoken command goes, whatever understands it: one interface for servers of any protocol, and for programs. */

/** One command of one person: who heard it, by which word, and what is known of it before it is understood. */
export interface SpokenCommand {
  /** Names it in logs and to servers; says nothing of who speaks. */
  readonly id: string;
  readonly relayId: string;
  readonly room: string | undefined;
  /** The wake word. */
  readonly model: string;
  /** 0..1 */
  readonly confidence: number;
  /** 0..1 */
  readonly threshold: number;
  readonly wakeEndedAtUnixMs: number;
  /** The newest score of every model, 0..1. */
  readonly scores: Readonly<Record<string, number>>;
  /** Whether several words may fire at once. */
  readonly multiTrigger: boolean;
  /** The model's, for servers that sort commands by topic. */
  readonly topic: string | undefined;
  /** The model's: told besides the sink, see `ModelWebhooks`. */
  readonly webhookUrl: string | undefined;
}

export interface Sink {
  /** As the configuration calls its kind. */
  readonly name: string;
  /**
   * A person has begun to speak. Never throws: what goes wrong is told by `end`.
   * @param signal aborted when nobody wants the command any more: all that was heard of it is wiped
   */
  open(command: SpokenCommand, signal: AbortSignal): SinkSession;
}

export interface SinkSession {
  /** @param pcm 16 kHz mono s16, from the pre-roll on, in order; copied, and wiped when the session is over */
  push(pcm: Int16Array): void;
  /**
   * The person has stopped speaking. To be called once; settles within the sink's time limit.
   * @throws SinkError
   */
  end(endedAtUnixMs: number): Promise<Understood>;
}

/** What a sink made of a command. */
export interface Understood {
  /** Empty where nothing was said, or where the sink gives no transcripts. */
  readonly transcript: string;
  /** 0..1 */
  readonly confidence?: number;
  /** The sink has acted on it already: no intent handler is asked. */
  readonly handled?: Handled;
}

/** What was done about a command. */
export interface Handled {
  /** For the person; may be empty. */
  readonly text: string;
  /** The intent, as its handler calls it; may be empty. */
  readonly command: string;
  /** Whether the text asks something back, and the person's answer is awaited. */
  readonly asks: boolean;
  /** The text as sound, if the handler has spoken it itself. */
  readonly speech: Sound | undefined;
}

export interface Sound {
  /** Mono s16. */
  readonly pcm: Int16Array;
  readonly sampleRateHz: number;
}

export type SinkErrorCode =
  /** Nothing answers there, or the answer broke off. */
  | "unreachable"
  /** The time limit passed. */
  | "too_slow"
  /** It answered that it will not, or cannot. */
  | "refused"
  /** What it answered is not what its protocol says. */
  | "bad_answer"
  /** It failed several times in a row, and is left alone for a while. */
  | "resting"
  /** Its microphone was muted, or went away, before the person had stopped speaking. */
  | "cut_off"
  /** Nobody wanted the command any more. */
  | "aborted";

/** Why a command was not understood, or not answered. `message` names the server, never a key, and nothing of what was said. */
export class SinkError extends Error {
  override readonly name = "SinkError";
  /** Whether trying again may help, and does no harm. */
  readonly again: boolean;

  constructor(
    readonly code: SinkErrorCode,
    message: string,
    /** What to do about it. */
    readonly hint: string,
    { again = false, cause }: { readonly again?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.again = again;
  }
}

/** Something that health should tell. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}
