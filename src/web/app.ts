/** The HTTP interface: what each route takes, gives and does. No state of its own. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { FixedSettingError } from "../config/change.ts";
import type { ChangeReport } from "../config/config-desk.ts";
import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import {
  GLOBAL_SETTINGS,
  globalPatch,
  globalView,
  MODEL_SETTINGS,
  modelPatch,
  modelSettingsView,
} from "./era-settings.ts";
import { requireOwnHost, requireOwnOrigin, requirePassword } from "./guard.ts";
import type { Asset } from "./page.ts";
import * as schemas from "./schemas.ts";
import type { Snapshot } from "./state-file.ts";
import { WebError } from "./web-error.ts";

/** The largest request that makes sense here is a whole configuration. */
const MOST_BODY_BYTES = 64 * 1024;

export interface AppOptions {
  readonly version: string;
  readonly config: () => Config;
  /** The newest state, from shared memory or from the file. */
  readonly snapshot: () => Promise<Snapshot>;
  readonly detections: (limit: number) => readonly schemas.DetectionView[];
  readonly history: () => schemas.HistoryView;
  readonly health: () => schemas.HealthView;
  readonly models: () => readonly schemas.ModelView[];
  readonly change: (patch: unknown) => Promise<ChangeReport>;
  readonly mute: (muted: boolean) => void;
  readonly reset: () => void;
  readonly simulate: (model: string, confidence: number, holdMs: number) => schemas.DetectionView;
  readonly page: ReadonlyMap<string, Asset>;
  /** The WebSocket at `/ws`. */
  readonly live: MiddlewareHandler;
  readonly log: { error(event: string, fields: Record<string, unknown>): void };
}

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { "application/json": { schema } },
  description,
});
const refusals = { 400: json(schemas.errorSchema, "what is wrong with the request") };

const changeReport = z.object({
  applied: z.array(z.string()).describe("settings that have another value now"),
  needsRestart: z.array(z.string()).describe("settings that count after a restart"),
  pending: z.array(z.string()).describe("workers that do not go by them yet"),
  written: z.boolean().describe("whether the configuration file has it"),
  file: z.string(),
  warning: z.string().optional(),
});

