/**
 * Learns the gains of the house's microphones while it runs: gathers what relays reported of each word, and learns from it in slices,
 * when nobody waits for a verdict. Until it is through, verdicts go by what was known before. Time is handed in; stores nothing.
 */
import type { Sender } from "../arbitration/events.ts";
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import { alike, type Gain, GainMemory, type KnownGains, type RelayInRoom } from "../arbitration/gains.ts";
import type { Steps } from "../arbitration/gains-steps.ts";
import { type HeardShare, type KeptWord, type WordKind, wordsOfEach } from "../arbitration/gains-words.ts";
import type { Policy } from "../arbitration/policy.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";

/** Of a microphone of which nothing is known: they differ by several dB. */
const UNKNOWN_GAIN: Gain = { db: 0, uncertaintyDb: 4 };
/** After the first claim: by then all have claimed, and the sound behind the word was heard, measured and sent. */
const SETTLED_MS = 2000;
/** Envelopes that wait for their word to be settled. */
const MOST_ENVELOPES = 512;
/** What learning takes of the time, at most: one word of very many relays may take seconds in all. */
const LEAST_REST = 50;
/** While a word is learned nothing else runs for so long, and then all else may for so long, so that a fifth of the time goes to it. */
const SLICE_MS = 3;
const BETWEEN_SLICES_MS = 12;

export interface HouseGainsOptions {
  readonly monotonicMs: () => number;
  /** Of the house, as arbitration keeps them. */
  readonly rounds: () => readonly RoundRecord[];
  readonly connected: () => Iterable<string>;
  /** What is configured of a relay. */
  readonly placeOf: (relayId: string) => Omit<RelayInRoom, "relayId">;
  /** Whether what it measures counts. */
  readonly believes: (relayId: string) => boolean;
  /** What is known, or to be stored, is another than before. */
  readonly changed: () => void;
  readonly log: { info(event: string, fields: Record<string, unknown>): void };
}

/** What is known of one microphone. */
export interface KnownGain extends Gain {
  readonly from: "configured" | "learned" | "unknown";
  /** Words that it heard with others: it was learned from them, if it was. */
  readonly words: number;
  /** The same of sounds that were made to set gains by. */
  readonly calibrations: number;
  /** When it was found to have been moved; undefined where it was not since the start. */
  readonly movedAtMs: number | undefined;
}

/** What a sound that was made to set gains by has changed. */
export interface SetGain {
  /** Against those of its room, dB, as {@link SetGain.gain}. */
  readonly beforeDb: number;
  readonly gain: Gain;
}

/** Something to learn. */
interface Lesson {
  readonly steps: Steps<unknown>;
  /** Somebody waits for it, which is no time to wait for others. */
  readonly urgent: boolean;
  readonly over?: (tookMs: number) => void;
  /** How long it took until now, all slices together. */
  tookMs: number;
}

export class HouseGains {
  readonly #options: HouseGainsOptions;
  readonly #memory: GainMemory;
  readonly #envelopes = new Map<string, CoarseEnvelope>();
  /** As of the last estimate: verdicts must not make another. */
  #known: KnownGains | undefined;
  #gains: ReadonlyMap<string, Omit<KnownGain, "movedAtMs">> = new Map();
  readonly #moved = new Map<string, number>();
  /** Of whom nothing is to be known any more, though the last estimate knows it. */
  readonly #forgotten = new Set<string>();
  #lesson: Lesson | undefined;
  readonly #calibrations: (() => Steps<void>)[] = [];
  #newestRound = Number.NEGATIVE_INFINITY;
  #slicesAtMs = Number.NEGATIVE_INFINITY;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  /** @param words of an earlier life: what they say is known soon after the first look */
  constructor(options: HouseGainsOptions, words: readonly KeptWord[] = []) {
    this.#options = options;
    this.#memory = new GainMemory(words);
  }

  /** What to store: a word is among them as soon as learning from it has begun. */
  get words(): readonly KeptWord[] {
    return this.#memory.words;
  }

  /** When to {@link look} at the latest, so that what was begun goes on; infinite while nothing was, or it must wait. */
  get wakeAtMs(): number {
    return this.#lesson !== undefined && this.#mayGoOn(this.#lesson) ? this.#slicesAtMs : Number.POSITIVE_INFINITY;
  }

