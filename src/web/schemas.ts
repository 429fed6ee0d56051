/**
 * Every JSON that Earshot shows, said once: the routes answer with these shapes, `/openapi.json` is made from them,
 * and the page takes its types from here. Keys in snake_case are those of both hey-orac eras; the others are camelCase.
 */
import { z } from "@hono/zod-openapi";

const unixMs = z.number().describe("UTC, milliseconds since 1970");
const label = z.string().describe("which of the model's classes; its name where it has one");
const unixSeconds = z.number().describe("UTC, seconds since 1970");

export const ACTIVATION_STATES = [
  "off",
  "armed",
  "awake",
  "arbitrating",
  "recording",
  "processing",
  "responding",
] as const;

export const CAPTURE_STATES = ["starting", "waiting", "open", "muted", "ended", "none"] as const;

export const errorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string(), hint: z.string().optional() }) })
  .openapi("Error");

export const activationSchema = z
  .object({
    current_rms: z.number().describe("linear 0..1, over the last 100 ms"),
    rms: z.number().describe("the same as current_rms"),
    is_active: z.boolean().describe("false when no sample has come for 1 s"),
    is_listening: z.boolean().describe("true from a detection until its activation is over"),
    last_update: unixSeconds.describe("of the audio, UTC, seconds since 1970; 0 before the first sample"),
    listening: z.boolean().describe("the same as armed"),
    active: z.boolean().describe("the same as is_active"),
    status: z.string().describe("a short sentence, fit to show"),
    armed: z.boolean().describe("whether a wake word would be noticed now"),
    state: z.enum(ACTIVATION_STATES),
    reason: z.string().nullable().describe("why it is off; null when it is not"),
    model: z.string().nullable().describe("the newest wake word's model"),
    source: z
      .string()
      .nullable()
      .describe("where it was heard: a stream from elsewhere; null for the local microphone"),
    confidence: z.number().describe("of the newest wake word, 0..1; 0 before the first"),
    since: unixMs.describe("when this state began, UTC, milliseconds since 1970"),
    sequence: z.number().int().describe("counts the changes of state"),
  })
  .openapi("Activation");

export const detectionSchema = z
  .object({
    id: z.number().int().describe("counts detections since the start"),
    stream: z.number().int().describe("0 is the local microphone"),
    source: z.string().nullable().describe("name of a stream from elsewhere; null for the local microphone"),
    model: z.string(),
    model_name: z.string(),
    label,
    confidence: z.number(),
    threshold: z.number(),
    timestamp: unixMs.describe("end of the frame that fired, UTC, milliseconds since 1970"),
    simulated: z.boolean().describe("true when a person asked for it with `earshot state --simulate`"),
  })
  .openapi("Detection");

export const MISSING = ["below", "no_voice", "too_quiet", "cooling", "outdone"] as const;

export const nearMissSchema = z
  .object({
    id: z.number().int().describe("counts near misses and detections since the start"),
    stream: z.number().int().describe("0 is the local microphone"),
    source: z.string().nullable().describe("name of a stream from elsewhere; null for the local microphone"),
    model: z.string(),
    label,
    confidence: z.number().describe("the highest score of the episode, 0..1"),
    threshold: z.number(),
    missing: z
      .enum(MISSING)
      .describe(
        "below: the score stayed under what would have fired; no_voice: nobody spoke, says the voice activity detector " +
          "(vad_threshold); too_quiet: under rms_filter; cooling: within the cooldown; outdone: another word was surer",
      ),
    voice: z.number().nullable().describe("highest probability of speech, 0..1; null where nobody asked"),
    timestamp: unixMs.describe("end of the frame with that score, UTC, milliseconds since 1970"),
  })
  .openapi("NearMiss");

export const modelSchema = z
  .object({
    name: z.string(),
    phrase: z.string().describe("what to say"),
    state: z.enum(["loading", "listening", "disabled", "failed"]),
    error: z.string().nullable(),
    enabled: z.boolean(),
    active: z.boolean().describe("the same as enabled"),
    threshold: z.number(),
    sensitivity: z.number().describe("1 - threshold, as the seed's era called it"),
    patience: z.number().int().describe("frames of 80 ms in a row at or above the threshold"),
    refractoryMs: z.number(),
    score: z.number().describe("the newest, 0..1"),
    licence: z.string(),
    source: z.string(),
  })
  .openapi("Model");

