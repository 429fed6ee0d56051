/**
 * Learns the gains of the house's microphones while it runs: gathers what relays reported of each word, and hands it on when
 * nobody waits for a verdict. Verdicts go by what was learned before. Time is handed in; stores nothing.
 */
import type { Sender } from "../arbitration/events.ts";
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import { type Gain, GainMemory, type RelayInRoom } from "../arbitration/gains.ts";
import type { HeardShare, KeptWord, WordKind } from "../arbitration/gains-words.ts";
import type { Policy } from "../arbitration/policy.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";

/** Of a microphone of which nothing is known: they differ by several dB. */
const UNKNOWN_GAIN: Gain = { db: 0, uncertaintyDb: 4 };
/** After the first claim: by then all have claimed, and the sound behind the word was heard, measured and sent. */
const SETTLED_MS = 2000;
/** Envelopes that wait for their word to be settled. */
const MOST_ENVELOPES = 512;
/** What learning takes of the time, at most: in a house of very many rooms one word may take a second. */
const LEAST_REST = 50;
/** In a large house words are forgotten sooner, so that learning one blocks for no longer than about this. */
const MOST_MS = 300;
const MANY_RELAYS = 12;
const KEPT_SHARE = 0.7;

export interface HouseGainsOptions {
  readonly monotonicMs: () => number;
  /** Of the house, as arbitration keeps them. */
  readonly rounds: () => readonly RoundRecord[];
  readonly connected: () => Iterable<string>;
  /** What is configured of a relay. */
  readonly placeOf: (relayId: string) => Omit<RelayInRoom, "relayId">;
  /** Whether what it measures counts. */
  readonly believes: (relayId: string) => boolean;
  /** What was learned is another than before. */
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

export class HouseGains {
  readonly #options: HouseGainsOptions;
  readonly #memory: GainMemory;
  readonly #envelopes = new Map<string, CoarseEnvelope>();
  /** As of the last estimate: verdicts must not make another. */
  #relays: readonly RelayInRoom[] = [];
  #gains: ReadonlyMap<string, Omit<KnownGain, "movedAtMs">> = new Map();
  readonly #moved = new Map<string, number>();
  #newestRound = Number.NEGATIVE_INFINITY;
  #restsUntilMs = Number.NEGATIVE_INFINITY;

  /** @param words of an earlier life: what they say is known from the first look on */
  constructor(options: HouseGainsOptions, words: readonly KeptWord[] = []) {
    this.#options = options;
    this.#memory = new GainMemory(words);
  }

  /** What to store. */
  get words(): readonly KeptWord[] {
    return this.#memory.words;
  }

  /** Of one microphone against the others of the house. */
  gainOf(relayId: string): KnownGain {
    const known = this.#gains.get(relayId) ?? { ...UNKNOWN_GAIN, from: "unknown", words: 0, calibrations: 0 };
    return { ...known, movedAtMs: this.#moved.get(relayId) };
  }

  /** The same policy, which knows the gains of those who claim against each other: that is known better than against all. */
  informed(policy: Policy): Policy {
    return (contenders) => {
      const gains = this.#memory.gainsFor(
        contenders.map(({ relayId }) => relayId),
        this.#relays,
      );
      if (gains.size < contenders.length) return policy(contenders);
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
   * Learns from one word, if there is one and nobody waits for a verdict. Blocks for 1 to 10 ms in a room or two, for 100 ms
   * with 20 relays in 10 rooms, and hardly ever for longer than {@link MOST_MS}; call it a few times a second.
   */
  look(): void {
    const { monotonicMs, rounds, believes, log } = this.#options;
    const nowMs = monotonicMs();
    if (nowMs < this.#restsUntilMs) return;
    const records = rounds();
    if (records.some(({ phase }) => phase !== "over")) return;
    if (!this.#isCurrent()) {
      this.#estimate();
      this.#options.changed();
      return;
    }
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
      this.#learn(shares);
      const tookMs = monotonicMs() - nowMs;
      this.#restsUntilMs = nowMs + tookMs * LEAST_REST;
      log.info("gains learned", { round, relays: shares.map(({ relayId }) => relayId), tookMs: Math.round(tookMs) });
      return;
    }
  }

  /**
   * Takes what relays reported of a sound that was made to set gains by, at once.
   *
   * @param together somebody says that all of them are in one room
   * @returns gains against each other of those of which it said anything: where it is not known who shares a room, of none
   */
  calibrate(shares: readonly HeardShare[], together: boolean): ReadonlyMap<string, SetGain> {
    const ids = shares.map(({ relayId }) => relayId);
    const before = this.#memory.gains(ids, this.#all(ids));
    this.#learn(shares, { calibration: true, together });
    return new Map(
      [...this.#memory.peers(ids, this.#relays)].flatMap(([id, peers]) => {
        const gain = this.#memory.gains(peers, this.#relays).get(id);
        const stated = this.#relays.some(
          ({ relayId, statedGainDb }) => statedGainDb !== undefined && peers.includes(relayId),
        );
        const beforeDb = (of: string): number => before.get(of)?.db ?? 0;
        const mean = stated ? 0 : peers.reduce((sum, peer) => sum + beforeDb(peer), 0) / peers.length;
        return gain === undefined ? [] : [[id, { beforeDb: beforeDb(id) - mean, gain }] as const];
      }),
    );
  }