  /** Of one microphone against the others of the house. */
  gainOf(relayId: string): KnownGain {
    const known = this.#gains.get(relayId) ?? { ...UNKNOWN_GAIN, from: "unknown", words: 0, calibrations: 0 };
    return { ...known, movedAtMs: this.#moved.get(relayId) };
  }

  /** The same policy, which knows the gains of those who claim against each other: that is known better than against all. */
  informed(policy: Policy): Policy {
    return (contenders) => {
      const ids = contenders.map(({ relayId }) => relayId);
      if (ids.some((id) => this.#forgotten.has(id))) return policy(contenders);
      const gains = this.#known?.gainsFor(ids);
      if (gains === undefined || gains.size < contenders.length) return policy(contenders);
      return policy(contenders.map((one) => ({ ...one, gain: gains.get(one.relayId) ?? one.gain })));
    };
  }

  /** A claimant's envelope, which comes a moment after its claim. */
  envelope(sender: Sender, claim: number, envelope: CoarseEnvelope): void {
    const key = keyOf(sender, claim);
    this.#envelopes.delete(key);
    this.#envelopes.set(key, envelope);
    for (const oldest of this.#envelopes.keys()) {
      if (this.#envelopes.size <= MOST_ENVELOPES) break;
      this.#envelopes.delete(oldest);
    }
  }

  /**
   * Learns from one word, if there is one and nobody waits for a verdict: for {@link SLICE_MS} or little more, however many relays and
   * rooms there are; the rest with the looks that follow. Call it a few times a second, and whenever {@link wakeAtMs} has come.
   */
  look(): void {
    const beganMs = this.#options.monotonicMs();
    if (beganMs < this.#slicesAtMs) return;
    this.#lesson ??= this.#nextLesson(beganMs);
    const lesson = this.#lesson;
    if (lesson === undefined || !this.#mayGoOn(lesson)) return;
    for (;;) {
      const { done } = lesson.steps.next();
      const nowMs = this.#options.monotonicMs();
      if (done !== true && nowMs - beganMs < SLICE_MS) continue;
      lesson.tookMs += nowMs - beganMs;
      if (done === true) {
        this.#lesson = undefined;
        this.#restsUntilMs = nowMs + lesson.tookMs * (LEAST_REST - 1);
        lesson.over?.(lesson.tookMs);
      } else this.#slicesAtMs = nowMs + BETWEEN_SLICES_MS;
      return;
    }
  }

  /**
   * Takes what relays reported of a sound that was made to set gains by, as soon as what was begun is through.
   *
   * @param together somebody says that all of them are in one room
   * @param done with gains against each other of those of which it said anything: where it is not known who shares a room, of none
   */
  calibrate(shares: readonly HeardShare[], together: boolean, done: (set: ReadonlyMap<string, SetGain>) => void): void {
    this.#calibrations.push(() => this.#calibrating(shares, together, done));
  }

  /** It was moved, or its microphone was changed: what its words said counts no more. */
  forget(relayId: string): void {
    this.#memory.forget(relayId);
    this.#forgotten.add(relayId);
    const known = this.gainOf(relayId);
    const gain = known.from === "configured" ? known : { ...UNKNOWN_GAIN, from: "unknown" as const };
    this.#gains = new Map([...this.#gains, [relayId, { ...gain, words: 0, calibrations: 0 }]]);
    this.#options.changed();
  }

  #mayGoOn({ urgent }: Lesson): boolean {
    return urgent || this.#calibrations.length > 0 || this.#options.rounds().every(({ phase }) => phase === "over");
  }

  #nextLesson(nowMs: number): Lesson | undefined {
    const calibrating = this.#calibrations.shift();
    if (calibrating !== undefined) return { steps: calibrating(), urgent: true, tookMs: 0 };
    if (nowMs < this.#restsUntilMs) return undefined;
    const { rounds, believes, log } = this.#options;
    const records = rounds();
    if (records.some(({ phase }) => phase !== "over")) return undefined;
    if (!this.#isCurrent()) return { steps: this.#followingHouse(), urgent: false, tookMs: 0 };
    const settled = records
      .filter(({ round, openedAtMs }) => round > this.#newestRound && openedAtMs + SETTLED_MS <= nowMs)
      .toSorted((one, other) => one.round - other.round);
    for (const { round, claims } of settled) {
      this.#newestRound = round;
      const shares = claims.flatMap(({ relayId, connection, number, evidence }): readonly HeardShare[] => {
        const key = keyOf({ relayId, connection }, number);
        const envelope = this.#envelopes.get(key);
        this.#envelopes.delete(key);
        return evidence !== undefined && believes(relayId) ? [{ relayId, evidence, envelope }] : [];
      });
      if (shares.length < 2) continue;
      const relays = shares.map(({ relayId }) => relayId);
      const over = (tookMs: number) => log.info("gains learned", { round, relays, tookMs: Math.round(tookMs) });
      return { steps: this.#learning(shares), urgent: false, over, tookMs: 0 };
    }
    return undefined;
  }

  /** Somebody came, went, was given another room or forgotten. */
  *#followingHouse(): Steps<void> {
    yield* this.#estimating();
    this.#options.changed();
  }

  *#calibrating(
    shares: readonly HeardShare[],
    together: boolean,
    done: (set: ReadonlyMap<string, SetGain>) => void,
  ): Steps<void> {
    const ids = shares.map(({ relayId }) => relayId);
    const before = (yield* this.#memory.knowing(this.#all(ids))).gains(ids);
    const after = yield* this.#learning(shares, { calibration: true, together });
    const set = [...after.peers(ids)].flatMap(([id, peers]) => {
      const gain = after.gains(peers).get(id);
      const among = new Set(peers);
      const stated = after.relays.some(({ relayId, statedGainDb }) => statedGainDb !== undefined && among.has(relayId));
      const beforeDb = (of: string): number => before.get(of)?.db ?? 0;
      const mean = stated ? 0 : peers.reduce((sum, peer) => sum + beforeDb(peer), 0) / peers.length;
      return gain === undefined ? [] : [[id, { beforeDb: beforeDb(id) - mean, gain }] as const];
    });
    done(new Map(set));
  }

  *#learning(shares: readonly HeardShare[], kind: WordKind = {}): Steps<KnownGains> {
    const { monotonicMs, changed, log } = this.#options;
    const kept = yield* this.#memory.keeping(shares, kind);
    // Whoever stores it should have it now: everything may be switched off before it is learned.
    if (kept) changed();
    const moved = kept ? yield* this.#memory.forgettingMoved(this.#all()) : undefined;
    const known = yield* this.#estimating(shares.map(({ relayId }) => relayId));
    if (moved !== undefined) {
      this.#moved.set(moved, monotonicMs());
      log.info("relay was moved", { relay: moved, gain: "learned anew" });
    }
    changed();
    return known;
  }

  /** What all words say, told as soon as it is known. */
  *#estimating(besides: readonly string[] = []): Steps<KnownGains> {
    const known = yield* this.#memory.knowing(this.#all(besides));
    const words = wordsOfEach(this.words.filter(({ calibration }) => !calibration));
    const calibrations = wordsOfEach(this.words.filter(({ calibration }) => calibration));
    const told = known.relays.filter(({ relayId }) => words.has(relayId) || calibrations.has(relayId));
    const compared = known.peers(told.map(({ relayId }) => relayId));
    // Of thousands that are connected only some are known: comparing all with all would take seconds.
    const some = known.relays.filter(
      ({ relayId, statedGainDb }) => compared.has(relayId) || statedGainDb !== undefined,
    );
    const gains = known.gains(some.map(({ relayId }) => relayId));
    this.#gains = new Map(
      known.relays.map(({ relayId, statedGainDb }) => {
        const from = statedGainDb !== undefined ? "configured" : compared.has(relayId) ? "learned" : "unknown";
        const gain = from === "unknown" ? UNKNOWN_GAIN : (gains.get(relayId) ?? UNKNOWN_GAIN);
        const counts = { words: words.get(relayId) ?? 0, calibrations: calibrations.get(relayId) ?? 0 };
        return [relayId, { ...gain, from, ...counts }];
      }),
    );
    this.#known = known;
    this.#forgotten.clear();
    return known;
  }

  /** All that are connected, or of which words tell, in an order that does not change. */
  #all(besides: readonly string[] = []): readonly RelayInRoom[] {
    const { connected, placeOf } = this.#options;
    const told = this.words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId));
    return [...new Set([...told, ...connected(), ...besides])]
      .toSorted()
      .map((relayId) => ({ relayId, ...placeOf(relayId) }));
  }

  #isCurrent(): boolean {
    return this.#forgotten.size === 0 && alike(this.#all(), this.#known?.relays ?? []);
  }
}

function keyOf({ relayId, connection }: Sender, claim: number): string {
  return `${connection} ${claim} ${relayId}`;
}
