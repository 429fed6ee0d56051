/** What a person can do to a running Earshot. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type DetectionView, detectionSchema } from "../schemas/detections.ts";
import type { ModelView } from "../schemas/models.ts";
import { errorSchema } from "../web-error.ts";
import { body, json, modelNamed, refusals } from "./route-parts.ts";

export interface ActionsOptions {
  /** @returns why it will not outlast a restart, if so. @throws FixedSettingError */
  readonly mute: (muted: boolean) => Promise<string | undefined>;
  readonly reset: () => void;
  readonly models: () => Promise<readonly ModelView[]>;
  readonly simulate: (model: string, confidence: number, holdMs: number) => DetectionView;
}

export function addActionRoutes(app: OpenAPIHono, options: ActionsOptions): void {
  const done = z.object({ ok: z.literal(true) });
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/mute",
      request: body(z.strictObject({ muted: z.boolean() })),
      responses: {
        200: json(z.object({ muted: z.boolean(), warning: z.string().optional() }), "now, and after a restart"),
        ...refusals,
        409: json(errorSchema, "fixed by the environment or a flag"),
      },
    }),
    async (context) => {
      const { muted } = context.req.valid("json");
      const warning = await options.mute(muted);
      return context.json({ muted, ...(warning !== undefined && { warning }) }, 200);
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
      responses: {
        200: json(detectionSchema, "as if it had been heard"),
        ...refusals,
        404: json(errorSchema, "no such model"),
      },
    }),
    async (context) => {
      const { model, confidence, forMs } = context.req.valid("json");
      const named = modelNamed(await options.models(), model);
      return context.json(options.simulate(named.name, confidence, forMs), 200);
    },
  );
}
