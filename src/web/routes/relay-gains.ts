/** What a person can say of relays: that one was moved, that one is to be believed, that all should listen to a sound. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { LISTEN_MS } from "../../hub/calibration.ts";
import { type CalibrationView, calibrationSchema } from "../schemas/calibration.ts";
import type { RelayView } from "../schemas/relays.ts";
import { errorSchema, WebError } from "../web-error.ts";
import { body, json, refusals } from "./route-parts.ts";

/** Each may throw a WebError: a machine that is a relay knows nothing of others. */
export interface RelayGainsOptions {
  readonly relays: () => readonly RelayView[];
  readonly forgetGain: (relayId: string) => void;
  /** @returns whether it was not believed */
  readonly trust: (relayId: string) => boolean;
  readonly calibrate: (listenMs: number, oneRoom: boolean) => CalibrationView;
  readonly calibration: () => CalibrationView;
}

export function addRelayGainsRoutes(app: OpenAPIHono, options: RelayGainsOptions): void {
  const { relays, forgetGain, trust, calibrate, calibration } = options;
  const named = { params: z.object({ id: z.string().min(1).max(63) }) };
  const unknown = { 404: json(errorSchema, "no such relay") };
  const mustBe = (id: string): void => {
    const ids = relays().map((relay) => relay.id);
    if (!ids.includes(id)) throw new WebError(404, "no_such_relay", `no relay "${id}"`, `there are ${ids.join(", ")}`);
  };
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/relays/{id}/forget-gain",
      request: named,
      responses: { 200: json(z.object({ ok: z.literal(true) }), "its gain is learned anew"), ...refusals, ...unknown },
    }),
    (context) => {
      const { id } = context.req.valid("param");
      mustBe(id);
      forgetGain(id);
      return context.json({ ok: true as const }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/relays/{id}/trust",
      request: named,
      responses: {
        200: json(z.object({ ok: z.literal(true), changed: z.boolean() }), "what it measures is believed (again)"),
        ...refusals,
        ...unknown,
      },
    }),
    (context) => {
      const { id } = context.req.valid("param");
      mustBe(id);
      return context.json({ ok: true as const, changed: trust(id) }, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/api/calibrate",
      request: body(
        z.strictObject({
          listenMs: z.number().int().min(LISTEN_MS.least).max(LISTEN_MS.most).default(LISTEN_MS.usual),
          oneRoom: z.boolean().default(false).describe("all who hear it are in one room: that is kept"),
        }),
      ),
      responses: {
        200: json(calibrationSchema, "all relays listen now: make one loud sound; GET says what came of it"),
        ...refusals,
      },
    }),
    (context) => {
      const { listenMs, oneRoom } = context.req.valid("json");
      return context.json(calibrate(listenMs, oneRoom), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/calibrate",
      responses: { 200: json(calibrationSchema, "the newest calibration, and which relays heard the sound") },
    }),
    (context) => context.json(calibration(), 200),
  );
}
