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

export const relayActivationSchema = z
  .object({
    relay: z.string(),
    local: z.boolean().describe("this machine's microphone"),
    state: z.enum(ACTIVATION_STATES),
    status: z.string().describe("a short sentence, fit to show"),
    reason: z.string().nullable().describe("why it is off; null when it is not"),
    model: z.string().nullable().describe("the newest wake word's model"),
    confidence: z.number().describe("of the newest wake word, 0..1; 0 before the first"),
    fence: z.number().nullable().describe("what its relay was granted; null while it is not"),
    simulated: z.boolean().describe("a person asked for it"),
    since: unixMs.describe("when this state began, UTC, milliseconds since 1970"),
  })
  .openapi("RelayActivation");

export const detectionSchema = z
  .object({
    id: z
      .number()
      .int()
      .describe("counts detections since the start; negative where a relay heard it itself, or a person asked for it"),
    stream: z.number().int().describe("0 is the local microphone; -1: none, a relay heard it itself and answered"),
    source: z.string().nullable().describe("name of the stream or relay; null for the local microphone"),
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
  speaker: z
    .object({
      state: z
        .enum(["none", "closed", "playing", "failed"])
        .describe("none: no sound is wanted from here; closed: nothing to play; failed: something was not heard"),
      device: z.string().describe("what was opened; empty while nothing is"),
      error: z.string().nullable().describe("why it failed"),
    })
    .describe("where chimes and answers are heard"),
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
        seconded: z.boolean().describe("it was not sure by itself, and claimed because another relay was"),
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

const gainSchema = z
  .object({
    db: z.number().describe("how much louder than the others' its microphone is"),
    uncertaintyDb: z.number().describe("standard deviation of what is wrong with that; 0 where it is configured"),
    from: z.enum(["configured", "learned", "unknown"]),
    words: z.number().int().describe("that it heard with others: it was learned from them, if it was"),
    calibrations: z.number().int().describe("the same of sounds that were made to set gains by"),
    movedAt: unixMs
      .nullable()
      .describe("when it was found to have been moved, and learned anew; null where it was not"),
  })
  .openapi("Gain");

const believedSchema = z
  .object({
    state: z
      .enum(["measured_here", "unchecked", "honest", "disbelieved"])
      .describe(
        "measured_here: the hub measures its sound; honest: its last claim agreed with its sound; unchecked: nothing could be " +
          "compared; disbelieved: it claimed more than its sound showed, and does not win over others until it is trusted",
      ),
    because: z.string().nullable(),
    since: unixMs.nullable(),
  })
  .openapi("Believed");

export const calibrationSchema = z
  .object({
    calibration: z.number().int().describe("counts them since the start; 0 before the first"),
    phase: z.enum(["none", "listening", "measuring", "done"]),
    set: z.boolean().describe("whether gains were learned from it"),
    why: z
      .enum(["nobody_heard_it", "only_one_heard_it", "rooms_unknown"])
      .nullable()
      .describe("why not, when it is done; rooms_unknown: it is not known which of those who heard it share a room"),
    relays: z.array(
      z.object({
        id: z.string(),
        outcome: z
          .enum([
            ...["waited_for", "heard", "room_unknown", "disbelieved", "other_sound"],
            ...["too_quiet", "sound_lost", "no_answer", "cannot"],
          ] as const)
          .describe(
            "room_unknown: it heard it, but nobody whose room is known to be the same; disbelieved: it heard it, and does not count; other_sound: it heard something at another time; sound_lost: muted, or samples were lost",
          ),
        levelDb: z.number().nullable().describe("RMS of what it heard, dB of full scale"),
        gainBeforeDb: z.number().describe("this and the next two: against those of its room"),
        gainDb: z.number().nullable().describe("null while it is not done, and where nothing was learned"),
        uncertaintyDb: z.number().nullable(),
      }),
    ),
  })
  .openapi("Calibration");

export const relaySchema = z
  .object({
    id: z.string(),
    kind: z.enum(["local", "relay", "sender", "loqa"]).describe("sender: only sends sound, by PUT /api/streams/NAME"),
    address: z.string().nullable(),
    software: z.string(),
    room: z.string().nullable(),
    zone: z.string(),
    status: z.number().int().describe("0 connected, 1 contending, 2 winner, 3 cancelled"),
    detects: z.boolean().describe("whether it hears wake words itself; else the hub does"),
    delayMs: z.number().nullable().describe("of its messages, one way"),
    rms: z.number().nullable(),
    connected: z.boolean().describe("false: it is known, and away"),
    expected: z.boolean().describe("something is wrong while it is away"),
    trouble: z.string().nullable().describe("why a wake word would go unnoticed there; null where none would"),
    since: unixMs.describe("when it came; of one that is away, when it left"),
    gain: gainSchema,
    evidence: believedSchema,
  })
  .openapi("Relay");

/** Of the newest round; the numbers that relays are told stand in `relays`. */
const arbitrationStateSchema = z
  .object({
    underWay: z.number().int().describe("rounds that are not over"),
    round: z.number().int().describe("the newest; 0 before the first"),
    zone: z.string(),
    phase: z.enum(["none", "open", "granted", "serving", "over"]),
    status: z.enum(["connected", "contending", "winner", "cancelled"]).describe("of this machine's own microphone"),
    contenders: z.number().int().describe("who claimed the word"),
    waiting: z.number().int().describe("who is waited for"),
    winner: z.string().nullable(),
    fence: z.number().nullable().describe("of the newest grant"),
    openedAt: unixMs.nullable(),
    closesAt: unixMs.nullable().describe("when it ends at the latest; of one that is over, when it did"),
  })
  .openapi("ArbitrationState");

const liveRoundSchema = z
  .object({
    round: z.number().int(),
    zone: z.string(),
    phase: z.enum(["open", "granted", "serving"]),
    openedAt: unixMs,
    until: unixMs.describe("when its phase ends at the latest"),
    contenders: z.array(z.string()),
    waitingFor: z.array(
      z.object({
        relayId: z.string(),
        because: z.string(),
        outcome: z.string(),
        until: unixMs.describe("at the latest"),
      }),
    ),
    winner: z.string().nullable(),
    fence: z.number().nullable(),
  })
  .openapi("LiveRound");

export const satelliteSchema = z
  .object({
    hub: z.string().describe("where the hub is, as configured"),
    page: z.string().describe("of the hub"),
    connected: z.boolean(),
    hubName: z.string().nullable(),
    id: z.string().nullable().describe("what this relay is called there"),
    code: z.string().nullable().describe("why it is not connected, for programs"),
    why: z.string().nullable().describe("why it is not connected"),
    since: unixMs.describe("since when it is connected, or is not"),
    whileAway: z.enum(["silent", "alone"]).describe("what it does with a word while the hub is away"),
    audioOnly: z.boolean().describe("the hub listens for it"),
    house: z
      .object({
        state: z.string(),
        model: z.string().nullable(),
        relay: z.string().nullable().describe("who answers, or whose word it was"),
        relays: z.array(
          z.object({
            id: z.string(),
            room: z.string().nullable(),
            status: z.number().int().describe("0 connected, 1 contending, 2 winner, 3 cancelled"),
            responding: z.boolean().describe("its loudspeaker says an answer"),
          }),
        ),
      })
      .nullable()
      .describe("what the hub last said of the house"),
  })
  .openapi("Satellite");

const stepMs = z.number().nullable().describe("milliseconds; null where it did not come to that");

export const commandSchema = z
  .object({
    id: z.string().describe("as in the log"),
    at: unixMs.describe("when its relay was granted it"),
    relay: z.string(),
    room: z.string().nullable(),
    model: z.string().describe("the wake word"),
    state: z.enum(["recording", "processing", "responding", "over"]),
    outcome: z
      .enum(["answered", "no_answer", "asked_back", "no_speech", "failed", "interrupted", "stopped"])
      .nullable()
      .describe(
        "no_answer: it was taken, and nothing came back for the person; interrupted: somebody spoke to the same relay again; stopped: its relay is gone, or it was reset",
      ),
    why: z.string().nullable().describe("why it failed, or was stopped"),
    sink: z.string(),
    recordedMs: stepMs.describe("from the grant to the end of what was said"),
    understoodMs: stepMs.describe("the sink"),
    answeredMs: stepMs.describe("intent handler and voice"),
    spokenMs: stepMs.describe("from the answer until it was heard"),
    transcript: z.string().nullable().describe("null unless privacy.show_transcripts is on"),
    answer: z.string().nullable().describe("null unless privacy.show_transcripts is on"),
  })
  .openapi("Command");

/** All that changes rarely, whole: small enough to be sent at every change. */
export const stateSchema = z
  .object({
    name: z.string().describe("of this machine"),
    version: z.string(),
    now: unixMs,
    activation: activationSchema.describe("the house's: that of the newest wake word"),
    activations: z
      .array(relayActivationSchema)
      .describe("this machine's first, then those of other relays with a word under way, the newest first"),
    audio: audioSchema,
    streams: z.array(streamSchema).describe("the local microphone first, then those that send from elsewhere"),
    relays: z.array(relaySchema).describe("who is connected, the local microphone first, then who is known and away"),
    rounds: z.array(roundSchema).describe("who claimed what, and who answered: newest first, at most 10"),
    commands: z.array(commandSchema).describe("what followed the newest wake words: newest first, at most 10"),
    satellite: satelliteSchema.nullable().describe("of a machine that is a relay: its hub; null for one that is a hub"),
    arbitration: arbitrationStateSchema.describe("as it stands in the shared memory"),
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
    now: z.array(liveRoundSchema).describe("rounds that are not over: who is waited for, and until when"),
    rounds: z.array(roundSchema).describe("newest first"),
  })
  .openapi("Arbitration");

export type LiveRoundView = z.infer<typeof liveRoundSchema>;
export type ArbitrationStateView = z.infer<typeof arbitrationStateSchema>;
export type RoundView = z.infer<typeof roundSchema>;
export type ArbitrationView = z.infer<typeof arbitrationSchema>;
export type CommandView = z.infer<typeof commandSchema>;
export type SatelliteView = z.infer<typeof satelliteSchema>;
export type CalibrationView = z.infer<typeof calibrationSchema>;
export type RelayView = z.infer<typeof relaySchema>;
export type ActivationState = (typeof ACTIVATION_STATES)[number];
export type CaptureState = (typeof CAPTURE_STATES)[number];
export type RelayActivationView = z.infer<typeof relayActivationSchema>;
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
