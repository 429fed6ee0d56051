/** From the state to what the page says about it. */

import { spokenDuration as duration } from "../src/web/round-words.ts";
import type { ActivationState, RelayActivationView } from "../src/web/schemas/activations.ts";
import type { NearMissView } from "../src/web/schemas/detections.ts";
import type { HealthView, WorkerView } from "../src/web/schemas/health.ts";
import type { ModelView } from "../src/web/schemas/models.ts";
import type { AudioView, StreamView } from "../src/web/schemas/sound.ts";
import type { StateView } from "../src/web/schemas/state.ts";
import type { Connection, Freshness } from "./live.ts";

export { duration };

/** What colour the page, its icon and its title take. */
export type Mood = "armed" | "busy" | "off" | "unknown";

export interface Sentence {
  readonly mood: Mood;
  readonly headline: string;
  /** True where the headline is followed by the live level. */
  readonly withRms: boolean;
  readonly detail: string | null;
  /** What to do about it. */
  readonly hint: string | null;
}

const HAPPENING: Readonly<Record<Exclude<ActivationState, "off" | "armed">, string>> = {
  awake: "Wake word recognised",
  arbitrating: "Settling which device answers",
  recording: "Recording what you say",
  processing: "Working out what you said",
  responding: "Answering",
};

/** The big sentence: what the ear is doing, or that nobody knows. */
export function describeActivation(
  state: StateView | null,
  fresh: Freshness,
  ageMs: number | null,
  connection: Connection,
): Sentence {
  if (state === null || ageMs === null) {
    const failed = connection.kind === "waiting";
    return {
      mood: "unknown",
      headline: failed ? "Cannot reach Earshot" : "Connecting to Earshot...",
      withRms: false,
      detail: failed ? "The page keeps trying by itself." : null,
      hint: failed ? "Check that Earshot runs on that machine: earshot doctor" : null,
    };
  }
  const sentence = describeFresh(state);
  if (fresh === "live") return sentence;
  return {
    mood: "unknown",
    headline: `No news for ${duration(ageMs)}`,
    withRms: false,
    detail: fresh === "stale" ? `Last heard: ${uncapitalised(sentence.headline)}` : "What it hears now is not known.",
    hint: null,
  };
}

function describeFresh(state: StateView): Sentence {
  const { activation } = state;
  switch (activation.state) {
    case "armed":
      return {
        mood: "armed",
        headline: "Listening for wake word...",
        // Without a microphone of its own there is no level to tell.
        withRms: hasMicrophone(state),
        detail: invitation(state.models),
        hint: null,
      };
    case "off": {
      const cause = state.health.reasons.find((reason) => reason.severity === "down") ?? state.health.reasons[0];
      const why = activation.reason ?? cause?.message ?? "No reason was given.";
      const hint = state.audio.muted ? "Unmute to listen again." : (cause?.hint ?? null);
      return {
        mood: "off",
        headline: "Not listening for wake word",
        withRms: false,
        detail: asSentence(why),
        hint,
      };
    }
    default:
      return {
        mood: "busy",
        headline: `Heard ${activation.model === null ? "a wake word" : spokenName(state.models, activation.model)}${
          activation.source === null ? "" : ` in ${activation.source}`
        }`,
        withRms: false,
        detail: `${HAPPENING[activation.state]} · confidence ${figure(activation.confidence)}`,
        hint: null,
      };
  }
}

/** Whether this machine listens itself; a hub may leave that to others. */
export function hasMicrophone({ audio }: Pick<StateView, "audio">): boolean {
  return audio.state !== "none";
}

/** Whether a wake word is under way there. */
export function isUnderWay({ state }: Pick<RelayActivationView, "state">): boolean {
  return state !== "off" && state !== "armed";
}

/** What a relay with a wake word is doing: `recording what you say`. */
export function describeDoing(state: ActivationState): string {
  return uncapitalised(state === "off" || state === "armed" ? "Listening" : HAPPENING[state]);
}

/** A model as people say it: its phrase, in the name's own spelling where they are the same word. */
export function spokenName(models: readonly ModelView[], name: string): string {
  const phrase = models.find((model) => model.name === name)?.phrase ?? "";
  const plain = name.replaceAll("_", " ");
  return phrase === "" || phrase.toLowerCase() === plain.toLowerCase() ? plain : phrase;
}

/** What to say: `Say “alexa” or “hey jarvis”`; null when no model listens. */
export function invitation(models: readonly ModelView[]): string | null {
  const quoted = models
    .filter((model) => model.state === "listening")
    .map((model) => `“${spokenName(models, model.name)}”`);
  const last = quoted.pop();
  if (last === undefined) return null;
  return quoted.length === 0 ? `Say ${last}` : `Say ${quoted.join(", ")} or ${last}`;
}

/** The title of the page, short enough for a tab. */
export function pageTitle(sentence: Sentence, machine: string | null): string {
  const short: Readonly<Record<Mood, string>> = {
    armed: "Listening",
    busy: sentence.headline,
    off: "Not listening",
    unknown: sentence.headline.startsWith("Connecting") ? "Connecting" : "No news",
  };
  return [short[sentence.mood], machine, "Earshot"].filter((part) => part !== null && part !== "").join(" · ");
}

export function describeConnection(connection: Connection, nowMs: number): string {
  switch (connection.kind) {
    case "connecting":
      return connection.again ? "Reconnecting" : "Connecting";
    case "connected":
      return "Connected";
    case "waiting": {
      const seconds = Math.max(1, Math.ceil((connection.retryAtMs - nowMs) / 1000));
      const again = `reconnecting in ${seconds} s`;
      return connection.why === "offline"
        ? `This device is offline, ${again}`
        : `${again.charAt(0).toUpperCase()}${again.slice(1)}`;
    }
  }
}

