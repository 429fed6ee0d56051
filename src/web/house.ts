/**
 * The house as the web worker sees it: reads every record of the shared memory, owns the activations, and says what is
 * new. Runs in the web worker alone. Times inside are monotonic; UTC is made here, where they are shown.
 */

import type { Config } from "../config/schema.ts";
import type { ActivationEvent, CommandEvent } from "../hub/activation.ts";
import { Activations } from "../hub/activations.ts";
import type { HeardWord } from "../hub/hub-ears.ts";
import { WORKERS } from "../memory/layout.ts";
import type { SharedMemory } from "../memory/shared-memory.ts";
import { assessHealth, type Hearing, type HubSight, hearing, type Sight, type WorkerSight } from "./health.ts";
import { type HeardMessage, HeardWords, type WordElsewhere } from "./heard-words.ts";
import type { History } from "./history.ts";
import { ModelSight } from "./model-sight.ts";
import { RecentLoss } from "./recent-loss.ts";
import { RemoteSight } from "./remote-sight.ts";
import { arbitrationStateView } from "./round-view.ts";
import type { CommandView } from "./schemas/commands.ts";
import type { DetectionView, NearMissView } from "./schemas/detections.ts";
import type { HealthView } from "./schemas/health.ts";
import type { LevelsView } from "./schemas/live.ts";
import type { ModelView } from "./schemas/models.ts";
import type { RelayView } from "./schemas/relays.ts";
import type { RoundView } from "./schemas/rounds.ts";
import type { SatelliteView } from "./schemas/satellite.ts";
import type { StreamView } from "./schemas/sound.ts";
import type { StateView } from "./schemas/state.ts";
import { activationView, relayActivationView, rounded } from "./views.ts";

/** No sample for this long, and the audio is not active. */
const FRESH_MS = 1000;
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
  /** Relays that are connected and whose names are not known before their first word: Loqa's. */
  readonly unnamed?: () => number;
  /** How it was decided who answers; newest first. */
  readonly rounds: () => readonly RoundView[];
  /** What followed the newest wake words; newest first. */
  readonly commands?: () => readonly CommandView[];
  /** Where this machine is a relay: its hub. */
  readonly satellite?: () => SatelliteView | undefined;
  /** What else is wrong, that the shared memory does not know: a file that could not be written, say. */
  readonly troubles: () => readonly { readonly code: string; readonly message: string; readonly hint?: string }[];
}

export class House {
  readonly #options: HouseOptions;
  readonly #control;
  readonly #capture;
  readonly #speaker;
  readonly #level;
  readonly #score;
  readonly #models: ModelSight;
  readonly #workers;
  readonly #requests;
  readonly #activations: Activations;
  readonly #arbitration;
  readonly #heard: HeardWords;
  #lastSoundMs: number;
  /** What the configuration last said of mute: only a change of it counts here. */
  #configuredMute: boolean | undefined;
  readonly #loss = new RecentLoss();
  readonly #remote: RemoteSight;
  #hearing: Hearing = { hearing: false, reason: "starting" };

