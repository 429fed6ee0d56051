/** Who is connected, and how it was decided who answers. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import * as schemas from "../schemas.ts";
import { json } from "./route-parts.ts";

export interface HouseRoutesOptions {
  readonly arbitration: () => schemas.ArbitrationView;
  readonly relays: () => readonly schemas.RelayView[];
}

export function addHouseRoutes(app: OpenAPIHono, { arbitration, relays }: HouseRoutesOptions): void {
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
}
