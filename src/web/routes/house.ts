/** Who is connected, and how it was decided who answers. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import * as schemas from "../schemas.ts";
import { json } from "./route-parts.ts";

export interface HouseRoutesOptions {
  readonly arbitration: () => schemas.ArbitrationView;
  readonly relays: () => readonly schemas.RelayView[];
  readonly commands: () => readonly schemas.CommandView[];
}

export function addHouseRoutes(app: OpenAPIHono, { arbitration, relays, commands }: HouseRoutesOptions): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/arbitration",
      responses: { 200: json(schemas.arbitrationSchema, "rounds: who claimed what when, and why who won") },
    }),
    (context) => context.json(arbitration(), 200),
  );
  const relayList = z.object({ relays: z.array(schemas.relaySchema) }).openapi("Relays");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/relays",
      responses: { 200: json(relayList, "who is connected; the local microphone first") },
    }),
    (context) => context.json({ relays: [...relays()] }, 200),
  );
  const commandList = z.object({ commands: z.array(schemas.commandSchema) }).openapi("Commands");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/commands",
      responses: { 200: json(commandList, "what followed the newest wake words: newest first, at most 10") },
    }),
    (context) => context.json({ commands: [...commands()] }, 200),
  );
}