export const workerSchema = z.object({
  name: z.enum(["capture", "inference", "web"]),
  state: z.enum(["starting", "alive", "late", "dead"]),
  beatAgeMs: z.number().nullable().describe("since its last sign of life; null before the first"),
  restarts: z.number().int(),
  lastError: z.string().nullable(),
});

export const healthSchema = z
  .object({
    status: z.enum(["ok", "degraded", "down"]).describe("down: a wake word would go unnoticed"),
    reasons: z.array(
      z.object({
        code: z.string(),
        severity: z.enum(["degraded", "down"]),
        message: z.string(),
        hint: z.string().optional(),
      }),
    ),
    workers: z.array(workerSchema),
    uptimeMs: z.number(),
  })
  .openapi("Health");

export const audioSchema = z.object({
  source: z.string().describe("as configured"),
  device: z.string().describe("what was opened; empty while nothing is"),
  state: z.enum(CAPTURE_STATES),
  error: z.string().nullable().describe("why it is waiting"),
  muted: z.boolean(),
  demo: z.boolean().describe("true while demo audio plays because there is no microphone"),
  sampleRate: z.number().describe("of the device, Hz; audio is resampled to 16000"),
  reopens: z.number().int().describe("how often the device had to be opened again"),
  overruns: z.number().describe("how often the device said that samples were lost"),
  lostSamples: z.number().describe("samples that inference was too slow for"),
  lagMs: z.number().describe("how far inference is behind capture"),
  asleep: z.boolean().describe("the network sleeps, because there is nothing but the room's quiet"),
});

export const STREAM_STATES = ["waiting", "arming", "listening"] as const;

export const streamSchema = z
  .object({
    id: z.number().int().describe("0 is the local microphone"),
    name: z.string(),
    address: z.string().nullable().describe("where it comes from; null for the local microphone"),
    state: z
      .enum(STREAM_STATES)
      .describe("waiting: no sound comes; arming: listened to, but a word would not fire yet; listening"),
    asleep: z.boolean().describe("the network sleeps, because there is nothing but the room's quiet"),
    rms: z.number().describe("linear 0..1, over the last 100 ms"),
    lagMs: z.number().describe("how far inference is behind"),
    lostSamples: z.number().describe("samples that were passed over because inference was too far behind"),
    since: unixMs
      .nullable()
      .describe("since when it comes, UTC, milliseconds since 1970; null for the local microphone"),
  })
  .openapi("Stream");

const termSchema = z.object({ name: z.string(), value: z.number().nullable(), because: z.string() });

const evidenceSchema = z.object({
  rms: z.number().describe("of the whole word, linear 0..1"),
  bandDb: z.number().describe("level of 1.5 to 6.5 kHz, dB of full scale"),
  floorDb: z.number().describe("of the same band before the word"),
  evenDb: z.number().nullable().describe("mean level of 20 bands; null from a relay that does not measure it"),
  attackDb: z.number().nullable().describe("share of sudden sound; null from a relay that does not measure it"),
  snrDb: z.number(),
  envelopeVariance: z.number(),
  confidence: z.number(),
  durationMs: z.number(),
});

export const roundSchema = z
  .object({
    round: z.number().int(),
    zone: z.string(),
    phase: z.enum(["open", "granted", "serving", "over"]),
    openedAt: unixMs,
    claims: z.array(
      z.object({
        relayId: z.string(),
        model: z.string(),
        confidence: z.number(),
        evidence: evidenceSchema.nullable(),
        endedAfterMs: z.number().describe("when the word ended, after the first claim came: mostly below 0"),
        arrivedAfterMs: z.number(),
        repeats: z.number().int(),
        late: z.boolean(),
        standing: z.string(),
      }),
    ),
    waitedFor: z.array(
      z.object({
        relayId: z.string(),
        because: z.string(),
        asked: z.boolean(),
        outcome: z.string(),
        waitedMs: z.number().nullable(),
      }),
    ),
    outOfEarshot: z.array(z.string()),
    verdict: z
      .object({
        because: z.string(),
        afterMs: z.number(),
        ranking: z.array(z.object({ relayId: z.string(), score: z.number().nullable(), terms: z.array(termSchema) })),
      })
      .nullable(),
    grants: z.array(z.object({ relayId: z.string(), fence: z.number(), because: z.string(), afterMs: z.number() })),
    firstAudioAfterMs: z.number().nullable(),
    ended: z.object({ why: z.string(), afterMs: z.number() }).nullable(),
  })
  .describe("times are ms after the first claim came")
  .openapi("Round");

