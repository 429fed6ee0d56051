/** Whether a wake word would be noticed, and the workers on which that depends. */
import { z } from "@hono/zod-openapi";

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

export type WorkerView = z.infer<typeof workerSchema>;
export type HealthView = z.infer<typeof healthSchema>;
