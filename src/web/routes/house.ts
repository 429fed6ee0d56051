/** Who is connected, and how it was decided who answers. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type CommandView, commandSchema } from "../schemas/commands.ts";
import { type RelayView, relaySchema } from "../schemas/relays.ts";
import { type ArbitrationView, arbitrationSchema } from "../schemas/rounds.ts";
import { json } from "./route-parts.ts";

export interface HouseRoutesOptions {
  readonly arbitration: () => ArbitrationView;
  readonly relays: () => readonly RelayView[];
  readonly commands: () => readonly CommandView[];
}

export function addHouseRoutes(app: OpenAPIHono, { arbitration, relays, commands }: HouseRoutesOptions): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/arbitration",
      responses: { 200: json(arbitrationSchema, "rounds: who claimed what when, and why who won") },
    }),
    (context) => context.json(arbitration(), 200),
  );
  const relayList = z.object({ relays: z.array(relaySchema) }).openapi("Relays");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/relays",
      responses: { 200: json(relayList, "who is connected; the local microphone first") },
    }),
    (context) => context.json({ relays: [...relays()] }, 200),
  );
  const commandList = z.object({ commands: z.array(commandSchema) }).openapi("Commands");
  app.openapi(
    createRoute({
      method: "get",
      path: "/api/commands",
      responses: { 200: json(commandList, "what followed the newest wake words: newest first, at most 10") },
    }),
    (context) => context.json({ commands: [...commands()] }, 200),
  );
}