  /** It was moved, or its microphone was changed: what its words said counts no more. */
  forget(relayId: string): void {
    this.#memory.forget(relayId);
    this.#estimate();
    this.#options.changed();
  }

  #learn(shares: readonly HeardShare[], kind: WordKind = {}): void {
    const { monotonicMs } = this.#options;
    const beganMs = monotonicMs();
    this.#relays = this.#all(shares.map(({ relayId }) => relayId));
    const moved = this.#memory.heard(shares, this.#relays, kind);
    this.#estimate();
    if (monotonicMs() - beganMs > MOST_MS && this.#heardBy > MANY_RELAYS) {
      this.#memory.keepNewest(Math.floor(this.words.length * KEPT_SHARE));
      this.#estimate();
    }
    if (moved !== undefined) {
      this.#moved.set(moved, monotonicMs());
      this.#options.log.info("relay was moved", { relay: moved, gain: "learned anew" });
    }
    this.#options.changed();
  }

  /** How many relays words tell of. */
  get #heardBy(): number {
    return new Set(this.words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId))).size;
  }

  /** All that are connected, or of which words tell, in an order that does not change. */
  #all(besides: readonly string[] = []): readonly RelayInRoom[] {
    const { connected, placeOf } = this.#options;
    const told = this.#memory.words.flatMap(({ shares }) => shares.map(({ relayId }) => relayId));
    return [...new Set([...told, ...connected(), ...besides])]
      .toSorted()
      .map((relayId) => ({ relayId, ...placeOf(relayId) }));
  }

  #isCurrent(): boolean {
    const all = this.#all();
    return (
      all.length === this.#relays.length &&
      all.every(({ relayId, room, statedGainDb }, i) => {
        const known = this.#relays[i];
        return known?.relayId === relayId && known.room === room && known.statedGainDb === statedGainDb;
      })
    );
  }

  #estimate(): void {
    this.#relays = this.#all();
    const words = countsOf(this.#memory.words.filter(({ calibration }) => !calibration));
    const calibrations = countsOf(this.#memory.words.filter(({ calibration }) => calibration));
    const told = this.#relays.filter(({ relayId }) => words.has(relayId) || calibrations.has(relayId));
    const compared = this.#memory.peers(
      told.map(({ relayId }) => relayId),
      this.#relays,
    );
    // Of thousands that are connected only some are known: comparing all with all would take seconds.
    const known = this.#relays.filter(
      ({ relayId, statedGainDb }) => compared.has(relayId) || statedGainDb !== undefined,
    );
    const gains = this.#memory.gains(
      known.map(({ relayId }) => relayId),
      this.#relays,
    );
    this.#gains = new Map(
      this.#relays.map(({ relayId, statedGainDb }) => {
        const from = statedGainDb !== undefined ? "configured" : compared.has(relayId) ? "learned" : "unknown";
        const gain = from === "unknown" ? UNKNOWN_GAIN : (gains.get(relayId) ?? UNKNOWN_GAIN);
        const counts = { words: words.get(relayId) ?? 0, calibrations: calibrations.get(relayId) ?? 0 };
        return [relayId, { ...gain, from, ...counts }];
      }),
    );
  }
}

/** How many of these words each relay heard. */
function countsOf(words: readonly KeptWord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { shares } of words) {
    for (const { relayId } of shares) counts.set(relayId, (counts.get(relayId) ?? 0) + 1);
  }
  return counts;
}

function keyOf({ relayId, connection }: Sender, claim: number): string {
  return `${connection} ${claim} ${relayId}`;
}
