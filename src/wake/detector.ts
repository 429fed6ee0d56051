/** One stream from PCM to detections: scores from the engine, a trigger for each model. */
import type { Engine, WakeStream } from "./engine.ts";
import { HOP_MS } from "./features.ts";
import type { LoadedModel } from "./load.ts";
import { DEFAULT_PATIENCE_FRAMES, DEFAULT_REFRACTORY_MS, Trigger, type TriggerSettings } from "./trigger.ts";

/**
 * How long a live stream is deaf after its first sample, a reset or a gap, when heads still look back at what was there
 * before: the step from quiet to a room's noise scores above the threshold in some of them. 76 mel frames and 16
 * embeddings reach back 2.0 s.
 */
export const HOLD_MS = 2000;

/** How many frames of a recording its unknown past reaches into. */
const PAST_FRAMES = HOLD_MS / HOP_MS;

/** A wake word that was heard. */
export interface Detection {
  readonly model: string;
  /** Its place in `detector.models`. */
  readonly modelIndex: number;
  /** The class of a model with several, else the model's name. */
  readonly label: string;
  /** The score of the frame that fired, 0..1. */
  readonly confidence: number;
  /** The end of that frame, on the clock of the times that were handed in. */
  readonly atMs: number;
}

export interface Detector {
  /** The models that {@link scores} belongs to. */
  readonly models: readonly LoadedModel[];
  /** The newest score of each model; a new array whenever the models change. */
  readonly scores: Float32Array;
  /** Models that cannot fire because their score has not fallen since they last could. */
  readonly stuck: number;
  /** Until when a live stream is deaf, on the clock of the frames; -Infinity for a recording. */
  readonly heldUntilMs: number;
  /**
   * Takes the next 80 ms. One call at a time.
   *
   * @param pcm 1280 samples, 16 kHz mono
   * @param frameEndMs when the last of them was heard
   * @returns what was heard, usually nothing; the array is used again by the next call
   */
  hop(pcm: Int16Array, frameEndMs: number): Promise<readonly Detection[]>;
  /** Asks for every model's trigger settings again. No trigger changes its state. */
  configure(settings: SettingsOf): void;
  /**
   * Forgets what was heard: after a mute or a gap in the audio. A live stream is deaf for {@link HOLD_MS}
   * from `nowMs` or from the next sample, whichever is later; a recording is armed at once.
   */
  reset(nowMs: number, live: boolean): void;
}

/** The trigger settings of a model. */
export type SettingsOf = (model: LoadedModel) => TriggerSettings;

/** The threshold of the model, one frame of patience, 2 s of refractory. */
export function defaultSettings(model: LoadedModel): TriggerSettings {
  return { threshold: model.threshold, patience: DEFAULT_PATIENCE_FRAMES, refractoryMs: DEFAULT_REFRACTORY_MS };
}

/**
 * A detector for one stream.
 *
 * Models that come and go with `engine.setModels` are taken up at the next hop: those that stay keep their trigger, and
 * a new one is deaf for {@link HOLD_MS}, since the word it would fire for may have been answered already.
 *
 * A recording scores from its first frame, but it begins in the middle of something, and the step from the quiet start
 * to a room's noise looks like a word to some heads (of 490 clips without it, 85 woke "alexa" within their first
 * 0.7 s). So for the first 2 s a word must be heard with both beginnings: from quiet, and from a past that sounded like
 * the first 80 ms.
 *
 * @param options.live whether the stream is heard as it is said; a recording scores and fires from its first frame
 */
export function createDetector(
  engine: Engine,
  { live, settings = defaultSettings }: { readonly live: boolean; readonly settings?: SettingsOf },
): Detector {
  const stream = engine.newStream();
  const detections: Detection[] = [];
  let settingsOf = settings;
  let models = engine.models;
  let scores = new Float32Array(models.length);
  let triggers: readonly Trigger[] = models.map((model) => new Trigger(settingsOf(model)));
  /** From when a live stream that has not had a sample since counts its deaf time. */
  let holdFromMs: number | undefined = live ? Number.NEGATIVE_INFINITY : undefined;
  let heldUntilMs = Number.NEGATIVE_INFINITY;
  /** The same recording with the other beginning, for its first frames. */
  let twin: WakeStream | undefined;
  let twinScores = new Float32Array(models.length);
  let framesHeard = live ? PAST_FRAMES : 0;

  const hopWithBothPasts = async (pcm: Int16Array): Promise<void> => {
    if (framesHeard++ === 0) {
      twin = engine.newStream();
      await twin.settle(pcm);
    }
    await twin?.hop(pcm, twinScores);
    if (framesHeard === PAST_FRAMES) twin = undefined;
  };

  const takeUpModels = (frameStartMs: number): void => {
    const earlier = new Map(models.map((model, index) => [model.name, triggers[index]]));
    models = engine.models;
    scores = new Float32Array(models.length);
    twinScores = new Float32Array(models.length);
    triggers = models.map((model) => {
      const kept = earlier.get(model.name);
      kept?.configure(settingsOf(model));
      if (kept) return kept;
      const added = new Trigger(settingsOf(model));
      added.hold(Math.max(heldUntilMs, frameStartMs + HOLD_MS));
      return added;
    });
  };

  return {
    get models() {
      return models;
    },
    get scores() {
      return scores;
    },
    get stuck() {
      let stuck = 0;
      for (const { state } of triggers) if (state.kind === "falling") stuck++;
      return stuck;
    },
    get heldUntilMs() {
      return heldUntilMs;
    },

    async hop(pcm, frameEndMs) {
      if (engine.models !== models) takeUpModels(frameEndMs - HOP_MS);
      if (holdFromMs !== undefined) {
        heldUntilMs = Math.max(holdFromMs, frameEndMs - HOP_MS) + HOLD_MS;
        for (const trigger of triggers) trigger.hold(heldUntilMs);
        holdFromMs = undefined;
      }
      await stream.hop(pcm, scores);
      const pastMatters = framesHeard < PAST_FRAMES;
      if (pastMatters) await hopWithBothPasts(pcm);

      detections.length = 0;
      for (let i = 0; i < triggers.length; i++) {
        const confidence = scores[i] ?? 0;
        const believed = pastMatters ? Math.min(confidence, twinScores[i] ?? 0) : confidence;
        const model = models[i];
        if (!model || !triggers[i]?.step(believed, frameEndMs)) continue;
        const label = model.classes[stream.classOf(i)] ?? model.name;
        detections.push({ model: model.name, modelIndex: i, label, confidence, atMs: frameEndMs });
      }
      return detections;
    },

    configure(next) {
      settingsOf = next;
      models.forEach((model, index) => {
        triggers[index]?.configure(next(model));
      });
    },

    reset(nowMs, isLive) {
      stream.reset();
      scores.fill(0);
      detections.length = 0;
      holdFromMs = isLive ? nowMs : undefined;
      heldUntilMs = Number.NEGATIVE_INFINITY;
      framesHeard = isLive ? PAST_FRAMES : 0;
      twin = undefined;
      if (!isLive) for (const trigger of triggers) trigger.arm();
    },
  };
}
