/** The hub of a machine that is a relay, and what it says of the house. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

export const satelliteSchema = z
  .object({
    hub: z.string().describe("where the hub is, as configured"),
    page: z.string().describe("of the hub"),
    connected: z.boolean(),
    hubName: z.string().nullable(),
    id: z.string().nullable().describe("what this relay is called there"),
    code: z.string().nullable().describe("why it is not connected, for programs"),
    why: z.string().nullable().describe("why it is not connected"),
    since: unixMs.describe("since when it is connected, or is not"),
    whileAway: z.enum(["silent", "alone"]).describe("what it does with a word while the hub is away"),
    audioOnly: z.boolean().describe("the hub listens for it"),
    house: z
      .object({
        state: z.string(),
        model: z.string().nullable(),
        relay: z.string().nullable().describe("who answers, or whose word it was"),
        relays: z.array(
          z.object({
            id: z.string(),
            room: z.string().nullable(),
            status: z.number().int().describe("0 connected, 1 contending, 2 winner, 3 cancelled"),
            responding: z.boolean().describe("its loudspeaker says an answer"),
          }),
        ),
      })
      .nullable()
      .describe("what the hub last said of the house"),
  })
  .openapi("Satellite");

export type SatelliteView = z.infer<typeof satelliteSchema>;
