/** The configuration: whole, and under the names of both hey-orac eras. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { withoutKeys } from "../../config/command-settings.ts";
import type { ChangeReport } from "../../config/config-desk.ts";
import type { Config } from "../../config/schema.ts";
import {
  GLOBAL_SETTINGS,
  globalPatch,
  globalView,
  MODEL_SETTINGS,
  modelPatch,
  modelSettingsView,
} from "../era-settings.ts";
import type { ModelView } from "../schemas/models.ts";
import { errorSchema } from "../web-error.ts";
import { body, json, modelNamed, refusals } from "./route-parts.ts";

export interface SettingsOptions {
  readonly config: () => Config;
  readonly models: () => Promise<readonly ModelView[]>;
  /** @throws ConfigError, FixedSettingError */
  readonly change: (patch: unknown) => Promise<ChangeReport>;
}

const changeReport = z.object({
  applied: z.array(z.string()).describe("settings that have another value now"),
  needsRestart: z.array(z.string()).describe("settings that count after a restart"),
  pending: z.array(z.string()).describe("workers that do not go by them yet"),
  written: z.boolean().describe("whether the configuration file has it"),
  file: z.string(),
  warning: z.string().optional(),
});

export function addSettingsRoutes(app: OpenAPIHono, options: SettingsOptions): void {
  const anyConfig = z.record(z.string(), z.unknown());
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/config",
      responses: { 200: json(anyConfig, "the whole configuration; passwords and tokens are never shown") },
    }),
    (context) => context.json(shown(options.config()), 200),
  );
  const changes = {
    200: json(changeReport, "what was applied"),
    ...refusals,
    409: json(errorSchema, "fixed by the environment or a flag"),
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
    async (context) =>
      context.json(answer(await options.change(globalPatch(context.req.valid("json"), options.config()))), 200),
  );
  const named = z.object({ name: z.string().max(64) });
  const missing = { 404: json(errorSchema, "no such model") };
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/config/models/{name}",
      request: { params: named },
      responses: { 200: json(MODEL_SETTINGS, "one model's settings"), ...missing },
    }),
    async (context) => {
      const model = modelNamed(await options.models(), context.req.valid("param").name);
      return context.json(modelSettingsView(model, options.config()), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/config/models/{name}",
      request: { params: named, ...body(MODEL_SETTINGS.partial()) },
      responses: { ...changes, ...missing },
    }),
    async (context) => {
      const model = modelNamed(await options.models(), context.req.valid("param").name);
      const patch = modelPatch(model, context.req.valid("json"), options.config());
      return context.json(answer(await options.change(patch)), 200);
    },
  );
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
  const { password: _password, ...web } = config.web;
  const { token: _token, ...relay } = config.relay;
  const { password: _natsPassword, ...nats } = config.loqa.nats;
  return { ...config, web, relay, loqa: { ...config.loqa, nats }, command: withoutKeys(config.command) };
}
