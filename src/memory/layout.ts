/**
 * Everything that the threads share, said once: each record's name, its one writer, its fields with units. Offsets
 * follow from the order here and stand nowhere else. A change to a field, a size or the order needs a new LAYOUT_VERSION.
 *
 * Times are CLOCK_MONOTONIC in milliseconds (each thread's own clocks start at zero); UTC is made where it is shown.
 */
import { bool, choice, f64, f64s, i32, text } from "./field.ts";
import { record } from "./record.ts";

/** "EARS" */
export const MAGIC = 0x45415253;
export const LAYOUT_VERSION = 3;

/** Models that can be loaded at once. */
export const MAX_MODELS = 32;
/** Detections that are kept for readers that come late. */
export const DETECTION_SLOTS = 128;
/** Samples in a stream's ring: 8.2 s at 16 kHz. */
export const AUDIO_RING_SAMPLES = 1 << 17;
export const SAMPLE_RATE = 16_000;

export const WORKERS = ["capture", "inference", "web"] as const;
export type WorkerName = (typeof WORKERS)[number];

/** Per stream. Written by capture for stream 0, by web for streams that arrive over the network. */
export const LEVEL = record("level", "capture (stream 0), web (others)", {
  rms: f64("linear 0..1, over the last 100 ms"),
  peak: f64("linear 0..1, over the last 100 ms"),
  noiseFloor: f64("linear rms 0..1"),
  band: f64("linear rms 0..1 between 1.5 and 6.5 kHz"),
  loudest: f64("linear 0..1, highest rms of 100 ms within the last 1.5 s"),
  samples: f64("samples seen since the start; never wraps"),
  written: i32("the audio ring's write index that atMs belongs to"),
  overruns: f64("how often the device said that samples were lost"),
  atMs: f64("when the newest sample arrived; 0 before the first"),
});

/** What the microphone is doing. */
export const CAPTURE = record("capture", "capture", {
  state: choice(["starting", "waiting", "open", "muted", "ended", "none"], "waiting: no device, trying again"),
  sinceMs: f64("when this state began"),
  source: text(256, "as configured"),
  device: text(256, "what was opened"),
  error: text(512, "why it is waiting"),
  sampleRate: i32("Hz, of the device itself"),
  reopens: i32("how often it had to be opened again"),
  demo: bool("demo audio plays in place of a microphone"),
  live: bool("a stream whose start may not fire, unlike a file"),
});

/** Per stream: whose sound it is. Stream 0 is the local microphone's and has none. */
export const STREAM = record("stream", "web", {
  name: text(64, "as its sender calls itself"),
  address: text(64, "where it comes from"),
  open: bool("somebody sends"),
  sinceMs: f64("when that began"),
});

/** Which streams there are. */
export const STREAM_TABLE = record("stream table", "web", {
  generation: i32("rises with every stream that comes or goes"),
});

/** Per stream: what the models think of its newest frame. */
export const SCORE = record("score", "inference", {
  scores: f64s(MAX_MODELS, "0..1, in the order of the model records"),
  frame: f64("frames of 80 ms since the stream began"),
  frameEndMs: f64("when the newest frame's last sample arrived"),
  models: i32("generation of the model table that the order belongs to"),
  lagMs: f64("how far the newest frame is behind the newest sample"),
  lost: f64("samples that came and were not listened to, because inference was too far behind"),
  asleep: bool("the network sleeps: there is nothing but the room's quiet"),
  resets: i32("how often this stream began anew: gaps, resets"),
  armed: bool("a wake word would fire now"),
  armsAtMs: f64("until then a live stream may not fire"),
  stuckSinceMs: f64("since when a model cannot fire because its score does not fall; 0 when none"),
  coolsAtMs: f64("until then nothing fires, because a word did and the cooldown runs"),
});

/** One per loaded model, in the order of the scores. */
export const MODEL = record("model", "inference", {
  name: text(64, ""),
  phrase: text(64, "what to say"),
  state: choice(["absent", "loading", "listening", "disabled", "failed"], ""),
  error: text(512, "why it failed"),
  threshold: f64("the model's own, 0..1; the configuration may name another"),
  licence: text(64, ""),
  source: text(256, "where the file came from"),
});

/** How many model records count, and which set of models they are. */
export const MODEL_TABLE = record("model table", "inference", {
  generation: i32("rises with every change of the set or its order"),
  count: i32(""),
  trouble: text(512, "what all of them have to do without; empty when nothing"),
});

export const DETECTION = record("detection", "inference", {
  id: i32("counts from 0"),
  kind: choice(["detection", "below", "no_voice", "too_quiet", "cooling", "outdone"], "what was missing, if anything"),
  stream: i32("0 is the local microphone"),
  source: text(64, "name of a stream from elsewhere; empty for the local microphone"),
  model: text(64, ""),
  label: text(64, "which of the model's classes; its name where it has one"),
  confidence: f64("0..1"),
  threshold: f64("0..1"),
  voice: f64("highest probability of speech, 0..1; -1 where nobody asked"),
  frameEndMs: f64("when the frame's last sample arrived"),
  rms: f64("linear 0..1, loudest 100 ms of the last 1.5 s"),
});

/** Per relay; relay 0 is this machine. */
export const ACTIVATION = record("activation", "web", {
  state: choice(["off", "armed", "awake", "arbitrating", "recording", "processing", "responding"], ""),
  reason: text(256, "why it is off"),
  model: text(64, "the newest wake word's"),
  source: text(64, "where it was heard: a stream from elsewhere; empty for the local microphone"),
  confidence: f64("of the newest wake word, 0..1"),
  sinceMs: f64("when this state began"),
  untilMs: f64("when it ends by itself"),
  sequence: i32("counts changes of state"),
  simulated: bool("a person asked for it"),
});

/** Per worker: its own word that it lives. */
export const HEARTBEAT = record("heartbeat", "the worker itself", {
  beatMs: f64("0 before the first"),
  state: choice(["starting", "alive"], ""),
  configuration: i32("generation of the configuration that it works by"),
});

/** Per worker: what the supervisor sees. */
export const SUPERVISION = record("supervision", "main", {
  state: choice(["starting", "alive", "late", "dead"], ""),
  restarts: i32(""),
  lastError: text(1024, "of its newest death"),
});

export const CONTROL = record("control", "main", {
  shutdown: bool("everybody stops what they do and closes"),
  startedMs: f64(""),
});

export const REQUESTS = record("requests", "web", {
  muted: bool("no sample may enter the rings"),
  resets: i32("counts requests to begin anew"),
});

/** The whole configuration, resolved and checked, as JSON. Main writes it before the workers start, then web alone. */
export const CONFIGURATION = record("configuration", "web", {
  generation: i32("rises with every change"),
  json: text(60_000, ""),
});
