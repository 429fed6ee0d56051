/** A wake word that is listened for, or why it is not. */
import { z } from "@hono/zod-openapi";

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

export type ModelView = z.infer<typeof modelSchema>;
