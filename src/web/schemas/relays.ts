/** Who is in the house, and what is known of their microphones. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

const gainSchema = z
  .object({
    db: z.number().describe("how much louder than the others' its microphone is"),
    uncertaintyDb: z.number().describe("standard deviation of what is wrong with that; 0 where it is configured"),
    from: z.enum(["configured", "learned", "unknown"]),
    words: z.number().int().describe("that it heard with others: it was learned from them, if it was"),
    calibrations: z.number().int().describe("the same of sounds that were made to set gains by"),
    movedAt: unixMs
      .nullable()
      .describe("when it was found to have been moved, and learned anew; null where it was not"),
  })
  .openapi("Gain");

const believedSchema = z
  .object({
    state: z
      .enum(["measured_here", "unchecked", "honest", "disbelieved"])
      .describe(
        "measured_here: the hub measures its sound; honest: its last claim agreed with its sound; unchecked: nothing could be " +
          "compared; disbelieved: it claimed more than its sound showed, and does not win over others until it is trusted",
      ),
    because: z.string().nullable(),
    since: unixMs.nullable(),
  })
  .openapi("Believed");

export const relaySchema = z
  .object({
    id: z.string(),
    kind: z.enum(["local", "relay", "sender", "loqa"]).describe("sender: only sends sound, by PUT /api/streams/NAME"),
    address: z.string().nullable(),
    software: z.string(),
    room: z.string().nullable(),
    zone: z.string(),
    status: z.number().int().describe("0 connected, 1 contending, 2 winner, 3 cancelled"),
    detects: z.boolean().describe("whether it hears wake words itself; else the hub does"),
    delayMs: z.number().nullable().describe("of its messages, one way"),
    rms: z.number().nullable(),
    connected: z.boolean().describe("false: it is known, and away"),
    expected: z.boolean().describe("something is wrong while it is away"),
    trouble: z.string().nullable().describe("why a wake word would go unnoticed there; null where none would"),
    since: unixMs.describe("when it came; of one that is away, when it left"),
    gain: gainSchema,
    evidence: believedSchema,
  })
  .openapi("Relay");

export type RelayView = z.infer<typeof relaySchema>;
