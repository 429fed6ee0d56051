/**
 * What the house itself says: a wake word in an answer is nobody's, however clearly a microphone nearby hears it. A synthetic
 * voice is as sure a word for a model as a person's. Pure.
 */

/** A claim comes so much later than its word was heard: the device's buffer, the room, the frames that a word lasts, the network. */
const TAIL_MS = 1000;

interface Saying {
  readonly letters: string;
  readonly untilMs: number;
}

export class OwnVoice {
  /** By the relay that says it. */
  readonly #sayings = new Map<string, Saying>();

  /** @param text what this relay says aloud from now on */
  says(relayId: string, text: string, nowMs: number): void {
    this.#sayings.set(relayId, { letters: lettersOf(text), untilMs: nowMs + TAIL_MS });
  }

  /** With each look at the house. @param speaking relays that say something now */
  look(speaking: ReadonlySet<string>, nowMs: number): void {
    for (const [relayId, { letters, untilMs }] of this.#sayings) {
      if (speaking.has(relayId)) this.#sayings.set(relayId, { letters, untilMs: nowMs + TAIL_MS });
      else if (nowMs >= untilMs) this.#sayings.delete(relayId);
    }
  }

  /**
   * @param model a wake word's name, as `hey_jarvis`
   * @param near whether what a relay says is heard where the word was
   */
  said(model: string, near: (relayId: string) => boolean): boolean {
    const word = lettersOf(model);
    if (word === "") return false;
    return [...this.#sayings].some(([relayId, { letters }]) => letters.includes(word) && near(relayId));
  }
}

function lettersOf(text: string): string {
  return text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}]/gu, "");
}
