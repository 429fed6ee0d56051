/** One stream from PCM to what was heard: scores from the engine, a trigger for each model, and a veto where nobody spoke. */
import type { Engine, WakeHop, WakeStream } from "./engine.ts";
import { EMBEDDING_MEL_FRAMES, HOP_MEL_FRAMES, HOP_MS } from "./features.ts";
import type { LoadedModel } from "./load.ts";
import { NearMissWatch } from "./near-miss.ts";
import { RecentPcm } from "./recent-pcm.ts";
import {
  DEFAULT_PATIENCE_FRAMES,
  DEFAULT_REFRACTORY_MS,
  DEFAULT_VAD_THRESHOLD,
  defaultSure,
  leastScore,
  Trigger,
  type TriggerSettings,
} from "./trigger.ts";
import { LOOK_BACK_SAMPLES, type VoiceActivity } from "./voice-activity.ts";

/**
 * How long a live stream is deaf after its first sample, a reset or a gap, when heads still look back at what was there
 * before: the step from quiet to a room's noise scores above the threshold in some of them. 76 mel frames and 16
 * embeddings reach back 2.0 s.
 */
export const HOLD_MS = 2000;

/** As {@link HOLD_MS}, for a model that looks back over more than 16 embeddings: 3.4 s for a window of 34. */
export function holdMs({ window }: Pick<LoadedModel, "window">): number {
  return Math.max(HOLD_MS, EMBEDDING_MEL_FRAMES * (HOP_MS / HOP_MEL_FRAMES) + (window - 1) * HOP_MS);
}

/** How many frames of a recording its unknown past reaches into. */
const PAST_FRAMES = HOLD_MS / HOP_MS;

/** What is told of a model's scores. */
interface Told {
  readonly model: string;
  /** Its place in `detector.models`. */
  readonly modelIndex: number;
  /** The class of a model with several, else the model's name. */
  readonly label: string;
  /** The score of the frame, 0..1. */
  readonly confidence: number;
  /** The probability of speech, 0..1, that was found where a veto was asked for. */
  readonly voice: number | undefined;
  /** The end of the frame, on the clock of the times that were handed in. */
  readonly atMs: number;
}

/** A wake word that was heard, in the frame that fired. */
export interface Detection extends Told {
  readonly kind: "detection";
}

/** A wake word that was not heard, but almost. */
export interface NearMiss extends Told {
  /**
   * "below": scores near the threshold that are over and did not fire; told of the highest of them. "no_voice": it fired,
   * and nobody spoke.
   */
  readonly kind: "below" | "no_voice";
}

export type Heard = Detection | NearMiss;

export interface Detector {
  /** The models that {@link scores} belongs to. */
  readonly models: readonly LoadedModel[];
  /** The newest score of each model; a new array whenever the models change. */
  readonly scores: Float32Array;
  /** What was heard in the newest frame, usually nothing; the array is used again by the next hop. */
  readonly heard: readonly Heard[];
  /** Hops of a stream that has just woken that must go through the network before it may take another one. */
  readonly behind: number;
  /** The network slept over the newest hop: there was nothing but the room's quiet. */
  readonly asleep: boolean;
  /** Models that cannot fire because their score has not fallen since they last could. */
  readonly stuck: number;
  /** Until when all models of a live stream are deaf, on the clock of the frames; -Infinity for a recording. */
  readonly heldUntilMs: number;
  /**
   * Takes the next 80 ms. One call at a time.
   *
   * @param pcm 1280 samples, 16 kHz mono
   * @param frameEndMs when the last of them was heard
   * @returns {@link heard}
   */
  hop(pcm: Int16Array, frameEndMs: number): Promise<readonly Heard[]>;
  /** The first half of a hop: what the engine must score. For {@link hopTogether}. */
  take(pcm: Int16Array | undefined, frameEndMs: number): Promise<readonly WakeHop[]>;
  /** The second half: what the scores mean, unless the stream is still behind. For {@link hopTogether}. */
  judge(): Promise<void>;
  /** Asks for every model's trigger settings again. No trigger changes its state. */
  configure(settings: SettingsOf): void;
  /**
   * Forgets what was heard: after a mute or a gap in the audio. A live stream is deaf for {@link HOLD_MS}
   * from `nowMs` or from the next sample, whichever is later; a recording is armed at once.
   */
  reset(nowMs: number, live: boolean): void;
}

/** The next 80 ms of one detector. */
export interface DetectorHop {
  readonly detector: Detector;
  /** 1280 samples, 16 kHz mono; undefined goes on with a stream that is behind. */
  readonly pcm: Int16Array | undefined;
  /** When the last of them was heard. */
  readonly frameEndMs: number;
}

/**
 * A hop of each of several detectors of this engine, in one run. What they heard is in `detector.heard` afterwards; one that
 * is `behind` then has heard nothing yet, and wants a hop without PCM next.
 */