export const relaySchema = z
  .object({
    id: z.string(),
    kind: z.enum(["local", "relay", "sender"]).describe("sender: only sends sound, by PUT /api/streams/NAME"),
    address: z.string().nullable(),
    software: z.string(),
    room: z.string().nullable(),
    zone: z.string(),
    status: z.number().int().describe("0 connected, 1 contending, 2 winner, 3 cancelled"),
    detects: z.boolean().describe("whether it hears wake words itself; else the hub does"),
    delayMs: z.number().nullable().describe("of its messages, one way"),
    rms: z.number().nullable(),
    since: unixMs,
  })
  .openapi("Relay");

/** All that changes rarely, whole: small enough to be sent at every change. */
export const stateSchema = z
  .object({
    name: z.string().describe("of this machine"),
    version: z.string(),
    now: unixMs,
    activation: activationSchema,
    audio: audioSchema,
    streams: z.array(streamSchema).describe("the local microphone first, then those that send from elsewhere"),
    relays: z.array(relaySchema).describe("who is connected; the local microphone first"),
    rounds: z.array(roundSchema).describe("who claimed what, and who answered: newest first, at most 10"),
    models: z.array(modelSchema),
    detections: z.array(detectionSchema).describe("newest first, at most 20"),
    nearMisses: z.array(nearMissSchema).describe("newest first, at most 20"),
    health: healthSchema,
    updateRateMs: z.number().describe("how often levels are pushed"),
    method: z.enum(["shared_memory", "file"]),
  })
  .openapi("State");

export const levelsSchema = z.object({
  at: unixMs,
  rms: z.number(),
  peak: z.number(),
  noiseFloor: z.number().describe("linear rms 0..1"),
  scores: z.record(z.string(), z.number()).describe("the newest of each model, 0..1"),
  frame: z.number().int().describe("counts frames of 80 ms since the stream began"),
  asleep: z.boolean().describe("the network sleeps, because there is nothing but the room's quiet"),
  streams: z
    .array(z.object({ id: z.number().int(), rms: z.number(), asleep: z.boolean(), lagMs: z.number() }))
    .describe("those that send from elsewhere"),
  relays: z
    .array(z.object({ id: z.string(), rms: z.number() }))
    .describe("those that hear for themselves, as they last said"),
});

export const historySchema = z
  .object({
    models: z.array(z.string()),
    frames: z.array(
      z.object({ at: unixMs, rms: z.number(), scores: z.array(z.number()).describe("in the order of `models`") }),
    ),
  })
  .describe("the last minute, one entry a frame of 80 ms, oldest first")
  .openapi("History");

/** What `/ws` sends. A client needs to send nothing. */
export const liveMessageSchema = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("hello"), state: stateSchema, history: historySchema }),
    z.object({ type: z.literal("state"), state: stateSchema }),
    z.object({ type: z.literal("levels"), levels: levelsSchema }),
    z.object({ type: z.literal("detection"), detection: detectionSchema }),
    z.object({ type: z.literal("near_miss"), nearMiss: nearMissSchema }),
  ])
  .openapi("LiveMessage");

export const arbitrationSchema = z
  .object({
    windowMs: z.number().describe("the longest that a round waits"),
    maxRelays: z.number().int(),
    policy: z.string(),
    rounds: z.array(roundSchema).describe("newest first"),
  })
  .openapi("Arbitration");

export type RoundView = z.infer<typeof roundSchema>;
export type ArbitrationView = z.infer<typeof arbitrationSchema>;
export type RelayView = z.infer<typeof relaySchema>;
export type ActivationState = (typeof ACTIVATION_STATES)[number];
export type CaptureState = (typeof CAPTURE_STATES)[number];
export type ActivationView = z.infer<typeof activationSchema>;
export type DetectionView = z.infer<typeof detectionSchema>;
export type NearMissView = z.infer<typeof nearMissSchema>;
export type StreamView = z.infer<typeof streamSchema>;
export type ModelView = z.infer<typeof modelSchema>;
export type WorkerView = z.infer<typeof workerSchema>;
export type HealthView = z.infer<typeof healthSchema>;
export type AudioView = z.infer<typeof audioSchema>;
export type StateView = z.infer<typeof stateSchema>;
export type LevelsView = z.infer<typeof levelsSchema>;
export type HistoryView = z.infer<typeof historySchema>;
export type LiveMessage = z.infer<typeof liveMessageSchema>;
