/** What a page is sent while it is open: levels, and what is new. */
import { z } from "@hono/zod-openapi";
import { detectionSchema, nearMissSchema } from "./detections.ts";
import { stateSchema } from "./state.ts";
import { unixMs } from "./unix-time.ts";

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

export type LevelsView = z.infer<typeof levelsSchema>;
export type HistoryView = z.infer<typeof historySchema>;
export type LiveMessage = z.infer<typeof liveMessageSchema>;