export async function hopTogether(engine: Engine, hops: readonly DetectorHop[]): Promise<void> {
  const taken: WakeHop[] = [];
  for (const { detector, pcm, frameEndMs } of hops) taken.push(...(await detector.take(pcm, frameEndMs)));
  await engine.hopAll(taken);
  for (const { detector } of hops) await detector.judge();
}

/** The trigger settings of a model. */
export type SettingsOf = (model: LoadedModel) => TriggerSettings;

/** The threshold of the model, two frames of patience or a sure one, 2 s of refractory, and no hit without a voice. */
export function defaultSettings(model: LoadedModel): TriggerSettings {
  return {
    threshold: model.threshold,
    patience: DEFAULT_PATIENCE_FRAMES,
    refractoryMs: DEFAULT_REFRACTORY_MS,
    sure: defaultSure(model.threshold),
    vadThreshold: DEFAULT_VAD_THRESHOLD,
  };
}

export interface DetectorOptions {
  /** Whether the stream is heard as it is said; a recording scores and fires from its first frame. */
  readonly live: boolean;
  /** Whether the network sleeps while there is nothing but the room's quiet. Default: never. */
  readonly gate?: boolean;
  readonly settings?: SettingsOf;
  /** Whom a model with a `vadThreshold` asks before it fires; shared by all detectors. Without it every hit counts. */
  readonly voice?: Pick<VoiceActivity, "highest"> | undefined;
}

/** What watches the scores of one model. */
interface Watch {
  readonly trigger: Trigger;
  readonly near: NearMissWatch;
}

function newWatch(settings: TriggerSettings): Watch {
  return { trigger: new Trigger(settings), near: new NearMissWatch() };
}

/** Whether the scores of `now` continue those of `before`: the same head over the same features. */
function goesOn(before: LoadedModel, now: LoadedModel): boolean {
  return before.path === now.path && before.sha256 === now.sha256 && before.inputScale === now.inputScale;
}

/**
 * A detector for one stream.
 *
 * Models that come and go with `engine.setModels` are taken up at the next hop: those that stay keep their trigger. One
 * that is new, or another than before under its name, is deaf for {@link HOLD_MS}: the word it would fire for may have
 * been answered already, and at another scale it looks back at nothing.
 *
 * A recording scores from its first frame, but it begins in the middle of something, and the step from the quiet start
 * to a room's noise looks like a word to some heads (of 490 clips without it, 85 woke "alexa" within their first
 * 0.7 s). So for the first 2 s a word must be heard with both beginnings: from quiet, and from a past that sounded like
 * the first 80 ms.
 *
 * A hit without a voice is a near miss, and has its refractory time like any other.
 */
