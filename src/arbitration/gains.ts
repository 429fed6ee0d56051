/**
 * The gains of the house's microphones, learned from words that several of them heard. Knows no clock and stores nothing:
 * whoever owns it hands in words and keeps what {@link GainMemory.words} says.
 */
import { type Gain, KnownGains, spokenOf } from "./gains-known.ts";
import { findingMoved, MOVED_WORDS } from "./gains-moved.ts";
import type { RelayInRoom } from "./gains-rooms.ts";
import { atOnce, type Steps } from "./gains-steps.ts";
import { type HeardShare, type KeptWord, keepingWord, type WordKind } from "./gains-words.ts";

export { type Gain, KnownGains } from "./gains-known.ts";
export type { RelayInRoom } from "./gains-rooms.ts";

/** More say nothing new: what stays wrong is the same in all. */
const MOST_WORDS = 60;
/** What somebody said of rooms stays, however many words follow: the newest sayings. */
const MOST_SAYINGS = 10;

export class GainMemory {
  #words: readonly KeptWord[];
  /** While a word that it heard was on its way into {@link words}. */
  readonly #forgottenMeanwhile = new Set<string>();
  #known: { readonly of: readonly KeptWord[]; readonly gains: KnownGains } | undefined;

  /** @param words of an earlier life */
  constructor(words: readonly KeptWord[] = []) {
    this.#words = newest(words, MOST_WORDS);
  }

  /** What to store. */
  get words(): readonly KeptWord[] {
    return this.#words;
  }

  /**
   * Takes what relays reported of one word, or of one sound that was made to set gains by.
   *
   * @param kind by default a word
   * @returns whether it says anything; then it is among {@link words}
   */
  *keeping(shares: readonly HeardShare[], kind: WordKind = {}): Steps<boolean> {
    this.#forgottenMeanwhile.clear();
    const word = yield* keepingWord(shares, kind);
    if (word === undefined) return false;
    this.#words = newest([...this.#words, word], MOST_WORDS);
    for (const relayId of this.#forgottenMeanwhile) this.forget(relayId);
    return true;
  }

  /**
   * Forgets what is known of a relay that the newest words say has been moved, but for those words.
   *
   * @param relays all of the house, with their rooms
   * @returns that relay, if there is one
   */
  *forgettingMoved(relays: readonly RelayInRoom[]): Steps<string | undefined> {
    const words = this.#words;
    const moved = yield* findingMoved(words, spokenOf(words, relays));
    // Somebody may have had a relay forgotten meanwhile: then the next word says whether another was moved.
    if (moved === undefined || this.#words !== words) return undefined;
    this.#words = withoutRelay(words, moved, MOVED_WORDS);
    return moved;
  }

  /** {@link keeping} and {@link forgettingMoved} at once. */
  heard(shares: readonly HeardShare[], relays: readonly RelayInRoom[], kind: WordKind = {}): string | undefined {
    return atOnce(this.keeping(shares, kind)) ? atOnce(this.forgettingMoved(relays)) : undefined;
  }

  /** Forgets a relay: somebody says that it has been moved. */
  forget(relayId: string): void {
    this.#forgottenMeanwhile.add(relayId);
    this.#words = withoutRelay(this.#words, relayId, 0);
  }

  /**
   * What all words say; those, too, that come before it is through.
   *
   * @param relays all of the house, with their rooms
   */
  *knowing(relays: readonly RelayInRoom[]): Steps<KnownGains> {
    for (;;) {
      const words = this.#words;
      const known = yield* KnownGains.from(words, relays);
      if (words === this.#words) return known;
    }
  }

  /** {@link knowing} at once, unless it is known already. */
  known(relays: readonly RelayInRoom[]): KnownGains {
    if (this.#known?.of !== this.#words || !alike(this.#known.gains.relays, relays)) {
      this.#known = { of: this.#words, gains: atOnce(this.knowing(relays)) };
    }
    return this.#known.gains;
  }

  /** {@link KnownGains.gains} at once. */
  gains(among: readonly string[], relays: readonly RelayInRoom[]): ReadonlyMap<string, Gain> {
    return this.known(relays).gains(among);
  }

  /** {@link KnownGains.gainsFor} at once. */
  gainsFor(contenders: readonly string[], relays: readonly RelayInRoom[]): ReadonlyMap<string, Gain> {
    return this.known(relays).gainsFor(contenders);
  }
}

/** Whether what is known of the ones holds for the others. */
export function alike(some: readonly RelayInRoom[], others: readonly RelayInRoom[]): boolean {
  return (
    some === others ||
    (some.length === others.length &&
      some.every(({ relayId, room, statedGainDb }, i) => {
        const other = others[i];
        return other?.relayId === relayId && other.room === room && other.statedGainDb === statedGainDb;
      }))
  );
}

/** The newest words, and before them what was said of rooms. */
function newest(words: readonly KeptWord[], most: number): readonly KeptWord[] {
  const sayings = new Set(words.filter(({ together }) => together === true).slice(-MOST_SAYINGS));
  return words.filter((word, i) => i >= words.length - most || sayings.has(word));
}

/** What a relay heard counts no more, but for so many of the last words. */
function withoutRelay(words: readonly KeptWord[], relayId: string, kept: number): readonly KeptWord[] {
  const itsWords = words.filter(({ shares }) => shares.some((share) => share.relayId === relayId));
  const recent = new Set(kept > 0 ? itsWords.slice(-kept) : []);
  return words
    .map((word) =>
      recent.has(word) ? word : { ...word, shares: word.shares.filter((share) => share.relayId !== relayId) },
    )
    .filter(({ shares }) => shares.length > 1);
}
