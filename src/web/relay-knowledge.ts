/**
 * What the house knows of its relays beside what is configured: their gains, whether what they measure is believed, and the
 * setting of gains by a sound. Ties the three to each other and to what keeps them.
 */
import type { Sender } from "../arbitration/events.ts";
import type { CoarseEnvelope } from "../arbitration/evidence.ts";
import type { RelayInRoom } from "../arbitration/gains.ts";
import type { HeardShare } from "../arbitration/gains-words.ts";
import type { Policy } from "../arbitration/policy.ts";
import type { RelayFacts } from "../arbitration/relay.ts";
import type { RoundRecord } from "../arbitration/round-record.ts";
import { type BurstReport, Calibration } from "../hub/calibration.ts";
import { type Checked, EvidenceChecks } from "../hub/evidence-checks.ts";
import type { Disbelieved, Learned } from "../hub/gains-file.ts";
import { HouseGains, type SetGain } from "../hub/house-gains.ts";
import type { Granted, GrantedSound } from "../hub/hub.ts";
import type { Seat } from "../hub/seat.ts";
import type { CalibrationView } from "./schemas/calibration.ts";
import type { RelayView } from "./schemas/relays.ts";

/** Words are looked for this often: learning waits for quiet anyway. */
const LOOK_MS = 250;

/** Where it is kept over restarts. */
export interface KeptLearned {
  /** Of an earlier life. */
  readonly learned: Learned;
  /** @param soon a person did it, or it must not be lost */
  readonly keep: (learned: Learned, soon: boolean) => void;
}

export interface RelayKnowledgeOptions {
  readonly rounds: () => readonly RoundRecord[];
  readonly seats: () => ReadonlyMap<string, Seat>;
  /** What is configured of a relay. */
  readonly placeOf: (relayId: string) => Omit<RelayInRoom, "relayId">;
  readonly kept: KeptLearned;
  /** Facts about relays are others than before. */
  readonly changed: () => void;
  /** Tells a relay to listen. @returns whether it can */
  readonly calibrate: (seat: Seat, calibration: number, listenMs: number) => boolean;
  /** Listens in all streams. @returns for whom */
  readonly calibrateStreams: (listenMs: number) => readonly string[];
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly log: {
    info(event: string, fields: Record<string, unknown>): void;
    warn(event: string, fields: Record<string, unknown>): void;
  };
}

