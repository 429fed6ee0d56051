/** One loud sound that all relays listen to, so that gains are learned from it. */
import { z } from "@hono/zod-openapi";

export const calibrationSchema = z
  .object({
    calibration: z.number().int().describe("counts them since the start; 0 before the first"),
    phase: z.enum(["none", "listening", "measuring", "done"]),
    set: z.boolean().describe("whether gains were learned from it"),
    why: z
      .enum(["nobody_heard_it", "only_one_heard_it", "rooms_unknown"])
      .nullable()
      .describe("why not, when it is done; rooms_unknown: it is not known which of those who heard it share a room"),
    relays: z.array(
      z.object({
        id: z.string(),
        outcome: z
          .enum([
            ...["waited_for", "heard", "room_unknown", "disbelieved", "other_sound"],
            ...["too_quiet", "sound_lost", "no_answer", "cannot"],
          ] as const)
          .describe(
            "room_unknown: it heard it, but nobody whose room is known to be the same; disbelieved: it heard it, and does not count; other_sound: it heard something at another time; sound_lost: muted, or samples were lost",
          ),
        levelDb: z.number().nullable().describe("RMS of what it heard, dB of full scale"),
        gainBeforeDb: z.number().describe("this and the next two: against those of its room"),
        gainDb: z.number().nullable().describe("null while it is not done, and where nothing was learned"),
        uncertaintyDb: z.number().nullable(),
      }),
    ),
  })
  .openapi("Calibration");

export type CalibrationView = z.infer<typeof calibrationSchema>;