export function createApp(options: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) {
        const issues = result.error.issues.map(({ path, message }) => `${path.join(".") || "the request"}: ${message}`);
        throw new WebError(400, "bad_request", issues.join("; "));
      }
    },
  });
  const password = () => options.config().web.password;
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(requireOwnHost(password), requirePassword(password), requireOwnOrigin());
  app.use(
    bodyLimit({
      maxSize: MOST_BODY_BYTES,
      onError: () => {
        throw new WebError(413, "too_large", `a request may have ${MOST_BODY_BYTES} bytes`);
      },
    }),
  );

  app.openapi(
    createRoute({ method: "get", path: "/api/activation", responses: { 200: json(schemas.activationSchema, "now") } }),
    async (context) => context.json((await options.snapshot()).state.activation, 200),
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
  const detectionList = z.object({ detections: z.array(schemas.detectionSchema) }).openapi("Detections");
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
      responses: { 200: json(z.union([detectionList, z.array(schemas.detectionSchema)]), "newest first"), ...refusals },
    }),
    (context) => {
      const { era, limit } = context.req.valid("query");
      const detections = [...options.detections(limit)];
      return context.json(era === "seed" ? detections : { detections }, 200);
    },
  );
  app.openapi(
    createRoute({ method: "get", path: "/api/state", responses: { 200: json(schemas.stateSchema, "everything") } }),
    async (context) => context.json((await options.snapshot()).state, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/history",
      responses: { 200: json(schemas.historySchema, "the last minute") },
    }),
    (context) => context.json(options.history(), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/health",
      responses: {
        200: json(schemas.healthSchema, "ok, or degraded"),
        503: json(schemas.healthSchema, "down: a wake word would go unnoticed"),
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
      responses: { 200: json(z.object({ models: z.array(schemas.modelSchema) }).openapi("Models"), "in use") },
    }),
    (context) => context.json({ models: [...options.models()] }, 200),
  );

  const body = <S extends z.ZodType>(schema: S) => ({
    body: { content: { "application/json": { schema } }, required: true },
  });
  const anyConfig = z.record(z.string(), z.unknown());
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/config",
      responses: { 200: json(anyConfig, "the whole configuration; the password is never shown") },
    }),
    (context) => context.json(shown(options.config()), 200),
  );
  const changes = {
    200: json(changeReport, "what was applied"),
    ...refusals,
    409: json(schemas.errorSchema, "fixed by the environment or a flag"),
  };
  app.openapi(
    createRoute({ method: "post", path: "/api/config", request: body(anyConfig), responses: changes }),
    async (context) => context.json(answer(await options.change(context.req.valid("json"))), 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/config/global",
      responses: { 200: json(GLOBAL_SETTINGS, "what holds for all models") },
    }),
    (context) => context.json(globalView(options.config()), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/config/global",
      request: body(GLOBAL_SETTINGS.partial()),
      responses: changes,
    }),
    async (context) => context.json(answer(await options.change(globalPatch(context.req.valid("json")))), 200),
  );
  const named = z.object({ name: z.string().max(64) });
  const missing = { 404: json(schemas.errorSchema, "no such model") };
  const modelNamed = (name: string) => {
    const model = options.models().find((candidate) => candidate.name === name);
    if (model !== undefined) return model;
    const known = options.models().map((candidate) => candidate.name);
    throw new WebError(404, "no_such_model", `no model "${name}"`, `there are ${known.join(", ") || "none"}`);
  };
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/config/models/{name}",
      request: { params: named },
      responses: { 200: json(MODEL_SETTINGS, "one model's settings"), ...missing },
    }),
    (context) => context.json(modelSettingsView(modelNamed(context.req.valid("param").name)), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/config/models/{name}",
      request: { params: named, ...body(MODEL_SETTINGS.partial()) },
      responses: { ...changes, ...missing },
    }),
    async (context) => {
      const { name } = modelNamed(context.req.valid("param").name);
      return context.json(answer(await options.change(modelPatch(name, context.req.valid("json")))), 200);
    },
  );

  const done = z.object({ ok: z.literal(true) });
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/mute",
      request: body(z.strictObject({ muted: z.boolean() })),
      responses: { 200: json(z.object({ muted: z.boolean() }), "now"), ...refusals },
    }),
    (context) => {
      const { muted } = context.req.valid("json");
      options.mute(muted);
      return context.json({ muted }, 200);
    },
  );
  app.openapi(
    createRoute({ method: "post", path: "/api/reset", responses: { 200: json(done, "a stuck activation is over") } }),
    (context) => {
      options.reset();
      return context.json({ ok: true as const }, 200);
    },
  );
  const simulation = z.strictObject({
    model: z.string().min(1).max(64),
    confidence: z.number().min(0).max(1).default(1),
    forMs: z.number().int().min(1).max(60_000).default(1000),
  });
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/simulate",
      request: body(simulation),
      responses: { 200: json(schemas.detectionSchema, "as if it had been heard"), ...refusals },
    }),
    (context) => {
      const { model, confidence, forMs } = context.req.valid("json");
      return context.json(options.simulate(model, confidence, forMs), 200);
    },
  );

  app.get("/ws", options.live, () => {
    throw new WebError(426, "websocket_only", "this is a WebSocket", "open it with ws://");
  });
  app.doc31("/openapi.json", { openapi: "3.1.0", info: { title: "Earshot", version: options.version } });
  for (const [path, asset] of options.page) {
    app.get(path, (context) => {
      const headers = {
        "content-type": asset.type,
        etag: asset.etag,
        "cache-control": path === "/" ? "no-cache" : "max-age=31536000, immutable",
      };
      return context.req.header("if-none-match") === asset.etag
        ? context.body(null, 304, headers)
        : context.body(asset.body, 200, headers);
    });
  }

  app.notFound((context) =>
    context.json(
      {
        error: {
          code: "not_found",
          message: `no ${context.req.method} ${context.req.path}`,
          hint: "GET /openapi.json lists the routes",
        },
      },
      404,
    ),
  );
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if ("getResponse" in error && refusal.status === 500) return (error as { getResponse(): Response }).getResponse();
    const { status, code, message, hint } = refusal;
    return context.json({ error: { code, message, ...(hint !== undefined && { hint }) } }, status);
  });
  return app;
}

function refusalOf(error: Error): WebError {
  if (error instanceof WebError) return error;
  if (error instanceof FixedSettingError) return new WebError(409, "fixed_setting", error.message);
  if (error instanceof ConfigError) return new WebError(400, "bad_setting", error.message);
  const { status } = error as { status?: unknown };
  if (status === 400)
    return new WebError(400, "bad_request", error.message, "the body must be JSON, with content-type application/json");
  return new WebError(500, "defect", "something went wrong that should not have", "the log says what");
}

function answer({ warning, ...report }: ChangeReport): z.infer<typeof changeReport> {
  return {
    applied: [...report.applied],
    needsRestart: [...report.needsRestart],
    pending: [...report.pending],
    written: report.written,
    file: report.file,
    ...(warning !== undefined && { warning }),
  };
}

function shown(config: Config): Record<string, unknown> {
  const { password, ...web } = config.web;
  return { ...config, web: { ...web, password: password === undefined ? null : "set" } };
}
