/**
 * The house as the web worker sees it: reads every record of the shared memory, owns the activation, and says what is
 * new. Runs in the web worker alone. Times inside are monotonic; UTC is made here, where they are shown.
 */

import type { Config } from "../config/schema.ts";
import { type Activation, type ActivationEvent, INITIAL_ACTIVATION, stepActivation } from "../hub/activation.ts";
import type { HeardWord } from "../hub/hub-ears.ts";
import { MAX_MODELS, WORKERS } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { assessHealth, hearing, type Sight, type WorkerSight } from "./health.ts";
import { type HeardMessage, HeardWords } from "./heard-words.ts";
import { History } from "./history.ts";
import { RecentLoss } from "./recent-loss.ts";
import { RemoteSight } from "./remote-sight.ts";
import type {
  DetectionView,
  HealthView,
  LevelsView,
  ModelView,
  NearMissView,
  RelayView,
  RoundView,
  StateView,
  StreamView,
} from "./schemas.ts";
import { activationView, modelView, rounded } from "./views.ts";

/** No sample for this long, and the audio is not active. */
const FRESH_MS = 1000;
/** Nobody may show values older than this. */
const STALE_MS = 5000;
/** Of detections, and of near misses. */
const SHOWN = 20;
const SHOWN_ROUNDS = 10;

export interface HouseOptions {
  readonly memory: SharedMemory;
  readonly config: () => Config;
  /** How many models are wanted: named in the configuration, or in the models folder. */
  readonly wanted: () => number;
  readonly monotonicMs: () => number;
  readonly unixMs: () => number;
  readonly hostName: string;
  readonly version: string;
  /** Called with each wake word that was heard: who answers is decided elsewhere, by {@link House.wake}. */
  readonly claim: (word: HeardWord) => void;
  /** Who is connected; the local microphone first. */
  readonly relays: () => readonly RelayView[];
  /** How it was decided who answers; newest first. */
  readonly rounds: () => readonly RoundView[];
  /** What else is wrong, that the shared memory does not know: a file that could not be written, say. */
  readonly troubles: () => readonly { readonly code: string; readonly message: string; readonly hint?: string }[];
}

export class House {
  readonly history = new History();
  readonly #options: HouseOptions;
  readonly #control;
  readonly #capture;
  readonly #level;
  readonly #score;
  readonly #modelTable;
  readonly #models;
  readonly #workers;
  readonly #requests;
  readonly #activationRecord;
  #activation: Activation;
  readonly #heard: HeardWords;
  #lastSoundMs: number;
  /** What the configuration last said of mute: only a change of it counts here. */
  #configuredMute: boolean | undefined;
  /** Of the newest frame that the history has. */
  #remembered = 0;
  readonly #loss = new RecentLoss();
  readonly #remote: RemoteSight;

