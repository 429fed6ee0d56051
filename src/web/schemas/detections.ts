/** Wake words that were heard, and those that nearly were. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

const label = z.string().describe("which of the model's classes; its name where it has one");

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

export type DetectionView = z.infer<typeof detectionSchema>;
export type NearMissView = z.infer<typeof nearMissSchema>;
