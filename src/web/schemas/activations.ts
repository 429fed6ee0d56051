/** What became of a wake word: the activation of the house, and that of each relay with a word under way. */
import { z } from "@hono/zod-openapi";
import { unixMs, unixSeconds } from "./unix-time.ts";

export const ACTIVATION_STATES = [
  "off",
  "armed",
  "awake",
  "arbitrating",
  "recording",
  "processing",
  "responding",
] as const;

export const activationSchema = z
  .object({
    current_rms: z.number().describe("linear 0..1, over the last 100 ms"),
    rms: z.number().describe("the same as current_rms"),
    is_active: z.boolean().describe("false when no sample has come for 1 s"),
    is_listening: z.boolean().describe("true from a detection until its activation is over"),
    last_update: unixSeconds.describe("of the audio, UTC, seconds since 1970; 0 before the first sample"),
    listening: z.boolean().describe("the same as armed"),
    active: z.boolean().describe("the same as is_active"),
    status: z.string().describe("a short sentence, fit to show"),
    armed: z.boolean().describe("whether a wake word would be noticed now"),
    state: z.enum(ACTIVATION_STATES),
    reason: z.string().nullable().describe("why it is off; null when it is not"),
    model: z.string().nullable().describe("the newest wake word's model"),
    source: z
      .string()
      .nullable()
      .describe("where it was heard: a stream from elsewhere; null for the local microphone"),
    confidence: z.number().describe("of the newest wake word, 0..1; 0 before the first"),
    since: unixMs.describe("when this state began, UTC, milliseconds since 1970"),
    sequence: z.number().int().describe("counts the changes of state"),
  })
  .openapi("Activation");

export const relayActivationSchema = z
  .object({
    relay: z.string(),
    local: z.boolean().describe("this machine's microphone"),
    state: z.enum(ACTIVATION_STATES),
    status: z.string().describe("a short sentence, fit to show"),
    reason: z.string().nullable().describe("why it is off; null when it is not"),
    model: z.string().nullable().describe("the newest wake word's model"),
    confidence: z.number().describe("of the newest wake word, 0..1; 0 before the first"),
    fence: z.number().nullable().describe("what its relay was granted; null while it is not"),
    simulated: z.boolean().describe("a person asked for it"),
    since: unixMs.describe("when this state began, UTC, milliseconds since 1970"),
  })
  .openapi("RelayActivation");

export type ActivationState = (typeof ACTIVATION_STATES)[number];
export type ActivationView = z.infer<typeof activationSchema>;
export type RelayActivationView = z.infer<typeof relayActivationSchema>;
