/**
 * Whether a wake word would be noticed now, and if not, why. Pure: from what is seen to what is said. Nothing here is
 * green because nobody looked.
 */
import { SAMPLE_RATE } from "../memory/layout.ts";
import type { HealthView } from "./schemas/health.ts";
import type { CaptureState } from "./schemas/sound.ts";

export interface WorkerSight {
  readonly name: "capture" | "inference" | "web";
  readonly state: "starting" | "alive" | "late" | "dead";
  readonly beatAgeMs: number | null;
  readonly restarts: number;
  readonly lastError: string;
}

/** A stream from elsewhere. */
export interface StreamSight {
  readonly name: string;
  /** Since the newest sample, or since it came. */
  readonly audioAgeMs: number;
  /** A word in it would fire. */
  readonly listening: boolean;
  /** For how long sound came in which no word would have fired; 0 while it is listened to. */
  readonly deafMs: number;
  /** As {@link Sight.stuckMs}. */
  readonly stuckMs: number;
  readonly lagMs: number;
  /** Within the last minute. */
  readonly lostSamples: number;
}

/** Of a machine that is a relay: its hub. */
export interface HubSight {
  readonly hub: string;
  readonly connected: boolean;
  readonly whileAway: "silent" | "alone";
  /** The hub listens for it. */
  readonly audioOnly: boolean;
  /** Why it is not connected. */
  readonly why: string;
}

/** What is seen in the shared memory at one moment. */
export interface Sight {
  readonly muted: boolean;
  readonly capture: {
    readonly state: CaptureState;
    readonly error: string;
    readonly demo: boolean;
    readonly source: string;
  };
  /** Since the newest sample; infinite before the first. */
  readonly audioAgeMs: number;
  /** Since the last sample that was not zero. */
  readonly silentMs: number;
  readonly armed: boolean;
  /** For how long a model could not fire because its score does not fall; 0 when all could. */
  readonly stuckMs: number;
  /** Until the cooldown after the newest word is over; 0 when it is. */
  readonly coolsInMs: number;
  /** Since the end of the newest scored frame; infinite before the first. */
  readonly scoreAgeMs: number;
  readonly lagMs: number;
  /** Within the last minute. */
  readonly lostSamples: number;
  /** Streams from elsewhere. */
  readonly streams: readonly StreamSight[];
  /** Relays that are connected and hear wake words themselves. */
  readonly relays: number;
  /** The hub that decides; undefined where this machine is none's relay. */
  readonly hub?: HubSight | undefined;
  /** Models that are switched on. */
  readonly wanted: number;
  readonly listening: number;
  /** What all models have to do without; empty when nothing. */
  readonly modelsTrouble: string;
  readonly failed: readonly { readonly name: string; readonly error: string }[];
  readonly workers: readonly WorkerSight[];
}

const NO_AUDIO_MS = 1000;
const NO_SCORE_MS = 1500;
const NO_BEAT_MS = 2000;
/** A room is never digitally silent; a microphone whose plug is out may be. */
const DIGITAL_SILENCE_MS = 60_000;
const LAG_MS = 1000;
const SILENT_STREAM_MS = 5000;
/** A stream is armed 2 s after it begins, or begins anew. */
const DEAF_STREAM_MS = 10_000;
const TOO_SLOW = "this machine is too slow for so many streams and models: send fewer, or switch models off";
/** After a word its score stays high for a second or two: longer, and the next word goes unnoticed. */
const STUCK_MS = 10_000;

type Reason = HealthView["reasons"][number];

