/** Sound that comes in, from this machine's microphone and from elsewhere, and the loudspeaker. */
import { z } from "@hono/zod-openapi";
import { unixMs } from "./unix-time.ts";

export const CAPTURE_STATES = ["starting", "waiting", "open", "muted", "ended", "none"] as const;

export const audioSchema = z.object({
  source: z.string().describe("as configured"),
  device: z.string().describe("what was opened; empty while nothing is"),
  state: z.enum(CAPTURE_STATES),
  error: z.string().nullable().describe("why it is waiting"),
  muted: z.boolean(),
  demo: z.boolean().describe("true while demo audio plays because there is no microphone"),
  sampleRate: z.number().describe("of the device, Hz; audio is resampled to 16000"),
  reopens: z.number().int().describe("how often the device had to be opened again"),
  overruns: z.number().describe("how often the device said that samples were lost"),
  lostSamples: z.number().describe("samples that inference was too slow for"),
  lagMs: z.number().describe("how far inference is behind capture"),
  asleep: z.boolean().describe("the network sleeps, because there is nothing but the room's quiet"),
  speaker: z
    .object({
      state: z
        .enum(["none", "closed", "playing", "failed"])
        .describe("none: no sound is wanted from here; closed: nothing to play; failed: something was not heard"),
      device: z.string().describe("what was opened; empty while nothing is"),
      error: z.string().nullable().describe("why it failed"),
    })
    .describe("where chimes and answers are heard"),
});

export const STREAM_STATES = ["waiting", "arming", "listening"] as const;

export const streamSchema = z
  .object({
    id: z.number().int().describe("0 is the local microphone"),
    name: z.string(),
    address: z.string().nullable().describe("where it comes from; null for the local microphone"),
    state: z
      .enum(STREAM_STATES)
      .describe("waiting: no sound comes; arming: listened to, but a word would not fire yet; listening"),
    asleep: z.boolean().describe("the network sleeps, because there is nothing but the room's quiet"),
    rms: z.number().describe("linear 0..1, over the last 100 ms"),
    lagMs: z.number().describe("how far inference is behind"),
    lostSamples: z.number().describe("samples that were passed over because inference was too far behind"),
    since: unixMs
      .nullable()
      .describe("since when it comes, UTC, milliseconds since 1970; null for the local microphone"),
  })
  .openapi("Stream");

export type CaptureState = (typeof CAPTURE_STATES)[number];
export type AudioView = z.infer<typeof audioSchema>;
export type StreamView = z.infer<typeof streamSchema>;
