/** The HTTP interface: who may come in, which routes there are, and how a refusal looks. No state of its own. */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { except } from "hono/combine";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { secureHeaders } from "hono/secure-headers";
import { FixedSettingError } from "../config/change.ts";
import { ConfigError } from "../config/config-error.ts";
import { wordsFor } from "../config/wording.ts";
import type { Guard } from "./guard.ts";
import type { Asset } from "./page.ts";
import { type ActionsOptions, addActionRoutes } from "./routes/actions.ts";
import { addHouseRoutes, type HouseRoutesOptions } from "./routes/house.ts";
import { addListeningRoutes, type ListeningOptions } from "./routes/listening.ts";
import { addAuthorityRoute, addPageRoutes } from "./routes/page.ts";
import { addRelayGainsRoutes, type RelayGainsOptions } from "./routes/relay-gains.ts";
import { addSettingsRoutes, type SettingsOptions } from "./routes/settings.ts";
import { addStreamRoutes, type StreamsOptions } from "./routes/streams.ts";
import { WebError } from "./web-error.ts";

/** The largest request that makes sense here is a whole configuration. */
const MOST_BODY_BYTES = 64 * 1024;

export interface AppOptions
  extends ListeningOptions,
    SettingsOptions,
    ActionsOptions,
    StreamsOptions,
    HouseRoutesOptions {
  readonly version: string;
  readonly page: ReadonlyMap<string, Asset>;
  /** PEM of the authority behind our certificate, if it is our own: phones must be told to trust it. */
  readonly authority?: string | undefined;
  readonly guard: Guard;
  /** What a person can say of relays. */
  readonly knowledge: Omit<RelayGainsOptions, "relays">;
  /** The WebSocket at `/relay`. */
  readonly relayDoor: MiddlewareHandler;
  /** The WebSocket at `/ws`. */
  readonly live: MiddlewareHandler;
  readonly log: { error(event: string, fields: Record<string, unknown>): void };
}

export function createApp(options: AppOptions): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return;
      const issues = result.error.issues.map((issue) => `${issue.path.join(".") || "the request"}: ${wordsFor(issue)}`);
      throw new WebError(400, "bad_request", issues.join("; "));
    },
  });
  const { guard } = options;
  app.use(
    secureHeaders({
      // A browser that was promised https once would not come back to a hub that has put its certificate away.
      strictTransportSecurity: false,
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", "data:"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  // Relays have a guard of their own.
  app.get("/relay", options.relayDoor, () => {
    throw new WebError(426, "websocket_only", "this is a WebSocket", "docs/protocol.md says what is spoken there");
  });
  const letIn = cors({ origin: (origin) => origin, credentials: true });
  app.use((context, next) => {
    const friendly = options.config().web.origins.includes(context.req.header("origin") ?? "");
    return friendly ? letIn(context, next) : next();
  });
  app.put("/api/streams/:name", guard.sender);
  // Whoever fetches it trusts nobody yet: a password would go over a connection that nobody vouches for.
  addAuthorityRoute(app, options.authority);
  app.use(guard.page);
  // The body of a stream has no end.
  app.use(except("/api/streams/*", bodyLimit({ maxSize: MOST_BODY_BYTES, onError: refuseTooLarge })));

  addListeningRoutes(app, options);
  addSettingsRoutes(app, options);
  addActionRoutes(app, options);
  addStreamRoutes(app, options);
  addHouseRoutes(app, options);
  addRelayGainsRoutes(app, { ...options.knowledge, relays: options.relays });
  app.get("/ws", options.live, () => {
    throw new WebError(426, "websocket_only", "this is a WebSocket", "open it with ws://");
  });
  app.doc31("/openapi.json", { openapi: "3.1.0", info: { title: "Earshot", version: options.version } });
  addPageRoutes(app, options.page);

  app.notFound(({ req }) =>
    answer(new WebError(404, "not_found", `no ${req.method} ${req.path}`, "GET /openapi.json lists the routes")),
  );
  app.onError((error, { req }) => {
    // The password's: it carries the header that makes a browser ask.
    if (error instanceof HTTPException && error.status === 401) return error.getResponse();
    const refusal = refusalOf(error);
    if (refusal.status === 500) options.log.error("defect", { path: req.path, error: error.stack ?? error.message });
    return answer(refusal);
  });
  return app;
}

function refuseTooLarge(): never {
  throw new WebError(413, "too_large", `a request may have ${MOST_BODY_BYTES} bytes`);
}

function answer({ status, code, message, hint }: WebError): Response {
  return Response.json({ error: { code, message, ...(hint !== undefined && { hint }) } }, { status });
}

function refusalOf(error: Error): WebError {
  if (error instanceof WebError) return error;
  if (error instanceof FixedSettingError) return new WebError(409, "fixed_setting", error.message);
  if (error instanceof ConfigError) return new WebError(400, "bad_setting", error.message);
  if (error instanceof HTTPException && error.status < 500) {
    return new WebError(400, "bad_request", error.message, "the body must be JSON, with content-type application/json");
  }
  // Bun's, while it reads a body: nobody is left to read the answer, and nothing here is at fault.
  if (error.name === "AbortError")
    return new WebError(400, "gone", "the client went away before its request was whole");
  return new WebError(500, "defect", "something went wrong that should not have", "the log says what");
}
