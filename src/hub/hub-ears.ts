/**
 * The hub listens for those who cannot, itself among them: turns what inference heard in a stream into claims, measures
 * their evidence, and answers for them whether they heard a word too. Runs in the web worker, looks when it is told to.
 */
import type { Sender } from "../arbitration/events.ts";
import type { CoarseEnvelope, Evidence } from "../arbitration/evidence.ts";
import { HEARD_OUT_MS, isSameWord } from "../arbitration/heard-out.ts";
import { LOOK_BACK_SAMPLES, measureWord } from "../arbitration/measure.ts";
import type { AudioRingReader } from "../memory/audio-ring.ts";
import { SAMPLE_RATE } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import type { BurstReport } from "./calibration.ts";
import type { Hub } from "./hub.ts";
import { Listened } from "./listened.ts";
import { MayWake } from "./may-wake.ts";
import { ModelScores, type ThresholdOf } from "./model-scores.ts";
import type { Reply } from "./reply.ts";
import { RingBurst } from "./ring-burst.ts";
import { RingSound } from "./ring-sound.ts";
import { RingTails } from "./ring-tails.ts";
import type { RelayVoice, WordAsk } from "./seat.ts";

/** So often, at least, a relay says that it is there. */
const BEAT_MS = 200;
/** Sound that is passed on from before the word: people begin to speak before a detector knows. */
const PRE_ROLL_MS = 500;
/** The stream of this machine's microphone. */
const LOCAL = 0;
/** A microphone that gave no sample for so long is gone; behind a network that is a delay. */
const GONE_MS = 1000;
/** Claims of which it is remembered where their word began. */
const MOST_BEGUN = 16;

export interface HeardWord {
  readonly stream: number;
  /** Name of a stream from elsewhere; empty for the local microphone. */
  readonly source: string;
  readonly model: string;
  readonly confidence: number;
  /** End of the frame that fired, monotonic ms. */
  readonly frameEndMs: number;
}

interface OpenAsk extends WordAsk {
  readonly askedAtMs: number;
}

/** One stream, and the relay that it is heard for. */
class Ear {
  readonly sender: { readonly relayId: string; readonly connection: number };
  readonly listened: Listened;
  readonly level;
  readonly audio: AudioRingReader;
  /** Where in the ring the sound of a claim begins. */
  readonly begun = new Map<number, number>();
  /** What it was granted, while its sound is passed on. */
  sounding: { readonly claim: number; readonly fence: number; readonly sound: RingSound; cameAtMs: number } | undefined;
  asks: OpenAsk[] = [];
  readonly tails = new RingTails();
  /** While gains are set by a sound. */
  burst: RingBurst | undefined;
  claims = 0;
  beatAtMs = Number.NEGATIVE_INFINITY;
  heard = false;

  constructor(
    memory: SharedMemory,
    models: ModelScores,
    readonly stream: number,
    relayId: string,
    connection: number,
    mayWake: MayWake,
  ) {
    this.sender = { relayId, connection };
    this.level = memory.level(stream).reader();
    this.listened = new Listened(memory.level(stream).reader(), memory.score(stream).reader(), models, mayWake);
    this.audio = memory.audioReader(stream, "newest");
  }
}

export interface HubEarsOptions {
  readonly memory: SharedMemory;
  readonly hub: Hub;
  readonly monotonicMs: () => number;
  /** @default the models' own */
  readonly thresholdOf?: ThresholdOf;
  /** The least level that a word must have, linear 0..1. @default 0 */
  readonly leastRms?: () => number;
  /** How much of the sound before a word goes with a command. @default half a second */
  readonly preRollMs?: () => number;
  /** While muted no sample of any stream comes. @default never */
  readonly muted?: () => boolean;
  /** What a claimant measured of the sound behind its word too. */
  readonly envelope?: (sender: Sender, claim: number, envelope: CoarseEnvelope) => void;
  /** What was heard of a sound to set gains by. */
  readonly burst?: (relayId: string, report: BurstReport) => void;
}

export class HubEars {
  readonly #options: HubEarsOptions;
  readonly #ears = new Map<number, Ear>();
  readonly #pcm = new Int16Array(LOOK_BACK_SAMPLES);

  readonly #models: ModelScores;

  constructor(options: HubEarsOptions) {
    this.#options = options;
    this.#models = new ModelScores(options.memory, options.thresholdOf);
  }

