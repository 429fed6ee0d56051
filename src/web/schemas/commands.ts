/** What followed a wake word. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

const stepMs = z.number().nullable().describe("milliseconds; null where it did not come to that");

export const commandSchema = z
  .object({
    id: z.string().describe("as in the log"),
    at: unixMs.describe("when its relay was granted it"),
    relay: z.string(),
    room: z.string().nullable(),
    model: z.string().describe("the wake word"),
    state: z.enum(["recording", "processing", "responding", "over"]),
    outcome: z
      .enum(["answered", "no_answer", "asked_back", "no_speech", "failed", "interrupted", "stopped"])
      .nullable()
      .describe(
        "no_answer: it was taken, and nothing came back for the person; interrupted: somebody spoke to the same relay again; stopped: its relay is gone, or it was reset",
      ),
    why: z.string().nullable().describe("why it failed, or was stopped"),
    sink: z.string(),
    recordedMs: stepMs.describe("from the grant to the end of what was said"),
    understoodMs: stepMs.describe("the sink"),
    answeredMs: stepMs.describe("intent handler and voice"),
    spokenMs: stepMs.describe("from the answer until it was heard"),
    transcript: z.string().nullable().describe("null unless privacy.show_transcripts is on"),
    answer: z.string().nullable().describe("null unless privacy.show_transcripts is on"),
  })
  .openapi("Command");

export type CommandView = z.infer<typeof commandSchema>;
