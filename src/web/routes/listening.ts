/** What is heard now and was heard before. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { activationSchema, relayActivationSchema } from "../schemas/activations.ts";
import { type DetectionView, detectionSchema, type NearMissView, nearMissSchema } from "../schemas/detections.ts";
import { type HealthView, healthSchema } from "../schemas/health.ts";
import { type HistoryView, historySchema } from "../schemas/live.ts";
import { type ModelView, modelSchema } from "../schemas/models.ts";
import { streamSchema } from "../schemas/sound.ts";
import { stateSchema } from "../schemas/state.ts";
import type { Snapshot } from "../state-file.ts";
import { json, refusals } from "./route-parts.ts";

export interface ListeningOptions {
  /** The newest state, from shared memory or from the file. */
  readonly snapshot: () => Promise<Snapshot>;
  readonly detections: (limit: number) => Promise<readonly DetectionView[]>;
  readonly nearMisses: (limit: number) => Promise<readonly NearMissView[]>;
  readonly history: () => HistoryView;
  readonly health: () => HealthView;
  readonly models: () => Promise<readonly ModelView[]>;
}

export function addListeningRoutes(app: OpenAPIHono, options: ListeningOptions): void {
  app.openapi(
    createRoute({ method: "get", path: "/api/activation", responses: { 200: json(activationSchema, "now") } }),
    async (context) => context.json((await options.snapshot()).state.activation, 200),
  );
  const activationList = z.object({ activations: z.array(relayActivationSchema) }).openapi("Activations");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/activations",
      responses: {
        200: json(activationList, "this machine's first, then those under way elsewhere, the newest first"),
      },
    }),
    async (context) => context.json({ activations: (await options.snapshot()).state.activations }, 200),
  );
  const audioRms = z
    .object({
      rms: z.number(),
      current_rms: z.number(),
      is_active: z.boolean(),
      is_listening: z.boolean(),
      last_update: z.number(),
      timestamp: z.number().describe("UTC, seconds since 1970"),
    })
    .openapi("AudioLevel");
  app.openapi(
    createRoute({ method: "get", path: "/api/audio/rms", responses: { 200: json(audioRms, "the level now") } }),
    async (context) => {
      const { rms, current_rms, is_active, is_listening, last_update } = (await options.snapshot()).state.activation;
      return context.json({ rms, current_rms, is_active, is_listening, last_update, timestamp: last_update }, 200);
    },
  );
  const detectionList = z.object({ detections: z.array(detectionSchema) }).openapi("Detections");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/detections",
      request: {
        query: z.object({
          era: z.enum(["seed", "today"]).optional().describe("seed: the bare array"),
          limit: z.coerce.number().int().min(1).max(100).default(10),
        }),
      },
      responses: { 200: json(z.union([detectionList, z.array(detectionSchema)]), "newest first"), ...refusals },
    }),
    async (context) => {
      const { era, limit } = context.req.valid("query");
      const detections = [...(await options.detections(limit))];
      return context.json(era === "seed" ? detections : { detections }, 200);
    },
  );
  const nearMissList = z.object({ nearMisses: z.array(nearMissSchema) }).openapi("NearMisses");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/near-misses",
      request: { query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) }) },
      responses: { 200: json(nearMissList, "words that nearly fired, newest first"), ...refusals },
    }),
    async (context) =>
      context.json({ nearMisses: [...(await options.nearMisses(context.req.valid("query").limit))] }, 200),
  );
  const streamList = z.object({ streams: z.array(streamSchema) }).openapi("Streams");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/streams",
      responses: { 200: json(streamList, "what is listened to: the local microphone first") },
    }),
    async (context) => context.json({ streams: (await options.snapshot()).state.streams }, 200),
  );
  app.openapi(
    createRoute({ method: "get", path: "/api/state", responses: { 200: json(stateSchema, "everything") } }),
    async (context) => context.json((await options.snapshot()).state, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/history",
      responses: { 200: json(historySchema, "the last minute") },
    }),
    (context) => context.json(options.history(), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/health",
      responses: {
        200: json(healthSchema, "ok, or degraded"),
        503: json(healthSchema, "down: a wake word would go unnoticed"),
      },
    }),
    (context) => {
      const health = options.health();
      return health.status === "down" ? context.json(health, 503) : context.json(health, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/models",
      responses: { 200: json(z.object({ models: z.array(modelSchema) }).openapi("Models"), "in use") },
    }),
    async (context) => context.json({ models: [...(await options.models())] }, 200),
  );
}
