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
export const LAYOUT_VERSION = 4;

/** Models that can be loaded at once. */
export const MAX_MODELS = 32;
/** Detections that are kept for readers that come late. */
export const DETECTION_SLOTS = 128;
/** Samples in a stream's ring: 8.2 s at 16 kHz. */
export const AUDIO_RING_SAMPLES = 1 << 17;
export const SAMPLE_RATE = 16_000;
/** Commands whose end of speech can be listened for at once. */
export const COMMAND_LANES = 8;
/** Samples in a lane's ring: 2 s. A longer backlog goes through it piece by piece. */
export const LANE_RING_SAMPLES = 1 << 15;

/** Samples in the loudspeaker's ring: 2.7 s. */
export const PLAYBACK_RING_SAMPLES = 1 << 17;
/** Of the loudspeaker: what sound cards know. */
export const PLAYBACK_RATE = 48_000;
/** Streams, the local microphone among them. */
export const MAX_STREAMS = 257;

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
  heardTo: i32("index of the audio ring behind the newest frame's last sample"),
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
  heardTo: i32("index of the audio ring behind the frame's last sample"),
  rms: f64("linear 0..1, loudest 100 ms of the last 1.5 s"),
});

/**
 * Per relay with a word under way. Slot 0 is this machine's; the others are lent to whoever needs one, and armed when they
 * are free.
 */
export const ACTIVATION = record("activation", "web", {
  relay: text(64, "whose it is, or was last; empty before the first"),
  state: choice(["off", "armed", "awake", "arbitrating", "recording", "processing", "responding"], ""),
  reason: text(256, "why it is off"),
  model: text(64, "the newest wake word's"),
  source: text(64, "where it was heard: a stream from elsewhere; empty for the local microphone"),
  confidence: f64("of the newest wake word, 0..1"),
  fence: f64("what its relay was granted; 0 while it is not"),
  wokeMs: f64("when the newest wake word came; 0 before the first"),
  sinceMs: f64("when this state began"),
  untilMs: f64("when it ends by itself"),
  sequence: i32("counts changes of state"),
  simulated: bool("a person asked for it"),
});

/** Who answers: the newest round, and what this machine's own microphone is in it. */
export const ARBITRATION = record("arbitration", "web", {
  underWay: i32("rounds that are not over"),
  round: i32("the newest; 0 before the first"),
  zone: text(64, "where it was heard"),
  phase: choice(["none", "open", "granted", "serving", "over"], "granted: the winner has not been heard yet"),
  status: choice(["connected", "contending", "winner", "cancelled"], "the local relay's, of all rounds under way"),
  contenders: i32("who claimed the word"),
  waiting: i32("who is waited for"),
  winner: text(64, "who was granted it last; empty while nobody is"),
  fence: f64("the newest grant's; 0 while there is none"),
  openedMs: f64("when the first claim came"),
  closesMs: f64("when it ends at the latest; of one that is over, when it did"),
});

/** What the loudspeaker makes of the playback ring. */
export const SPEAKER = record("speaker", "capture", {
  state: choice(["none", "closed", "playing", "failed"], "none: no sound is wanted from here; closed: nothing to play"),
  device: text(256, "what was opened"),
  error: text(512, "why it failed"),
  taken: i32("ring index behind the newest sample that was given to the device, or passed over"),
  quietAtMs: f64("when that sample has been heard"),
});

/** Streams near a loudspeaker that plays: what it says must not wake them. */
export const GUARDS = record("guards", "web", {
  generation: i32("rises with every change"),
  guarded: f64s(MAX_STREAMS, "1 where a loudspeaker is near that plays, by stream"),
});

/** Per lane: the command whose sound is in the lane's ring, and when it is over. Lengths are in its own samples. */
export const COMMAND_LANE = record("command lane", "web", {
  command: i32("rises with every command that takes the lane; 0 before the first"),
  open: bool("somebody wants to know where its speech ends"),
  begin: i32("ring index of its first sample"),
  wordSamples: i32("where the wake word ends"),
  silenceSamples: i32("quiet that ends it, once something was said"),
  noSpeechSamples: i32("quiet behind the word that ends it where nothing is said"),
});

/** Per lane: what is heard of the command. */
export const SPEECH_END = record("speech end", "inference", {
  command: i32("whose lane it was"),
  state: choice(
    ["listening", "said", "nothing", "deaf"],
    "nothing: no word behind the wake word; deaf: nobody can say",
  ),
  spoke: bool("something was said behind the wake word"),
  judged: i32("ring index behind the newest sample that was listened to"),
  end: i32("ring index behind the command's last sample, once it is over"),
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
  logSalt: f64("random, of this start: what stands in the log for relays' names is made with it"),
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
