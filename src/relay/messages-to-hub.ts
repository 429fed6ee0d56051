/** What a relay says: zod schemas of every JSON message to the hub. Times are the relay's own clock, ms. */
import { z } from "zod";
import { SPOKEN_NAME, SPOKEN_NAME_RULE } from "../config/schema.ts";
import { count, model, timeMs, unit } from "./message-fields.ts";

/** What a relay can do. What it does not name it cannot. */
export const capabilitiesSchema = z.object({
  /** Hears wake words itself and claims; without it, it sends all its sound and the hub listens. */
  detects: z.boolean().default(false),
  /** Measures evidence; without it, the hub measures from its sound. */
  evidence: z.boolean().default(false),
  /** Says when it begins to hear something, and beats. */
  onset: z.boolean().default(false),
  /** Answers whether it has heard a word too. */
  asks: z.boolean().default(false),
  /** Has a loudspeaker. */
  plays: z.boolean().default(false),
  /** Listens for a sound to set gains by when it is told to. */
  calibrates: z.boolean().optional(),
});
export type Capabilities = Readonly<z.infer<typeof capabilitiesSchema>>;

const name = z.string().regex(SPOKEN_NAME, SPOKEN_NAME_RULE);

const hello = z.object({
  type: z.literal("hello"),
  /** Versions of the protocol that it speaks. */
  versions: z.array(z.int().min(1).max(1000)).min(1).max(16),
  /** What it is called; without it, as its token is. */
  id: name.optional(),
  capabilities: capabilitiesSchema,
  /** Wake words that it listens for. */
  models: z.array(model).max(32).default([]),
  /** Program and version, for people. */
  software: z.string().max(100).default(""),
});

const pong = z.object({ type: z.literal("pong"), ping: count, atMs: timeMs });

const telemetry = z.object({
  type: z.literal("telemetry"),
  /** Linear 0..1, over the last 100 ms; so are the two below. */
  rms: unit,
  peak: unit.optional(),
  noiseFloor: unit.optional(),
  /** The newest score of each model. */
  scores: z
    .record(model, unit)
    .refine((scores) => Object.keys(scores).length <= 32, "32 models at most")
    .optional(),
  /** Whether it would notice a wake word, and why not. */
  armed: z.boolean().optional(),
  reason: z.string().max(255).optional(),
  /** Samples that its microphone lost since it started. */
  lostSamples: count.optional(),
});

const onset = z.object({ type: z.literal("onset"), atMs: timeMs });
const beat = z.object({ type: z.literal("beat"), hears: z.boolean(), atMs: timeMs });

const db = z.number().min(-200).max(100);

/** As `Evidence` in src/arbitration/evidence.ts says. */
const evidenceSchema = z.object({
  rms: unit,
  bandDb: db,
  floorDb: db,
  /** May be left out, as may attackDb: whoever measures them is told apart better. */
  evenDb: db.optional(),
  snrDb: db,
  envelopeVariance: z.number().min(0).max(1e6),
  attackDb: db.optional(),
  confidence: unit,
  durationMs: z.number().min(0).max(10_000),
});

const claim = z.object({
  type: z.literal("claim"),
  /** Its own number for it: rises with each claim of a connection; the same again is the same claim. */
  claim: count.min(1),
  model,
  confidence: unit,
  /** When the word ended. */
  endedAtMs: timeMs,
  /** When this was sent. */
  sentAtMs: timeMs,
  /** The ask that it answers, where the relay was not sure by itself: such a claim opens no round. */
  ask: count.optional(),
  evidence: evidenceSchema.optional(),
});

/** As `CoarseEnvelope` in src/arbitration/evidence.ts says. */
const envelope = z
  .object({
    type: z.literal("envelope"),
    claim: count.min(1),
    levelsDb: z.array(db).min(1).max(250),
    endsAt: z.int().min(0).max(250),
    floorDb: db,
  })
  .refine(({ levelsDb, endsAt }) => endsAt <= levelsDb.length, "endsAt lies beyond the levels");

/** What it heard of a sound to set gains by; or why it heard none. */
const calibrated = z
  .object({
    type: z.literal("calibrated"),
    calibration: count,
    why: z.enum(["too_quiet", "sound_lost"]).optional(),
    /** When it was the loudest. */
    atMs: timeMs.optional(),
    evidence: evidenceSchema.optional(),
    envelope: z
      .object({ levelsDb: z.array(db).min(1).max(250), endsAt: z.int().min(0).max(250), floorDb: db })
      .optional(),
  })
  .refine(
    ({ why, atMs, evidence, envelope }) =>
      why !== undefined || (atMs !== undefined && evidence !== undefined && envelope !== undefined),
    "either why, or atMs, evidence and envelope",
  );

/** Answers to an ask: not heard; may still come. */
const pass = z.object({ type: z.literal("pass"), ask: count });
const pending = z.object({ type: z.literal("pending"), ask: count });

/** Nothing follows of the sound of a claim. */
const audioEnd = z.object({ type: z.literal("audio_end"), claim: count.min(1) });
/** The command is over for the relay: its reply was played, or it cannot go on. */
const finished = z.object({ type: z.literal("finished"), fence: count });

export const TO_HUB = {
  hello,
  pong,
  telemetry,
  onset,
  beat,
  claim,
  envelope,
  calibrated,
  pass,
  pending,
  audio_end: audioEnd,
  finished,
};

type Schemas = typeof TO_HUB;
/** As it is sent: what has a default may be left out. */
export type ToHub = { [Type in keyof Schemas]: Readonly<z.input<Schemas[Type]>> }[keyof Schemas];
/** As it was read. */
export type FromRelay = { [Type in keyof Schemas]: Readonly<z.output<Schemas[Type]>> }[keyof Schemas];
export type Hello = Extract<FromRelay, { readonly type: "hello" }>;
export type Telemetry = Extract<FromRelay, { readonly type: "telemetry" }>;