/** The first thing that keeps a wake word from being noticed. */
function deafness(sight: Sight): Reason | undefined {
  const down = (code: string, message: string, hint?: string): Reason => ({
    code,
    severity: "down",
    message,
    ...(hint !== undefined && { hint }),
  });
  for (const worker of sight.workers) {
    if (worker.name === "web") continue;
    const silent = worker.beatAgeMs !== null && worker.beatAgeMs > NO_BEAT_MS;
    if (worker.state === "dead" || worker.state === "late" || (worker.state === "alive" && silent)) {
      const why = worker.lastError === "" ? "it does not answer" : worker.lastError;
      const hint =
        worker.name === "capture" && worker.state !== "dead"
          ? "the sound system may hang: this goes on by itself as soon as that answers"
          : "it is being started again";
      return down(`${worker.name}_down`, `${worker.name} is not running: ${why}`, hint);
    }
    if (worker.state === "starting") {
      const again = worker.lastError === "" ? "" : ` again: ${worker.lastError}`;
      return down("starting", `${worker.name} is starting${again}`);
    }
  }
  if (sight.muted) return down("muted", "muted", "unmute on the page or with POST /api/mute");
  const { state, error, source } = sight.capture;
  if (state === "none") return elsewhere(sight);
  if (state === "ended") return down("audio_ended", `the audio of ${source} is over`, "start it again, or with ?loop");
  if (state === "waiting" && source.startsWith("file:")) {
    return down("no_audio_source", `no audio: ${error}`, "audio.source names the file");
  }
  if (state === "waiting") {
    return down("no_microphone", `no audio: ${error}`, "plug in a microphone; earshot devices lists what there is");
  }
  if (state === "starting") return down("starting", "the microphone is being opened");
  if (sight.audioAgeMs > NO_AUDIO_MS) {
    const since = Number.isFinite(sight.audioAgeMs) ? ` for ${Math.round(sight.audioAgeMs / 1000)} s` : " yet";
    return down("no_audio", `no samples${since}`, "the device is opened again by itself");
  }
  if (sight.hub?.audioOnly === true) return withoutHub(sight.hub);
  const modelless = noModels(sight);
  if (modelless !== undefined) return modelless;
  if (sight.scoreAgeMs > NO_SCORE_MS) {
    return down("no_scores", "audio comes, but inference scores none of it", "it may be catching up; see lagMs");
  }
  if (!sight.armed) return down("arming", "arming: a stream is listened to for 2 s before it may wake anybody");
  if (sight.coolsInMs > 0) return down("cooldown", `cooling down for ${Math.ceil(sight.coolsInMs / 1000)} s`);
  return sight.hub?.whileAway === "silent" ? withoutHub(sight.hub) : undefined;
}

/** A relay whose hub is away hears a word and does nothing, unless it may answer alone. */
function withoutHub({ hub, connected, why, audioOnly, whileAway }: HubSight): Reason | undefined {
  if (connected) return undefined;
  const alone = whileAway === "alone" && !audioOnly;
  const message = `the hub ${hub} is away: ${why}`;
  const restart = "start the hub, or see why it is not reached; this relay finds it within 8 s";
  const hint = audioOnly || alone ? restart : `${restart}. relay.while_away: alone lets it answer meanwhile`;
  return { code: "hub_away", severity: alone ? "degraded" : "down", message, hint };
}

function noModels({ wanted, listening, failed }: Sight): Reason | undefined {
  const severity = "down";
  if (wanted === 0) {
    const hint = "switch one on under wake.models";
    return { code: "no_models", severity, message: "no model is switched on", hint };
  }
  if (listening > 0) return undefined;
  const [first] = failed;
  if (first !== undefined) return { code: "model_failed", severity, message: first.error };
  return { code: "models_loading", severity, message: "the models are loading" };
}

/** Where no microphone is wanted here, others are listened to: while nobody is, a word goes unnoticed in every room. */
function elsewhere(sight: Sight): Reason | undefined {
  if (sight.relays > 0) return undefined;
  const modelless = noModels(sight);
  if (modelless !== undefined) return modelless;
  if (sight.streams.some(({ listening }) => listening)) return undefined;
  const comes = sight.streams.some(({ audioAgeMs }) => audioAgeMs <= NO_AUDIO_MS);
  const message = comes ? "arming: what comes is not listened to yet" : "nobody listens in any room";
  const hint = "audio.source is none: connect a relay (earshot relay), or send sound to PUT /api/streams/NAME";
  return { code: "no_streams", severity: "down", message, hint };
}

export type Hearing = { readonly hearing: true } | { readonly hearing: false; readonly reason: string };

/** Whether a wake word that is said now would be noticed. */
export function hearing(sight: Sight): Hearing {
  const reason = deafness(sight);
  return reason === undefined ? { hearing: true } : { hearing: false, reason: reason.message };
}