export class RelayKnowledge {
  readonly #options: RelayKnowledgeOptions;
  readonly #gains: HouseGains;
  readonly #checks: EvidenceChecks;
  readonly #calibration: Calibration;
  readonly #disbelieved: Map<string, Disbelieved>;
  /** Of the newest command of each. */
  readonly #checked = new Map<string, Checked>();
  /** By the newest calibration. */
  #set: ReadonlyMap<string, SetGain> = new Map();
  /** All have answered, and what their answers say is being learned. */
  #setting = false;
  #saidTogether = false;
  #looksAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RelayKnowledgeOptions) {
    this.#options = options;
    const { kept, rounds, seats, placeOf, monotonicMs, log } = options;
    this.#disbelieved = new Map(kept.learned.disbelieved.map((one) => [one.relayId, one]));
    this.#gains = new HouseGains(
      {
        ...{ rounds, placeOf, monotonicMs, log },
        connected: () => seats().keys(),
        believes: (relayId) => !this.#disbelieved.has(relayId),
        changed: () => this.#changed(false),
      },
      kept.learned.words,
    );
    this.#checks = new EvidenceChecks((relayId, checked) => this.#take(relayId, checked));
    this.#calibration = new Calibration(monotonicMs);
  }

  /** What arbitration goes by, where nothing is configured. */
  factsOf(relayId: string): Pick<RelayFacts, "gain" | "disbelieved"> {
    const { db, uncertaintyDb } = this.#gains.gainOf(relayId);
    return { gain: { db, uncertaintyDb }, disbelieved: this.#disbelieved.has(relayId) };
  }

  /** The same policy, which knows gains as well as they are known. */
  informed(policy: Policy): Policy {
    return this.#gains.informed(policy);
  }

  viewOf(relayId: string): Pick<RelayView, "gain" | "evidence"> {
    const { db, uncertaintyDb, from, words, calibrations, movedAtMs } = this.#gains.gainOf(relayId);
    const learned = { from, words, calibrations, movedAt: this.#utcOf(movedAtMs) };
    const gain = { db: tenths(db), uncertaintyDb: tenths(uncertaintyDb), ...learned };
    const disbelieved = this.#disbelieved.get(relayId);
    if (disbelieved !== undefined) {
      const { because, sinceUnixMs } = disbelieved;
      return { gain, evidence: { state: "disbelieved", because, since: sinceUnixMs } };
    }
    const seat = this.#options.seats().get(relayId);
    if (seat !== undefined && !measuresItself(seat)) {
      return { gain, evidence: { state: "measured_here", because: null, since: null } };
    }
    const checked = this.#checked.get(relayId);
    const because = checked?.kind === "unchecked" ? checked.because : null;
    return { gain, evidence: { state: checked?.kind === "honest" ? "honest" : "unchecked", because, since: null } };
  }

  envelope(sender: Sender, claim: number, envelope: CoarseEnvelope): void {
    this.#gains.envelope(sender, claim, envelope);
  }

  /** A relay answers: what it claimed will be held against its sound, unless the hub measured it anyway. */
  granted(grant: Granted): void {
    const seat = this.#options.seats().get(grant.relayId);
    if (seat !== undefined && measuresItself(seat)) this.#checks.granted(grant);
  }

  /** Before anybody else has the sound, who may overwrite it. */
  sound(sound: GrantedSound): void {
    this.#checks.sound(sound);
  }

  over(fence: number): void {
    this.#checks.over(fence);
  }

  burst(relayId: string, calibration: number | "newest", report: BurstReport): void {
    const number = calibration === "newest" ? this.#calibration.record?.number : calibration;
    if (number !== undefined) this.#calibration.answer(relayId, number, report);
  }

  /** When to {@link look} at the latest. */
  get wakeAtMs(): number {
    return this.#gains.wakeAtMs;
  }

  /** Learns what is to be learned. Blocks as {@link HouseGains.look} says. */
  look(): void {
    const nowMs = this.#options.monotonicMs();
    if (nowMs < this.#looksAtMs && nowMs < this.wakeAtMs) return;
    this.#looksAtMs = nowMs + LOOK_MS;
    const shares = this.#calibration.look();
    if (shares !== undefined) this.#setBy(shares);
    this.#gains.look();
  }

  /** By what relays reported of the newest calibration's sound. */
  #setBy(shares: readonly HeardShare[]): void {
    const number = this.#calibration.record?.number;
    const believed = shares.filter(({ relayId }) => !this.#disbelieved.has(relayId));
    const over = (set: ReadonlyMap<string, SetGain>): void => {
      if (this.#calibration.record?.number === number) [this.#set, this.#setting] = [set, false];
      this.#changed(true);
      const heard = shares.map(({ relayId }) => relayId);
      this.#options.log.info("calibration is over", { heard, set: believed.length > 1 });
    };
    this.#setting = believed.length > 1;
    if (this.#setting) this.#gains.calibrate(believed, this.#saidTogether, over);
    else over(new Map());
  }

  /** Somebody says that a relay was moved. */
  forgetGain(relayId: string): void {
    this.#gains.forget(relayId);
    this.#options.log.info("gain forgotten", { relay: relayId });
    this.#changed(true);
  }

  /** Somebody says that a relay is to be believed again. @returns whether it was not */
  trust(relayId: string): boolean {
    if (!this.#disbelieved.delete(relayId)) return false;
    this.#checked.delete(relayId);
    this.#options.log.info("relay is believed again", { relay: relayId });
    this.#changed(true);
    return true;
  }

  /**
   * Everybody listens for a loud sound. One that is under way is given up.
   *
   * @param oneRoom somebody says that all who will hear it are in one room
   */
  calibrate(listenMs: number, oneRoom = false): CalibrationView {
    const { seats, calibrate, calibrateStreams, log } = this.#options;
    const heard = new Set(calibrateStreams(listenMs));
    const number = (this.#calibration.record?.number ?? 0) + 1;
    const others = [...seats().values()].filter(({ id }) => !heard.has(id));
    const can = others.filter((seat) => calibrate(seat, number, listenMs)).map(({ id }) => id);
    const cannot = others.map(({ id }) => id).filter((id) => !can.includes(id));
    const asked = [...seats().keys()].filter((id) => !cannot.includes(id));
    this.#set = new Map();
    this.#setting = false;
    this.#saidTogether = oneRoom;
    this.#calibration.begin(listenMs, asked, cannot);
    log.info("calibration begins", { asked, cannot, listenMs, oneRoom });
    return this.calibration();
  }

  /** The newest. */
  calibration(): CalibrationView {
    const record = this.#calibration.record;
    if (record === undefined) return { calibration: 0, phase: "none", set: false, why: null, relays: [] };
    const { number, relays } = record;
    const phase = this.#setting ? "measuring" : record.phase;
    const done = phase === "done";
    const heard = relays.filter(({ outcome }) => outcome === "heard");
    const believed = heard.filter(({ relayId }) => !this.#disbelieved.has(relayId)).length;
    const set = done && this.#set.size > 0;
    const whyNot = heard.length === 0 ? "nobody_heard_it" : believed > 1 ? "rooms_unknown" : "only_one_heard_it";
    const why = !done || set ? null : whyNot;
    const outcomeOf = ({ relayId, outcome }: (typeof relays)[number]) => {
      if (outcome !== "heard") return outcome;
      if (this.#disbelieved.has(relayId)) return "disbelieved";
      return done && believed > 1 && !this.#set.has(relayId) ? "room_unknown" : "heard";
    };
    return {
      ...{ calibration: number, phase, set, why },
      relays: relays.map((relay) => {
        const { relayId, levelDb } = relay;
        const learned = this.#set.get(relayId);
        return {
          id: relayId,
          outcome: outcomeOf(relay),
          levelDb: levelDb === undefined ? null : tenths(levelDb),
          gainBeforeDb: tenths(learned?.beforeDb ?? this.#gains.gainOf(relayId).db),
          gainDb: learned === undefined ? null : tenths(learned.gain.db),
          uncertaintyDb: learned === undefined ? null : tenths(learned.gain.uncertaintyDb),
        };
      }),
    };
  }

  #take(relayId: string, checked: Checked): void {
    this.#checked.set(relayId, checked);
    if (checked.kind !== "overstated" || this.#disbelieved.has(relayId)) return;
    const { because } = checked;
    this.#disbelieved.set(relayId, { relayId, because, sinceUnixMs: this.#options.unixMs() });
    this.#options.log.warn("relay overstates, and is not believed", { relay: relayId, because });
    this.#changed(true);
  }

  #changed(soon: boolean): void {
    const { kept, changed } = this.#options;
    kept.keep({ words: this.#gains.words, disbelieved: [...this.#disbelieved.values()] }, soon);
    changed();
  }

  #utcOf(ms: number | undefined): number | null {
    const { monotonicMs, unixMs } = this.#options;
    return ms === undefined ? null : Math.round(unixMs() - (monotonicMs() - ms));
  }
}

/** Of all others the hub measures the sound. */
function measuresItself({ kind, stream }: Seat): boolean {
  return kind === "relay" && stream === undefined;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