/** How something is: shown as a word beside its colour. */
export interface Wellness {
  readonly mood: "ok" | "warn" | "bad" | "unknown";
  readonly word: string;
  readonly detail: string | null;
}

export function describeHealth(health: HealthView | null): Wellness {
  switch (health?.status) {
    case undefined:
      return { mood: "unknown", word: "Not known", detail: null };
    case "ok":
      return { mood: "ok", word: "All is well", detail: null };
    case "degraded":
      return { mood: "warn", word: "Working, with limits", detail: null };
    case "down":
      return { mood: "bad", word: "A wake word would go unnoticed", detail: null };
  }
}

export function describeAudio(audio: AudioView): Wellness {
  const device = audio.device === "" ? audio.source : audio.device;
  switch (audio.state) {
    case "open":
      return { mood: audio.demo ? "warn" : "ok", word: audio.demo ? "Demo" : "Open", detail: device };
    case "muted":
      return { mood: "warn", word: "Muted", detail: device };
    case "starting":
      return { mood: "warn", word: "Starting", detail: device };
    case "waiting":
      return { mood: "bad", word: "Waiting", detail: audio.error ?? `waiting for ${device}` };
    case "none":
      return { mood: "ok", word: "None here", detail: "the microphones of the house are elsewhere" };
    case "ended":
      return { mood: "bad", word: "Ended", detail: audio.error ?? `${device} has come to its end` };
  }
}

/** Where chimes and answers are heard. */
export function describeSpeaker({ speaker: { state, device, error } }: Pick<AudioView, "speaker">): Wellness {
  const detail = device === "" ? null : device;
  switch (state) {
    case "playing":
      return { mood: "ok", word: "Playing", detail };
    case "failed":
      return { mood: "warn", word: "Not heard", detail: error };
    case "none":
      return { mood: "ok", word: "None wanted", detail: null };
    case "closed":
      return { mood: "ok", word: "Quiet", detail };
  }
}

export function describeWorker(worker: WorkerView): Wellness {
  const silent =
    worker.beatAgeMs === null ? "no sign of life yet" : `no sign of life for ${duration(worker.beatAgeMs)}`;
  switch (worker.state) {
    case "alive":
      return { mood: "ok", word: "Alive", detail: worker.restarts === 0 ? null : restarted(worker.restarts) };
    case "starting":
      return { mood: "warn", word: "Starting", detail: worker.lastError };
    case "late":
      return { mood: "warn", word: "Late", detail: silent };
    case "dead":
      return { mood: "bad", word: "Dead", detail: worker.lastError ?? silent };
  }
}

function restarted(times: number): string {
  return times === 1 ? "restarted once" : `restarted ${times} times`;
}

export function describeModelState(model: ModelView): Wellness {
  switch (model.state) {
    case "listening":
      return { mood: "ok", word: "Listening", detail: null };
    case "loading":
      return { mood: "warn", word: "Loading", detail: null };
    case "disabled":
      return { mood: "unknown", word: "Disabled", detail: null };
    case "failed":
      return { mood: "bad", word: "Failed", detail: model.error };
  }
}

/** A stream at work is fine whether its network sleeps or not: a wake word is noticed either way. */
export function describeStream({ state, asleep }: Pick<StreamView, "state" | "asleep">): Wellness {
  switch (state) {
    case "waiting":
      return { mood: "warn", word: "Waiting for sound", detail: null };
    case "arming":
      return { mood: "unknown", word: "Arming", detail: null };
    case "listening":
      return { mood: "ok", word: asleep ? "Asleep" : "Listening", detail: asleep ? ASLEEP : null };
  }
}

export const ASLEEP = "There is nothing but the room's quiet. A wake word is still noticed.";

/** Less is what any stream is behind at times. */
const BEHIND_MS = 200;

/** Of every stream in the house, Hz. */
const SAMPLE_RATE = 16_000;

/** `340 ms behind`; null for a stream that keeps up. */
export function describeLag(lagMs: number): string | null {
  return lagMs > BEHIND_MS ? `${precise(lagMs)} behind` : null;
}

/** `1.2 s passed over`; null where all was listened to. */
export function describeLoss(lostSamples: number): string | null {
  return lostSamples > 0 ? `${precise((lostSamples / SAMPLE_RATE) * 1000)} passed over` : null;
}

function precise(lengthMs: number): string {
  if (lengthMs < 999.5) return `${Math.round(lengthMs)} ms`;
  return lengthMs < 9_950 ? `${(lengthMs / 1000).toFixed(1)} s` : duration(lengthMs);
}

/** What a word lacked that nearly woke the house, with the name of the setting where that is none of the page's. */
export function describeMiss({ missing, confidence, threshold, voice }: NearMissView): string {
  const score = figure(confidence);
  switch (missing) {
    case "below":
      return confidence < threshold
        ? `${score} of ${figure(threshold)}, score too low`
        : `${score}, but not for long enough (patience)`;
    case "no_voice":
      if (voice === null) return `${score}, but nobody spoke`;
      return `${score}, but ${voice < 0.5 ? "nobody" : "perhaps nobody"} spoke (voice ${figure(voice)})`;
    case "too_quiet":
      return `${score}, but too quiet (rms_filter)`;
    case "cooling":
      return `${score}, but within the cooldown`;
    case "outdone":
      return `${score}, but another word was surer`;
  }
}

/** `now`, `3 s ago`, `12 min ago`, `5 h ago`, `2 days ago`. */
export function ago(ageMs: number): string {
  return ageMs < 1000 ? "now" : `${duration(ageMs)} ago`;
}

/** A score, level or threshold as it is shown everywhere. */
export function figure(value: number): string {
  return value.toFixed(2);
}

function asSentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

function uncapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
