/**
 * Setting all gains at once by one sound that everybody hears: who was asked to listen, what they answered, and which of them
 * heard the same sound. Time is handed in; sends nothing.
 */
import type { CoarseEnvelope, Evidence } from "../arbitration/evidence.ts";
import type { HeardShare } from "../arbitration/gains-words.ts";
import { BEHIND_BURST_SAMPLES } from "../arbitration/measure-burst.ts";

/** For so long, at least and at most: what rings and tapes can look back at, with the second before and what follows. */
export const LISTEN_MS = { least: 1000, usual: 5000, most: 5000 } as const;
/** What answers may take, when the sound behind the time of listening was heard. */
const ANSWER_MS = 2000;
/** Two clocks may be off by half a second in opposite ways, and sound that the hub listens to is dated when it arrives. */
const SAME_SOUND_MS = 1000;

/** Why a relay has nothing to say. */
export type Unheard =
  | "too_quiet"
  /** Muted, or its microphone lost samples. */
  | "sound_lost"
  | "no_answer"
  /** It does not know how. */
  | "cannot";

export type BurstReport =
  | {
      readonly kind: "heard";
      readonly evidence: Evidence;
      readonly envelope: CoarseEnvelope;
      /** Hub clock, ms; undefined while the relay's clock is not known. */
      readonly atMs: number | undefined;
    }
  | { readonly kind: "unheard"; readonly why: Unheard };

export interface CalibrationRelay {
  readonly relayId: string;
  readonly outcome: "waited_for" | "heard" | "other_sound" | Unheard;
  /** RMS of what it heard, dB of full scale. */
  readonly levelDb: number | undefined;
}

export interface CalibrationRecord {
  readonly number: number;
  readonly beganAtMs: number;
  readonly phase: "listening" | "measuring" | "done";
  readonly relays: readonly CalibrationRelay[];
}

interface Calibrating {
  readonly number: number;
  readonly beganAtMs: number;
  readonly listenMs: number;
  readonly answers: Map<string, BurstReport | undefined>;
  /** Undefined while it is not decided. */
  same: ReadonlySet<string> | undefined;
}

export class Calibration {
  readonly #monotonicMs: () => number;
  #newest: Calibrating | undefined;
  #count = 0;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  get isOpen(): boolean {
    return this.#newest !== undefined && this.#newest.same === undefined;
  }

  /** Of the newest; undefined before the first. */
  get record(): CalibrationRecord | undefined {
    const newest = this.#newest;
    if (newest === undefined) return undefined;
    const { number, beganAtMs, listenMs, answers, same } = newest;
    const listening = this.#monotonicMs() < beganAtMs + listenMs;
    const relays = [...answers].map(([relayId, report]): CalibrationRelay => {
      if (report === undefined) return { relayId, outcome: "waited_for", levelDb: undefined };
      if (report.kind === "unheard") return { relayId, outcome: report.why, levelDb: undefined };
      const levelDb = 20 * Math.log10(Math.max(report.evidence.rms, 1e-6));
      return { relayId, outcome: same === undefined || same.has(relayId) ? "heard" : "other_sound", levelDb };
    });
    return { number, beganAtMs, phase: same !== undefined ? "done" : listening ? "listening" : "measuring", relays };
  }

  /**
   * Begins anew.
   *
   * @param cannot relays that do not know how
   * @returns its number
   */
  begin(listenMs: number, asked: readonly string[], cannot: readonly string[]): number {
    const number = ++this.#count;
    const answers = new Map<string, BurstReport | undefined>(asked.map((relayId) => [relayId, undefined]));
    for (const relayId of cannot) answers.set(relayId, { kind: "unheard", why: "cannot" });
    this.#newest = { number, beganAtMs: this.#monotonicMs(), listenMs, answers, same: undefined };
    return number;
  }

  /** The first answer of each counts, to the newest calibration alone. */
  answer(relayId: string, number: number, report: BurstReport): void {
    const newest = this.#newest;
    if (newest === undefined || newest.number !== number || newest.same !== undefined) return;
    if (newest.answers.has(relayId) && newest.answers.get(relayId) === undefined) newest.answers.set(relayId, report);
  }

  /** @returns what those reported who heard the same sound, once, when all have answered or the time is over */
  look(): readonly HeardShare[] | undefined {
    const newest = this.#newest;
    if (newest === undefined || newest.same !== undefined) return undefined;
    const { answers, beganAtMs, listenMs } = newest;
    const overAtMs = beganAtMs + listenMs + BEHIND_BURST_SAMPLES / 16 + ANSWER_MS;
    const late = this.#monotonicMs() >= overAtMs;
    if (!late && [...answers.values()].includes(undefined)) return undefined;
    for (const [relayId, report] of answers) {
      if (report === undefined) answers.set(relayId, { kind: "unheard", why: "no_answer" });
    }
    const shares = sameSound(answers);
    newest.same = new Set(shares.map(({ relayId }) => relayId));
    return shares;
  }
}

/** The largest group that heard something at one time; of two as large, the one that heard it more clearly. */
function sameSound(answers: ReadonlyMap<string, BurstReport | undefined>): readonly HeardShare[] {
  const heard = [...answers].flatMap(([relayId, report]) => (report?.kind === "heard" ? [{ relayId, ...report }] : []));
  const clearness = (group: readonly { readonly evidence: Evidence }[]): number =>
    group.reduce((sum, { evidence }) => sum + evidence.snrDb, 0);
  const groups = heard.map((first) =>
    heard.filter(({ atMs }) => {
      if (atMs === undefined || first.atMs === undefined) return true;
      return atMs >= first.atMs && atMs <= first.atMs + SAME_SOUND_MS;
    }),
  );
  const [best = []] = groups.toSorted((one, other) => other.length - one.length || clearness(other) - clearness(one));
  return best.map(({ relayId, evidence, envelope }) => ({ relayId, evidence, envelope }));
}