  constructor(options: HouseOptions) {
    this.#options = options;
    const { memory } = options;
    this.#control = memory.control.reader();
    this.#capture = memory.capture.reader();
    this.#speaker = memory.speaker.reader();
    this.#level = memory.level(0).reader();
    this.#score = memory.score(0).reader();
    this.#models = new ModelSight(memory, this.#score);
    const { unixMs, monotonicMs } = options;
    this.#heard = new HeardWords(memory, (atMs) => Math.round(unixMs() - (monotonicMs() - atMs)));
    this.#workers = WORKERS.map((name) => ({
      name,
      heartbeat: memory.heartbeat(name).reader(),
      supervision: memory.supervision(name).reader(),
    }));
    this.#requests = memory.requests.writer();
    this.#remote = new RemoteSight(memory);
    this.#arbitration = memory.arbitration.reader();
    this.#activations = new Activations(memory, options.config().name ?? options.hostName);
    this.#lastSoundMs = options.monotonicMs();
    // What was heard before this worker lived is shown, and wakes nobody again.
    this.#heard.take(() => {});
  }

  get history(): History {
    return this.#models.history;
  }

  get muted(): boolean {
    return this.#requests.value.muted;
  }

  get shutdown(): boolean {
    return this.#control.read().shutdown;
  }

  /** Why no word would have been noticed at the last look; undefined when one would. */
  get deafness(): string | undefined {
    return this.#hearing.hearing ? undefined : this.#hearing.reason;
  }

  /** Looks at everything once. @returns what was heard since the last look, oldest first */
  look(): readonly HeardMessage[] {
    const nowMs = this.#options.monotonicMs();
    this.#followMute();
    this.#level.refresh();
    this.#capture.refresh();
    if (this.#level.value.peak > 0) this.#lastSoundMs = nowMs;
    const frameEndedAt = Math.round(this.#options.unixMs() - (nowMs - this.#score.read().frameEndMs));
    this.#models.remember(this.#level.value.rms, frameEndedAt);
    this.#loss.look(this.#score.value.lost, nowMs);
    this.#remote.look(nowMs);
    const fresh = this.#heard.take(this.#options.claim);
    this.#hearing = hearing(this.#sight(nowMs));
    this.#activations.look({ type: "looked", ...this.#hearing }, nowMs);
    return fresh;
  }

  /** The house's, and whose word is newest. */
  get activations(): Pick<Activations, "house" | "all"> {
    return this.#activations;
  }

  /** Somebody claims a word, and it is not decided yet who answers. @param source the relay, empty for this machine's microphone */
  contend(model: string, source: string, confidence: number): void {
    this.#activations.wake({ type: "contended", model, source, confidence }, this.#options.monotonicMs());
  }

  /** Whose word is not settled: of those who contended, nobody else is waited for any more. */
  settle(sources: ReadonlySet<string>): void {
    this.#activations.settle(sources, this.#options.monotonicMs());
  }

  /**
   * Somebody answers.
   *
   * @param source the relay, empty for this machine's microphone
   * @param fence what it was granted: what the command does is told with it
   * @param holdMs how long it stays awake when nothing is told; as configured when unsaid
   */
  wake(
    model: string,
    source: string,
    confidence: number,
    fence = 0,
    holdMs = this.#options.config().activation.hold,
  ): void {
    this.#wake({ model, source, confidence, fence, holdMs, simulated: false });
  }

  /** What a command does, from its recording to its end. */
  step(event: CommandEvent): void {
    this.#activations.command(event, this.#options.monotonicMs());
  }

  /** Ends what a predecessor of this web worker left under way. */
  forget(): void {
    this.#activations.reset(this.#options.monotonicMs());
  }

  /** Ends what died with a predecessor of this web worker: commands, and rounds that were not settled. */
  abandon(): void {
    this.#activations.abandon(this.#options.monotonicMs());
  }

  /** A relay answers to a word that it heard itself: it is a detection of the house. */
  heardElsewhere(word: Omit<WordElsewhere, "threshold">): void {
    const { threshold = 0 } = this.models().find(({ name }) => name === word.model) ?? {};
    this.#heard.elsewhere({ ...word, threshold });
    this.#options.memory.webBell.ring();
  }

  /** Wakes as if a word had been heard: for trying out what follows a wake word. */
  simulate(model: string, confidence: number, holdMs: number): DetectionView {
    const detection = this.#heard.simulate(model, confidence, this.#options.unixMs());
    this.#wake({ model, source: "", confidence, fence: 0, holdMs, simulated: true });
    return detection;
  }

  /** Ends every activation, and lets inference begin anew. */
  reset(): void {
    this.#requests.value.resets++;
    this.#requests.publish();
    this.#options.memory.inferenceBell.ring();
    this.#activations.reset(this.#options.monotonicMs());
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
    return {
      at: this.#options.unixMs(),
      rms: shown ? rounded(level.rms) : 0,
      peak: shown ? rounded(level.peak) : 0,
      noiseFloor: shown ? rounded(level.noiseFloor) : 0,
      scores: this.#models.scores(nowMs),
      frame: score.frame,
      asleep: this.#models.isScored(nowMs) && score.asleep,
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
    const speaker = this.#speaker.read();
    const activation = this.#activations.house;
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
      activations: this.#activations.all.map((one) => relayActivationView(one, utcOf(one.sinceMs))),
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
        speaker: { state: speaker.state, device: speaker.device, error: speaker.error === "" ? null : speaker.error },
      },
      streams: [this.#localStream(sight, name ?? hostName), ...this.#remote.views(nowMs, utcOf)],
      relays: [...this.#options.relays()],
      rounds: this.#options.rounds().slice(0, SHOWN_ROUNDS),
      commands: [...(this.#options.commands?.() ?? [])],
      satellite: this.#options.satellite?.() ?? null,
      arbitration: arbitrationStateView(this.#arbitration.read(), utcOf),
      models: this.models(),
      detections: this.#heard.detections(SHOWN),
      nearMisses: this.#heard.nearMisses(SHOWN),
      health: this.health(),
      updateRateMs: activation_system.update_rate,
      method: activation_system.method,
    };
  }

  models(): ModelView[] {
    return this.#models.views(this.#options.config(), this.#options.monotonicMs());
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
    this.#activations.wake({ type: "detected", ...word }, this.#options.monotonicMs());
  }

  #sight(nowMs: number): Sight {
    const score = this.#score.read();
    const capture = this.#capture.read();
    const level = this.#level.read();
    return {
      ...this.#models.sight(),
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
      relays: this.#options.relays().filter(isListening).length + (this.#options.unnamed?.() ?? 0),
      hub: this.#hubSight(),
      wanted: this.#options.wanted(),
      workers: this.#workers.map(({ name, heartbeat, supervision }): WorkerSight => {
        const { beatMs } = heartbeat.read();
        const { state, restarts, lastError } = supervision.read();
        return { name, state, beatAgeMs: beatMs === 0 ? null : nowMs - beatMs, restarts, lastError };
      }),
    };
  }

  #hubSight(): HubSight | undefined {
    const satellite = this.#options.satellite?.();
    if (satellite === undefined) return undefined;
    const { hub, connected, whileAway, audioOnly, why } = satellite;
    return { hub, connected, whileAway, audioOnly, why: why ?? "" };
  }
}

/** Whether it hears wake words itself, and would notice one. Of Loqa's nothing is known but that they are connected. */
function isListening({ kind, detects, connected, trouble }: RelayView): boolean {
  return (kind === "relay" || kind === "loqa") && detects && connected && trouble === null;
}