/** @param troubles what is wrong beside what is seen here, none of which keeps a word from being noticed */
export function assessHealth(
  sight: Sight,
  troubles: readonly { readonly code: string; readonly message: string; readonly hint?: string }[],
): Pick<HealthView, "status" | "reasons"> {
  const reasons: Reason[] = [];
  const deaf = deafness(sight);
  // Who is muted, or set a cooldown, wants it so: nothing is broken.
  const wanted = deaf?.code === "muted" || deaf?.code === "cooldown";
  if (deaf !== undefined) reasons.push(wanted ? { ...deaf, severity: "degraded" } : deaf);
  const degraded = (code: string, message: string, hint?: string) =>
    reasons.push({ code, severity: "degraded", message, ...(hint !== undefined && { hint }) });
  if (sight.capture.demo) {
    degraded("demo_audio", `demo audio plays in place of a microphone: ${sight.capture.error}`);
  }
  // The other words are heard; these go unnoticed.
  for (const { name, error } of sight.failed) {
    if (deaf?.code === "model_failed" && deaf.message === error) continue;
    reasons.push({ code: "model_failed", severity: "down", message: `${name}: ${error}` });
  }
  const missing = sight.wanted - sight.listening - sight.failed.length;
  if ((deaf === undefined || deaf.code === "no_streams") && missing > 0) {
    const which = missing === 1 ? "one model is" : `${missing} models are`;
    reasons.push({ code: "models_loading", severity: "down", message: `${which} switched on, but not loaded yet` });
  }
  // What was last seen of a microphone that is not wanted any more says nothing.
  const local = sight.capture.state !== "none";
  if (local && deaf === undefined && sight.stuckMs > STUCK_MS) {
    const seconds = Math.round(sight.stuckMs / 1000);
    const message = `a model cannot fire: its score has stayed near its threshold for ${seconds} s`;
    reasons.push({ code: "model_stuck", severity: "down", message, hint: "raise its threshold" });
  }
  if (local && sight.audioAgeMs <= NO_AUDIO_MS && sight.silentMs > DIGITAL_SILENCE_MS) {
    const seconds = Math.round(sight.silentMs / 1000);
    degraded("digital_silence", `nothing but zeros for ${seconds} s`, "check the plug and the mixer: alsamixer, F4");
  }
  if (local && sight.lagMs > LAG_MS) {
    degraded(
      "lagging",
      `inference is ${Math.round(sight.lagMs)} ms behind`,
      "switch models off, or use a faster machine",
    );
  }
  if (sight.lostSamples > 0) {
    degraded(
      "audio_lost",
      `${sight.lostSamples} samples were lost within the last minute because inference fell behind`,
    );
  }
  if (sight.hub?.whileAway === "alone" && !sight.hub.audioOnly) {
    const away = withoutHub(sight.hub);
    if (away !== undefined) reasons.push(away);
  }
  if (sight.modelsTrouble !== "") degraded("models_trouble", sight.modelsTrouble);
  for (const { name, audioAgeMs, deafMs, stuckMs, lagMs, lostSamples } of sight.streams) {
    // While muted nothing is taken from anybody, so nobody is seen to send.
    if (!sight.muted && audioAgeMs > SILENT_STREAM_MS) {
      degraded("stream_silent", `${name} is connected, but has sent no sound for ${Math.round(audioAgeMs / 1000)} s`);
    }
    if (!sight.muted && sight.listening > 0 && deafMs > DEAF_STREAM_MS) {
      const message = `${name} sends sound, but for ${Math.round(deafMs / 1000)} s no word in it would have been noticed`;
      degraded("stream_unarmed", message, "it may have gaps, or inference does not keep up; see its lagMs");
    }
    if (stuckMs > STUCK_MS) {
      const message = `a model cannot fire for ${name}: its score has stayed near its threshold for ${Math.round(stuckMs / 1000)} s`;
      degraded("stream_stuck", message, "raise its threshold");
    }
    if (lagMs > LAG_MS) degraded("stream_lagging", `inference is ${Math.round(lagMs)} ms behind ${name}`, TOO_SLOW);
    if (lostSamples > 0) {
      const seconds = (lostSamples / SAMPLE_RATE).toFixed(1);
      degraded("stream_lost", `${seconds} s of ${name} were passed over within the last minute`, TOO_SLOW);
    }
  }
  for (const { code, message, hint } of troubles) degraded(code, message, hint);
  const status = reasons.some(({ severity }) => severity === "down") ? "down" : reasons.length > 0 ? "degraded" : "ok";
  return { status, reasons };
}