  /**
   * How to speak to the relay of this stream: by doing what it would do.
   *
   * @param reply what it does with what the person is told; whoever has no loudspeaker is done with it
   */
  voice(
    stream: number,
    reply: (fence: number, reply: Reply) => void = (fence) => this.#options.hub.finish(fence),
  ): RelayVoice {
    return {
      ask: (ask) => {
        this.#ears.get(stream)?.asks.push({ ...ask, askedAtMs: this.#options.monotonicMs() });
      },
      granted: ({ claims, fence }) => {
        const ear = this.#ears.get(stream);
        const [claim] = claims;
        if (ear === undefined || claim === undefined || ear.sounding?.fence === fence) return;
        const from = ear.begun.get(claim) ?? ear.level.read().written;
        const reader = this.#options.memory.audioReader(stream, "newest");
        ear.sounding = { claim, fence, sound: new RingSound(reader, from), cameAtMs: this.#options.monotonicMs() };
        // Its sound is here already: nobody has to wait for it.
        this.#pass(ear);
      },
      cancelled: () => {},
      rejected: () => {},
      over: (_round, fence) => {
        const ear = this.#ears.get(stream);
        if (ear?.sounding?.fence === fence) ear.sounding = undefined;
      },
      enough: (fence) => {
        const ear = this.#ears.get(stream);
        if (ear?.sounding?.fence !== fence) return;
        ear.sounding.sound.end();
        this.#pass(ear);
      },
      reply,
      // Its stream has another sender already, which ended the old one.
      displaced: () => {},
    };
  }

  open(stream: number, relayId: string, connection: number): void {
    const { memory, leastRms = () => 0 } = this.#options;
    const mayWake = new MayWake(memory, stream, leastRms);
    this.#ears.set(stream, new Ear(memory, this.#models, stream, relayId, connection, mayWake));
  }

  /** Where another connection has the stream meanwhile, nothing. */
  close(stream: number, connection: number): void {
    const ear = this.#ears.get(stream);
    if (ear?.sender.connection !== connection) return;
    ear.sounding?.sound.end();
    this.#pass(ear);
    this.#ears.delete(stream);
  }

  /** Whether a stream's sound is passed on: then look again soon. */
  get isSounding(): boolean {
    for (const { sounding } of this.#ears.values()) if (sounding !== undefined) return true;
    return false;
  }

  /**
   * Whether somebody or something is heard in a stream from elsewhere: then look again soon. Its newest frame is all that can
   * be seen of its scores, and unlike those of this machine's microphone nobody rings when there is another.
   */
  get isHearing(): boolean {
    for (const { stream, heard } of this.#ears.values()) if (stream !== LOCAL && heard) return true;
    return false;
  }

  /** Whether somebody waits for an answer: then look again soon. */
  get isAsked(): boolean {
    for (const { asks } of this.#ears.values()) if (asks.length > 0) return true;
    return false;
  }

  heard({ stream, model, confidence, frameEndMs }: HeardWord): void {
    const ear = this.#ears.get(stream);
    if (ear === undefined) return;
    const endedAtMs = this.#claim(ear, { model, confidence, frameEndMs });
    // A claim says more than any answer.
    ear.asks = ear.asks.filter(({ wordEndedAtMs }) => !isSameWord(wordEndedAtMs, endedAtMs));
  }

  /**
   * @param seconds the ask that it answers, where it did not fire by itself
   * @returns when the word ended
   */
  #claim(
    ear: Ear,
    { model, confidence, frameEndMs }: Pick<HeardWord, "model" | "confidence" | "frameEndMs">,
    seconds?: number,
  ): number {
    const { evidence, endedAtMs, begins, ends } = this.#measure(ear, frameEndMs, confidence);
    const number = ++ear.claims;
    ear.begun.set(number, begins);
    ear.begun.delete(number - MOST_BEGUN);
    if (ends !== undefined)
      ear.tails.await(number, (begins + this.#preRollSamples) | 0, ends, this.#options.monotonicMs());
    this.#options.hub.claim(ear.sender, { number, model, confidence, endedAtMs, evidence, seconds });
    return endedAtMs;
  }

  /** Listens in all streams for a sound to set gains by. @returns the relays that it listens for */
  calibrate(listenMs: number): readonly string[] {
    return [...this.#ears].map(([stream, ear]) => {
      ear.burst = new RingBurst(this.#options.memory.audioReader(stream, "newest"), listenMs);
      return ear.sender.relayId;
    });
  }

  /** Beats, and answers that are due. */
  look(): void {
    const { hub, monotonicMs } = this.#options;
    const nowMs = monotonicMs();
    for (const ear of this.#ears.values()) {
      this.#pass(ear);
      for (const { claim, envelope } of ear.tails.due(ear.audio, nowMs)) {
        this.#options.envelope?.(ear.sender, claim, envelope);
      }
      this.#tellBurst(ear, nowMs);
      const hears = ear.listened.hears(nowMs);
      if (hears !== ear.heard || nowMs - ear.beatAtMs >= BEAT_MS) {
        if (hears && !ear.heard) hub.tell({ type: "onset", ...ear.sender });
        hub.tell({ type: "beat", ...ear.sender, hears, lateMs: ear.listened.lateMs });
        ear.heard = hears;
        ear.beatAtMs = nowMs;
      }
      ear.listened.look();
      for (const open of ear.asks.splice(0)) {
        const { ask, model, wordEndedAtMs, untilMs } = open;
        const answer = ear.listened.answer(model, wordEndedAtMs, open.askedAtMs, nowMs);
        if (answer === "second") {
          const { score: confidence } = ear.listened.nearest(model, wordEndedAtMs);
          // Where the word was for the relay that was sure: it may be asked about late.
          const frameEndMs = Math.min(ear.listened.heardUntilMs, wordEndedAtMs + HEARD_OUT_MS);
          this.#claim(ear, { model, confidence, frameEndMs }, ask);
        } else if (answer !== undefined) hub.tell({ type: answer, ...ear.sender, ask });
        if (answer !== "pass" && answer !== "second" && nowMs < untilMs) ear.asks.push(open);
      }
    }
  }

  #tellBurst(ear: Ear, nowMs: number): void {
    if (ear.burst === undefined) return;
    const report = ear.burst.look(ear.level.read(), nowMs);
    if (report === undefined) return;
    ear.burst = undefined;
    this.#options.burst?.(ear.sender.relayId, report);
  }

  get #preRollSamples(): number {
    return Math.round(((this.#options.preRollMs?.() ?? PRE_ROLL_MS) * SAMPLE_RATE) / 1000);
  }

  /** Passes on what has come since the last look; where nothing more can come, that it is cut off. */
  #pass(ear: Ear): void {
    const { sounding } = ear;
    if (sounding === undefined) return;
    const { claim, fence, sound } = sounding;
    const nowMs = this.#options.monotonicMs();
    const piece = sound.next();
    if (piece !== undefined) sounding.cameAtMs = nowMs;
    const isGone = ear.stream === LOCAL && (piece?.last === true || nowMs - sounding.cameAtMs >= GONE_MS);
    const isCutOff = !sound.isEnded && (isGone || this.#options.muted?.() === true);
    if (piece === undefined && !isCutOff) return;
    const { pcm = new Int16Array(0), missingSamples = 0 } = piece ?? {};
    const last = isCutOff || piece?.last === true;
    if (last) ear.sounding = undefined;
    this.#options.hub.sound(ear.sender, { pcm, missingSamples, last, isCutOff, claim, fence });
  }

  /** @returns begins, ends: where in the ring the sound of the claim begins, and where its word ends */
  #measure(
    ear: Ear,
    frameEndMs: number,
    confidence: number,
  ): {
    readonly evidence: Evidence | undefined;
    readonly endedAtMs: number;
    readonly begins: number;
    readonly ends: number | undefined;
  } {
    const { atMs, written } = ear.level.read();
    const behind = Math.max(0, Math.round(((atMs - frameEndMs) * SAMPLE_RATE) / 1000));
    const fired = (written - behind) | 0;
    const pcm = this.#pcm;
    // A stream that has just begun has less before the word; what the ring held before is silence then.
    if (!ear.audio.copyBefore(fired, pcm)) {
      return { evidence: undefined, endedAtMs: frameEndMs, begins: (fired - pcm.length) | 0, ends: undefined };
    }
    const { evidence, word } = measureWord(pcm, pcm.length, confidence);
    const endedAtMs = frameEndMs - ((pcm.length - word.to) * 1000) / SAMPLE_RATE;
    const first = fired - pcm.length;
    return { evidence, endedAtMs, begins: (first + word.from - this.#preRollSamples) | 0, ends: (first + word.to) | 0 };
  }
}