export function createDetector(
  engine: Engine,
  { live, gate = false, settings = defaultSettings, voice }: DetectorOptions,
): Detector {
  const stream = engine.newStream({ gate });
  const heard: Heard[] = [];
  /** Places of the models that fired in this frame. */
  const fired: number[] = [];
  let settingsOf = settings;
  let models = engine.models;
  let scores = new Float32Array(models.length);
  let watches: readonly Watch[] = models.map((model) => newWatch(settingsOf(model)));
  /** There only while a model may want to look back. */
  let recent: RecentPcm | undefined;
  let frameEndMs = Number.NEGATIVE_INFINITY;
  /** From when a live stream that has not had a sample since counts its deaf time. */
  let holdFromMs: number | undefined = live ? Number.NEGATIVE_INFINITY : undefined;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  /** Whether it counts that from its first sample. */
  let heldFromSample = false;
  /** Frames since the first of those. */
  let framesHeld = 0;
  /** The same recording with the other beginning, for its first frames. */
  let twin: WakeStream | undefined;
  let twinScores = new Float32Array(models.length);
  let framesHeard = live ? PAST_FRAMES : 0;

  const keepRecent = (): void => {
    const wanted = voice !== undefined && watches.some(({ trigger }) => trigger.settings.vadThreshold > 0);
    recent = wanted ? (recent ?? new RecentPcm(LOOK_BACK_SAMPLES)) : undefined;
  };
  keepRecent();

  const takeUpModels = (frameStartMs: number): void => {
    const earlier = new Map(models.map((model, index) => [model.name, { model, watch: watches[index] }]));
    models = engine.models;
    scores = new Float32Array(models.length);
    twinScores = new Float32Array(models.length);
    watches = models.map((model) => {
      const before = earlier.get(model.name);
      const watch = before?.watch ?? newWatch(settingsOf(model));
      watch.trigger.configure(settingsOf(model));
      if (before && goesOn(before.model, model)) return watch;
      watch.trigger.hold(Math.max(heldUntilMs, frameStartMs + holdMs(model)));
      watch.near.reset();
      return watch;
    });
    keepRecent();
  };

  const tell = (
    kind: Heard["kind"],
    modelIndex: number,
    classIndex: number,
    { confidence, voice, atMs }: Pick<Told, "confidence" | "voice" | "atMs">,
  ): void => {
    const model = models[modelIndex];
    if (!model) return;
    const label = model.classes[classIndex] ?? model.name;
    heard.push({ kind, model: model.name, modelIndex, label, confidence, voice, atMs });
  };

  /** The score that counts: in the first frames of a recording, the lower one of both beginnings. */
  const believedScore = (index: number): number => {
    const score = scores[index] ?? 0;
    return twin ? Math.min(score, twinScores[index] ?? 0) : score;
  };

  const askForVoice = async (): Promise<void> => {
    const vadThresholdOf = (index: number): number => watches[index]?.trigger.settings.vadThreshold ?? 0;
    const enough = Math.max(...fired.map(vadThresholdOf));
    const found = voice && recent && enough > 0 ? await voice.highest(recent.read(), enough) : undefined;
    for (const index of fired) {
      const asked = vadThresholdOf(index) > 0 ? found : undefined;
      const kind = asked !== undefined && asked < vadThresholdOf(index) ? "no_voice" : "detection";
      tell(kind, index, stream.classOf(index), { confidence: scores[index] ?? 0, voice: asked, atMs: frameEndMs });
    }
  };

  const detector: Detector = {
    get models() {
      return models;
    },
    get scores() {
      return scores;
    },
    get heard() {
      return heard;
    },
    get behind() {
      return stream.behind;
    },
    get asleep() {
      return stream.asleep;
    },
    get stuck() {
      let stuck = 0;
      for (const { trigger } of watches) if (trigger.state.kind === "falling") stuck++;
      return stuck;
    },
    get heldUntilMs() {
      return heldUntilMs;
    },

    async hop(pcm, endMs) {
      await hopTogether(engine, [{ detector, pcm, frameEndMs: endMs }]);
      while (stream.behind > 0) await hopTogether(engine, [{ detector, pcm: undefined, frameEndMs: endMs }]);
      return heard;
    },

    async take(pcm, endMs) {
      heard.length = 0;
      frameEndMs = endMs;
      if (engine.models !== models) takeUpModels(frameEndMs - HOP_MS);
      if (pcm === undefined) return [{ stream, pcm, scores }];
      // Sound that was held back on its way comes faster than it was heard: as much of it as the deaf time is long ends that.
      if (heldFromSample && holdFromMs === undefined && frameEndMs < heldUntilMs) {
        framesHeld++;
        if ((framesHeld + 1) * HOP_MS >= HOLD_MS) {
          for (const { trigger } of watches) trigger.shorten(heldUntilMs - frameEndMs);
          heldUntilMs = frameEndMs;
        }
      }
      if (holdFromMs !== undefined) {
        const fromMs = Math.max(holdFromMs, frameEndMs - HOP_MS);
        heldFromSample = fromMs > holdFromMs;
        framesHeld = 0;
        heldUntilMs = fromMs + HOLD_MS;
        for (const [i, { trigger }] of watches.entries()) {
          const model = models[i];
          if (model) trigger.hold(fromMs + holdMs(model));
        }
        holdFromMs = undefined;
      }
      recent?.push(pcm);
      if (framesHeard === PAST_FRAMES) return [{ stream, pcm, scores }];
      if (framesHeard === 0) {
        twin = engine.newStream();
        await twin.settle(pcm);
      }
      framesHeard++;
      const own = { stream, pcm, scores };
      return twin ? [own, { stream: twin, pcm, scores: twinScores }] : [own];
    },

    async judge() {
      if (stream.behind > 0) return;
      fired.length = 0;
      for (let i = 0; i < watches.length; i++) {
        const watch = watches[i];
        if (!watch) continue;
        const { trigger, near } = watch;
        const score = believedScore(i);
        if (trigger.step(score, frameEndMs)) fired.push(i);
        const couldFire = trigger.state.kind === "armed" || trigger.state.kind === "counting";
        const ended = near.step(score, leastScore(trigger.settings), !couldFire, frameEndMs, stream.classOf(i));
        if (ended) tell("below", i, ended.classIndex, { ...ended, voice: undefined });
      }
      if (framesHeard === PAST_FRAMES) twin = undefined;
      if (fired.length > 0) await askForVoice();
    },

    configure(next) {
      settingsOf = next;
      models.forEach((model, index) => {
        watches[index]?.trigger.configure(next(model));
      });
      keepRecent();
    },

    reset(nowMs, isLive) {
      stream.reset();
      scores.fill(0);
      heard.length = 0;
      recent?.clear();
      holdFromMs = isLive ? nowMs : undefined;
      heldUntilMs = Number.NEGATIVE_INFINITY;
      framesHeard = isLive ? PAST_FRAMES : 0;
      twin = undefined;
      for (const { trigger, near } of watches) {
        near.reset();
        if (!isLive) trigger.arm();
      }
    },
  };
  return detector;
}
