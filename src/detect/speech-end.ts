/**
 * When a command is over: the rule, chunk by chunk, from how probable speech is in each. Pure. All lengths are samples of the
 * command's own sound, so that what comes late, or all at once, ends at the same sample.
 */

/** Speech begins at this probability, and goes on until it falls below the second one: Silero's own numbers. */
const BEGINS = 0.5;
const ENDS = 0.35;
/**
 * Silero hears a wake word for as much longer than it was measured to last, 0.2 s. With {@link LEAST_SPOKEN_SAMPLES}, 1 of 140
 * people who say "alexa" and nothing else is taken to have said more; 0.1 s longer, and 3 of 10 commands of 0.4 s that follow
 * it in one breath would be taken for its end.
 */
const WORD_LINGERS_SAMPLES = 3200;
/** Speech behind the wake word that is more than a click or a breath: 0.12 s. */
const LEAST_SPOKEN_SAMPLES = 1920;

export interface SpeechEndLimits {
  /** Where the wake word ends. */
  readonly wordSamples: number;
  /** Quiet that ends the command, once something was said. */
  readonly silenceSamples: number;
  /** Quiet behind the word that ends it where nothing is said. */
  readonly noSpeechSamples: number;
}

export type SpeechState =
  | { readonly kind: "listening" }
  /** Something was said, or nothing was; `end` is the sample behind the command's last. */
  | { readonly kind: "said" | "nothing"; readonly end: number };

export class SpeechEnd {
  readonly #limits: SpeechEndLimits;
  #speaking = false;
  /** Behind the last sample of the newest speech. */
  #speechEnd: number;
  /** Samples of speech behind the word. */
  #spoken: number;
  #state: SpeechState = { kind: "listening" };

  /** @param past what is known of samples that somebody else listened to; speech is taken to have gone on until then */
  constructor(limits: SpeechEndLimits, past = { samples: 0, spoke: false }) {
    this.#limits = limits;
    this.#speechEnd = past.samples;
    this.#spoken = past.spoke ? LEAST_SPOKEN_SAMPLES : 0;
  }

  /** Whether something was said behind the wake word. */
  get spoke(): boolean {
    return this.#spoken >= LEAST_SPOKEN_SAMPLES;
  }

  /**
   * Takes the next chunk; once the command is over, nothing changes any more.
   *
   * @param end the sample behind the chunk's last
   * @param probability of speech in it, 0..1
   */
  step(end: number, length: number, probability: number): SpeechState {
    if (this.#state.kind !== "listening") return this.#state;
    const { wordSamples, silenceSamples, noSpeechSamples } = this.#limits;
    this.#speaking = probability >= (this.#speaking ? ENDS : BEGINS);
    if (this.#speaking) {
      this.#speechEnd = end;
      this.#spoken += Math.max(0, Math.min(length, end - wordSamples - WORD_LINGERS_SAMPLES));
    }
    // Where a click was all that followed the word, whoever wants to speak still has the whole time.
    const over = this.spoke ? this.#speechEnd + silenceSamples : wordSamples + noSpeechSamples;
    // Who speaks when the time for beginning is over is let begin.
    if (end >= over && (this.spoke || !this.#speaking)) {
      this.#state = { kind: this.spoke ? "said" : "nothing", end: over };
    }
    return this.#state;
  }
}
