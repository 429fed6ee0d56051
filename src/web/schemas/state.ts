/**
 * Everything at once. It is put together from the shapes beside this file; they are all JSON that Earshot shows, said
 * once: the routes answer with them, `/openapi.json` is made from them, and the pages take their types from there. Keys
 * in snake_case are those of both hey-orac eras; the others are camelCase.
 */
import { z } from "@hono/zod-openapi";
import { activationSchema, relayActivationSchema } from "./activations.ts";
import { commandSchema } from "./commands.ts";
import { detectionSchema, nearMissSchema } from "./detections.ts";
import { healthSchema } from "./health.ts";
import { modelSchema } from "./models.ts";
import { relaySchema } from "./relays.ts";
import { arbitrationStateSchema, roundSchema } from "./rounds.ts";
import { satelliteSchema } from "./satellite.ts";
import { audioSchema, streamSchema } from "./sound.ts";
import { unixMs } from "./unix-time.ts";

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

export type StateView = z.infer<typeof stateSchema>;