  constructor(options: HouseOptions) {
    this.#options = options;
    const { memory } = options;
    this.#control = memory.control.reader();
    this.#capture = memory.capture.reader();
    this.#level = memory.level(0).reader();
    this.#score = memory.score(0).reader();
    this.#modelTable = memory.modelTable.reader();
    this.#models = Array.from({ length: MAX_MODELS }, (_, index) => memory.model(index).reader());
    const { unixMs, monotonicMs } = options;
    this.#heard = new HeardWords(memory, (atMs) => Math.round(unixMs() - (monotonicMs() - atMs)));
    this.#workers = WORKERS.map((name) => ({
      name,
      heartbeat: memory.heartbeat(name).reader(),
      supervision: memory.supervision(name).reader(),
    }));
    this.#requests = memory.requests.writer();
    this.#remote = new RemoteSight(memory);
    this.#activationRecord = memory.activation(0).writer();
    const kept = this.#activationRecord.value;
    // A web worker that was started again goes on with the activation that its predecessor left.
    this.#activation = kept.sequence === 0 ? INITIAL_ACTIVATION : { ...kept };
    this.#lastSoundMs = options.monotonicMs();
    // What was heard before this worker lived is shown, and wakes nobody again.
    this.#heard.take(() => {});
  }

  get muted(): boolean {
    return this.#requests.value.muted;
  }

  get shutdown(): boolean {
    return this.#control.read().shutdown;
  }

  /** Looks at everything once. @returns what was heard since the last look, oldest first */
  look(): readonly HeardMessage[] {
    const nowMs = this.#options.monotonicMs();
    this.#followMute();
    this.#level.refresh();
    this.#capture.refresh();
    if (this.#level.value.peak > 0) this.#lastSoundMs = nowMs;
    if (this.#score.refresh() === "fresh") this.#remember();
    this.#loss.look(this.#score.value.lost, nowMs);
    this.#remote.look(nowMs);
    const fresh = this.#heard.take(this.#options.claim);
    const heard = hearing(this.#sight(nowMs));
    this.#step({ type: "looked", ...heard }, nowMs);
    return fresh;
  }

  /** Somebody claims a word, and it is not decided yet who answers. */
  contend(model: string, source: string, confidence: number): void {
    this.#step({ type: "contended", model, source, confidence }, this.#options.monotonicMs());
  }

  /** Somebody answers. @param source the relay, empty for this machine's microphone */
  wake(model: string, source: string, confidence: number): void {
    const { hold: holdMs } = this.#options.config().activation;
    this.#wake({ model, source, confidence, holdMs, simulated: false });
  }

  /** Wakes as if a word had been heard: for trying out what follows a wake word. */
  simulate(model: string, confidence: number, holdMs: number): DetectionView {
    const detection = this.#heard.simulate(model, confidence, this.#options.unixMs());
    this.#wake({ model, source: "", confidence, holdMs, simulated: true });
    return detection;
  }

  /** Ends an activation that is stuck, and lets inference begin anew. */
  reset(): void {
    this.#requests.value.resets++;
    this.#requests.publish();
    this.#options.memory.inferenceBell.ring();
    this.#step({ type: "reset" }, this.#options.monotonicMs());
  }

  mute(muted: boolean): void {
    this.#requests.value.muted = muted;
    this.#requests.publish();
  }

  /** Mute is a setting too, which may be edited by hand. */
  #followMute(): void {
    const { muted } = this.#options.config().audio;
    if (muted === this.#configuredMute) return;
    this.#configuredMute = muted;
    if (muted !== this.muted) this.mute(muted);
  }

  /** Whether every worker works by this generation of the configuration. */
  unacknowledged(generation: number): readonly string[] {
    return this.#workers
      .filter(({ name }) => name !== "web")
      .filter(({ heartbeat }) => heartbeat.read().configuration < generation)
      .map(({ name }) => name);
  }

  detections(limit: number): readonly DetectionView[] {
    return this.#heard.detections(limit);
  }

  nearMisses(limit: number): readonly NearMissView[] {
    return this.#heard.nearMisses(limit);
  }

  health(): HealthView {
    const nowMs = this.#options.monotonicMs();
    const sight = this.#sight(nowMs);
    return {
      ...assessHealth(sight, this.#options.troubles()),
      workers: sight.workers.map(({ name, state, beatAgeMs, restarts, lastError }) => ({
        name,
        state,
        beatAgeMs: beatAgeMs === null ? null : Math.round(beatAgeMs),
        restarts,
        lastError: lastError === "" ? null : lastError,
      })),
      uptimeMs: Math.round(nowMs - this.#control.read().startedMs),
    };
  }

  levels(): LevelsView {
    const nowMs = this.#options.monotonicMs();
    const level = this.#level.read();
    const score = this.#score.read();
    const shown = level.atMs !== 0 && nowMs - level.atMs < FRESH_MS;
    const scored = nowMs - score.frameEndMs < FRESH_MS && this.#scoresAreOfTheseModels();
    return {
      at: this.#options.unixMs(),
      rms: shown ? rounded(level.rms) : 0,
      peak: shown ? rounded(level.peak) : 0,
      noiseFloor: shown ? rounded(level.noiseFloor) : 0,
      scores: Object.fromEntries(
        this.#listeningModels().map((name, index) => [name, scored ? rounded(score.scores[index] ?? 0) : 0]),
      ),
      frame: score.frame,
      asleep: scored && score.asleep,
      streams: this.#remote.levels(nowMs),
      relays: this.#options.relays().flatMap(({ id, rms }) => (rms === null ? [] : [{ id, rms: rounded(rms) }])),
    };
  }

  state(): StateView {
    const { hostName, version, config, monotonicMs, unixMs } = this.#options;
    const nowMs = monotonicMs();
    const utcOf = (ms: number) => Math.round(unixMs() - (nowMs - ms));
    const { activation_system, name } = config();
    const sight = this.#sight(nowMs);
    const level = this.#level.value;
    const capture = this.#capture.value;
    const activation = this.#activation;
    const fresh = sight.audioAgeMs < FRESH_MS;
    return {
      name: name ?? hostName,
      version,
      now: unixMs(),
      activation: activationView(activation, {
        rms: fresh ? level.rms : 0,
        active: fresh && !this.muted,
        armed: activation.state !== "off" && hearing(sight).hearing,
        lastUpdate: level.atMs === 0 ? 0 : utcOf(level.atMs) / 1000,
        since: utcOf(activation.sinceMs),
      }),
      audio: {
        source: capture.source,
        device: capture.device,
        state: capture.state,
        error: capture.error === "" ? null : capture.error,
        muted: this.muted,
        demo: capture.demo,
        sampleRate: capture.sampleRate,
        reopens: capture.reopens,
        overruns: level.overruns,
        lostSamples: this.#score.value.lost,
        lagMs: Math.round(this.#score.value.lagMs),
        asleep: fresh && this.#score.value.asleep,
      },
      streams: [this.#localStream(sight, name ?? hostName), ...this.#remote.views(nowMs, utcOf)],
      relays: [...this.#options.relays()],
      rounds: this.#options.rounds().slice(0, SHOWN_ROUNDS),
      models: this.models(),
      detections: this.#heard.detections(SHOWN),
      nearMisses: this.#heard.nearMisses(SHOWN),
      health: this.health(),
      updateRateMs: activation_system.update_rate,
      method: activation_system.method,
    };
  }

  models(): ModelView[] {
    const { models } = this.#options.config().wake;
    const { count } = this.#modelTable.read();
    const scores = this.#score.read();
    const scored = this.#options.monotonicMs() - scores.frameEndMs < STALE_MS && this.#scoresAreOfTheseModels();
    return this.#models.slice(0, count).map((reader, index) => {
      const row = reader.read();
      return modelView(row, models[row.name], scored ? (scores.scores[index] ?? 0) : 0);
    });
  }

  #listeningModels(): string[] {
    const { count } = this.#modelTable.read();
    return this.#models
      .slice(0, count)
      .map((reader) => reader.read())
      .filter(({ state }) => state === "listening")
      .map(({ name }) => name);
  }

  #remember(): void {
    const { scores, frame, frameEndMs } = this.#score.value;
    // A reset is published too, and no frame; and a frame may be of the models that were there before.
    if (frame === this.#remembered || !this.#scoresAreOfTheseModels()) return;
    this.#remembered = frame;
    const { unixMs, monotonicMs } = this.#options;
    const names = this.#listeningModels();
    const at = Math.round(unixMs() - (monotonicMs() - frameEndMs));
    this.history.push(
      names,
      at,
      rounded(this.#level.value.rms),
      names.map((_, index) => rounded(scores[index] ?? 0)),
    );
  }

  /** While the set of models changes, the scores belong to another order than the names. */
  #scoresAreOfTheseModels(): boolean {
    return this.#score.value.models === this.#modelTable.read().generation;
  }

  #localStream(sight: Sight, name: string): StreamView {
    const score = this.#score.value;
    const fresh = sight.audioAgeMs < FRESH_MS && !this.muted;
    return {
      id: 0,
      name,
      address: null,
      state: !fresh ? "waiting" : sight.armed ? "listening" : "arming",
      asleep: fresh && score.asleep,
      rms: fresh ? rounded(this.#level.value.rms) : 0,
      lagMs: Math.round(score.lagMs),
      lostSamples: score.lost,
      since: null,
    };
  }

  #wake(word: Omit<Extract<ActivationEvent, { readonly type: "detected" }>, "type">): void {
    this.#step({ type: "detected", ...word }, this.#options.monotonicMs());
  }

  #step(event: ActivationEvent, nowMs: number): void {
    const next = stepActivation(this.#activation, event, nowMs);
    if (next === this.#activation) return;
    this.#activation = next;
    Object.assign(this.#activationRecord.value, next);
    this.#activationRecord.publish();
  }

  #sight(nowMs: number): Sight {
    const score = this.#score.read();
    const capture = this.#capture.read();
    const level = this.#level.read();
    const { count } = this.#modelTable.read();
    const rows = this.#models.slice(0, count).map((reader) => reader.read());
    return {
      muted: this.muted,
      capture: { state: capture.state, error: capture.error, demo: capture.demo, source: capture.source },
      audioAgeMs: level.atMs === 0 ? Number.POSITIVE_INFINITY : nowMs - level.atMs,
      silentMs: nowMs - this.#lastSoundMs,
      // After a gap the score is still that of the stream before, until the first frame of this one.
      armed: score.armed && score.frameEndMs > capture.sinceMs,
      stuckMs: score.stuckSinceMs === 0 ? 0 : nowMs - score.stuckSinceMs,
      coolsInMs: Math.max(0, score.coolsAtMs - nowMs),
      scoreAgeMs: score.frame === 0 ? Number.POSITIVE_INFINITY : nowMs - score.frameEndMs,
      lagMs: score.lagMs,
      lostSamples: this.#loss.samples,
      streams: this.#remote.sights(nowMs),
      relays: this.#options.relays().filter(({ kind, detects }) => kind === "relay" && detects).length,
      modelsTrouble: this.#modelTable.value.trouble,
      wanted: this.#options.wanted(),
      listening: rows.filter(({ state }) => state === "listening").length,
      failed: rows.filter(({ state }) => state === "failed").map(({ name, error }) => ({ name, error })),
      workers: this.#workers.map(({ name, heartbeat, supervision }): WorkerSight => {
        const { beatMs } = heartbeat.read();
        const { state, restarts, lastError } = supervision.read();
        return { name, state, beatAgeMs: beatMs === 0 ? null : nowMs - beatMs, restarts, lastError };
      }),
    };
  }
}
